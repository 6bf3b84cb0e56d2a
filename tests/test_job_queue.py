"""Jobs that are planned and have no run yet."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.database import job_queue
from tasks.database.job_queue import Planned
from tasks.database.jobs_table import Jobs
from tasks.errors import ErrorCode
from tasks.jobs import LOST, STOPPED, Cause, Run, Status
from tests.support.history import begun
from words import verbatim

RUN = "e" * 32
NO_START = Cause(ErrorCode.NOT_STARTED, verbatim("It did not begin."))


def request(query: str = "사과") -> dict[str, Any]:
    return {"query": query, "limit": 20, "out_dir": "/d"}


@pytest.fixture
def two(jobs: Jobs) -> Jobs:
    """A table with two planned jobs, 1 before 2."""
    job_queue.plan(jobs, "1", request())
    job_queue.plan(jobs, "2", request("배"))
    return jobs


def status(jobs: Jobs, job_id: str) -> tuple[Status, str | None, str | None]:
    job = jobs.get(job_id)
    assert job
    return job.status, job.error, job.error_code


def claimed(jobs: Jobs) -> Planned:
    job = job_queue.claim(jobs)
    assert job
    return job


def forget_claims(jobs: Jobs) -> None:
    with jobs.transaction() as cursor:
        cursor.execute("UPDATE jobs SET heartbeat_at = heartbeat_at - %s", (job_queue.CLAIM,))


def test_each_job_is_claimed_once_the_oldest_first(two: Jobs) -> None:
    first, second = job_queue.claim(two), job_queue.claim(two)
    assert first
    assert second
    assert (first.id, first.request, second.id) == ("1", request(), "2")
    assert job_queue.claim(two) is None


def test_so_many_go_at_once_and_no_more(two: Jobs) -> None:
    begun(two, "f")
    assert job_queue.claim(two, at_once=1) is None
    assert job_queue.claim(two, at_once=2)
    assert job_queue.claim(two, at_once=2) is None
    two.end("f", Status.DONE)
    assert job_queue.claim(two, at_once=2)


def test_a_claim_that_nobody_keeps_is_anothers(two: Jobs) -> None:
    first = claimed(two)
    job_queue.claim(two)
    forget_claims(two)
    assert job_queue.keep(two, [first]) == {"1"}
    again = job_queue.claim(two)
    assert again
    assert again.id == "2"
    assert job_queue.claim(two) is None


def test_a_claim_that_is_given_up_keeps_its_place(two: Jobs) -> None:
    assert job_queue.places(two) == {"1": 1, "2": 2}
    job_queue.claim(two)
    assert job_queue.places(two) == {"2": 1}
    job_queue.put_back(two, "1")
    assert job_queue.places(two) == {"1": 1, "2": 2}


def test_a_job_that_waits_for_its_worker_has_a_place_and_one_for_later_has_none(two: Jobs) -> None:
    job_queue.claim(two)
    assert not job_queue.hand_over(two, "1", RUN, datetime.now(UTC))
    later = datetime(2099, 1, 1, tzinfo=UTC)
    run = Run("c" * 32, "c" * 32, request(), Status.SCHEDULED, datetime.now(UTC), later)
    two.observe(run)
    assert job_queue.places(two) == {"2": 1, "1": 2}
    begun(two, "1")
    assert job_queue.places(two) == {"2": 1}


def test_a_cancelled_job_is_started_no_more(two: Jobs) -> None:
    assert job_queue.cancel(two, "1")
    assert status(two, "1") == (Status.CANCELLED, STOPPED.sentence, STOPPED.code)
    claimed = job_queue.claim(two)
    assert claimed
    assert claimed.id == "2"
    assert not job_queue.cancel(two, "2")


def test_a_cancelling_during_the_start_is_not_forgotten(two: Jobs) -> None:
    job_queue.claim(two)
    second = claimed(two)
    two.request_cancel("1")
    two.request_cancel("2")
    assert job_queue.hand_over(two, "1", RUN, datetime.now(UTC))
    job_queue.end(two, second, NO_START)
    assert status(two, "2") == (Status.CANCELLED, STOPPED.sentence, STOPPED.code)


def test_a_start_that_failed_is_said(two: Jobs) -> None:
    first, second = claimed(two), claimed(two)
    job_queue.end(two, first, NO_START)
    assert status(two, "1") == (Status.FAILED, NO_START.sentence, NO_START.code)
    begun(two, "2")
    job_queue.end(two, second, NO_START)
    assert status(two, "2") == (Status.RUNNING, None, None)


def test_what_is_said_of_an_earlier_start_is_not_taken_for_a_later_one(two: Jobs) -> None:
    earlier = claimed(two)
    begun(two, "1")
    two.end("1", Status.CANCELLED, STOPPED)
    assert job_queue.plan_again(two, "1")
    assert job_queue.keep(two, [earlier]) == set()
    job_queue.end(two, earlier, NO_START)
    assert status(two, "1") == (Status.SCHEDULED, None, None)


def test_a_job_whose_last_process_is_still_there_waits(two: Jobs) -> None:
    later = job_queue.claim(two, but_not=["1"])
    assert later
    assert later.id == "2"
    assert job_queue.claim(two, but_not=["1"]) is None
    assert claimed(two).id == "1"


def test_an_ended_job_is_planned_again_and_the_old_run_says_nothing_more(jobs: Jobs) -> None:
    begun(jobs, "1")
    jobs.beat("1", lines="one\n", progress={"search": {"done": 1, "expected": 0}})
    assert not job_queue.plan_again(jobs, "1")
    jobs.end("1", Status.FAILED, LOST)
    assert job_queue.plan_again(jobs, "1")
    jobs.end("1", Status.DONE)
    jobs.beat("1", lines="late\n")
    job = jobs.get("1")
    assert job
    assert (job.status, job.error, job.error_code, job.progress, job.finished_at) == (
        Status.SCHEDULED, None, None, None, None,
    )  # fmt: skip
    assert jobs.log("1") == "one\n"
    assert job_queue.claim(jobs)
