"""A source that refused us is left alone, longer each time, and again welcome when it answers."""

from datetime import timedelta

import pytest

from tasks.database.blocks import FIRST_REST, LATER_REST, respecting
from tasks.database.jobs_table import Jobs
from tasks.errors import BlockedError
from tasks.settings import Settings
from words import verbatim

HOST = "search.naver.com"


def block(jobs: Jobs) -> None:
    until = pytest.raises(BlockedError, match=r"^No entry\. It is left alone until 20")
    with until, respecting(Settings(), HOST):
        raise BlockedError(verbatim("No entry."))


def time_left(jobs: Jobs) -> timedelta:
    with jobs.transaction() as cursor:
        cursor.execute("SELECT until - now() FROM source_rests WHERE host = %s", (HOST,))
        row = cursor.fetchone()
    return row[0] if row else timedelta(0)


def let_time_pass(jobs: Jobs) -> None:
    with jobs.transaction() as cursor:
        cursor.execute("UPDATE source_rests SET until = now() - interval '1 second'")


def test_a_blocked_source_rests_and_another_does_not(jobs: Jobs) -> None:
    block(jobs)
    refused = pytest.raises(BlockedError, match=f"^{HOST} refused this program lately")
    with refused, respecting(Settings(), HOST):
        pytest.fail("a source that rests was used")
    with respecting(Settings(), "example.com"):
        pass


def test_the_second_rest_is_longer(jobs: Jobs) -> None:
    block(jobs)
    assert FIRST_REST - timedelta(minutes=1) < time_left(jobs) <= FIRST_REST
    let_time_pass(jobs)
    block(jobs)
    assert LATER_REST - timedelta(minutes=1) < time_left(jobs) <= LATER_REST


def test_a_search_that_works_ends_the_matter(jobs: Jobs) -> None:
    block(jobs)
    let_time_pass(jobs)
    with respecting(Settings(), HOST):
        pass
    block(jobs)
    assert time_left(jobs) <= FIRST_REST


@pytest.mark.usefixtures("database")
def test_other_errors_are_no_block() -> None:
    with pytest.raises(ValueError, match="else"), respecting(Settings(), HOST):
        raise ValueError("something else")
    with respecting(Settings(), HOST):
        pass
