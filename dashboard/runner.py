"""Who runs what is started here: a worker of Prefect's, or a child process of the dashboard.

Prefect is asked every few seconds, in a thread of its own, so that no request waits for it.
"""

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import WorkerFilter, WorkerFilterStatus
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings

from flows.temporary_server import PrefectError, running_server
from tasks.database.job_queue import Planned

DEPLOYMENT = "collect/collect"
LOOK_EVERY_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runner:
    """What was found when Prefect was last asked."""

    kind: Literal["prefect", "child"]
    sentence: str
    workers: int = 0
    api: str | None = None  # of the server that answers, whether or not a worker is there
    ui: str | None = None
    deployment_id: UUID | None = None


def look() -> Runner:
    """Ask Prefect; never raises, and never starts a server."""
    try:
        api = running_server()
    except PrefectError as error:
        return Runner("child", f"Runs start as processes of the dashboard. {error}")
    if api is None:
        return Runner("child", "Runs start as processes of the dashboard: no Prefect server runs.")
    with temporary_settings({PREFECT_API_URL: api}):
        ui = str(PREFECT_UI_URL.value() or api.removesuffix("/api"))
        try:
            with get_client(sync_client=True) as client:
                deployment = client.read_deployment_by_name(DEPLOYMENT)
                workers = client.read_workers_for_work_pool(
                    deployment.work_pool_name or "",
                    WorkerFilter(status=WorkerFilterStatus(any_=[WorkerStatus.ONLINE])),
                )
        except ObjectNotFound:
            why = f"the deployment {DEPLOYMENT} is not at {api}"
        except (httpx.HTTPError, PrefectException) as error:
            why = f"Prefect at {api} refuses ({type(error).__name__})"
        else:
            if workers:
                count = len(workers)
                sentence = f"Runs start on Prefect's workers ({count} online)."
                return Runner("prefect", sentence, count, api, ui, deployment.id)
            why = f"no worker of the pool {deployment.work_pool_name} is online"
    return Runner("child", f"Runs start as processes of the dashboard: {why}.", 0, api, ui)


def send(runner: Runner, job: Planned) -> FlowRun:
    """Have a worker run a planned job; asking twice makes one run.

    Raises httpx's and Prefect's errors.
    """
    assert runner.api  # noqa: S101 — of the kind "prefect"
    assert runner.deployment_id  # noqa: S101
    with (
        temporary_settings({PREFECT_API_URL: runner.api}),
        get_client(sync_client=True) as client,
    ):
        return client.create_flow_run_from_deployment(
            runner.deployment_id,
            parameters={"request": {**job.request, "job_id": job.id}},
            idempotency_key=f"{job.id} {job.since.isoformat()}",
        )


class RunnerWatch:
    """Keeps the answer fresh; ``current`` is the last one."""

    def __init__(self, ask: Callable[[], Runner] = look) -> None:
        self._ask = ask
        self._known = threading.Event()
        self._closing = threading.Event()
        self._current = Runner("child", "Prefect was not asked yet.")

    @property
    def current(self) -> Runner:
        """What was found last."""
        return self._current

    def start(self) -> None:
        """Begin to ask, in the context of this thread, which may name the server."""
        watch = partial(copy_context().run, self._watch)
        threading.Thread(target=watch, name="runner-watch", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the first answer; returns whether there is one."""
        return self._known.wait(timeout_s)

    def close(self) -> None:
        """Stop asking."""
        self._closing.set()

    def _watch(self) -> None:
        while not self._closing.is_set():
            before, self._current = self._current, self._ask()
            if before.sentence != self._current.sentence:
                log.info("%s", self._current.sentence)
            self._known.set()
            self._closing.wait(LOOK_EVERY_S)
