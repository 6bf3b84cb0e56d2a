"""What is written down: rows that read as they were written, and those of earlier versions."""

import json
from typing import Any

import pytest

from tasks.ledger import Decision, JobRecord
from tasks.records import (
    AddressKind,
    Attempt,
    Waterfall,
)
from tests.support.decisions import DECISIONS, URL
from words import verbatim

# A row as version 0.1 wrote it.
OLD: dict[str, Any] = {
    "query": "사과", "file": None, "source": "naver", "url": URL, "page_url": "", "title": "",
    "rank": 3, "width": 400, "height": 300, "sharpness": 3.2, "sha256": None, "phash": "0" * 16,
    "cluster": None, "score": None, "text_similarity": None, "group": None, "distance": None,
    "neighbours": None, "by_hand": None, "embedding": None, "key": "a1", "source_sha256": "cd",
    "source_format": None, "is_animated": False, "fetched_url": None, "rendition": None,
    "is_chosen": False, "reason": "blurred", "detail": "sharpness 3.2, less than 50",
    "copy_of": None,
    "attempts": [
        {"url": URL, "kind": "original", "outcome": "http_error: status 404"},
        {"url": URL, "kind": "viewer", "outcome": "ok", "bytes": 5},
    ],
}  # fmt: skip


@pytest.mark.parametrize("verdict", DECISIONS)
def test_a_row_reads_as_it_was_written(verdict: str) -> None:
    decision = DECISIONS[verdict]
    assert decision.verdict == verdict
    assert Decision.from_row(json.loads(json.dumps(decision.to_row()))) == decision


def test_the_first_keys_of_a_manifest_row_stand_as_others_rely_on_them() -> None:
    row = DECISIONS["chosen"].to_manifest_row()
    assert list(row)[:14] == [
        "query", "file", "source", "url", "page_url", "title", "rank", "width", "height",
        "sharpness", "sha256", "phash", "cluster", "score",
    ]  # fmt: skip
    assert (row["sharpness"], row["score"]) == (123.46, 0.9123)
    assert not {"is_chosen", "reason", "notes", "copy_of"} & row.keys()


def test_a_row_of_an_earlier_version_keeps_its_sentences() -> None:
    decision = Decision.from_row(OLD)
    assert decision.notes == (verbatim("sharpness 3.2, less than 50"),)
    assert decision.measures == {"sharpness": 3.2}
    assert decision.attempts == (
        Attempt(URL, AddressKind.ORIGINAL, "http_error", verbatim("status 404")),
        Attempt(URL, AddressKind.VIEWER, "ok", bytes=5),
    )
    assert Decision.from_row(decision.to_row()) == decision


def test_a_row_that_names_a_file_alone_is_of_a_chosen_image() -> None:
    assert Decision.from_row({"file": "img_0001.jpg"}).verdict == "chosen"


@pytest.mark.parametrize(
    "wrong",
    [
        {"rank": "3"}, {"rank": True}, {"title": None}, {"width": 4.5}, {"file": ["x"]},
        {"is_chosen": "no"}, {"rendition": "carved"}, {"attempts": [{}]}, {"notes": [{}]},
    ],
)  # fmt: skip
def test_what_is_no_row_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Decision.from_row(OLD | wrong)


def test_a_job_record_reads_as_it_was_written_and_without_what_came_later() -> None:
    counts = Waterfall(3, 3, 2, 2, 2, 1, {"blurred": 1, "noise": 1})
    record = JobRecord(id="a1", query="사과", counts=counts, model_revision="r", version=2)
    stored = json.loads(json.dumps(record.to_json()))
    assert JobRecord.from_json(stored) == record
    early = {key: stored[key] for key in ("id", "query", "counts")} | {"unknown": 1}
    assert JobRecord.from_json(early) == JobRecord(id="a1", query="사과", counts=counts)
