"""The jobs table, in a real Postgres."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import make_dsn
from psycopg2.sql import SQL, Identifier

from tasks.database import job_queue
from tasks.database.blocks import respecting
from tasks.database.jobs_table import Jobs
from tasks.database.source_checks import last_check, record_check
from tasks.database.tables import Table, Tables
from tasks.errors import DatabaseError, ErrorCode
from tasks.jobs import ENDED, LOST, Cause, Job, Run, Status
from tasks.settings import Settings
from tests.support.history import BROKE, RUN, begun
from words import verbatim

OTHER_RUN = "b" * 32
LATER = Cause(ErrorCode.UNEXPECTED, verbatim("A later word."))


def test_a_job_that_begins_is_running(jobs: Jobs) -> None:
    job = begun(jobs)
    assert (job.id, job.flow_run_id, job.query, job.request_limit) == (RUN, RUN, "고양이", 50)
    assert job.status is Status.RUNNING
    assert job.started_at
    assert abs((datetime.now(UTC) - job.started_at).total_seconds()) < 60
    assert (job.count, job.error, job.finished_at) == (None, None, None)
    assert jobs.log(RUN) == ""


def test_the_log_grows_and_no_character_breaks_it(jobs: Jobs) -> None:
    begun(jobs)
    jobs.beat(RUN, lines="one\n")
    jobs.beat(RUN, lines="둘 \0 '; DROP TABLE jobs; --\n")
    assert jobs.log(RUN) == "one\n둘 \N{REPLACEMENT CHARACTER} '; DROP TABLE jobs; --\n"


@pytest.mark.parametrize("status", ENDED)
def test_the_first_word_on_how_a_run_ended_stands(jobs: Jobs, status: Status) -> None:
    begun(jobs)
    jobs.set_waterfall(RUN, {"chosen": 7})
    jobs.end(RUN, status, BROKE)
    for later in ENDED:
        jobs.end(RUN, later, LATER)
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.error, job.error_code) == (status, BROKE.sentence, BROKE.code)
    assert job.error_message == BROKE.message
    assert job.count == 7
    assert job.finished_at


def test_a_resumed_job_keeps_its_id_and_log_and_belongs_to_the_new_run(jobs: Jobs) -> None:
    first = begun(jobs)
    jobs.beat(RUN, lines="one\n")
    jobs.end(RUN, Status.FAILED, BROKE)
    resumed = begun(jobs, RUN, OTHER_RUN, limit=60)
    assert (resumed.status, resumed.finished_at) == (Status.RUNNING, None)
    assert (resumed.error, resumed.error_code, resumed.error_message) == (None, None, None)
    assert (resumed.started_at, resumed.request_limit) == (first.started_at, 60)
    jobs.end(RUN, Status.FAILED, LATER)
    jobs.beat(RUN, lines="a late line of the first run\n")
    jobs.end(OTHER_RUN, Status.DONE)
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.error, jobs.log(RUN)) == (Status.DONE, None, "one\n")


def told(status: Status, *, after_s: float = 0, run: str = RUN, job: str = "", **more: Any) -> Run:
    """Return what an orchestrator says, ``after_s`` seconds from now."""
    since = datetime.now(UTC) + timedelta(seconds=after_s)
    request = {"query": "배", "limit": 9, "out_dir": None, "job_id": job or None}
    return Run(run, job or run, request, status, since, **more)


def status_of(jobs: Jobs, job_id: str = RUN) -> Status:
    job = jobs.get(job_id)
    assert job
    return job.status


def test_a_run_that_was_only_told_of_has_a_row(jobs: Jobs) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    jobs.observe(told(Status.SCHEDULED, scheduled_for=later))
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.query, job.request_limit) == (Status.SCHEDULED, "배", 9)
    assert (job.started_at, job.scheduled_for) == (None, later)
    assert job.request == {"query": "배", "limit": 9, "out_dir": None}
    jobs.observe(told(Status.FAILED, after_s=1, cause=BROKE))
    ended = jobs.get(RUN)
    assert ended
    assert (ended.status, ended.error, ended.error_code, ended.error_message) == (
        Status.FAILED, BROKE.sentence, BROKE.code, BROKE.message,
    )  # fmt: skip
    assert ended.finished_at


@pytest.mark.parametrize(
    ("first", "later", "after_s", "expected"),
    [
        ("scheduled", "waiting", 1, "waiting"),
        ("scheduled", "running", 1, "running"),
        ("running", "waiting", 1, "waiting"),
        ("waiting", "running", 1, "running"),
        ("running", "scheduled", -60, "running"),  # an old word, read late
        ("running", "done", 1, "done"),
        ("done", "running", 60, "done"),  # an end stands
        ("failed", "cancelled", 60, "failed"),
        ("done", "scheduled", -60, "done"),
        ("failed", "scheduled", 60, "scheduled"),  # but it may be started again
        ("cancelled", "waiting", 60, "waiting"),
    ],
)
def test_what_is_told_later_counts_unless_the_run_has_ended(
    jobs: Jobs, first: str, later: str, after_s: float, expected: str
) -> None:
    jobs.observe(told(Status(first)))
    jobs.observe(told(Status(later), after_s=after_s))
    assert status_of(jobs) == expected


def test_a_job_that_ended_is_scheduled_again_by_another_run(jobs: Jobs) -> None:
    begun(jobs)
    jobs.end(RUN, Status.FAILED, BROKE)
    jobs.observe(told(Status.SCHEDULED, after_s=1, run=OTHER_RUN, job=RUN))
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.flow_run_id) == (Status.SCHEDULED, OTHER_RUN)
    assert (job.error, job.error_code, job.error_message) == (None, None, None)
    assert len(jobs.newest(limit=10)) == 1


def test_a_run_that_names_no_job_there_is_gets_a_row_of_its_own(jobs: Jobs) -> None:
    jobs.observe(told(Status.FAILED, job="abc", cause=BROKE))
    assert [job.id for job in jobs.newest(limit=10)] == [RUN]


def test_a_run_that_goes_on_is_not_taken_over_by_what_is_told_of_another(jobs: Jobs) -> None:
    begun(jobs)
    jobs.observe(told(Status.FAILED, after_s=9, run=OTHER_RUN, job=RUN, cause=BROKE))
    assert status_of(jobs) is Status.RUNNING


def test_a_job_that_was_cancelled_before_it_had_a_run_is_scheduled_again(jobs: Jobs) -> None:
    job_queue.plan(jobs, RUN, {"query": "배", "limit": 9, "out_dir": "/d"})
    planned = job_queue.claim(jobs)
    assert planned
    jobs.request_cancel(RUN)
    job_queue.end(jobs, planned, BROKE)
    assert status_of(jobs) is Status.CANCELLED
    jobs.observe(told(Status.SCHEDULED, after_s=1, run=OTHER_RUN, job=RUN))
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.flow_run_id) == (Status.SCHEDULED, OTHER_RUN)
    assert not jobs.beat(OTHER_RUN).cancel  # that was meant for what was planned before


def test_whatever_a_run_ended_of_its_row_can_be_written(jobs: Jobs) -> None:
    begun(jobs)
    jobs.end(RUN, Status.FAILED, Cause(ErrorCode.UNEXPECTED, verbatim("a\0b \ud800")))
    job = jobs.get(RUN)
    assert job
    assert job.error == str(job.error_message) == "a\N{REPLACEMENT CHARACTER}b ?"


@pytest.mark.parametrize("query", ["a\0b", "\ud800", "x" * 10_000, 7, None, {"a": ["\0"]}])
def test_whatever_a_run_was_asked_its_row_can_be_written(jobs: Jobs, query: object) -> None:
    request = {"query": query, "limit": 10**30, "out_dir": 3, "\0": "\0"}
    jobs.observe(Run(RUN, RUN, request, Status.FAILED, datetime.now(UTC), cause=BROKE))
    assert status_of(jobs) is Status.FAILED


def test_a_silent_job_is_lost_and_found_when_it_speaks_again(jobs: Jobs) -> None:
    job = begun(jobs)
    assert jobs.is_alive(RUN)
    jobs.beat(RUN)
    assert not jobs.end_lost(job)  # it spoke since it was read
    silent = jobs.get(RUN)
    assert silent
    assert jobs.end_lost(silent)
    lost = jobs.get(RUN)
    assert lost
    assert (lost.status, lost.error, lost.error_code, lost.error_message) == (
        Status.FAILED, LOST.sentence, LOST.code, LOST.message,
    )  # fmt: skip
    assert not jobs.is_alive(RUN)
    jobs.beat(RUN)
    found = jobs.get(RUN)
    assert found
    assert (found.status, found.finished_at) == (Status.RUNNING, None)
    assert (found.error, found.error_code, found.error_message) == (None, None, None)
    jobs.end(RUN, Status.DONE)
    jobs.beat(RUN)
    assert status_of(jobs) is Status.DONE


def test_only_what_was_silent_for_long_is_ended_unseen(jobs: Jobs) -> None:
    begun(jobs)
    begun(jobs, OTHER_RUN, OTHER_RUN)
    with jobs.transaction() as cursor:
        cursor.execute(
            "UPDATE jobs SET heartbeat_at = now() - interval '1 hour' WHERE id = %s", (RUN,)
        )
    jobs.end_long_lost()
    assert (status_of(jobs), status_of(jobs, OTHER_RUN)) == (Status.FAILED, Status.RUNNING)


def test_cancelling_that_is_asked_for_before_a_run_begins_is_not_forgotten(jobs: Jobs) -> None:
    jobs.observe(told(Status.SCHEDULED))
    assert jobs.request_cancel(RUN)
    begun(jobs)
    assert jobs.beat(RUN).cancel
    jobs.end(RUN, Status.CANCELLED)
    begun(jobs, RUN, OTHER_RUN)  # resumed: nobody wants that cancelled
    assert not jobs.beat(OTHER_RUN).cancel


def test_jobs_come_newest_first_and_in_pages(jobs: Jobs) -> None:
    ids = [f"{number:032x}" for number in range(5)]
    for job_id in ids:
        begun(jobs, job_id, job_id)
    assert [job.id for job in jobs.newest(limit=2)] == ids[:2:-1]
    assert [job.id for job in jobs.newest(limit=2, offset=4)] == ids[:1]


def test_no_job_is_none(jobs: Jobs) -> None:
    assert jobs.get("f" * 32) is None
    assert jobs.log("f" * 32) == ""


ORIGINAL = """
CREATE TABLE jobs (
    id VARCHAR(32) PRIMARY KEY, query TEXT, request_limit INTEGER, out_dir TEXT,
    status VARCHAR(32), count INTEGER, error TEXT, log TEXT, started_at TEXT, finished_at TEXT
);
INSERT INTO jobs VALUES
    ('0a1b2c3d', '고양이', 20, 'data/naver_collected', 'done', 18, NULL, 'two
lines', '2025-03-01T10:00:00+09:00', '2025-03-01T10:02:30.5+09:00'),
    ('1a1b2c3d', '사과', 50, 'data/x', 'running', NULL, NULL, NULL, '2025-03-02T10:00:00', NULL),
    ('2a1b2c3d', '배', 50, 'data/y', 'failed', 0, 'no', '', 'yesterday', '');
"""


def test_the_original_programs_table_is_taken_over_without_loss(database: str) -> None:
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(ORIGINAL)
    connection.close()
    for _ in range(2):  # the second time there is nothing left to do
        jobs = Jobs.open(Settings())
        done, running, failed = (jobs.get(f"{n}a1b2c3d") for n in range(3))
        assert jobs.log("0a1b2c3d") == "two\nlines"
        assert "started_at: yesterday" in jobs.log("2a1b2c3d")
        jobs.close()
    assert done == Job(
        "0a1b2c3d", "고양이", 20, "data/naver_collected", Status.DONE, 18, None, None,
        datetime(2025, 3, 1, 1, 0, tzinfo=UTC), datetime(2025, 3, 1, 1, 2, 30, 500_000, UTC), None,
    )  # fmt: skip
    assert running
    assert running.status is Status.CANCELLED
    assert running.started_at == datetime(2025, 3, 2, 10).astimezone(UTC)
    assert running.finished_at
    assert failed
    assert (failed.status, failed.started_at) == (Status.FAILED, None)
    assert (failed.error, failed.error_code) == ("no", None)


@pytest.mark.parametrize(
    ("part", "value", "complaint"),
    [
        ("dbname", "no_such_database", "does not exist"),
        ("user", "nobody_here", "does not exist"),
        ("host", "/nowhere", "No such file"),
        ("host", "no-such-host.invalid", "translate host name"),
    ],
)
def test_a_postgres_that_refuses_is_one_clear_sentence(
    postgres: str, monkeypatch: pytest.MonkeyPatch, part: str, value: str, complaint: str
) -> None:
    address = psycopg2.extensions.make_dsn(postgres, password="s3cret", **{part: value})
    monkeypatch.setenv("DATABASE_URL", address)
    with pytest.raises(DatabaseError, match=complaint) as caught:
        Jobs.open(Settings())
    assert "PGPASSWORD" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_connection_that_broke_is_a_database_error(jobs: Jobs, postgres: str) -> None:
    with psycopg2.connect(postgres) as admin, admin.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'cv-dataset-builder' AND datname LIKE 'test_%'"
        )
    admin.close()
    with pytest.raises(DatabaseError, match="jobs table"):
        jobs.get(RUN)


def test_a_table_that_is_up_to_date_is_opened_without_a_lock(jobs: Jobs) -> None:
    with jobs.transaction() as cursor:
        cursor.execute("LOCK TABLE jobs IN ROW EXCLUSIVE MODE")  # as every update takes it
        other = Jobs.open(Settings())  # would wait for ever if it altered the table
        other.close()


def test_a_cancelling_that_was_asked_for_before_the_run_had_its_job_holds(jobs: Jobs) -> None:
    with jobs.transaction() as cursor:
        cursor.execute(
            "INSERT INTO jobs (id, query, status) VALUES (%s, '감', 'scheduled')", (RUN,)
        )
    jobs.request_cancel(RUN)
    begun(jobs, RUN, OTHER_RUN)
    assert jobs.beat(OTHER_RUN).cancel


def test_a_table_of_an_earlier_version_gets_what_it_lacks(jobs: Jobs) -> None:
    begun(jobs)
    with jobs.transaction() as cursor:
        cursor.execute("UPDATE jobs SET status = 'failed', error = 'It broke.'")
        cursor.execute("ALTER TABLE jobs DROP error_code, DROP answer, DROP begun_at")
    with Jobs.open(Settings()) as newer:
        job = newer.get(RUN)
    assert job
    assert (job.status, job.error, job.error_code) == (Status.FAILED, "It broke.", None)
    assert job.error_message is None


def test_elapsed_time_is_what_the_runs_took_and_not_the_time_between(jobs: Jobs) -> None:
    def ago(**columns: float) -> None:
        with jobs.transaction() as cursor:
            for name, seconds in columns.items():
                set_it = SQL("UPDATE jobs SET {} = now() - make_interval(secs => %s)")
                cursor.execute(set_it.format(Identifier(name)), (seconds,))

    def elapsed() -> float | None:
        job = jobs.get(RUN)
        assert job
        return job.elapsed_s

    job_queue.plan(jobs, RUN, {"query": "배", "limit": 9, "out_dir": "/d"})
    assert elapsed() is None
    begun(jobs)
    jobs.end(RUN, Status.FAILED, BROKE)
    ago(started_at=5000, begun_at=5000, finished_at=4990)
    assert elapsed() == 10
    assert job_queue.plan_again(jobs, RUN)
    assert elapsed() == 10
    begun(jobs, RUN, OTHER_RUN)
    assert elapsed() == pytest.approx(10, abs=1)
    jobs.end(OTHER_RUN, Status.CANCELLED)
    ago(begun_at=100, finished_at=80)
    assert elapsed() == 30
    begun(jobs, RUN, "d" * 32)  # from the command line, so it was not planned
    ago(begun_at=60, heartbeat_at=55)  # and its machine lost its power
    begun(jobs, RUN, "e" * 32)
    jobs.end("e" * 32, Status.DONE)
    assert elapsed() == pytest.approx(35, abs=1)


def test_the_elapsed_time_of_rows_of_earlier_versions_is_read(jobs: Jobs) -> None:
    begun(jobs)
    jobs.end(RUN, Status.DONE)
    with jobs.transaction() as cursor:
        cursor.execute(
            "UPDATE jobs SET begun_at = NULL, started_at = finished_at - '7 s'::interval"
        )
    job = jobs.get(RUN)
    assert job
    assert job.elapsed_s == 7


@pytest.mark.usefixtures("database")
def test_many_that_open_an_empty_database_at_once_make_its_tables_once() -> None:
    together = threading.Barrier(12)

    def first_use(number: int) -> None:
        together.wait()
        if number % 3 == 0:
            with Jobs.open(Settings()) as jobs:
                begun(jobs, f"{number:032x}", f"{number:032x}")
        elif number % 3 == 1:
            record_check(Settings(), "naver", ok=True, message=verbatim("All is well."))
        else:
            with respecting(Settings(), "example.com"):
                pass

    with ThreadPoolExecutor(together.parties) as threads:
        list(threads.map(first_use, range(together.parties)))
    with Jobs.open(Settings()) as jobs:
        assert len(jobs.unfinished()) == 4
        assert last_check(jobs)


@pytest.mark.parametrize("table", ["jobs", "source_rests", "source_checks"])
@pytest.mark.usefixtures("database")
def test_an_error_names_the_table_that_cannot_be_used(table: Table) -> None:
    with Tables.open(Settings()) as tables:
        with tables.transaction() as cursor:
            cursor.execute(SQL("DROP TABLE {}").format(Identifier(table)))
        refused = pytest.raises(DatabaseError, match=f"^The {table} table cannot be used: ")
        with refused, tables.transaction(table) as cursor:
            cursor.execute(SQL("SELECT FROM {}").format(Identifier(table)))


def test_tables_that_cannot_be_made_are_said_with_the_reason(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = make_dsn(database, options="-c default_transaction_read_only=on")
    monkeypatch.setenv("DATABASE_URL", address)
    with pytest.raises(DatabaseError, match=r"tables .*read-only transaction"):
        Jobs.open(Settings())
