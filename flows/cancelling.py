"""Cancelling a run: asking for it, and noticing in the run's process that somebody did.

Where a worker or ``flow.serve`` supervises the process, Prefect signals it; should the supervisor
end, nobody could stop the run any more, so the run stops. A plain script has no supervisor: it
watches its own state and interrupts itself.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas import OrchestrationResult, State
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Cancelling

from tasks.database.jobs_table import Jobs
from tasks.jobs import STOPPED, Job, Status
from tasks.process import stopping
from tasks.settings import Settings
from tasks.upkeep import watchdog

LOOK_FOR_CANCEL_EVERY_S = 0.5
_INTERRUPT = signal.SIGUSR1  # not SIGINT, which a shell ignores for what it runs in the background


@contextmanager
def cancellable(flow_run_id: str) -> Iterator[Callable[[], object]]:
    """Stop the block, by a ``KeyboardInterrupt``, once its flow run is to be cancelled.

    Yields what another thread may call to cancel it.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(_INTERRUPT, stopping.interrupt) if is_main else None
    over = threading.Event()
    deciding = threading.Lock()

    def stop() -> None:
        with deciding:
            if over.is_set():
                return
            over.set()
            watchdog.expect_stop(flow_run_id)
            stopping.request_stop()
            if is_main:
                signal.pthread_kill(threading.main_thread().ident or 0, _INTERRUPT)

    should_stop = _orphaned(os.getppid()) if is_supervised() else _cancelled_in_prefect(flow_run_id)

    def watch() -> None:
        while not over.wait(LOOK_FOR_CANCEL_EVERY_S):
            if next(should_stop):
                stop()

    # In the context of this thread, as it names the server.
    context = copy_context()
    threading.Thread(target=context.run, args=(watch,), name="cancel-watch", daemon=True).start()
    try:
        if is_supervised():
            yield partial(_ask_prefect, flow_run_id, str(PREFECT_API_URL.value()), Cancelling())
        else:
            yield stop
    finally:
        with deciding:
            over.set()
        if before is not None:
            signal.signal(_INTERRUPT, before)


def is_supervised() -> bool:
    """Say whether a worker or ``flow.serve`` supervises this process, and would signal it."""
    return os.environ.get("PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS") == "false"


def _orphaned(parent: int) -> Iterator[bool]:
    """Yield, at each look, whether the parent that supervised this process is gone."""
    while True:
        yield os.getppid() != parent


def _cancelled_in_prefect(flow_run_id: str) -> Iterator[bool]:
    """Yield, at each look, whether Prefect says that the run is to be cancelled."""
    with get_client(sync_client=True) as client:
        while True:
            try:
                state = client.read_flow_run(UUID(flow_run_id)).state
            except (httpx.HTTPError, PrefectException):
                state = None  # a server that is away for a while cancels nothing
            yield bool(state and (state.is_cancelling() or state.is_cancelled()))


def cancel(job: Job, settings: Settings, prefect_api: str | None) -> None:
    """Ask for the end of a job that has not ended; its own process ends it within seconds.

    ``prefect_api`` is the server that may know its run. Raises ``DatabaseError``.
    """
    run_id = job.flow_run_id or ""
    with Jobs.open(settings) as jobs:
        jobs.request_cancel(job.id)  # what a run looks at whose server is not ours
        # Where no process has begun, nobody would make Cancelled of Cancelling.
        state: State[Any] = Cancelling() if job.heartbeat_at else Cancelled()
        if prefect_api and _ask_prefect(run_id, prefect_api, state):
            jobs.end(run_id, Status.CANCELLED, STOPPED)  # it had not begun


def _ask_prefect(run_id: str, prefect_api: str, state: State[Any]) -> bool:
    """Set the run's state; return whether it is cancelled already, as it had not begun."""
    with (
        temporary_settings({PREFECT_API_URL: prefect_api}),
        get_client(sync_client=True) as client,
    ):
        try:
            result: OrchestrationResult[Any] = client.set_flow_run_state(UUID(run_id), state)
        except ObjectNotFound:
            return False
    return bool(result.state and result.state.is_cancelled())
