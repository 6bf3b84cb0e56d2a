"""The record of a dataset: its decisions, its ``job.json``, and last of all its manifest."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.workspace import writing
from tasks.writers.folder import DECISIONS, JOB, MANIFEST, Dataset, Writer


def write_decisions(dataset: Dataset) -> None:
    """Write a row for every candidate; raises ``OutputError``."""
    _write_lines(dataset.folder / DECISIONS, (one.to_row() for one in dataset.decisions))


def write_job(dataset: Dataset) -> None:
    """Write what the dataset was made from; raises ``OutputError``."""
    with writing(dataset.folder / JOB) as file:
        file.write(json.dumps(dataset.record.to_json(), ensure_ascii=False, indent=2).encode())


def write_manifest(dataset: Dataset) -> None:
    """Write a row for every chosen image, if there is one; raises ``OutputError``."""
    chosen = [one.to_manifest_row() for one in dataset.decisions if one.is_chosen]
    if chosen:
        _write_lines(dataset.folder / MANIFEST, chosen)


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with writing(path) as file:
        file.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


DECISIONS_WRITER = Writer((DECISIONS,), write_decisions)
JOB_WRITER = Writer((JOB,), write_job)
MANIFEST_WRITER = Writer((MANIFEST,), write_manifest)
