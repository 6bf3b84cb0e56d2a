"""Starting runs on a site in every way, and stopping them."""

import signal
import sys
from collections.abc import Callable
from typing import Any

from prefect.states import Cancelling

from tasks.jobs import Job
from tests.conftest import TINY_CLIP
from tests.support.site import Process, Site, processes_of, uuid

Act = Callable[[Site, Job], object]
Start = Callable[[Site, dict[str, Any]], object]


def quick(query: str) -> dict[str, Any]:
    """Return a request that is done in seconds; the query ends in a word of its own."""
    return {"query": query, "limit": 5, "source": "naver-api", "model": str(TINY_CLIP)}


def options(request: dict[str, Any]) -> list[str]:
    return [f"--{name.replace('_', '-')}={value}" for name, value in request.items()
            if name != "query"]  # fmt: skip


def by_script(site: Site, request: dict[str, Any]) -> Process:
    return site.start(sys.executable, "flows/collect.py", request["query"], *options(request))


def by_worker(site: Site, request: dict[str, Any], **more: Any) -> Any:
    with site.client() as client:
        deployment = client.read_deployment_by_name("collect/collect")
        return client.create_flow_run_from_deployment(
            deployment.id, parameters={"request": request}, **more
        )


def send(number: signal.Signals) -> Act:
    def act(_site: Site, job: Job) -> None:
        processes_of(job)[0].send_signal(number)

    return act


def cancel_in_prefect(site: Site, job: Job) -> None:
    with site.client() as client:
        client.set_flow_run_state(uuid(job), Cancelling())


def cancel_by_command(site: Site, job: Job) -> None:
    assert "is cancelled" in site.do(sys.executable, "flows/cancel.py", job.id)
