"""Prefect's runs and states, as the ``jobs`` table has them."""

import re
from collections.abc import Mapping
from typing import Any

from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import (
    MissingResult,
    ParameterTypeError,
    TerminationSignal,
    UnfinishedRun,
)

from flows.request import CollectRequest
from tasks.errors import CollectError, ErrorCode
from tasks.jobs import ENDED, LOST, STOPPED, Cause, Run, Status
from words import Message, verbatim

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


def this_run() -> tuple[FlowRun, State[Any]]:
    """Return the flow run that this is called in, and its state; raises ``RuntimeError``."""
    context = FlowRunContext.get()
    if not (context and context.flow_run and context.flow_run.state):
        raise RuntimeError("This is called in a flow run only.")
    return context.flow_run, context.flow_run.state


def run_of(flow_run: FlowRun, state: State[Any]) -> Run:
    """Return a run as Prefect sees it now."""
    status = _STATUS[state.type]
    if state.name == "AwaitingRetry":
        status = Status.WAITING
    return _run(flow_run, state, status, _end(state)[1] if status in ENDED else None)


def ended_run_of(flow_run: FlowRun, state: State[Any]) -> Run:
    """Return a run that ended, or is about to, as its own process or its worker saw that."""
    return _run(flow_run, state, *_end(state))


def _run(flow_run: FlowRun, state: State[Any], status: Status, cause: Cause | None) -> Run:
    """Its parameters may be anything, as nobody has checked them."""
    request = flow_run.parameters.get("request")
    # What was left out has its default, and a query may be missing altogether.
    request = {"limit": DEFAULT_LIMIT} | dict(request if isinstance(request, Mapping) else {})
    job_id, run_id = request.get("job_id"), flow_run.id.hex
    is_job_id = isinstance(job_id, str) and re.fullmatch("[0-9a-f]{1,32}", job_id)
    return Run(
        flow_run_id=run_id,
        job_id=str(job_id) if is_job_id else run_id,
        request=request,
        status=status,
        since=state.timestamp,
        scheduled_for=state.state_details.scheduled_time,
        cause=cause,
    )


def _end(state: State[Any]) -> tuple[Status, Cause | None]:
    """Return how a run ended, and what went wrong."""
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
    said = verbatim(state.message) if state.message else None
    code = ErrorCode.BAD_REQUEST if isinstance(error, ParameterTypeError) else ErrorCode.UNEXPECTED
    return Status.FAILED, Cause(code, said or Message("error.run_ended_as", {"state": state.name}))


def _error_of(state: State[Any]) -> object:
    """Return the exception that ended a run; only the process it happened in has it."""
    try:
        return state.result(raise_on_failure=False)
    except (MissingResult, UnfinishedRun):
        return None
