"""A dashboard for tests: in this process for the API, on a port of its own for live events."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import Any, Self

import requests
import uvicorn
from fastapi.testclient import TestClient
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_PORT, temporary_settings
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.app import create_app
from dashboard.services import Services
from tests.support.waiting import until

ORIGIN = "http://127.0.0.1"
START_WITHIN_S = 60.0  # of a process that imports everything
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


class Wire:
    """What lies between a browser and the dashboard: it keeps what was sent, and may cut it off."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.sent: list[tuple[str, Any]] = []  # the paths and bodies of what was to be changed
        self.blocked: set[str] = set()  # paths to which nothing comes through

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in self.blocked:
            await Response(status_code=503)(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "POST":
            await self._app(scope, partial(self._kept, scope["path"], receive), send)
        else:
            await self._app(scope, receive, send)

    async def _kept(self, path: str, receive: Receive) -> Message:
        message = await receive()
        if body := message.get("body"):  # the page sends so little that it comes as one
            self.sent.append((path, json.loads(body)))
        return message


class Dashboard:
    """A dashboard in a thread, at an address of its own also when it is stopped and started anew.

    It has the settings that the environment named when it was started.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def services(self) -> Services:
        services: Services = self._app.state.services
        return services

    def start(self) -> None:
        """Start it, and wait until it answers."""
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._app = create_app()
        self.wire = Wire(self._app)
        config = uvicorn.Config(self.wire, log_level="error", timeout_graceful_shutdown=5)
        self._server = server = uvicorn.Server(config)
        with temporary_settings(_NO_PREFECT):
            context = copy_context()
        self._thread = Thread(target=context.run, args=(server.run, [listener]))
        self._thread.start()
        until(
            lambda: server.started or not self._thread.is_alive(),
            "the dashboard answers",
            every_s=0.01,
        )
        if not server.started:
            listener.close()
            raise AssertionError("the dashboard ended as it started")

    def stop(self) -> None:
        """Stop it, its streams of events too, as a signal does in a process of its own."""
        if hasattr(self._app.state, "services"):
            self.services.events.close()
        self._server.should_exit = True
        self._thread.join()


@contextmanager
def served() -> Iterator[tuple[str, Services]]:
    """Run a dashboard on a free port; yield its address and its parts."""
    with Dashboard() as running:
        yield running.url, running.services


def answering(address: str) -> str:
    """Wait for a dashboard in a process of its own; return its address."""
    until(
        lambda: requests.get(f"{address}/healthz", timeout=10).ok,
        f"the dashboard at {address}",
        START_WITHIN_S,
        retried=(requests.ConnectionError,),
    )
    return address
