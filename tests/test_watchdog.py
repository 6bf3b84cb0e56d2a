"""The watchdog writes how a run ended that cannot, and kills one that does not stop."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tasks.database.jobs_table import Jobs
from tasks.jobs import LOST, STOPPED, Job, Status
from tasks.upkeep import watchdog
from tests.support.history import RUN, begun
from tests.support.waiting import until

# A run's process: it has a watchdog, and ends neither by itself nor when asked.
PROGRAM = f"""
import signal, sys, time
from tasks.upkeep import watchdog
signal.signal(signal.SIGTERM, signal.SIG_IGN)
watchdog.start({RUN!r})
print("ready", flush=True)
for line in sys.stdin:
    watchdog.expect_stop({RUN!r})
time.sleep(60)
"""


@pytest.fixture
def run(jobs: Jobs) -> Iterator["subprocess.Popen[str]"]:
    begun(jobs)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def ended(jobs: Jobs) -> Job:
    def look() -> Job | None:
        job = jobs.get(RUN)
        return job if job and job.finished_at else None

    return until(look, "the end in the row", 15)


def test_a_run_that_is_killed_is_ended_in_its_row(jobs: Jobs, run: "subprocess.Popen[str]") -> None:
    run.kill()
    job = ended(jobs)
    assert (job.status, job.error_code) == (Status.FAILED, LOST.code)


def test_a_run_that_does_not_stop_is_killed_and_cancelled(
    jobs: Jobs, run: "subprocess.Popen[str]"
) -> None:
    assert run.stdin
    run.stdin.write("stop\n")
    run.stdin.flush()
    assert run.wait(watchdog.STOP_WITHIN_S + 10) == -signal.SIGKILL
    job = ended(jobs)
    assert (job.status, job.error_code) == (Status.CANCELLED, STOPPED.code)


def test_a_watchdog_that_was_killed_or_dismissed_is_missed_by_nobody() -> None:
    watchdog.start(RUN)
    watchdog._watchdogs[RUN].kill()
    watchdog._watchdogs[RUN].wait()
    watchdog.expect_stop(RUN)
    watchdog.dismiss(RUN)
    watchdog.expect_stop(RUN)
    watchdog.dismiss(RUN)
