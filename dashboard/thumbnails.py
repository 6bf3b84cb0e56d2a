"""Thumbnails at stated sizes, made when they are first asked for and kept on disk.

They lie in ``<data_dir>/dashboard/thumbnails/<job_id>/``, named by image, size and version, and
go with the job's row.
"""

import shutil
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path

from tasks.images.thumbnails import thumbnail
from tasks.workspace import writing


class Side(IntEnum):
    """The sizes there are: the longer side, in pixels."""

    SMALL = 160
    MEDIUM = 320
    LARGE = 640


def version_of(image: Path) -> str:
    """Return what changes whenever an image's file does; for an ETag."""
    about = image.stat()
    return f"{about.st_mtime_ns:x}-{about.st_size:x}"


def kept(image: Path, side: Side, folder: Path) -> bytes:
    """Return an image's thumbnail, made now or earlier.

    Raises ``ImageError``, and ``OSError`` where the image is gone.
    """
    path = folder / f"{image.stem}-{side}-{version_of(image)}.jpg"
    if path.exists():
        return path.read_bytes()
    data = thumbnail(image, side)
    with writing(path) as file:
        file.write(data)
    return data


def folder_of(data_dir: Path, job_id: str) -> Path:
    """Return where a job's thumbnails are kept."""
    return data_dir / "dashboard" / "thumbnails" / job_id


def forget(data_dir: Path, job_ids: Iterable[str]) -> None:
    """Remove the thumbnails of jobs."""
    for job_id in job_ids:
        shutil.rmtree(folder_of(data_dir, job_id), ignore_errors=True)
