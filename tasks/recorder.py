"""What a run's row says while the run goes on: that it lives, how far it is, and its log.

A thread of its own writes all of it about once a second, so that a slow database slows nothing.
What cannot be written is kept and written once the database is back.

Our modules log to the standard loggers ``tasks.…`` and ``flows.…`` and report to ``progress``.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tasks import progress
from tasks.errors import DatabaseError
from tasks.jobs import STOPPED, Jobs, Status
from tasks.settings import Settings

LOGGERS = ("tasks", "flows")
BEAT_EVERY_S = 1.0
PATIENCE_S = 60.0  # how long the end of a run waits for a database that is away


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
def recording(
    settings: Settings, flow_run_id: str, on_cancel: Callable[[], object]
) -> Iterator["Recorder"]:
    """Keep the run's row alive, and its log in it, until the block ends.

    ``on_cancel`` is called, in another thread, once somebody asks for the run's cancelling there.
    """
    recorder = Recorder(settings, flow_run_id, on_cancel)
    try:
        with handling(recorder), progress.watching(recorder.count):
            yield recorder
    finally:
        recorder.close()


class Recorder(logging.Handler):
    """Collects log lines and counts; its thread writes them."""

    def __init__(
        self, settings: Settings, flow_run_id: str, on_cancel: Callable[[], object]
    ) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
        )
        self._settings = settings
        self._flow_run_id = flow_run_id
        self._on_cancel = on_cancel
        self._lines: list[str] = []
        self._counts: dict[str, dict[str, int]] = {}
        self._counting = threading.Lock()
        self._waterfall: Mapping[str, Any] | None = None
        self._is_stopped = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_often, name="recorder", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record) + "\n")

    def count(self, stage: str, done: int, expected: int) -> None:
        """Add to the counts of a stage."""
        with self._counting:
            counts = self._counts.setdefault(stage, {"done": 0, "expected": 0})
            counts["done"] += done
            counts["expected"] += expected

    def set_waterfall(self, waterfall: Mapping[str, Any]) -> None:
        """Have the counts of a selection written."""
        self._waterfall = waterfall

    def stopped(self) -> None:
        """Have the row say that the run was stopped, with the last that is written."""
        self._is_stopped = True

    def close(self) -> None:
        self._closing.set()
        self._thread.join(PATIENCE_S)
        super().close()

    def _write_often(self) -> None:
        jobs: Jobs | None = None
        is_cancelled = False
        tries_left = round(PATIENCE_S / BEAT_EVERY_S)
        while tries_left:
            is_closing = self._closing.wait(BEAT_EVERY_S)
            try:
                jobs = jobs or Jobs.open(self._settings)
                is_wanted_away = self._write(jobs)
            except DatabaseError:  # nothing is lost; the connection is made anew
                if jobs:
                    jobs.close()
                jobs = None
                if is_closing:
                    tries_left -= 1
                    threading.Event().wait(BEAT_EVERY_S)
                continue
            if is_closing:
                break
            if is_wanted_away and not is_cancelled:
                is_cancelled = True
                self._on_cancel()
        if jobs:
            jobs.close()

    def _write(self, jobs: Jobs) -> bool:
        if waterfall := self._waterfall:
            jobs.set_waterfall(self._flow_run_id, waterfall)
            if self._waterfall is waterfall:
                self._waterfall = None
        count = len(self._lines)  # lines that come meanwhile wait for the next turn
        with self._counting:
            counts = {stage: dict(numbers) for stage, numbers in self._counts.items()}
        is_wanted_away = jobs.beat(
            self._flow_run_id, lines="".join(self._lines[:count]), progress=counts
        )
        del self._lines[:count]
        if self._is_stopped and self._closing.is_set():
            jobs.end(self._flow_run_id, Status.CANCELLED, STOPPED)
        return is_wanted_away
