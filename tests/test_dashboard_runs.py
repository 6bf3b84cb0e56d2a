"""Runs that the dashboard starts: as its children, and on Prefect's workers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL
from prefect.utilities.callables import parameter_schema

from dashboard.children import Children
from dashboard.database import Database
from dashboard.launcher import Launcher, LauncherWatch, look
from dashboard.runs import Runs
from flows.collect import collect
from tasks.database import job_queue
from tasks.database.jobs_table import Jobs
from tasks.errors import ErrorCode
from tasks.jobs import STOPPED, Job, Status
from tasks.settings import Settings
from tests.naver_replica.serving import Replica
from tests.support.dashboards import client
from tests.support.history import begun
from tests.support.waiting import until

POOL = "cv-dataset-builder"
PATIENCE_S = 60.0


def job_of(jobs: Jobs, job_id: str) -> Job:
    job = jobs.get(job_id)
    assert job
    return job


@pytest.fixture
def children(
    jobs: Jobs, replica: Replica, prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have children search the replica and use the tests' server of Prefect."""
    for name, value in replica.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_API_URL", str(PREFECT_API_URL.value()))


@pytest.mark.usefixtures("children")
def test_a_run_is_started_cancelled_resumed_and_looked_at(jobs: Jobs) -> None:
    with client() as api:
        body = {"query": "사과 500", "limit": 12, "model": "tests/tiny_clip", "min_side": 400}
        job_id = api.post("/api/run", json=body).json()["job_id"]
        path = f"/api/jobs/{job_id}"

        def shown() -> dict[str, Any]:
            job: dict[str, Any] = api.get(path).json()
            return job

        until(lambda: (shown()["progress"] or {}).get("search"), "the search", PATIENCE_S)
        assert shown()["status"] == "running"
        assert api.post(f"{path}/cancel").json()["ok"] is True
        until(lambda: shown()["status"] == "cancelled", "the cancelling", PATIENCE_S)
        assert shown()["error"] == STOPPED.sentence
    # Another dashboard goes on with it: the row is all it needs.
    with client() as api:
        assert api.post(f"{path}/resume").json()["job_id"] == job_id
        until(lambda: not shown()["can_cancel"], "the end", PATIENCE_S)
        job = shown()
        assert (job["status"], job["error"], job["count"]) == ("done", None, 12)
        assert Path(job["out_dir"]).parent == Settings().data_dir / "naver_collected"
        assert len(api.get(f"{path}/images").json()["files"]) == 12
        counts = api.get(f"{path}/decisions").json()["counts"]
        assert counts["chosen"] == 12
        assert sum(counts.values()) == job["waterfall"]["found"]
        _look_at_refused(api, path, counts)
        assert api.get(f"{path}/log").json()["is_complete"] is True
        assert "12 images saved" in job["log"]


def _look_at_refused(api: TestClient, path: str, counts: dict[str, int]) -> None:
    seen = 0
    for verdict in counts.keys() - {"chosen"}:
        rows = api.get(f"{path}/decisions", params={"verdict": verdict}).json()["decisions"]
        for row in rows:
            assert bool(row["thumbnail"]) == bool(row["source_sha256"])
            if row["thumbnail"] and not seen:
                seen += 1
                assert api.get(row["thumbnail"]).headers["content-type"] == "image/jpeg"
    assert seen


@pytest.mark.usefixtures("children")
def test_a_child_that_does_not_begin_is_said_in_any_language(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    job_queue.plan(jobs, "1", {"query": "", "limit": 20, "out_dir": "/d"})
    with client():
        until(lambda: job_of(jobs, "1").status is Status.FAILED, "the failure", PATIENCE_S)
    refused = job_of(jobs, "1")
    assert refused.error_code == ErrorCode.NOT_STARTED
    assert "query cannot be used" in (refused.error or "")
    assert str(refused.error_message) == refused.error
    assert "검색어" in refused.error_message.said_in("ko") if refused.error_message else False


@pytest.mark.usefixtures("children")
def test_a_child_outlives_the_dashboard_and_is_cancelled_while_it_starts(jobs: Jobs) -> None:
    with client() as api:
        job_id = api.post("/api/run", json={"query": "사과"}).json()["job_id"]
        until(lambda: job_of(jobs, job_id).heartbeat_at, "the child", PATIENCE_S)
    assert job_of(jobs, job_id).flow_run_id is None
    with client() as api:  # it is another's child, so the row tells it
        assert api.post(f"/api/jobs/{job_id}/cancel").json()["ok"] is True
        until(lambda: job_of(jobs, job_id).status is Status.CANCELLED, "its end", PATIENCE_S)
    assert job_of(jobs, job_id).flow_run_id


def test_a_child_is_not_given_the_dashboards_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_TOKEN", "secret")
    monkeypatch.setenv("HF_TOKEN", "of the hub")
    children = Children()
    children.start("1")
    (child,) = children._children.values()
    # Empty for a moment, while the child becomes another program.
    environ = Path(f"/proc/{child.process.pid}/environ")
    given = until(lambda: environ.read_bytes(), "its environment", 10)
    children.stop("1")
    child.process.wait()
    assert children.reap().keys() == {"1"}
    assert b"DASHBOARD_TOKEN" not in given
    assert b"HF_TOKEN" in given


@pytest.fixture
def prefect(prefect_server: None) -> Iterator[SyncPrefectClient]:
    """A server of Prefect that knows the deployment; its worker is only said to be there."""
    with get_client(sync_client=True) as opened:
        opened.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
        opened.create_deployment(
            opened.create_flow(collect), name="collect", work_pool_name=POOL,
            path=".", entrypoint="flows/collect.py:collect", enforce_parameter_schema=True,
            parameter_openapi_schema=parameter_schema(collect.fn).model_dump_for_openapi(),
        )  # fmt: skip
        yield opened


def test_prefect_takes_runs_once_a_worker_is_online(prefect: SyncPrefectClient, jobs: Jobs) -> None:
    before = look()
    assert before.kind == "child"
    assert "no worker" in before.sentence
    prefect.send_worker_heartbeat(POOL, "a-worker")
    launcher = look()
    assert (launcher.kind, launcher.workers) == ("prefect", 1)
    database = Database(Settings())
    watch = LauncherWatch(lambda: launcher)
    runs = Runs(Settings(), database, watch)
    watch.start()
    runs.begin()
    try:
        (job_id,) = runs.plan(Settings().data_dir / "x", [{"query": "사과", "limit": 5}])
        until(lambda: job_of(jobs, job_id).flow_run_id, "a run", PATIENCE_S)
        job = job_of(jobs, job_id)
        assert job.status is Status.SCHEDULED
        assert job_queue.places(jobs) == {job_id: 1}
        (run,) = [r for r in prefect.read_flow_runs() if r.id.hex == job.flow_run_id]
        asked = run.parameters["request"]
        assert (asked["query"], asked["limit"], asked["job_id"]) == ("사과", 5, job_id)
        assert asked["out_dir"] == job.out_dir == str(Settings().data_dir / "x" / job_id)
        runs.cancel(job)
        assert job_of(jobs, job_id).status is Status.CANCELLED
        state = prefect.read_flow_run(run.id).state
        assert state
        assert state.is_cancelled()
        runs.resume(job_of(jobs, job_id))
        others = (None, run.id.hex)
        until(lambda: job_of(jobs, job_id).flow_run_id not in others, "another run", PATIENCE_S)
        assert job_of(jobs, job_id).status is Status.SCHEDULED
        runs.cancel(job_of(jobs, job_id))
    finally:
        watch.close()
        runs.close()
        database.close()


def test_a_server_that_does_not_answer_leaves_the_runs_to_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dashboard.launcher.running_server", lambda: "http://127.0.0.1:9/api")
    launcher = look()
    assert launcher.kind == "child"
    assert "does not answer" in launcher.sentence


def test_what_prefect_does_not_take_goes_on_waiting(jobs: Jobs) -> None:
    database = Database(Settings())
    gone = Launcher("prefect", "", 1, "http://127.0.0.1:9/api", "http://127.0.0.1:9", uuid4())
    runs = Runs(Settings(), database, LauncherWatch(lambda: gone))
    job_queue.plan(jobs, "1", {"query": "사과", "limit": 20, "out_dir": "/d"})
    job = job_queue.claim(jobs)
    assert job
    assert not runs._send(jobs, gone, job)
    assert job_queue.places(jobs) == {"1": 1}
    database.close()


def test_a_job_whose_machine_lost_its_power_is_ended_by_the_dashboard(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
    monkeypatch.setattr("flows.reconciler.SILENCE", timedelta(seconds=2))
    begun(jobs, "1")
    with client():
        until(lambda: job_of(jobs, "1").status is Status.FAILED, "the failure", PATIENCE_S)
