"""Whose a dataset's folder is: nobody's yet, writable, and one process's at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tasks.errors import BadRequestError
from tasks.process import stopping
from tasks.workspace import UNFINISHED, WORK, cannot_be_written

LEFT_WITHIN_S = 10.0  # longer than a run takes to stop


def refuse_taken(folder: Path) -> None:
    """Raise ``BadRequestError`` where a new dataset's folder holds anything already."""
    # A run that was killed as it began leaves nothing but the workspace.
    if folder.exists() and not (
        folder.is_dir() and all(path.name == WORK for path in folder.iterdir())
    ):
        raise BadRequestError("folder_not_empty", folder=str(folder))


def refuse_unwritable(folder: Path) -> None:
    """Raise ``OutputError`` where a folder, or what it would be made in, cannot be written."""
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        Path(mkdtemp(prefix=UNFINISHED, dir=there)).rmdir()
    except OSError as error:
        raise cannot_be_written(folder, error) from error


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have a folder, which is made if need be, for this process alone while the block runs.

    A run of the job that is being stopped has some seconds to leave. Raises ``BadRequestError``
    where it stays, and ``OutputError``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise cannot_be_written(folder, error) from error
    try:
        last = time.monotonic() + LEFT_WITHIN_S
        while not _is_locked(descriptor):
            if time.monotonic() > last:
                raise BadRequestError("folder_in_use", folder=str(folder))
            stopping.pause(0.1)
        yield
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
