"""All jobs in numbers, and the room that the data takes; kept for a while, as it takes a while."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from dashboard.bodies import Day, Disk, Overview, SourceHealth, Yield
from dashboard.database import Database
from tasks.database import queries
from tasks.database.jobs_table import Jobs
from tasks.database.source_checks import last_check
from tasks.settings import Settings

SUMS_FOR_S = 5.0
DISK_FOR_S = 60.0

T = TypeVar("T")


class Kept(Generic[T]):
    """A value that is made anew when it is older than ``seconds``, by one thread at a time."""

    def __init__(self, seconds: float, make: Callable[[], T]) -> None:
        self._seconds = seconds
        self._make = make
        self._making = threading.Lock()
        self._value: tuple[T, float] | None = None

    def get(self) -> T:
        """Return the value."""
        with self._making:
            if self._value is None or time.monotonic() - self._value[1] > self._seconds:
                self._value = (self._make(), time.monotonic())
            return self._value[0]


class OverviewCache:
    """The overview, no older than some seconds."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._disk = Kept(DISK_FOR_S, self._measure)
        self._overview = Kept(SUMS_FOR_S, self._add_up)

    def get(self) -> Overview:
        """Return the overview; raises ``DatabaseError``."""
        return self._overview.get()

    def _add_up(self) -> Overview:
        with self._database.jobs() as jobs:
            sums, health = queries.sums(jobs), _health(jobs)
        return Overview(
            jobs_by_status=sums.by_status,
            queries_per_day=[Day(day=day, jobs=n, images=i) for day, n, i in sums.per_day],
            yield_=Yield(found=sums.found, chosen=sums.chosen, reasons=sums.reasons),
            source_health=health,
            disk=self._disk.get(),
        )

    def _measure(self) -> Disk:
        folder = self._settings.data_dir.absolute()
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        return Disk(
            data_dir=str(folder),
            used_bytes=size_of(folder),
            free_bytes=shutil.disk_usage(existing).free,
        )


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder; what cannot be read counts nothing."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _health(jobs: Jobs) -> SourceHealth | None:
    check = last_check(jobs)
    if check is None:
        return None
    strategies: list[dict[str, Any]] = [
        {"query": query.get("query"), **strategy}
        for query in check.report
        for strategy in query.get("strategies", ())
    ]
    return SourceHealth(
        source=check.source,
        checked_at=check.checked_at,
        ok=check.ok,
        detail=str(check.message),
        message=check.message,
        strategies=strategies,
    )
