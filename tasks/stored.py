"""A dataset's folder → what was once collected for it, so that the choice can be made again.

``decisions.jsonl`` tells every candidate, ``embeddings.npy`` holds the vectors, and the pictures
are those of the dataset and of ``.refused``.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasks.arrays import Vector, Vectors
from tasks.dataset import DECISIONS, EMBEDDINGS, JOB, TEXT
from tasks.errors import BadRequestError
from tasks.images.thumbnails import REFUSED
from tasks.records import (
    Address,
    AddressKind,
    Attempt,
    Candidate,
    Measures,
    Picture,
    Reason,
    Rejected,
)
from tasks.workspace import Result, Workspace


@dataclass(frozen=True, slots=True)
class Stored:
    """What a dataset's folder holds; ``vectors`` (n, d) are the pictures', in their order."""

    folder: Path
    job: dict[str, Any]
    pictures: tuple[Picture, ...]
    rejected: tuple[Rejected, ...]
    vectors: Vectors
    text: Vector | None  # (d,) that they were compared with
    files: dict[str, Path]  # of the pictures, by key
    kept: frozenset[str]  # by hand, as their keys
    dropped: frozenset[str]

    def named(self, text: str) -> Picture:
        """Return the picture of that key, address, or file name in the dataset.

        Raises ``BadRequestError``.
        """
        for picture in self.pictures:
            if text in (picture.key, picture.candidate.url, self.files[picture.key].name):
                return picture
        for one in self.rejected:
            if text in (one.key, one.candidate.url):
                raise BadRequestError(
                    f"{text} fell out before the choice ({one.reason}): start a new job with other "
                    "limits for it."
                )
        raise BadRequestError(
            f"{text} is no picture of {self.folder}: name it by its key or url in {DECISIONS}, or "
            "by its file."
        )


def read(folder: Path) -> Stored:
    """Read a dataset; raises ``BadRequestError`` where the choice cannot be made again from it."""
    try:
        job = json.loads((folder / JOB).read_text())
        rows = [json.loads(line) for line in (folder / DECISIONS).read_bytes().splitlines()]
        vectors = np.load(folder / EMBEDDINGS, allow_pickle=False)
        text = np.load(folder / TEXT, allow_pickle=False) if (folder / TEXT).exists() else None
    except (OSError, ValueError) as error:
        raise BadRequestError(
            f"{folder} holds nothing to choose from again ({error}): it needs {DECISIONS}, {JOB} "
            f"and {EMBEDDINGS}, which a run writes at its end."
        ) from error
    chosen_from = sorted(
        (row for row in rows if row["embedding"] is not None), key=lambda row: row["embedding"]
    )
    files = {
        row["key"]: folder / (row["file"] or f"{REFUSED}/{row['key']}.jpg") for row in chosen_from
    }
    if missing := [path for path in files.values() if not path.is_file()]:
        raise BadRequestError(
            f"{len(missing)} of the pictures to choose from are gone, {missing[0]} among them."
        )
    return Stored(
        folder,
        job,
        tuple(_picture(row) for row in chosen_from),
        tuple(_rejected(row) for row in rows if row["embedding"] is None),
        vectors,
        text,
        files,
        frozenset(row["key"] for row in rows if row["by_hand"] == "kept"),
        frozenset(row["key"] for row in rows if row["by_hand"] == "dropped"),
    )


def reopen(stored: Stored, out_dir: Path, model: str) -> Workspace:
    """Make a workspace in a new folder, as a run has it once everything is fetched and embedded."""
    workspace = Workspace(out_dir / ".work")
    results: list[Result] = [*stored.pictures, *stored.rejected]
    workspace.add_batch([result.candidate for result in results])
    workspace.save_results(0, results)
    workspace.save_vectors(0, model, stored.vectors)
    workspace.set_text(model, stored.text)
    for picture in stored.pictures:
        _link(stored.files[picture.key], workspace.image_path(picture.source_sha256))
    for path in (stored.folder / REFUSED).glob("*.jpg"):
        _link(path, out_dir / REFUSED / path.name)
    return workspace


def _link(source: Path, target: Path) -> None:
    """Have the same file under another name; where the storage knows no links, a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():  # exact copies are one file
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _candidate(row: dict[str, Any]) -> Candidate:
    address = Address(row["url"])
    return Candidate((address,), row["rank"], row["source"], row["title"], row["page_url"])


def _attempts(row: dict[str, Any]) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(tried["url"], AddressKind(tried["kind"]), tried["outcome"], tried.get("bytes", 0))
        for tried in row["attempts"]
    )


def _measures(row: dict[str, Any]) -> Measures:
    return Measures(
        row["width"], row["height"], row["sharpness"], row["phash"], bool(row.get("is_animated"))
    )


def _picture(row: dict[str, Any]) -> Picture:
    return Picture(
        _candidate(row), _attempts(row), row["source_format"], row["source_sha256"], _measures(row)
    )


def _rejected(row: dict[str, Any]) -> Rejected:
    return Rejected(
        _candidate(row),
        Reason(row["reason"]),
        row["detail"],
        _attempts(row),
        row["source_sha256"],
        _measures(row) if row["width"] is not None else None,
    )
