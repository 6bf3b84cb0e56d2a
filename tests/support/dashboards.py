"""A dashboard for tests: in this process for the API, on a port of its own for live events."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any

import requests
import uvicorn
from fastapi.testclient import TestClient
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_PORT, temporary_settings

from dashboard.app import create_app
from dashboard.services import Services
from tasks.database.jobs_table import Jobs
from tasks.errors import ErrorCode
from tasks.jobs import Cause, Job, Status
from tests.support.waiting import until
from words import verbatim

ORIGIN = "http://127.0.0.1"
START_WITHIN_S = 60.0  # of a process that imports everything
BROKE = Cause(ErrorCode.BROWSER, verbatim("It broke."))
# Not the one that a developer may have running.
_NO_PREFECT = {PREFECT_API_URL: None, PREFECT_SERVER_API_PORT: 9}


@contextmanager
def client() -> Iterator[TestClient]:
    """Run a dashboard; its errors are answers, as they are to a browser."""
    app = create_app()
    with (
        temporary_settings(_NO_PREFECT),
        TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as opened,
    ):
        yield opened


@contextmanager
def served() -> Iterator[tuple[str, Services]]:
    """Run a dashboard on a free port; yield its address and its parts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_app()
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        with temporary_settings(_NO_PREFECT):
            context = copy_context()
        thread = threading.Thread(target=context.run, args=(server.run, [listener]))
        thread.start()
        try:
            until(lambda: server.started or not thread.is_alive(), "the server", every_s=0.01)
            assert server.started, "the server ended as it started"
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.services
        finally:
            if hasattr(app.state, "services"):
                app.state.services.events.close()  # as a signal does in a process of its own
            server.should_exit = True
            thread.join()


def answering(address: str) -> str:
    """Wait for a dashboard in a process of its own; return its address."""
    until(
        lambda: requests.get(f"{address}/healthz", timeout=10).ok,
        f"the dashboard at {address}",
        START_WITHIN_S,
        retried=(requests.ConnectionError,),
    )
    return address


def begun(jobs: Jobs, job_id: str, **request: Any) -> Job:
    """Make the row of a job that is running."""
    asked: Mapping[str, Any] = {"query": "고양이", "limit": 50, **request}
    jobs.begin(
        job_id=job_id,
        flow_run_id=job_id,
        request=asked,
        out_dir=str(asked.get("out_dir", "")),
        since=datetime.now(UTC),
    )
    job = jobs.get(job_id)
    assert job
    return job


def ended(jobs: Jobs, job_id: str, status: Status = Status.DONE, **request: Any) -> Job:
    """Make the row of a job that ended."""
    begun(jobs, job_id, **request)
    jobs.end(job_id, status, None if status is Status.DONE else BROKE)
    job = jobs.get(job_id)
    assert job
    return job
