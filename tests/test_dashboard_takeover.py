"""Taking over the original program's history."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.takeover import take_over
from tasks.database.jobs_table import Jobs
from tasks.jobs import Status
from tests.support.history import ended

OLD = {
    "id": "0a1b2c3d", "query": "고양이", "limit": 20, "out_dir": "data/naver_collected/0a1b2c3d",
    "status": "done", "count": 18, "error": None, "log": "two\nlines",
    "started_at": "2025-03-01T10:00:00+09:00", "finished_at": "2025-03-01T10:02:30.5+09:00",
}  # fmt: skip


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "jobs.json"


def write(path: Path, jobs: object) -> None:
    path.write_text(json.dumps(jobs, ensure_ascii=False), "utf-8")


def test_the_history_becomes_rows_once(jobs: Jobs, history: Path) -> None:
    running = {**OLD, "id": "1", "status": "running", "finished_at": None, "count": None}
    write(history, [OLD, running])
    assert take_over(jobs, history) == 2
    assert not history.exists()
    taken = history.with_name("jobs.json.taken-over")
    assert json.loads(taken.read_text()) == [OLD, running]
    done, stopped = jobs.get("0a1b2c3d"), jobs.get("1")
    assert done
    assert (done.query, done.request_limit, done.status, done.count, done.out_dir) == (
        "고양이", 20, Status.DONE, 18, "data/naver_collected/0a1b2c3d",
    )  # fmt: skip
    assert done.started_at == datetime(2025, 3, 1, 1, tzinfo=UTC)
    assert jobs.log("0a1b2c3d") == "two\nlines"
    assert stopped
    assert stopped.status is Status.CANCELLED
    assert stopped.finished_at
    assert take_over(jobs, history) == 0


def test_what_does_not_fit_a_column_is_kept_in_the_log(jobs: Jobs, history: Path) -> None:
    odd = {
        "id": "2", "query": 5, "limit": "many", "status": "paused", "count": 10**12,
        "started_at": "yesterday", "log": "a\0b", "pid": 77, "finished_at": "",
    }  # fmt: skip
    write(history, [odd])
    assert take_over(jobs, history) == 1
    job, log = jobs.get("2"), jobs.log("2")
    assert job
    assert (job.status, job.count, job.started_at) == (Status.FAILED, None, None)
    assert log.startswith("a\N{REPLACEMENT CHARACTER}b\n")
    for kept in ('"query": 5', '"many"', '"paused"', str(10**12), "yesterday", '"pid": 77'):
        assert kept in log


def test_a_job_that_has_its_row_keeps_it(jobs: Jobs, history: Path) -> None:
    ended(jobs, "0a1b2c3d", query="나비")
    write(history, [OLD, {**OLD, "id": "1"}])
    assert take_over(jobs, history) == 2
    kept = jobs.get("0a1b2c3d")
    assert kept
    assert kept.query == "나비"
    assert jobs.get("1")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "{}", "5", '["a"]', "[{}]", '[{"id": 5}]', '[{"id": "../x"}]', "\x00",
        json.dumps([OLD, {**OLD, "id": "x" * 40}]),
    ],
)  # fmt: skip
def test_a_broken_history_is_left_as_it_is(
    jobs: Jobs, history: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    history.write_text(text, encoding="utf-8")
    with caplog.at_level(logging.ERROR, "dashboard"):
        assert take_over(jobs, history) == 0
    assert history.read_text(encoding="utf-8") == text
    assert jobs.newest(limit=5) == []
    (line,) = caplog.messages
    assert str(history) in line


def test_no_history_is_nothing_to_do(jobs: Jobs, history: Path) -> None:
    assert take_over(jobs, history) == 0
