"""The guard says how a run ended that cannot say it, and ends one that does not stop."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tasks.database.jobs_table import Jobs
from tasks.jobs import LOST, STOPPED, Job, Status
from tasks.upkeep import guard
from tests.support.site import until
from tests.test_jobs import RUN, begun

# A run's process: it has a guard, and never ends by itself, nor by being asked.
PROGRAM = f"""
import signal, sys, time
from tasks.upkeep import guard
signal.signal(signal.SIGTERM, signal.SIG_IGN)
guard.post({RUN!r})
print("ready", flush=True)
for line in sys.stdin:
    guard.expect_stop({RUN!r})
time.sleep(60)
"""


@pytest.fixture
def run(jobs: Jobs) -> Iterator["subprocess.Popen[str]"]:
    begun(jobs)
    process = subprocess.Popen(  # noqa: S603 — the program above
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
    assert run.wait(guard.STOP_WITHIN_S + 10) == -signal.SIGKILL
    job = ended(jobs)
    assert (job.status, job.error_code) == (Status.CANCELLED, STOPPED.code)


def test_a_guard_that_was_killed_or_dismissed_is_missed_by_nobody() -> None:
    guard.post(RUN)
    guard._posted[RUN].kill()
    guard._posted[RUN].wait()
    guard.expect_stop(RUN)
    guard.dismiss(RUN)
    guard.expect_stop(RUN)
    guard.dismiss(RUN)
