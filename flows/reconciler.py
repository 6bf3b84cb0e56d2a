"""The comparison of the ``jobs`` table with what Prefect says and with what still lives.

Runs that wait for their time or a worker, are late, paused, or deleted, have no process that could
write their row; those whose machine lost its power had no time to. ``flows/reconcile.py`` keeps the
rows of all of them true; the dashboard that of the runs it started.
"""

import logging
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed, Scheduled

from flows.run_states import run_of
from tasks.database.job_rows import SILENCE
from tasks.database.jobs_table import Jobs
from tasks.errors import DatabaseError
from tasks.jobs import DELETED, LOST, Job, Status
from tasks.settings import Settings

PENDING_TOO_LONG = timedelta(minutes=30)  # longer than the largest image takes to be pulled
PAGE = 200  # what Prefect returns at once, at the most
FLOW = FlowFilter(name=FlowFilterName(any_=["collect"]))
UNFINISHED = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.PAUSED,
    StateType.CANCELLING,
]

log = logging.getLogger(__name__)


class Reconciler:
    """Compares, turn by turn, what the table says with what Prefect says and what lives."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._heard: dict[str, tuple[datetime | None, float]] = {}  # by job id

    def turn(self) -> None:
        """Bring the table up to date once.

        Raises ``DatabaseError``, and httpx's and Prefect's errors where the server is away.
        """
        try:
            with Jobs.open(self._settings) as jobs:
                self.end_lost(jobs)
                with get_client(sync_client=True) as client:
                    self._follow_prefect(jobs, client)
        except DatabaseError:
            self._heard.clear()  # nobody could write a sign of life meanwhile
            raise

    def end_lost(self, jobs: Jobs) -> None:
        """End the jobs of which nothing was heard for a while, by this process's own clock."""
        now = time.monotonic()
        begun = {job.id: job for job in jobs.unfinished() if _has_process(job)}
        self._heard = {id: heard for id, heard in self._heard.items() if id in begun}
        for job in begun.values():
            beat, since = self._heard.get(job.id, (None, now))
            if job.id not in self._heard or beat != job.heartbeat_at:
                self._heard[job.id] = (job.heartbeat_at, now)
            elif now - since >= SILENCE.total_seconds() and jobs.end_lost(job):
                log.warning("Job %s: %s", job.id, LOST.sentence)

    def _follow_prefect(self, jobs: Jobs, client: SyncPrefectClient) -> None:
        known = {run.id.hex: run for run in _unfinished_runs(client)}
        missing = [job for job in jobs.unfinished() if job.flow_run_id not in known]
        others = {run.id.hex: run for run in _runs(client, missing)}
        for run in _without_later_turns([*known.values(), *others.values()]):
            if run.state and not run.state.is_cancelling():
                jobs.observe(run_of(run, run.state))
        for job in missing:
            # One that began may be known to another server alone; it says itself how it ends.
            if job.flow_run_id not in others and job.status is Status.SCHEDULED:
                jobs.end(job.flow_run_id or "", Status.CANCELLED, DELETED)
        for run in known.values():
            _send_again(client, run)
            job_now = jobs.of_run(run.id.hex)
            if job_now and run.state and (job_now.has_ended or not _has_process(job_now)):
                _end_in_prefect(client, run.id, run.state, job_now)


def _has_process(job: Job) -> bool:
    """Say whether a process should give signs of life; a run that waits for its retry has none."""
    return job.status is Status.RUNNING or (
        job.status is Status.WAITING and job.heartbeat_at is not None
    )


def _send_again(client: SyncPrefectClient, run: FlowRun) -> None:
    """Have a run taken by a worker once more whose first worker ended before it began the run."""
    pending = run.state if run.state and run.state.is_pending() else None
    if pending and datetime.now(UTC) - pending.timestamp > PENDING_TOO_LONG:
        client.set_flow_run_state(run.id, Scheduled(), force=True)
        log.warning("Run %s was taken and not begun: it waits for a worker again.", run.id)


def _end_in_prefect(client: SyncPrefectClient, run_id: UUID, state: State[Any], job: Job) -> None:
    """Have Prefect know the end of a run that has no process which could tell it."""
    is_fresh = datetime.now(UTC) - state.timestamp < SILENCE  # then others may be about to say it
    if not is_fresh and (state.is_running() or state.is_cancelling()):
        is_cancelled = job.status is Status.CANCELLED or state.is_cancelling()
        end = Cancelled if is_cancelled else Crashed
        client.set_flow_run_state(run_id, end(message=job.error), force=True)


def _unfinished_runs(client: SyncPrefectClient) -> Iterator[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED))
    for offset in range(0, sys.maxsize, PAGE):
        page = client.read_flow_runs(
            flow_filter=FLOW,
            flow_run_filter=FlowRunFilter(state=state),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=PAGE,
            offset=offset,
        )
        yield from page
        if len(page) < PAGE:
            return


def _runs(client: SyncPrefectClient, jobs: list[Job]) -> Iterator[FlowRun]:
    ids = [UUID(job.flow_run_id) for job in jobs if job.flow_run_id]
    for start in range(0, len(ids), PAGE):
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=ids[start : start + PAGE]))
        yield from client.read_flow_runs(flow_run_filter=wanted, limit=PAGE)


def _without_later_turns(runs: list[FlowRun]) -> Iterator[FlowRun]:
    """Leave out all but the next run of each schedule: Prefect plans them weeks ahead."""
    planned: set[UUID | None] = set()
    for run in runs:
        if run.auto_scheduled and run.state and run.state.is_scheduled():
            if run.deployment_id in planned:
                continue
            planned.add(run.deployment_id)
        yield run
