"""What keeps a flow run's row in ``jobs`` true at its end, whatever becomes of the run.

Prefect calls the hook in the process that saw the change, which need not be the flow's own; so it
knows nothing but what it is given. The first word on how a run ended stands.
"""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import (
    MissingResult,
    ParameterTypeError,
    TerminationSignal,
    UnfinishedRun,
)
from prefect.states import Cancelled

from flows.cancelling import is_minded
from flows.request import CollectRequest
from tasks.database.jobs_table import Jobs
from tasks.errors import CollectError, DatabaseError, ErrorCode
from tasks.jobs import LOST, STOPPED, Cause, Run, Status
from tasks.settings import Settings
from tasks.upkeep import watchdog
from tasks.upkeep.recorder import BEAT_EVERY_S

DEFAULT_LIMIT: int = CollectRequest.model_fields["limit"].default
_STATUS = {
    StateType.SCHEDULED: Status.SCHEDULED,
    StateType.PENDING: Status.SCHEDULED,
    StateType.RUNNING: Status.RUNNING,
    StateType.CANCELLING: Status.RUNNING,
    StateType.PAUSED: Status.WAITING,
    StateType.COMPLETED: Status.DONE,
    StateType.FAILED: Status.FAILED,
    StateType.CRASHED: Status.FAILED,
    StateType.CANCELLED: Status.CANCELLED,
}

log = logging.getLogger(__name__)


def mirror(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Write how a run ended into its row, and make the row if the run had no time to.

    A database that is away is waited for, as this may be the only word on it.
    """
    status, cause = ending(state)
    run = told(flow_run, state, status, cause)
    try:
        for tries_left in reversed(range(round(watchdog.AWAIT_DATABASE_S / BEAT_EVERY_S))):
            try:
                with Jobs.open(Settings()) as jobs:
                    jobs.end(run.flow_run_id, status, cause)
                    jobs.observe(run)
                break
            except DatabaseError as problem:
                if not tries_left:
                    log.warning("The end of run %s is not in its row: %s", flow_run.id, problem)
                time.sleep(BEAT_EVERY_S)
    finally:
        watchdog.dismiss(run.flow_run_id)
    # Prefect takes any interrupt for a crash; where it minds the process, it has the last word.
    if status is Status.CANCELLED and state.is_crashed() and not is_minded():
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Cancelled(message=STOPPED.sentence), force=True)


def status_of(state: State[Any]) -> Status:
    """Return a state of Prefect's as the table says it."""
    if state.name == "AwaitingRetry":
        return Status.WAITING
    return _STATUS[state.type]


def ending(state: State[Any]) -> tuple[Status, Cause | None]:
    """Return a final state as the table says it: the status, and what went wrong."""
    if state.is_completed():
        return Status.DONE, None
    if state.is_cancelling() or state.is_cancelled():
        return Status.CANCELLED, STOPPED
    error = _error_of(state)
    if isinstance(error, KeyboardInterrupt | TerminationSignal):
        return Status.CANCELLED, STOPPED
    if isinstance(error, CollectError):
        return Status.FAILED, Cause.of(error)
    if state.is_crashed() and (state.message or "").startswith("Process exited with status code"):
        return Status.FAILED, LOST
    said = state.message or f"The run ended as {state.name}."
    code = ErrorCode.BAD_REQUEST if isinstance(error, ParameterTypeError) else ErrorCode.UNEXPECTED
    return Status.FAILED, Cause(code, said)


def told(flow_run: FlowRun, state: State[Any], status: Status, cause: Cause | None) -> Run:
    """Return what Prefect tells of a run. Its parameters may be anything: nobody checked them."""
    request = flow_run.parameters.get("request")
    # What was left out has its default, and a query may be missing altogether.
    request = {"limit": DEFAULT_LIMIT} | dict(request if isinstance(request, Mapping) else {})
    job_id = request.get("job_id")
    run_id = flow_run.id.hex
    return Run(
        flow_run_id=run_id,
        job_id=job_id
        if isinstance(job_id, str) and re.fullmatch("[0-9a-f]{1,32}", job_id)
        else run_id,
        request=request,
        status=status,
        since=state.timestamp,
        scheduled_for=state.state_details.scheduled_time,
        cause=cause,
    )


def _error_of(state: State[Any]) -> object:
    """Return the exception that ended a run; only the process it happened in has it."""
    try:
        return state.result(raise_on_failure=False)
    except (MissingResult, UnfinishedRun):
        return None
