"""Vectors that were made before, by pixels, model and revision, in one file of the data folder.

A rerun, or another dataset with the same images, embeds nothing twice. The vectors that were not
asked for longest go first when there are too many. It is only there to save time: where it cannot
be used, everything works without it.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tasks.arrays import Vector

MAX_BYTES = 500_000_000  # some 200,000 vectors of 512 numbers
PATIENCE_S = 5.0  # while another process writes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VectorCache:
    """The cache in a file, which may be on storage that other processes share."""

    path: Path
    max_bytes: int = MAX_BYTES

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """Return the vectors (d,) that are there."""
        found: dict[bytes, Vector] = {}

        def read(database: sqlite3.Connection) -> None:
            now = time.time_ns()
            for key in keys:
                row = database.execute(
                    "UPDATE vectors SET used = ? WHERE key = ? RETURNING vector", (now, key)
                ).fetchone()
                if row:
                    found[key] = np.frombuffer(row[0], np.float32)

        self._use(read)
        return found

    def put(self, vectors: Mapping[bytes, Vector]) -> None:
        """Keep vectors; let others go where there are too many then."""

        def write(database: sqlite3.Connection) -> None:
            now = time.time_ns()
            rows = [(key, vector.tobytes(), now) for key, vector in vectors.items()]
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            size = _bytes_used(database)
            if size > self.max_bytes:  # a tenth more than has to go, so that it is not each time
                (count,) = database.execute("SELECT count(*) FROM vectors").fetchone()
                surplus = int(count * (1 - 0.9 * self.max_bytes / size)) + 1
                database.execute(
                    "DELETE FROM vectors WHERE key IN "
                    "(SELECT key FROM vectors ORDER BY used LIMIT ?)",
                    (surplus,),
                )

        self._use(write)

    def _use(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=PATIENCE_S)) as database, database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB, "
                    "used INTEGER) WITHOUT ROWID"
                )
                work(database)
        except (sqlite3.Error, OSError) as error:
            _warn(self.path, str(error))


@cache  # so that a full disk is said once, and not with each batch
def _warn(path: Path, why: str) -> None:
    log.warning("The vectors of earlier runs in %s are of no use: %s", path, why)


def _bytes_used(database: sqlite3.Connection) -> int:
    """Return the size of the pages in use; those of what was deleted are filled again."""
    numbers = ("page_count", "freelist_count", "page_size")
    pages, free, size = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in numbers)
    return int((pages - free) * size)
