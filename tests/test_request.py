"""What may be asked of a run."""

import unicodedata
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.request import MAX_QUERY_LENGTH, CollectRequest


def test_a_query_alone_is_enough() -> None:
    request = CollectRequest(query="  고양이 집사 ")
    assert request.query == "고양이 집사"
    assert (request.limit, request.eps, request.min_samples) == (50, "auto", 3)
    assert (request.min_side, request.min_sharpness) == (300, 50)
    assert request.model == "openai/clip-vit-base-patch32"


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": ""}, {"query": "   "}, {"query": "a" * (MAX_QUERY_LENGTH + 1)},
        {"query": "a\nb"}, {"query": "a\0b"}, {"query": "\x9b"}, {"query": "\ud800"},
        {"query": "\u3000\u00a0"}, {"describe": "a\x1bb"}, {"out_dir": "a\x1bb"},
        {"limit": 0}, {"limit": -5}, {"limit": "many"}, {"limit": 1.5}, {"limit": 10**9},
        {"out_dir": "a\0b"}, {"source": "elsewhere"},
        {"source": "files"}, {"input": "list.txt"}, {"source": "files", "input": "a\0b"},
        {"min_side": 0}, {"min_sharpness": -1},
        {"min_sharpness": float("inf")}, {"eps": 0}, {"eps": 1.01}, {"eps": float("nan")},
        {"min_samples": 0}, {"model": ""}, {"device": "tpu"}, {"max_candidates": 0},
        {"size": "huge"}, {"colour": "beige"}, {"licence": "none"}, {"sort": "best"},
        {"section": "news"}, {"period": "2d"}, {"period": "2026-01-01"}, {"period": "1d "},
        {"period": "20261301-20261302"}, {"period": "20260102-20260101"},
        {"job_id": "../x"}, {"job_id": ""}, {"job_id": "A" * 32}, {"unknown": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CollectRequest.model_validate({"query": "사과"} | wrong)


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("고양이\u3000집사\n", "고양이 집사"),
        (unicodedata.normalize("NFD", "고양이"), "고양이"),
        (unicodedata.normalize("NFD", "가" * MAX_QUERY_LENGTH), "가" * MAX_QUERY_LENGTH),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u202bשלום\u202c", "\u202bשלום\u202c"),
        ("a\u200bb", "a\u200bb"),
    ],
)
def test_a_query_of_every_script_is_asked_in_one_form(given: str, asked: str) -> None:
    request = CollectRequest(query=given, describe=given, out_dir=Path(f"/{given.strip()}"))
    assert (request.query, request.describe) == (asked, asked)
    assert request.out_dir == Path(f"/{given.strip()}")


def test_the_folder_is_absolute_so_that_a_run_elsewhere_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert CollectRequest(query="a", out_dir=Path("out")).out_dir == tmp_path / "out"
    assert CollectRequest(query="a", out_dir=Path("~/x")).out_dir == Path("/home/someone/x")
    assert CollectRequest(query="a").out_dir is None
