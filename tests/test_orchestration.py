"""The table of cases: however a run is started and however it ends, its row says so.

A ``Start`` begins a run that would go on for a minute: it downloads from a host that never answers.
"""

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import AwaitingRetry, Cancelling, Paused, Pending, Scheduled

from flows import reconciler
from flows.reconciler import Reconciler
from tasks.errors import ErrorCode
from tasks.jobs import LOST, STOPPED, Job, Status
from tasks.process.concurrency import slot
from tasks.settings import Settings
from tests.conftest import TINY_CLIP
from tests.naver_replica.serving import Replica
from tests.support.hostile_web import stalling_hosts
from tests.support.site import Process, Site, processes_of, site, uuid
from tests.support.starts import (
    Act,
    Start,
    by_script,
    by_worker,
    cancel_by_command,
    cancel_in_prefect,
    options,
    quick,
    send,
)
from tests.support.waiting import until

WITHIN_S = 10.0  # of Prefect's knowing
CANCELLED_WITHIN_S = 5.0
BEGUN_WITHIN_S = 90.0  # a worker's child imports everything first
ALL_GONE_WITHIN_S = 20.0  # the temporary server, and what Prefect has to deliver at exit, too


@pytest.fixture(scope="module")
def stalling() -> Iterator[list[str]]:
    """Hosts that take every connection and never answer."""
    with stalling_hosts(100) as hosts:
        yield hosts


@pytest.fixture(scope="module")
def here(postgres: str, replica: Replica, stalling: list[str]) -> Iterator[Site]:
    """Run one site for all cases."""
    with psycopg2.connect(postgres) as server:
        pass
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute("CREATE DATABASE site")
    database = psycopg2.extensions.make_dsn(postgres, dbname="site")
    environment = replica.environment()
    environment["DOWNLOAD_ALLOW_HOSTS"] += "," + ",".join(stalling)
    with (
        tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True) as folder,
        site(Path(folder), database, environment) as running,
    ):
        addresses = "".join(f"http://{host}/{n}.jpg\n" for n in range(5) for host in stalling)
        (running.folder / "slow.txt").write_text(addresses)
        yield running
    server.close()


def endless(site: Site, query: str) -> dict[str, Any]:
    """Return a request that goes on for minutes."""
    return {
        "query": query,
        "source": "files",
        "input": str(site.folder / "slow.txt"),
        "model": str(TINY_CLIP),
    }


def by_script_alone(site: Site, request: dict[str, Any]) -> Process:
    """Start it with no server to be found: it has one of its own."""
    command = (sys.executable, "flows/collect.py", request["query"], *options(request))
    return site.start(*command, PREFECT_API_URL="")


def by_serve(site: Site, request: dict[str, Any]) -> Any:
    with site.client() as client:
        deployment = client.read_deployment_by_name("collect/served")
        return client.create_flow_run_from_deployment(
            deployment.id, parameters={"request": request}
        )


@pytest.fixture(scope="module")
def serving(here: Site) -> Process:
    """Have ``flow.serve`` wait for runs."""
    program = "from flows.collect import collect; collect.serve('served')"
    process = here.start(sys.executable, "-c", program, PREFECT_RUNNER_POLL_FREQUENCY="1")
    with here.client() as client:

        def look() -> Any:
            return next((d for d in client.read_deployments() if d.name == "served"), None)

        until(look, "flow.serve", BEGUN_WITHIN_S)
    return process


def begun(site: Site, start: Start, query: str) -> Job:
    """Start a run that goes on, and return its row once it downloads."""
    start(site, endless(site, query))
    return site.await_job(query, is_downloading, BEGUN_WITHIN_S)


def is_downloading(job: Job) -> bool:
    return job.status is Status.RUNNING and bool((job.progress or {}).get("download"))


def has_ended(job: Job) -> bool:
    return job.finished_at is not None


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def state_type(site: Site, job: Job) -> StateType:
    with site.client() as client:
        state = client.read_flow_run(uuid(job)).state
    assert state
    return state.type


def _since(site: Site, job: Job, wanted: StateType) -> datetime:
    """Return when a job's run came into a state."""
    with site.client() as client:
        states = client.read_flow_run_states(uuid(job))
    return next(state.timestamp for state in states if state.type is wanted)


def lose_power(_site: Site, job: Job) -> None:
    for process in reversed(processes_of(job)):
        process.kill()


def cancel_by_prefects_command(site: Site, job: Job) -> None:
    site.do("prefect", "flow-run", "cancel", str(uuid(job)))


STOPPING = [
    ("script alone, Ctrl-C", by_script_alone, send(signal.SIGINT), Status.CANCELLED, None),
    ("script alone, SIGTERM", by_script_alone, send(signal.SIGTERM), Status.CANCELLED, None),
    ("script alone, SIGKILL", by_script_alone, send(signal.SIGKILL), Status.FAILED, None),
    ("script alone, cancel.py", by_script_alone, cancel_by_command, Status.CANCELLED, None),
    ("script, cancelled in Prefect", by_script, cancel_in_prefect, Status.CANCELLED,
     StateType.CANCELLED),
    ("script, cancelled by prefect's command", by_script, cancel_by_prefects_command,
     Status.CANCELLED, StateType.CANCELLED),
    ("script, Ctrl-C", by_script, send(signal.SIGINT), Status.CANCELLED, StateType.CANCELLED),
    ("script, SIGKILL", by_script, send(signal.SIGKILL), Status.FAILED, StateType.CRASHED),
    ("script, power loss", by_script, lose_power, Status.FAILED, StateType.CRASHED),
    ("worker, cancelled in Prefect", by_worker, cancel_in_prefect, Status.CANCELLED,
     StateType.CANCELLED),
    ("worker, cancel.py", by_worker, cancel_by_command, Status.CANCELLED, StateType.CANCELLED),
    ("worker, SIGTERM", by_worker, send(signal.SIGTERM), Status.CANCELLED, StateType.CRASHED),
    ("worker, SIGKILL", by_worker, send(signal.SIGKILL), Status.FAILED, StateType.CRASHED),
    ("worker, power loss", by_worker, lose_power, Status.FAILED, StateType.CRASHED),
    ("serve, cancelled in Prefect", by_serve, cancel_in_prefect, Status.CANCELLED,
     StateType.CANCELLED),
    ("serve, SIGKILL", by_serve, send(signal.SIGKILL), Status.FAILED, StateType.CRASHED),
]  # fmt: skip


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(
    ("case", "start", "act", "status", "in_prefect"), STOPPING, ids=[row[0] for row in STOPPING]
)
def test_a_run_that_is_stopped_says_so(
    case: str, start: Start, act: Act, status: Status, in_prefect: StateType | None, here: Site
) -> None:
    job = begun(here, start, case)
    mine = processes_of(job)
    assert len(mine) == 2
    acted = datetime.now(UTC)
    act(here, job)
    is_cancel = status is Status.CANCELLED
    ended = here.await_job(case, has_ended, WITHIN_S + 10)
    assert ended.finished_at
    took = (ended.finished_at - acted).total_seconds()
    if act is cancel_by_prefects_command:  # whose own start takes seconds
        took = (ended.finished_at - _since(here, job, StateType.CANCELLING)).total_seconds()
    # The reconciler alone, without a watchdog, needs its time of silence first.
    assert took < (CANCELLED_WITHIN_S if is_cancel else WITHIN_S + 5)
    assert (ended.status, ended.error_code) == (
        status,
        (STOPPED if is_cancel else LOST).code,
    )
    until(lambda: not any(map(is_alive, mine)), "the end of both", ALL_GONE_WITHIN_S)
    if in_prefect:
        until(lambda: state_type(here, job) is in_prefect, "Prefect's state", 30)
        assert here.await_job(case, has_ended, 1).status is status


def waits_for_a_place(site: Site) -> Callable[[Job], bool]:
    def does(job: Job) -> bool:
        with site.jobs() as jobs:
            return "waiting." in jobs.log(job.id)

    return does


@pytest.mark.parametrize("start", [by_script, by_worker])
def test_a_run_that_waits_for_another_ends_in_time_and_takes_no_place(
    start: Start, here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", here.environment["DATABASE_URL"])
    query = f"waits {start.__name__}"
    with slot("naver"):
        start(here, quick(query))
        job = here.await_job(query, waits_for_a_place(here), BEGUN_WITHIN_S)
        mine = processes_of(job)
        acted = datetime.now(UTC)
        cancel_by_command(here, job)
        ended = here.await_job(query, has_ended, WITHIN_S)
        assert ended.finished_at
        assert (ended.finished_at - acted).total_seconds() < CANCELLED_WITHIN_S
        assert (ended.status, ended.error_code) == (Status.CANCELLED, STOPPED.code)
        until(lambda: not any(map(is_alive, mine)), "the end of both", CANCELLED_WITHIN_S)
    with slot("naver"):
        pass


def no_process(site: Site, query: str, state: Any) -> Job:
    """Make a run that no worker will take, in some state, and return its row."""
    with site.client() as client:
        deployment = client.read_deployment_by_name("collect/nowhere")
        run = client.create_flow_run_from_deployment(
            deployment.id, parameters={"request": quick(query)}, state=state
        )
    return site.await_job(query, lambda job: job.flow_run_id == run.id.hex, WITHIN_S)


@pytest.fixture(scope="module")
def nowhere(here: Site) -> None:
    """Have a deployment in a pool that has no worker."""
    here.do("prefect", "--no-prompt", "work-pool", "create", "nowhere", "--type", "process")
    here.do("prefect", "--no-prompt", "deploy", "flows/collect.py:collect", "--name", "nowhere",
            "--pool", "nowhere")  # fmt: skip


LATER = timedelta(hours=5)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("case", "state", "status"),
    [
        ("scheduled for later", Scheduled(scheduled_time=datetime.now(UTC) + LATER), "scheduled"),
        ("late", Scheduled(scheduled_time=datetime.now(UTC) - LATER), "scheduled"),
        ("awaiting its retry", AwaitingRetry(scheduled_time=datetime.now(UTC) + LATER), "waiting"),
        ("paused", Paused(timeout_seconds=1000), "waiting"),
    ],
)
def test_a_run_without_a_process_has_its_row(
    case: str, state: Any, status: str, here: Site
) -> None:
    job = no_process(here, case, Scheduled(scheduled_time=datetime.now(UTC) + LATER))
    assert (job.status, job.started_at, job.request_limit) == (Status.SCHEDULED, None, 5)
    with here.client() as client:
        client.set_flow_run_state(uuid(job), state, force=True)
    assert here.await_job(case, lambda row: row.status == status, WITHIN_S)
    if case == "late":
        until(lambda: _state_name(here, job) == "Late", "late in Prefect", WITHIN_S)

    cancel_by_command(here, job)
    ended = here.await_job(case, has_ended, WITHIN_S)
    assert (ended.status, ended.error_code) == (Status.CANCELLED, STOPPED.code)
    assert state_type(here, job) is StateType.CANCELLED


def _state_name(site: Site, job: Job) -> str:
    with site.client() as client:
        state = client.read_flow_run(uuid(job)).state
    assert state
    return str(state.name)


@pytest.mark.usefixtures("nowhere")
def test_a_run_that_is_deleted_or_cancelled_in_prefect_before_it_began(here: Site) -> None:
    later = Scheduled(scheduled_time=datetime.now(UTC) + LATER)
    deleted, cancelled = (no_process(here, case, later) for case in ("deleted", "called off"))
    with here.client() as client:
        client.delete_flow_run(uuid(deleted))
        client.set_flow_run_state(uuid(cancelled), Cancelling())
    assert here.await_job("deleted", has_ended, WITHIN_S).status is Status.CANCELLED
    assert here.await_job("called off", has_ended, WITHIN_S).status is Status.CANCELLED


@pytest.mark.usefixtures("nowhere")
def test_a_run_whose_worker_ended_before_it_began_waits_for_another(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = no_process(here, "taken", Scheduled(scheduled_time=datetime.now(UTC) + LATER))
    with here.client() as client:
        client.set_flow_run_state(uuid(job), Pending(), force=True)
    settings = Settings(_env_file=None, database_url=here.environment["DATABASE_URL"])
    with temporary_settings({PREFECT_API_URL: here.api}):
        Reconciler(settings).turn()
        assert state_type(here, job) is StateType.PENDING
        monkeypatch.setattr(reconciler, "PENDING_TOO_LONG", timedelta(0))
        Reconciler(settings).turn()
    assert state_type(here, job) is StateType.SCHEDULED
    cancel_by_command(here, job)


def test_a_worker_and_a_schedule_run_to_the_end(here: Site) -> None:
    by_worker(here, quick("사과"))
    seen = here.await_job("사과", lambda job: job.status is Status.SCHEDULED, WITHIN_S)
    with here.client() as client:
        deployment = client.read_deployment_by_name("collect/collect")
        schedule = client.create_deployment_schedules(
            deployment.id,
            [(IntervalSchedule(interval=timedelta(seconds=40)), True)],
        )  # fmt: skip
        client.update_deployment(
            deployment.id, DeploymentUpdate(parameters={"request": quick("자동차")})
        )
    done = here.await_job("사과", has_ended, BEGUN_WITHIN_S)
    assert (done.id, done.status, done.count) == (seen.id, Status.DONE, 5)
    by_schedule = here.await_job("자동차", has_ended, BEGUN_WITHIN_S)
    assert (by_schedule.status, by_schedule.count) == (Status.DONE, 5)
    with here.client() as client:
        client.delete_deployment_schedule(deployment.id, schedule[0].id)


def test_a_run_that_fails_says_why(here: Site) -> None:
    by_worker(here, quick("없는검색어"))
    ended = here.await_job("없는검색어", has_ended, BEGUN_WITHIN_S)
    assert ended.status is Status.FAILED
    assert "has no results" in (ended.error or "")
    assert state_type(here, ended) is StateType.FAILED


def test_parameters_that_are_refused_have_their_row(here: Site) -> None:
    with here.client() as client:
        deployment = client.read_deployment_by_name("collect/collect")
        client.update_deployment(deployment.id, DeploymentUpdate(enforce_parameter_schema=False))
        client.create_flow_run_from_deployment(
            deployment.id, parameters={"request": {"query": "나쁜 것", "limit": -1}}
        )
    ended = here.await_job("나쁜 것", has_ended, BEGUN_WITHIN_S)
    assert (ended.status, ended.error_code) == (Status.FAILED, ErrorCode.BAD_REQUEST)
    assert "limit" in (ended.error or "")


def test_a_run_whose_minder_is_gone_stops(here: Site, serving: Process) -> None:
    job = begun(here, by_serve, "orphan")
    mine = processes_of(job)
    serving.kill()
    ended = here.await_job("orphan", has_ended, CANCELLED_WITHIN_S + 2)
    assert (ended.status, ended.error_code) == (Status.CANCELLED, STOPPED.code)
    until(lambda: not any(map(is_alive, mine)), "the end of both", ALL_GONE_WITHIN_S)
    until(lambda: state_type(here, job) is StateType.CRASHED, "Prefect's state", 30)
