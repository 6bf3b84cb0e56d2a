"""The stage in a run: crops and vectors that are kept, and images that it cannot use."""

import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.criteria import Criteria
from tasks.download import download_batch
from tasks.embed import StageTime, embed_batch, load_model, stage_time
from tasks.model.embedder import Embedder, Prepared, load
from tasks.quality import QualityLimits
from tasks.records import Address, AddressKind, Candidate, Reason
from tasks.selection import choose_among
from tasks.workspace import Times, Workspace
from tests.conftest import TINY_CLIP
from tests.naver_replica.pictures import draw

MODEL = str(TINY_CLIP)
LIMITS = QualityLimits({"short_side": 100})
N = 5


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Make a workspace with a batch of files of this machine, not yet downloaded."""
    candidates = []
    for seed in range(N):
        path = tmp_path / f"{seed}.jpg"
        draw("cat", seed, 320, 220 + 40 * seed).save(path, quality=95)
        candidates.append(Candidate((Address(path.as_uri(), AddressKind.FILE),), seed + 1, "files"))
    workspace = Workspace(tmp_path / "out" / ".work")
    workspace.add_batch(candidates)
    return workspace


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many images go through the model each time."""
    counts: list[int] = []
    real = Embedder.embed

    def counted(self: Embedder, prepared: list[Prepared]) -> np.ndarray:
        counts.append(len(prepared))
        return real(self, prepared)

    monkeypatch.setattr(Embedder, "embed", counted)
    return counts


def made(workspace: Workspace) -> np.ndarray:
    embed_batch(workspace, 0, model=MODEL, device="cpu")
    vectors = workspace.vectors(0, MODEL)
    assert vectors is not None
    return vectors


def crops(workspace: Workspace) -> list[Path]:
    return list(workspace.root.glob("crops/*/*.npy"))


def test_the_download_keeps_what_the_model_sees_and_it_is_decoded_once(
    workspace: Workspace,
) -> None:
    load_model(workspace, MODEL, device="cpu", query="cat")
    download_batch(workspace, 0, limits=LIMITS)
    assert {np.load(path).shape for path in crops(workspace)} == {(64, 64, 3)}
    assert {np.load(path).dtype for path in crops(workspace)} == {np.dtype(np.uint8)}
    for image in workspace.images(0):
        workspace.image_path(image.source_sha256).unlink()  # not needed any more
    assert made(workspace).shape == (N, 64)
    assert not crops(workspace)


def test_without_kept_crops_the_vectors_are_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    download_batch(workspace, 0, limits=LIMITS)  # before the model is known
    assert not crops(workspace)
    before = made(workspace)
    other = Workspace(tmp_path / "other" / ".work")
    other.add_batch(workspace.candidates(0))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "elsewhere"))
    load_model(other, MODEL, device="cpu", query="cat")
    download_batch(other, 0, limits=LIMITS)
    np.testing.assert_array_equal(made(other), before)


def test_a_second_run_embeds_nothing_twice(
    workspace: Workspace, tmp_path: Path, embedded: list[int]
) -> None:
    download_batch(workspace, 0, limits=LIMITS)
    before = made(workspace)
    other = Workspace(tmp_path / "other" / ".work")
    path = tmp_path / "new.jpg"
    draw("dog", 77, 300, 300).save(path, quality=95)
    new = Candidate((Address(path.as_uri(), AddressKind.FILE),), N + 1, "files")
    other.add_batch([*workspace.candidates(0), new])
    download_batch(other, 0, limits=LIMITS)
    np.testing.assert_array_equal(made(other)[:N], before)
    assert embedded == [N, 1]


def test_a_crop_that_is_broken_is_made_anew(workspace: Workspace) -> None:
    load_model(workspace, MODEL, device="cpu", query="cat")
    download_batch(workspace, 0, limits=LIMITS)
    first, second, third, *_ = crops(workspace)
    first.write_bytes(first.read_bytes()[:100])
    second.write_bytes(b"")
    np.save(third, np.zeros((3, 3), np.float32))
    vectors = made(workspace)
    embedder = load(MODEL, "cpu")
    for accepted, vector in zip(workspace.images(0), vectors, strict=True):
        with Image.open(workspace.image_path(accepted.source_sha256)) as image:
            prepared = embedder.prepare(np.asarray(image))
        np.testing.assert_allclose(embedder.embed([prepared])[0] @ vector, 1, atol=1e-3)


def test_an_image_without_a_vector_is_counted_and_stops_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    download_batch(workspace, 0, limits=LIMITS)
    broken, poisoned, *_ = workspace.images(0)
    path = workspace.image_path(broken.source_sha256)
    path.write_bytes(path.read_bytes()[:500])  # a disk that lost its end
    real = Embedder.prepare
    with Image.open(workspace.image_path(poisoned.source_sha256)) as image:
        poison = sha256(np.asarray(image).tobytes()).digest()

    def poisoning(self: Embedder, pixels: np.ndarray) -> Prepared:
        prepared = real(self, pixels)
        is_it = sha256(pixels.tobytes()).digest() == poison
        return {"pixel_values": prepared["pixel_values"] * (np.nan if is_it else 1.0)}

    monkeypatch.setattr(Embedder, "prepare", poisoning)  # as a model's overflow would
    vectors = made(workspace)
    assert np.isnan(vectors).any(axis=1).tolist() == [True, True, False, False, False]
    criteria = Criteria(limit=9, eps="auto", min_samples=3)
    selection = choose_among(workspace, 1, model=MODEL, criteria=criteria)
    counts = selection.waterfall()
    assert counts.reasons[Reason.NO_VECTOR] == 2
    assert (counts.found, counts.fetched, counts.good) == (N, N, N - 2)
    assert counts.found == counts.chosen + sum(counts.reasons.values())
    assert {r.key for r in selection.rejected} == {broken.key, poisoned.key}


def test_where_no_image_has_a_vector_there_is_no_subject(workspace: Workspace) -> None:
    download_batch(workspace, 0, limits=LIMITS)
    for image in workspace.images(0):
        workspace.image_path(image.source_sha256).write_bytes(b"")
    made(workspace)
    criteria = Criteria(limit=9, eps="auto", min_samples=3)
    selection = choose_among(workspace, 1, model=MODEL, criteria=criteria)
    assert selection.waterfall().reasons == {Reason.NO_VECTOR: N}


def test_the_stage_says_how_long_it_took_and_waited(workspace: Workspace) -> None:
    assert stage_time(workspace) == StageTime(0, 0)
    # Two batches at once, the first waiting 2 s for the model, then one by itself.
    for number, times in enumerate([(10, 12, 15), (11, 13, 16), (20, 20, 21)]):
        workspace.save_times(number, Times(*times))
    assert stage_time(workspace) == StageTime(seconds=5, wait_s=2)
    download_batch(workspace, 0, limits=LIMITS)
    path = workspace.root / "request.json"
    path.write_text("{}")  # this run began
    began_at = path.stat().st_mtime
    os.utime(workspace.root / "batches" / "0000" / "results.json", (0, 0))  # in an earlier one
    made(workspace)
    times = next(times for times in workspace.times() if times.ready_at > 100)
    assert began_at == times.ready_at <= times.began_at <= times.ended_at
