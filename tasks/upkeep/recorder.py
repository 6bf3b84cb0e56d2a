"""The recorder of a run: keeps its row true while it goes on, with sign of life, progress and log.

A thread of its own writes all of it about once a second, so that a slow database slows nothing.
What cannot be written is kept and written once the database is back.

Our modules log to the standard loggers ``tasks.…`` and ``flows.…`` and report to ``progress``.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tasks.database.jobs_table import Jobs
from tasks.errors import CollectError, DatabaseError
from tasks.jobs import STOPPED, Cause, Status, Wishes
from tasks.process import progress
from tasks.settings import Settings
from tasks.upkeep.watchdog import AWAIT_DATABASE_S

LOGGERS = ("tasks", "flows")
BEAT_EVERY_S = 1.0


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

    ``on_cancel`` is called, in another thread, once somebody asks there to cancel the run.
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
        self._waterfall: tuple[Mapping[str, Any], Mapping[str, Any] | None] | None = None
        self._question: Mapping[str, Any] | None = None
        self._is_question_written = True
        self._on_answer: Callable[[int], object] = lambda _: None
        self._end: tuple[Status, Cause] | None = None
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

    def set_waterfall(
        self, waterfall: Mapping[str, Any], choice: Mapping[str, Any] | None = None
    ) -> None:
        """Write the counts of a selection, and how it was made, at the next turn."""
        self._waterfall = (waterfall, choice)

    def ask(
        self,
        question: Mapping[str, Any] | None,
        on_answer: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Say in the row that the run waits for an answer, until this is called with None.

        ``on_answer`` is called with the answer, in another thread, as often as it is looked for.
        """
        self._on_answer = on_answer
        self._question = question
        self._is_question_written = False

    def stopped(self) -> None:
        """Say in the row, with the last that is written, that the run was stopped."""
        self._end = (Status.CANCELLED, STOPPED)

    def failed(self, error: CollectError) -> None:
        """Say in the row, with the last that is written, that the run failed."""
        self._end = (Status.FAILED, Cause.of(error))

    def close(self) -> None:
        self._closing.set()
        self._thread.join(AWAIT_DATABASE_S)
        super().close()

    def _write_often(self) -> None:
        jobs: Jobs | None = None
        is_cancelled = False
        tries_left = round(AWAIT_DATABASE_S / BEAT_EVERY_S)
        while tries_left:
            is_closing = self._closing.wait(BEAT_EVERY_S)
            try:
                jobs = jobs or Jobs.open(self._settings)
                wishes = self._write(jobs)
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
            if wishes.cancel and not is_cancelled:
                is_cancelled = True
                self._on_cancel()
            elif wishes.answer is not None and self._question:
                self._on_answer(wishes.answer)
        if jobs:
            jobs.close()

    def _write(self, jobs: Jobs) -> Wishes:
        if waterfall := self._waterfall:
            jobs.set_waterfall(self._flow_run_id, *waterfall)
            if self._waterfall is waterfall:
                self._waterfall = None
        if not self._is_question_written:
            question = self._question
            jobs.ask(self._flow_run_id, question)
            self._is_question_written = self._question is question
        count = len(self._lines)  # lines that come meanwhile wait for the next turn
        with self._counting:
            counts = {stage: dict(numbers) for stage, numbers in self._counts.items()}
        wishes = jobs.beat(self._flow_run_id, lines="".join(self._lines[:count]), progress=counts)
        del self._lines[:count]
        if self._end and self._closing.is_set():
            jobs.end(self._flow_run_id, *self._end)
        return wishes
