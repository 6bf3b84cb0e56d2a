"""Records that tests make by themselves, and the rows of a dataset's files."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tasks.dataset import versions
from tasks.images.saving import saved_bytes
from tasks.ledger import JobRecord
from tasks.quality import QualityLimits
from tasks.records import (
    OK,
    Accepted,
    Address,
    AddressKind,
    Attempt,
    Candidate,
    Reason,
    Rejected,
    Verdict,
)
from tasks.selection import Choice, Selection
from tasks.subject.clustering import Outcome
from tasks.workspace import Workspace
from tests.support.images import examine, image_file
from words import Message

STATUS_404 = Message("note.status", {"status": 404})


def a_candidate(rank: int) -> Candidate:
    """Return a candidate of a page of its own."""
    address = Address(f"http://example.com/{rank}")
    page = f"http://example.com/of/{rank}"
    return Candidate((address,), rank, "naver", f"사과 <{rank}>", page)


def an_image(workspace: Workspace, rank: int, data: bytes) -> Accepted:
    """Return a file's image as the download leaves it in the workspace."""
    candidate = a_candidate(rank)
    file_format, measures = examine(data, QualityLimits())
    attempts = (Attempt(candidate.url, AddressKind.ORIGINAL, OK),)
    return Accepted(
        candidate, attempts, file_format, workspace.save_image(data, saved_bytes(data)), measures
    )


def a_selection(workspace: Workspace) -> Selection:
    """Choose ranks 1 and 4; 2 is noise, 3 could not be fetched."""
    images = tuple(an_image(workspace, rank, image_file(seed=rank)) for rank in (1, 2, 4))
    lost = a_candidate(3)
    attempts = (Attempt(lost.url, AddressKind.ORIGINAL, Reason.HTTP_ERROR, STATUS_404),)
    verdicts = {
        images[0].key: Verdict(None, cluster=0, score=0.91234),
        images[1].key: Verdict(Reason.NOISE, cluster=-1, score=0.2),
        images[2].key: Verdict(None, cluster=0, score=0.9),
    }
    return Selection(
        images,
        np.eye(3, 4, dtype=np.float32),
        (Rejected(lost, Reason.HTTP_ERROR, STATUS_404, attempts),),
        verdicts,
        Choice(Outcome.CLEAR, 0.18, 1),
    )


def a_record(selection: Selection, **others: Any) -> JobRecord:
    """Return what ``job.json`` says of job a1, in which 사과 was searched for."""
    known = {"id": "a1", "query": "사과", "counts": selection.waterfall(), "versions": versions()}
    return JobRecord(**known | others)


def rows(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
