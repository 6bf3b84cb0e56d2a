"""A dataset's folder → what was once collected for it, so that the choice can be made again.

``decisions.jsonl`` tells every candidate, ``embeddings.npy`` holds the vectors, and the images
are those of the dataset and of ``.rejected``.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.arrays import Vector, Vectors
from tasks.errors import BadRequestError
from tasks.ledger import Decision, JobRecord
from tasks.model.families import family_named
from tasks.records import Accepted, Address, Candidate, Measures, Rejected
from tasks.workspace import WORK, Result, Workspace
from tasks.writers.folder import (
    DECISIONS,
    EMBEDDINGS,
    JOB,
    TEXT,
    image_path,
    rejected_folder,
)
from words import Message, verbatim


@dataclass(frozen=True, slots=True)
class Stored:
    """What a dataset's folder holds; ``vectors`` (n, d) are the images', in their order."""

    folder: Path
    record: JobRecord
    images: tuple[Accepted, ...]
    rejected: tuple[Rejected, ...]
    vectors: Vectors
    text: Vector | None  # (d,) that they were compared with
    files: dict[str, Path]  # of the images, by key
    kept: frozenset[str]  # by hand, as their keys
    dropped: frozenset[str]

    def named(self, text: str) -> Accepted:
        """Return the image of that key, address, or file name in the dataset.

        Raises ``BadRequestError``.
        """
        for image in self.images:
            if text in (image.key, image.candidate.url, self.files[image.key].name):
                return image
        for one in self.rejected:
            if text in (one.key, one.candidate.url):
                raise BadRequestError(
                    "rejected_before_choice",
                    image=text,
                    reason=Message(f"reason.{one.reason}"),
                )
        raise BadRequestError(
            "no_such_image", image=text, folder=str(self.folder), decisions=DECISIONS
        )


def read(folder: Path) -> Stored:
    """Read a dataset; raises ``BadRequestError`` where the choice cannot be made again from it."""
    try:
        record = JobRecord.from_json(json.loads((folder / JOB).read_text("utf-8")))
        lines = (folder / DECISIONS).read_bytes().splitlines()
        decisions = [Decision.from_row(json.loads(line)) for line in lines]
        vectors = np.load(folder / EMBEDDINGS, allow_pickle=False)
        text = np.load(folder / TEXT, allow_pickle=False) if (folder / TEXT).exists() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRequestError(
            "nothing_to_choose_from",
            folder=str(folder),
            why=str(error),
            files=f"{DECISIONS}, {JOB}, {EMBEDDINGS}",
        ) from error
    embedded = {one.embedding: one for one in decisions if one.embedding is not None}
    accepted = [embedded[row] for row in sorted(embedded)]
    files = {str(one.key): image_path(folder, one) for one in accepted}
    if missing := [path for path in files.values() if not path.is_file()]:
        raise BadRequestError("images_gone", count=len(missing), first=str(missing[0]))
    return Stored(
        folder=folder,
        record=record,
        images=tuple(map(_image, accepted)),
        rejected=tuple(_rejected(one) for one in decisions if one.embedding is None),
        vectors=vectors,
        text=text,
        files=files,
        kept=frozenset(str(one.key) for one in decisions if one.by_hand == "kept"),
        dropped=frozenset(str(one.key) for one in decisions if one.by_hand == "dropped"),
    )


def reopen(stored: Stored, out_dir: Path, model: str) -> Workspace:
    """Make a workspace in a new folder, as a run has it once everything is fetched and embedded."""
    workspace = Workspace(out_dir / WORK)
    results: list[Result] = [*stored.images, *stored.rejected]
    workspace.add_batch([result.candidate for result in results])
    workspace.save_results(0, results)
    workspace.save_vectors(0, model, stored.vectors)
    workspace.set_text(model, stored.text)
    workspace.set_geometry(family_named(stored.record.model_family).geometry)
    for image in stored.images:
        _link(stored.files[image.key], workspace.image_path(image.source_sha256))
    for path in rejected_folder(stored.folder).glob("*.jpg"):
        _link(path, rejected_folder(out_dir) / path.name)
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


def _candidate(decision: Decision) -> Candidate:
    return Candidate(
        addresses=(Address(decision.url),),
        rank=decision.rank,
        source=decision.source,
        title=decision.title,
        page_url=decision.page_url,
    )


def _measures(decision: Decision) -> Measures | None:
    if decision.width is None or decision.height is None:
        return None
    return Measures(
        width=decision.width,
        height=decision.height,
        phash=decision.phash or "",
        values=decision.measures,
        is_animated=bool(decision.is_animated),
        mode=decision.source_mode or "RGB",
    )


def _image(decision: Decision) -> Accepted:
    measures = _measures(decision)
    if measures is None or decision.source_sha256 is None:
        raise BadRequestError("vector_without_image", key=decision.key)
    return Accepted(
        candidate=_candidate(decision),
        attempts=decision.attempts,
        format=decision.source_format or "",
        source_sha256=decision.source_sha256,
        measures=measures,
    )


def _rejected(decision: Decision) -> Rejected:
    return Rejected(
        candidate=_candidate(decision),
        reason=decision.reason or "",
        note=decision.notes[0] if decision.notes else verbatim(""),
        attempts=decision.attempts,
        source_sha256=decision.source_sha256,
        measures=_measures(decision),
    )
