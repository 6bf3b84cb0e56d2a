"""The jobs table, in a real Postgres."""

from datetime import UTC, datetime

import psycopg2
import pytest

from tasks.errors import DatabaseError
from tasks.jobs import ENDED, Job, Jobs, Status
from tasks.settings import Settings

RUN, OTHER_RUN = "a" * 32, "b" * 32


def begun(jobs: Jobs, job_id: str = RUN, flow_run_id: str = RUN, limit: int = 50) -> Job:
    jobs.begin(
        job_id=job_id, flow_run_id=flow_run_id, query="고양이", request_limit=limit, out_dir="/d"
    )
    job = jobs.get(job_id)
    assert job
    return job


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
    jobs.append_log(RUN, "one\n")
    jobs.append_log(RUN, "둘 \0 '; DROP TABLE jobs; --\n")
    assert jobs.log(RUN) == "one\n둘 \N{REPLACEMENT CHARACTER} '; DROP TABLE jobs; --\n"


@pytest.mark.parametrize("status", ENDED)
def test_the_first_word_on_how_a_run_ended_stands(jobs: Jobs, status: Status) -> None:
    begun(jobs)
    jobs.set_count(RUN, 7)
    jobs.end(RUN, status, error="first")
    for later in ENDED:
        jobs.end(RUN, later, error="later")
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.error, job.count) == (status, "first", 7)
    assert job.finished_at


def test_a_resumed_job_keeps_its_id_and_log_and_belongs_to_the_new_run(jobs: Jobs) -> None:
    first = begun(jobs)
    jobs.append_log(RUN, "one\n")
    jobs.end(RUN, Status.FAILED, error="it broke")
    resumed = begun(jobs, RUN, OTHER_RUN, limit=60)
    assert (resumed.status, resumed.error, resumed.finished_at) == (Status.RUNNING, None, None)
    assert (resumed.started_at, resumed.request_limit) == (first.started_at, 60)
    jobs.end(RUN, Status.FAILED, error="a late word of the first run")
    jobs.append_log(RUN, "a late line of the first run\n")
    jobs.end(OTHER_RUN, Status.DONE)
    job = jobs.get(RUN)
    assert job
    assert (job.status, job.error, jobs.log(RUN)) == (Status.DONE, None, "one\n")


def test_a_run_that_never_began_gets_its_row_once(jobs: Jobs) -> None:
    for _ in range(2):
        jobs.begin_once(flow_run_id=RUN, query="", request_limit=0, out_dir="")
    begun(jobs, "c" * 32, OTHER_RUN)
    jobs.begin_once(flow_run_id=OTHER_RUN, query="x", request_limit=0, out_dir="")
    assert {job.id for job in jobs.newest(limit=10)} == {RUN, "c" * 32}


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
        "0a1b2c3d", "고양이", 20, "data/naver_collected", Status.DONE, 18, None,
        datetime(2025, 3, 1, 1, 0, tzinfo=UTC), datetime(2025, 3, 1, 1, 2, 30, 500_000, UTC), None,
    )  # fmt: skip
    assert running
    assert running.status is Status.CANCELLED
    assert running.started_at == datetime(2025, 3, 2, 10).astimezone(UTC)
    assert running.finished_at
    assert failed
    assert (failed.status, failed.error, failed.started_at) == (Status.FAILED, "no", None)


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
    address = psycopg2.extensions.make_dsn(postgres, password="s3cret", **{part: value})  # noqa: S106
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
