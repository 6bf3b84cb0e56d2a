"""Hooks that keep a flow run's row in ``jobs`` true, whatever becomes of the run.

Prefect calls them in the process that saw the change, which need not be the flow's own; so they
know nothing but what they are given. The first word on how a run ended stands.
"""

import logging
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import MissingResult, TerminationSignal, UnfinishedRun

from tasks.errors import CollectError, DatabaseError
from tasks.jobs import Jobs, Status
from tasks.settings import Settings

STOPPED = "The run was stopped."

log = logging.getLogger(__name__)


def mirror(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Write how a run ended into its row, and make the row if the run had no time to."""
    status, error = ending(state)
    try:
        jobs = Jobs.open(Settings())
        try:
            if error:
                _ensure_row(jobs, flow_run)
            jobs.end(flow_run.id.hex, status, error=error)
        finally:
            jobs.close()
    except DatabaseError as problem:
        log.warning("The end of run %s is not in the jobs table: %s", flow_run.id, problem)


def ending(state: State[Any]) -> tuple[Status, str | None]:
    """Return a final state as the table says it: the status, and what went wrong."""
    if state.is_completed():
        return Status.DONE, None
    if state.is_cancelling() or state.is_cancelled():
        return Status.CANCELLED, STOPPED
    error = _error_of(state)
    if isinstance(error, KeyboardInterrupt | TerminationSignal):
        return Status.CANCELLED, STOPPED
    if isinstance(error, CollectError):
        return Status.FAILED, str(error)
    return Status.FAILED, state.message or f"The run ended as {state.name}."


def _error_of(state: State[Any]) -> object:
    """Return the exception that ended a run; only the process it happened in has it."""
    try:
        return state.result(raise_on_failure=False)
    except (MissingResult, UnfinishedRun):
        return None


def _ensure_row(jobs: Jobs, flow_run: FlowRun) -> None:
    """A run whose parameters were refused never began its row."""
    request = flow_run.parameters.get("request")
    fields = request if isinstance(request, dict) else {}
    limit = fields.get("limit")
    jobs.begin_once(
        flow_run_id=flow_run.id.hex,
        query=str(fields.get("query", "")),
        request_limit=limit if isinstance(limit, int) else 0,
        out_dir=str(fields.get("out_dir") or ""),
    )
