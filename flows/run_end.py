"""The hook that writes how a flow run ended into its row in ``jobs``, whatever becomes of the run.

Prefect calls it in the process that saw the change, which need not be the flow's own; so it knows
nothing but what it is given. The first word on how a run ended stands.
"""

import logging
import time
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled

from flows.cancelling import is_supervised
from flows.run_states import ended_run_of
from tasks.database.jobs_table import Jobs
from tasks.errors import DatabaseError
from tasks.jobs import STOPPED, Status
from tasks.settings import Settings
from tasks.upkeep import watchdog
from tasks.upkeep.recorder import BEAT_EVERY_S

log = logging.getLogger(__name__)


def write_end(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Write how a run ended into its row, and make the row if the run had no time to.

    It waits for a database that is away, as this may be the only word on the run's end.
    """
    run = ended_run_of(flow_run, state)
    try:
        for tries_left in reversed(range(round(watchdog.AWAIT_DATABASE_S / BEAT_EVERY_S))):
            try:
                with Jobs.open(Settings()) as jobs:
                    jobs.end(run.flow_run_id, run.status, run.cause)
                    jobs.observe(run)
                break
            except DatabaseError as problem:
                if not tries_left:
                    log.warning("The end of run %s is not in its row: %s", flow_run.id, problem)
                time.sleep(BEAT_EVERY_S)
    finally:
        watchdog.dismiss(run.flow_run_id)
    # Prefect takes any interrupt for a crash; where it supervises the process, it has the last
    # word.
    if run.status is Status.CANCELLED and state.is_crashed() and not is_supervised():
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Cancelled(message=STOPPED.sentence), force=True)
