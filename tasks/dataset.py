"""The output folder, all or nothing: whose it is, and how it is written.

What lies in it is described in ``writers.folder``. A new part of it is a ``Writer`` in a module of
``tasks/writers/``, and a line in ``WRITERS``.
"""

import json
import platform
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import BadRequestError
from tasks.folder import refuse_taken
from tasks.images.decoder import ImageError
from tasks.images.fate import its_fate
from tasks.images.saving import saved_bytes
from tasks.ledger import Decision, JobRecord
from tasks.process import progress, stopping
from tasks.records import Accepted, Waterfall
from tasks.report import REPORT_WRITER
from tasks.selection import Selection
from tasks.workspace import UNFINISHED, WORK, Result, Workspace, writing
from tasks.writers.folder import JOB, MANIFEST, Dataset, Writer, image_name
from tasks.writers.rejected import REJECTED_WRITER
from tasks.writers.rows import DECISIONS_WRITER, JOB_WRITER, MANIFEST_WRITER
from tasks.writers.vectors import VECTORS_WRITER

# In this order, once the images are saved; the manifest says that all the rest is there.
WRITERS: tuple[Writer, ...] = (
    REJECTED_WRITER,
    VECTORS_WRITER,
    DECISIONS_WRITER,
    REPORT_WRITER,
    JOB_WRITER,
    MANIFEST_WRITER,
)
_VERSIONED = ("cv-dataset-builder", "prefect", "torch", "transformers", "scikit-learn", "pillow")


def claim(out_dir: Path, job_id: str, request: Mapping[str, Any]) -> Workspace:
    """Make the folder this job's own, or take up what an earlier run of the job left in it.

    ``request`` is what was asked. Raises ``BadRequestError`` where the folder holds anything else,
    and ``OutputError``.
    """
    workspace = Workspace(out_dir / WORK)
    owner = workspace.root / "request.json"
    if owner.exists():
        earlier = json.loads(owner.read_text("utf-8"))
        if earlier["job_id"] != job_id:
            raise BadRequestError(
                "folder_of_another_job", folder=str(out_dir), job=earlier["job_id"]
            )
    else:
        refuse_taken(out_dir)
    for unfinished in out_dir.rglob(f"{UNFINISHED}*"):  # what a run that was killed was writing
        unfinished.unlink(missing_ok=True)
    with writing(owner) as file:
        about = {"job_id": job_id, "request": dict(request)}
        file.write(json.dumps(about, ensure_ascii=False, indent=2).encode())
    return workspace


def finished(out_dir: Path, job_id: str) -> Waterfall | None:
    """Return the counts of the job's dataset if it is complete there, else None."""
    if not (out_dir / MANIFEST).exists() or not (out_dir / JOB).exists():
        return None
    record = JobRecord.from_json(json.loads((out_dir / JOB).read_text("utf-8")))
    return record.counts if record.id == job_id else None


def versions() -> dict[str, str]:
    """Return the versions of the program, of Python, and of the libraries that matter."""
    return {name: version(name) for name in _VERSIONED} | {"python": platform.python_version()}


def write_dataset(
    workspace: Workspace, out_dir: Path, selection: Selection, record: JobRecord
) -> Selection:
    """Write the folder, and return what it holds; ``record`` is what ``job.json`` says.

    Without a subject there are no images but the rejected, and no manifest.
    Raises ``OutputError``; then, and whenever it is interrupted, there is no manifest either.
    """
    selection, names, hashes = _save_images(workspace, out_dir, selection)
    record = replace(record, counts=selection.waterfall())
    rows = {image.key: row for row, image in enumerate(selection.images)}
    everything: list[Result] = [*selection.images, *selection.rejected]
    decisions = tuple(
        Decision.of(
            result,
            selection.verdicts.get(result.key),
            query=record.query,
            file=names.get(result.key),
            sha256=hashes.get(result.key),
            embedding=rows.get(result.key),
        )
        for result in sorted(everything, key=lambda result: result.candidate.rank)
    )
    dataset = Dataset(out_dir, workspace, selection, record, decisions)
    for writer in WRITERS:
        writer.write(dataset)
    return selection


def _save_images(
    workspace: Workspace, out_dir: Path, selection: Selection
) -> tuple[Selection, dict[str, str], dict[str, str]]:
    """Save the chosen images; return the names and the SHA-256 of the files by the image's key.

    One that cannot be saved is chosen no more, and the next that shows the subject takes its place:
    so the selection is returned too.
    """

    def save(image: Accepted, name: str) -> str | ImageError:
        stopping.check()
        try:
            with its_fate(image.candidate):
                data = saved_bytes(workspace.image_path(image.source_sha256).read_bytes())
        except ImageError as error:
            return error
        with writing(out_dir / name) as file:
            file.write(data)
        return sha256(data).hexdigest()

    progress.report("save", expected=len(selection.chosen))
    while True:
        names = {p.key: image_name(at) for at, p in enumerate(selection.chosen, start=1)}
        hashes: dict[str, str] = {}
        failed: dict[str, ImageError] = {}
        with ThreadPoolExecutor(thread_name_prefix="save") as pool:
            saved = pool.map(save, selection.chosen, names.values())
            for image, digest in zip(selection.chosen, saved, strict=True):
                if isinstance(digest, ImageError):
                    failed[image.key] = digest
                else:
                    hashes[image.key] = digest
                    progress.report("save", done=1)
        if not failed:
            return selection, names, hashes
        for name in names.values():
            (out_dir / name).unlink(missing_ok=True)
        progress.report("save", done=-len(hashes))
        selection = selection.without(failed)


write_dataset_task = task(name="write-dataset", cache_policy=NO_CACHE)(write_dataset)
