"""The record of the checks whether the sources still work."""

from datetime import UTC, datetime

from tasks.database.jobs_table import Jobs
from tasks.database.source_checks import last_check, record_check
from tasks.settings import Settings
from words import verbatim


def test_the_last_check_counts_and_none_is_none(jobs: Jobs) -> None:
    assert last_check(jobs) is None
    record_check(
        Settings(), "naver", ok=True, message=verbatim("All is well."), report=[{"query": "고양이"}]
    )
    record_check(Settings(), "mirror", ok=False, message=verbatim("The page changed."))
    check = last_check(jobs)
    assert check
    assert (check.source, check.ok) == ("mirror", False)
    assert (check.message, check.report) == (verbatim("The page changed."), [])
    assert abs((datetime.now(UTC) - check.checked_at).total_seconds()) < 60
