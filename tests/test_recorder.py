"""A run's row is kept by a thread that no database outage stops, and that loses nothing."""

import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psycopg2
import pytest

from tasks.database.jobs_table import Jobs
from tasks.jobs import STOPPED, Status
from tasks.process import progress
from tasks.settings import Settings
from tasks.upkeep import recorder
from tasks.upkeep.recorder import recording
from tests.support.history import RUN, begun
from tests.support.waiting import until

log = logging.getLogger("tasks.test_recorder")


class Line:
    """A TCP line to the tests' Postgres that can be cut and mended."""

    def __init__(self, unix_socket: str) -> None:
        self._target = unix_socket
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._is_cut = False
        self.tried_in_vain = 0  # times, since it was cut
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def mend(self) -> None:
        self._is_cut = False

    def cut(self) -> None:
        self._is_cut, self.tried_in_vain = True, 0
        _hang_up(*self._ends)
        self._ends.clear()

    def close(self) -> None:
        self.cut()
        _hang_up(self._listener)

    def _accept(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    _hang_up(near)
                    self.tried_in_vain += 1
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._ends += [near, far]
                threading.Thread(target=self._relay, args=(near, far), daemon=True).start()

    def _relay(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError, ValueError):  # it was cut
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = end.recv(1 << 16)
                    if not data:
                        return
                    (far if end is near else near).sendall(data)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):  # the other side was quicker
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@pytest.fixture(autouse=True)
def _beat_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "BEAT_EVERY_S", 0.1)


@pytest.fixture
def line(database: str, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """Have ``Settings()`` reach the database over a line; ``jobs`` reaches it directly."""
    parts = psycopg2.extensions.parse_dsn(database)
    line = Line(str(Path(parts["host"]) / ".s.PGSQL.5432"))
    through = psycopg2.extensions.make_dsn(database, host="127.0.0.1", port=line.port)
    monkeypatch.setenv("DATABASE_URL", through)
    yield line
    line.close()


def heartbeat(jobs: Jobs) -> datetime | None:
    job = jobs.get(RUN)
    return job.heartbeat_at if job else None


def no_cancel() -> None:
    pytest.fail("nobody asked for cancelling")


def test_progress_and_log_are_in_the_row_while_the_run_goes_on(jobs: Jobs) -> None:
    begun(jobs)
    with recording(Settings(), RUN, no_cancel) as keeper:
        progress.report("download", expected=64)
        progress.report("download", done=40)
        log.info("Forty are here.")
        keeper.set_waterfall({"found": 64, "chosen": 7, "reasons": {}})

        def look() -> bool:
            job = jobs.get(RUN)
            assert job
            return (job.progress, job.count) == ({"download": {"done": 40, "expected": 64}}, 7)

        until(look, "the row says it", 5)
    assert "Forty are here." in jobs.log(RUN)
    first = jobs.get(RUN)
    assert first
    assert first.waterfall == {"found": 64, "chosen": 7, "reasons": {}}


def test_a_database_that_is_away_blocks_nothing_and_loses_nothing(line: Line, jobs: Jobs) -> None:
    begun(jobs)
    with recording(Settings(), RUN, no_cancel):
        log.info("before")
        until(lambda: "before" in jobs.log(RUN), "the first line", 5)
        line.cut()
        started = time.monotonic()
        for number in range(1000):
            log.info("away %d", number)
            progress.report("download", done=1)
        assert time.monotonic() - started < 1
        until(lambda: line.tried_in_vain >= 3, "three tries to write in vain")
        silent = jobs.get(RUN)
        line.mend()
        until(lambda: "away 999\n" in jobs.log(RUN), "the lines since then", 15)
        log.info("after")
    lines = [entry.split(" INFO    ")[1] for entry in jobs.log(RUN).splitlines()]
    assert lines == ["before", *(f"away {number}" for number in range(1000)), "after"]
    job = jobs.get(RUN)
    assert job
    assert silent
    assert job.progress == {"download": {"done": 1000, "expected": 0}}
    assert silent.heartbeat_at
    assert job.heartbeat_at
    assert job.heartbeat_at > silent.heartbeat_at


def test_the_end_of_a_run_waits_for_a_database_that_is_away(line: Line, jobs: Jobs) -> None:
    def mend_after_tries() -> None:
        until(lambda: line.tried_in_vain >= 3, "three tries to write in vain")
        line.mend()

    begun(jobs)
    with recording(Settings(), RUN, no_cancel) as keeper:
        line.cut()
        log.info("the last words")
        keeper.stopped()
        mending = threading.Thread(target=mend_after_tries)
        mending.start()
    mending.join()
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.error_code) == (Status.CANCELLED, STOPPED.code)
    assert "the last words" in jobs.log(RUN)


def test_who_asks_in_the_row_for_cancelling_is_heard_once(jobs: Jobs) -> None:
    begun(jobs)
    asked: list[None] = []
    beats: set[datetime | None] = set()
    with recording(Settings(), RUN, lambda: asked.append(None)):
        assert jobs.request_cancel(RUN)
        until(lambda: asked, "cancelling", 5)
        until(lambda: beats.add(heartbeat(jobs)) or len(beats) > 2, "two more signs of life", 5)
    assert len(asked) == 1
    jobs.end(RUN, Status.CANCELLED)
    assert not jobs.request_cancel(RUN)
