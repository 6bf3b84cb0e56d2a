"""Places that a real database keeps among runs: of one process, and of several."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tasks.process import stopping
from tasks.process.concurrency import slot
from tests.support.site import ROOT
from tests.support.waiting import until

AT_ONCE_S = 20.0  # within which two that need not wait for each other are inside together
APART_S = 2.0  # for which one waits inside for another that is not to come in
FREED_WITHIN_S = 2.0
HOLD = """
import time
from tasks.process.concurrency import slot
with slot("naver"):
    print("inside", flush=True)
    time.sleep(600)
"""


def are_inside_together(name: str | None, within_s: float) -> bool:
    """Have two hold a place at the same time, if they can; both have left at the end."""
    inside = threading.Barrier(2)

    def hold() -> bool:
        with slot(name):
            try:
                inside.wait(within_s)
            except threading.BrokenBarrierError:  # the other one did not come in
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        return all(holder.result() for holder in [pool.submit(hold) for _ in range(2)])


@contextmanager
def another_process() -> Iterator["subprocess.Popen[str]"]:
    """Have another process hold the place of Naver."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == "inside\n"
            yield holder
        finally:
            holder.kill()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("name", "setting"), [("naver", "SEARCHES_AT_ONCE"), ("gpu", "GPU_RUNS_AT_ONCE")]
)
def test_as_many_are_inside_together_as_the_setting_says(
    name: str, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not are_inside_together(name, APART_S)
    for several in ("2", "0"):
        monkeypatch.setenv(setting, several)
        assert are_inside_together(name, AT_ONCE_S)


@pytest.mark.usefixtures("database")
def test_places_of_different_names_have_nothing_to_do_with_each_other() -> None:
    with slot("naver"), slot("gpu"), slot("another"):
        pass


def test_nobody_waits_without_a_name_or_for_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:s3cret@127.0.0.1:9/nothing")
    assert are_inside_together(None, AT_ONCE_S)
    assert not caplog.messages
    assert are_inside_together("naver", AT_ONCE_S)
    assert "Nobody knows how many runs use naver" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.usefixtures("database")
def test_the_place_of_a_process_that_is_killed_is_free(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with another_process() as holder, ThreadPoolExecutor(1) as pool:

        def enter() -> float:
            with slot("naver"):
                return time.monotonic()

        entering = pool.submit(enter)
        until(lambda: "waiting" in caplog.text, "that it says so", 10)
        time.sleep(1)
        assert not entering.done()
        killed = time.monotonic()
        holder.kill()
        assert entering.result(30) - killed < FREED_WITHIN_S
    (said,) = [one for one in caplog.messages if "waiting" in one]
    assert said == "As many other runs use naver as may at a time (1): waiting."


@pytest.mark.usefixtures("database")
def test_who_waits_stops_when_told_to_and_takes_no_place() -> None:
    with another_process() as holder, ThreadPoolExecutor(1) as pool:

        def enter() -> None:
            with slot("naver"):
                raise AssertionError("It came in.")

        entering = pool.submit(enter)
        time.sleep(1)
        told = time.monotonic()
        stopping.request_stop()
        try:
            with pytest.raises(stopping.StoppedError):
                entering.result(10)
        finally:
            stopping.allow_work()
        assert time.monotonic() - told < 1
        holder.kill()
        with slot("naver"):
            pass
