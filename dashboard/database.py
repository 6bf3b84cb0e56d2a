"""A few connections to the jobs table, shared by the threads that answer requests.

    with database.jobs() as jobs: ...

One that the server closed while it lay idle is replaced before it is used, so a database that was
started anew costs no request.
"""

import select
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.database.jobs_table import Jobs
from tasks.settings import Settings

SIZE = 8


class Database:
    """Up to ``SIZE`` connections, opened when they are needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: deque[Jobs] = deque()
        self._turns = threading.BoundedSemaphore(SIZE)

    @contextmanager
    def jobs(self) -> Iterator[Jobs]:
        """Lend the table to the block; raises ``DatabaseError``."""
        with self._turns:
            jobs = self._take()
            try:
                yield jobs
            finally:
                if jobs.connection.closed:
                    jobs.close()
                else:
                    self._idle.append(jobs)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Jobs:
        while True:
            try:
                jobs = self._idle.pop()
            except IndexError:
                return Jobs.open(self._settings)
            # A server says nothing on an idle connection but that it is over.
            if not select.select([jobs.connection], [], [], 0)[0]:
                return jobs
            jobs.close()
