"""The dashboard's server: start, watch and look at runs, over the ``jobs`` table.

    python -m dashboard            or            uvicorn dashboard.app:app

The API is described at ``/docs``, the page is ``/``. Nothing is opened before the server starts.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

import words
from dashboard import tokens
from dashboard.errors import add_handlers
from dashboard.events import Events
from dashboard.routes import images, jobs, pages, runs
from dashboard.security import Guard
from dashboard.services import Services
from dashboard.takeover import take_over
from flows.prefect_console import quiet_prefect
from tasks.errors import CollectError
from tasks.settings import Settings

ABOUT = (
    "Start runs, watch them, and look at what they collected. Errors are always "
    '{"detail": a sentence, "error": a word}, the sentence in Korean where Accept-Language '
    "prefers it and else in English. A request that changes something needs "
    "Content-Type application/json if it has a body, and with a token set, "
    "Authorization: Bearer TOKEN or the cookie of /login."
)

log = logging.getLogger(__name__)


def create_app() -> FastAPI:
    """Return the application; its parts are built when it starts."""
    app = FastAPI(
        title="CV-Dataset-Builder",
        description=ABOUT,
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=_running,
    )
    app.add_middleware(Guard)
    add_handlers(app)
    for routes in (jobs, runs, images, pages):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=pages.STATIC), "static")
    app.mount("/words", _Words(directory=words.FOLDER), "words")
    return app


class _Words(StaticFiles):
    """The tables of words, and nothing else of their package."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        return super().lookup_path(path) if path.endswith(".json") else ("", None)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    try:
        services = await asyncio.to_thread(_started)
    except CollectError as error:
        app.state.failure = str(error)
        raise
    app.state.services = services
    try:
        with _ending_at_signals(services.events):
            yield
    finally:
        await asyncio.to_thread(services.close)


def _started() -> Services:
    """Check the settings, take over what there is, and start the threads."""
    settings = Settings()
    quiet_prefect()
    tokens.check_host(_host_of_uvicorn() or settings.dashboard_host, settings)
    services = Services.build(settings)
    with services.database.jobs() as jobs:
        take_over(jobs)
    services.start()
    return services


def _host_of_uvicorn() -> str | None:
    """Return the address that uvicorn's own command was told to listen on, if it is that."""
    arguments = sys.argv[1:]
    for at, argument in enumerate(arguments):
        if argument == "--host" and at + 1 < len(arguments):
            return arguments[at + 1]
        if argument.startswith("--host="):
            return argument.partition("=")[2]
    return None


@contextmanager
def _ending_at_signals(events: Events) -> Iterator[None]:
    """End the open event streams at Ctrl-C and SIGTERM: the server waits for them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(events.close)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


app = create_app()
