"""The launcher of runs: Prefect's workers where some are online, else the dashboard itself.

A thread asks Prefect every few seconds, so that no request waits for it.
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
from tasks.errors import first_line
from tasks.jobs import Job

DEPLOYMENT = "collect/collect"
HERE = "Runs start as processes of the dashboard"
ASK_PREFECT_EVERY_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Launcher:
    """What starts runs, as it was found when Prefect was last asked."""

    kind: Literal["prefect", "child"]
    sentence: str
    workers: int = 0
    api: str | None = None  # of the server that answers, whether or not a worker is there
    ui: str | None = None
    deployment_id: UUID | None = None

    def page_of(self, job: Job) -> str | None:
        """Return the address of the job's run in Prefect's pages, if there is one."""
        if not (self.ui and job.flow_run_id and len(job.flow_run_id) == 32):
            return None
        return f"{self.ui}/runs/flow-run/{UUID(job.flow_run_id)}"


def look() -> Launcher:
    """Ask Prefect; never raises, and never starts a server."""
    try:
        api = running_server()
    except PrefectError:
        return Launcher("child", f"{HERE}: Prefect at {PREFECT_API_URL.value()} does not answer.")
    if api is None:
        return Launcher("child", f"{HERE}: no Prefect server runs.")
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
            why = f"Prefect at {api} does not answer as it should: {first_line(error)}"
        else:
            if workers:
                count = len(workers)
                sentence = f"Runs start on Prefect's workers ({count} online)."
                return Launcher("prefect", sentence, count, api, ui, deployment.id)
            why = f"no worker of the pool {deployment.work_pool_name} is online"
    return Launcher("child", f"{HERE}: {why}.", 0, api, ui)


def send(launcher: Launcher, job: Planned) -> FlowRun:
    """Have a worker run a planned job; asking twice makes one run.

    Raises httpx's and Prefect's errors.
    """
    assert launcher.api and launcher.deployment_id  # noqa: S101, PT018 — it is of kind "prefect"
    with (
        temporary_settings({PREFECT_API_URL: launcher.api}),
        get_client(sync_client=True) as client,
    ):
        return client.create_flow_run_from_deployment(
            launcher.deployment_id,
            parameters={"request": {**job.request, "job_id": job.id}},
            idempotency_key=f"{job.id} {job.since.isoformat()}",
        )


class LauncherWatch:
    """Asks again and again; ``current`` is the last answer."""

    def __init__(self, ask: Callable[[], Launcher] = look) -> None:
        self._ask = ask
        self._known = threading.Event()
        self._closing = threading.Event()
        self._current = Launcher("child", "Prefect was not asked yet.")

    @property
    def current(self) -> Launcher:
        """What was found last."""
        return self._current

    def start(self) -> None:
        """Begin to ask, in the context of this thread, which may name the server."""
        watch = partial(copy_context().run, self._watch)
        threading.Thread(target=watch, name="launcher-watch", daemon=True).start()

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
            self._closing.wait(ASK_PREFECT_EVERY_S)
