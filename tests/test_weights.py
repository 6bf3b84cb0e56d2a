"""The first use of a model: from a hub that works, breaks, lies, or is not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.errors import ModelError
from tasks.model.embedder import _load, load
from tasks.model.weights import checkpoint
from tasks.process import progress, stopping
from tests.conftest import TINY_CLIP
from tests.support.hub import COMMIT, CONVERTED, Hub, serve

NAME = "someone/clip"
FILES = {path.name: path.read_bytes() for path in TINY_CLIP.glob("*.*") if path.suffix != ".py"}
PICKLED = {n: d for n, d in FILES.items() if n != "model.safetensors"} | {"pytorch_model.bin": b"!"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    _load.cache_clear()
    with serve(dict(FILES)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        yield running


def test_a_model_is_downloaded_once_and_needs_no_hub_afterwards(hub: Hub) -> None:
    counts = {"done": 0, "expected": 0}

    def watch(stage: str, done: int, expected: int) -> None:
        assert stage == "weights"
        counts["done"] += done
        counts["expected"] += expected

    with progress.watching(watch):
        found = checkpoint(NAME)
    assert found.revision == COMMIT
    assert (found.folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert counts["done"] == counts["expected"] == 2  # megabytes
    assert not [path for path in hub.asked if path.endswith(".md")]
    hub.status, hub.asked = 500, []
    assert checkpoint(NAME) == found
    assert not hub.asked
    assert load(NAME, "cpu").revision == COMMIT


def test_a_download_that_broke_off_is_resumed(hub: Hub) -> None:
    hub.breaks_at = 1_500_000
    assert (checkpoint(NAME).folder / "model.safetensors").stat().st_size == 2_714_660


def test_safetensors_that_the_hubs_bot_made_stand_in_for_pickles(hub: Hub) -> None:
    hub.files, hub.converted = PICKLED, FILES
    assert checkpoint(NAME).revision == CONVERTED
    assert not [path for path in hub.asked if path.endswith(".bin")]


def test_what_anybody_else_offers_is_not_taken(hub: Hub) -> None:
    hub.files, hub.converted, hub.author = PICKLED, FILES, "somebody"
    with pytest.raises(ModelError, match="has no safetensors"):
        checkpoint(NAME)


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        (NAME, {"status": 500}, "cannot be reached or broke off"),
        (NAME, {"status": 403}, "accepted its terms"),
        (NAME, {"damages": True}, r"model\.safetensors arrived damaged"),
        (NAME, {"files": PICKLED}, "has no safetensors"),
        ("nobody/knows", {}, "neither a folder nor a model of the hub"),
        ("no such name", {}, "neither a folder nor a model of the hub"),
        (NAME, {"url": "http://127.0.0.1:9"}, "cannot be reached"),
    ],
)
def test_weights_that_cannot_be_had_are_one_sentence_with_the_ways_out(
    name: str, change: dict[str, object], sentence: str, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for field, value in change.items():
        setattr(hub, field, value)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    with pytest.raises(ModelError, match=sentence) as caught:
        checkpoint(name)
    assert "--model" in str(caught.value)
    assert "HF_HOME" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_what_arrived_damaged_is_asked_for_again(hub: Hub) -> None:
    hub.damages = True
    with pytest.raises(ModelError):
        checkpoint(NAME)
    hub.damages = False
    assert checkpoint(NAME).revision == COMMIT


def test_a_download_ends_when_the_run_is_stopped(hub: Hub) -> None:
    stopping.request_stop()
    try:
        with pytest.raises(stopping.StoppedError):
            checkpoint(NAME)
    finally:
        stopping.allow_work()
