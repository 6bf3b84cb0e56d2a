"""The output folder, all or nothing.

img_0001.jpg …     the chosen pictures, in the order of the search page
.refused/KEY.jpg   what was fetched and refused, named by the decision's key
decisions.jsonl    one row for every candidate ever seen, chosen or not, with its reason
embeddings.npy     (n, d) float32: the vector of each picture, in the row that its decision names
job.json           parameters, versions, model revision, counts
report.html        all of it to look at
manifest.jsonl     one row for every picture; written last: a folder that has it is complete
"""

import json
import platform
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import BadRequestError
from tasks.images.saving import saved_bytes
from tasks.images.thumbnails import keep_refused
from tasks.process import progress, stopping
from tasks.records import Picture, Rejected
from tasks.report import report
from tasks.selection import Selection, Waterfall
from tasks.workspace import UNFINISHED, WORK, Result, Workspace, writing

# What the candidates of a batch were judged by: the same throughout a job.
_FIXED = (
    "query", "source", "input", "size", "colour", "licence", "period", "sort", "section",
    "min_side", "min_sharpness",
)  # fmt: skip
_NOT_OF_CHOSEN = ("is_chosen", "reason", "detail", "copy_of")  # they'd say nothing there
MANIFEST, DECISIONS, JOB = "manifest.jsonl", "decisions.jsonl", "job.json"
EMBEDDINGS, TEXT, REPORT = "embeddings.npy", "text.npy", "report.html"
_VERSIONED = ("cv-dataset-builder", "prefect", "torch", "transformers", "scikit-learn", "pillow")


def claim(out_dir: Path, job_id: str, request: Mapping[str, Any]) -> Workspace:
    """Make the folder this job's own, or take up what an earlier run of the job left in it.

    ``request`` is what was asked; a resumed job has to ask the same of its candidates. Raises
    ``BadRequestError`` where the folder holds anything else, and ``OutputError``.
    """
    workspace = Workspace(out_dir / WORK)
    owner = workspace.root / "request.json"
    if owner.exists():
        earlier = json.loads(owner.read_text())
        if earlier["job_id"] != job_id:
            raise BadRequestError(
                f"{out_dir} belongs to job {earlier['job_id']}: resume that with --job-id, or name "
                "another --out-dir."
            )
        for key in _FIXED:
            if earlier["request"].get(key) != request.get(key):
                raise BadRequestError(
                    f"Job {job_id} was begun with {key} {earlier['request'].get(key)!r}, not "
                    f"{request.get(key)!r}: start a new job for that."
                )
    elif out_dir.exists() and (
        # A run that was killed as it began leaves nothing but the workspace.
        not out_dir.is_dir() or any(path.name != WORK for path in out_dir.iterdir())
    ):
        raise BadRequestError(
            f"{out_dir} is not an empty folder; nothing there was touched. Name another --out-dir."
        )
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
    job = json.loads((out_dir / JOB).read_text())
    return Waterfall(**job["counts"]) if job["id"] == job_id else None


@task(name="write-dataset", cache_policy=NO_CACHE)
def write_dataset(
    workspace: Workspace, out_dir: Path, selection: Selection, job: Mapping[str, Any]
) -> None:
    """Write the folder; ``job`` is what ``job.json`` says of the run besides versions and counts.

    Without a subject there are no pictures but the refused, and no manifest.
    Raises ``OutputError``; then, and whenever it is interrupted, there is no manifest either.
    """
    names = {p.key: f"img_{i:04d}.jpg" for i, p in enumerate(selection.chosen, start=1)}
    progress.report("save", expected=len(names))

    def save(picture: Picture) -> str:
        stopping.check()
        data = saved_bytes(workspace.image_path(picture.source_sha256).read_bytes())
        with writing(out_dir / names[picture.key]) as file:
            file.write(data)
        return sha256(data).hexdigest()

    hashes: dict[str, str] = {}
    with ThreadPoolExecutor(thread_name_prefix="save") as pool:
        for key, digest in zip(names, pool.map(save, selection.chosen), strict=True):
            hashes[key] = digest
            progress.report("save", done=1)
    everything: list[Result] = [*selection.pictures, *selection.rejected]
    keep_refused(workspace, out_dir, (result for result in everything if result.key not in names))
    rows = list(_rows(selection, str(job["query"]), names, hashes))
    with writing(out_dir / EMBEDDINGS) as file:
        np.save(file, selection.vectors, allow_pickle=False)
    if selection.text is not None:
        with writing(out_dir / TEXT) as file:
            np.save(file, selection.text, allow_pickle=False)
    _write_lines(out_dir / DECISIONS, rows)
    waterfall = asdict(selection.waterfall())
    versions = {name: version(name) for name in _VERSIONED} | {"python": platform.python_version()}
    about = {**job, "counts": waterfall, "versions": versions}
    with writing(out_dir / REPORT) as file:
        file.write(report(about, rows, selection.vectors, out_dir).encode(errors="replace"))
    with writing(out_dir / JOB) as file:
        file.write(json.dumps(about, ensure_ascii=False, indent=2).encode())
    if selection.chosen:
        _write_lines(
            out_dir / MANIFEST,
            [_without(row, *_NOT_OF_CHOSEN) for row in rows if row["file"]],
        )


def _rows(
    selection: Selection, query: str, names: Mapping[str, str], hashes: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield a row for every candidate, in the order of the page."""
    everything: list[Result] = [*selection.pictures, *selection.rejected]
    places = {picture.key: place for place, picture in enumerate(selection.pictures)}
    for result in sorted(everything, key=lambda r: r.candidate.rank):
        candidate, measures = result.candidate, result.measures
        verdict = selection.verdicts.get(result.key)
        picture = result if isinstance(result, Picture) else None
        rejected = result if isinstance(result, Rejected) else None
        fetched = picture.attempts[-1] if picture else None
        yield {
            "query": query,
            "file": names.get(result.key),
            "source": candidate.source,
            "url": candidate.url,
            "page_url": candidate.page_url,
            "title": candidate.title,
            "rank": candidate.rank,
            "width": measures.width if measures else None,
            "height": measures.height if measures else None,
            "sharpness": round(measures.sharpness, 2) if measures else None,
            "sha256": hashes.get(result.key),
            "phash": measures.phash if measures else None,
            "cluster": verdict.cluster if verdict else None,
            "score": _rounded(verdict.score if verdict else None),
            "text_similarity": _rounded(verdict.text_similarity if verdict else None),
            "group": verdict.group if verdict else None,
            "distance": _rounded(verdict.distance if verdict else None),
            "neighbours": verdict.neighbours if verdict else None,
            "by_hand": verdict.by_hand if verdict else None,
            "embedding": places.get(result.key),
            "key": result.key,
            "source_sha256": result.source_sha256,
            "source_format": picture.format if picture else None,
            "is_animated": measures.is_animated if measures else None,
            "fetched_url": fetched.url if fetched else None,
            "rendition": fetched.kind if fetched else None,
            "is_chosen": result.key in names,
            "reason": rejected.reason if rejected else verdict.reason if verdict else None,
            "detail": rejected.detail if rejected else verdict.why if verdict else "",
            "copy_of": verdict.copy_of if verdict else None,
            "attempts": [asdict(attempt) for attempt in result.attempts],
        }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _without(row: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    with writing(path) as file:
        file.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
