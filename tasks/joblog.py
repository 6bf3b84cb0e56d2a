"""A run's log lines, into the jobs table and Prefect while the run goes on.

Our modules log to the standard loggers ``tasks.…`` and ``flows.…``. While a run is recorded, their
lines are appended to its row about once a second by a thread of their own, so that a slow database
slows nothing; lines that cannot be written are kept and tried again.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.logging.handlers import APILogHandler

from tasks.errors import DatabaseError
from tasks.jobs import Jobs
from tasks.settings import Settings

LOGGERS = ("tasks", "flows")
FLUSH_EVERY_S = 1.0


@contextmanager
def handling(*handlers: logging.Handler) -> Iterator[None]:
    """Give our log lines, from INFO on, to the handlers."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        for handler in handlers:
            logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            for handler in handlers:
                logger.removeHandler(handler)


@contextmanager
def logged(settings: Settings, flow_run_id: str) -> Iterator[None]:
    """Write log lines to the run's row and to Prefect until the block ends."""
    table = _TableHandler(settings, flow_run_id)
    try:
        with handling(table, APILogHandler()):
            yield
    finally:
        table.close()


class _TableHandler(logging.Handler):
    """Collects lines; its thread appends them to the row."""

    def __init__(self, settings: Settings, flow_run_id: str) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
        )
        self._settings = settings
        self._flow_run_id = flow_run_id
        self._lines: list[str] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._flush_often, name="job-log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record) + "\n")

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        super().close()

    def _flush_often(self) -> None:
        jobs: Jobs | None = None
        while True:
            is_last = self._closing.wait(FLUSH_EVERY_S)
            count = len(self._lines)  # lines that come meanwhile wait for the next turn
            try:
                if count:
                    jobs = jobs or Jobs.open(self._settings)
                    jobs.append_log(self._flow_run_id, "".join(self._lines[:count]))
                    del self._lines[:count]
            except DatabaseError:  # the lines are kept; the connection is made anew
                if jobs:
                    jobs.close()
                jobs = None
            if is_last:
                break
        if jobs:
            jobs.close()
