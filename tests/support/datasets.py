"""A dataset's folder with as many candidates of each verdict as a test wants.

    folder = write(data_dir / "naver_collected" / "a1", "고양이", shares(100))

It is written by the program's own writers, from a few small drawn images that many candidates
share: so a folder of thousands takes a moment.
"""

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np

from tasks.dataset import versions, write_dataset
from tasks.ledger import JobRecord
from tasks.records import (
    OK,
    Accepted,
    Address,
    AddressKind,
    Attempt,
    Candidate,
    Measures,
    Reason,
    Rejected,
    Stage,
    Verdict,
    stage_of,
)
from tasks.selection import Choice, Selection
from tasks.subject.clustering import Outcome
from tasks.workspace import WORK, Workspace
from tasks.writers.folder import DECISIONS
from tests.naver_replica.pictures import SUBJECTS, draw
from words import Message

CHOSEN = "chosen"
DRAWN = 6  # different images of a kind
WIDTH, HEIGHT = 1024, 320  # px
LATE = Message("note.not_finished", {"seconds": 30})
BLURRED = Message("note.sharpness_below", {"sharpness": 12.5, "least": 50})
TYPICAL = (
    Message("note.subject_core"),
    Message("note.neighbours", {"eps": 0.18, "count": 7}),
)


def shares(candidates: int) -> Counter[str]:
    """Return how many candidates have which verdict, in a run of the usual yield."""
    parts = {
        CHOSEN: 0.36, "near_copy": 0.12, "exact_copy": 0.08, "other_cluster": 0.11,
        "noise": 0.09, "too_small": 0.07, "blurred": 0.06, "http_error": 0.04,
        "timed_out": 0.03, "undecodable": 0.01, "forbidden_address": 0.01, "over_limit": 0.02,
    }  # fmt: skip
    found = Counter({name: round(candidates * part) for name, part in parts.items()})
    found[CHOSEN] += candidates - found.total()
    return +found


def selection(
    workspace: Workspace, query: str, verdicts: Mapping[str, int], title: str = ""
) -> Selection:
    """Decide on candidates in the order of ``verdicts``: of each so many.

    The title of each is ``title``, or else the query with its rank.
    """
    ranks = count(1)
    drawn = [
        workspace.save_image(made, made) for made in (image(query, seed) for seed in range(DRAWN))
    ]
    images: list[Accepted] = []
    rejected: list[Rejected] = []
    judged: dict[str, Verdict] = {}
    for verdict, rank in ((v, next(ranks)) for v, n in verdicts.items() for _ in range(n)):
        url = f"https://example.com/{workspace.root.parent.name}/{verdict}-{rank}.jpg"
        candidate = Candidate(
            (Address(url),),
            rank,
            "naver",
            title=title or f"{query} 사진 {rank}",
            page_url=f"https://blog.example.com/{rank - 1}",
        )
        sha256 = drawn[rank % DRAWN]
        sharpness = 412.5 - (rank - 1) % 300
        measures = Measures(WIDTH, HEIGHT, f"{rank * 7919:016x}", {"sharpness": sharpness})
        fetched = (Attempt(url, AddressKind.ORIGINAL, OK),)
        stage = None if verdict == CHOSEN else stage_of(verdict)
        if stage is Stage.DOWNLOAD:
            attempt = Attempt(url, AddressKind.ORIGINAL, verdict, LATE)
            rejected.append(Rejected(candidate, verdict, LATE, (attempt,)))
        elif stage is Stage.QUALITY:
            rejected.append(Rejected(candidate, verdict, BLURRED, fetched, sha256, measures))
        else:
            images.append(Accepted(candidate, fetched, "JPEG", sha256, measures))
            judged[candidate.key] = _verdict(None if stage is None else Reason(verdict), rank)
    vectors = np.random.default_rng(0).normal(size=(len(images), 8)).astype(np.float32)
    choice = Choice(Outcome.CLEAR, 0.18, 1)
    return Selection(tuple(images), vectors, tuple(rejected), judged, choice)


def _verdict(reason: Reason | None, rank: int) -> Verdict:
    score = 0.99 - (rank - 1) % 60 / 100
    is_of_subject = reason in (None, Reason.OVER_LIMIT)
    return Verdict(
        reason,
        cluster=0,
        score=score,
        notes=TYPICAL if is_of_subject else (),
        group=1 if is_of_subject else None,
    )


def write(folder: Path, query: str, verdicts: Mapping[str, int], title: str = "") -> Selection:
    """Write the dataset of a job that is named as the folder is; return what was decided."""
    workspace = Workspace(folder / WORK)
    decided = selection(workspace, query, verdicts, title)
    record = JobRecord(id=folder.name, query=query, counts=decided.waterfall(), versions=versions())
    write_dataset(workspace, folder, decided, record)
    workspace.discard()
    return decided


def as_earlier_version(folder: Path) -> None:
    """Have a dataset note what it does as earlier versions did: in sentences."""
    path = folder / DECISIONS
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    for row in rows:
        row["detail"] = "; ".join(str(Message.from_json(note)) for note in row.pop("notes"))
        for attempt in row["attempts"]:
            if note := attempt.pop("note"):
                attempt["outcome"] += f": {Message.from_json(note)}"
    path.unlink()  # it may be another dataset's too
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


@cache
def image(query: str, seed: int) -> bytes:
    """Return one of the images that show a query's subject, a cat's where it is no query."""
    kinds = {subject.korean: name for name, subject in SUBJECTS.items()}
    data = BytesIO()
    draw(kinds.get(query, "cat"), seed, WIDTH, HEIGHT).save(data, "JPEG", quality=60)
    return data.getvalue()
