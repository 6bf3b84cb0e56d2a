"""Start a Prefect server that only its own page and this machine's programs can use.

    python flows/prefect_server.py

PREFECT_SERVER_API_HOST and PREFECT_SERVER_API_PORT say where it listens. Any other address than the
machine's own takes a password (PREFECT_SERVER_API_AUTH_STRING). Exit code 2: it cannot start so.
"""

if __name__ == "__main__":
    from flows.starting import start

    start("flows.prefect_server")

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_API_AUTH_STRING,
    PREFECT_SERVER_API_HOST,
    PREFECT_SERVER_API_PORT,
    PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE,
    PREFECT_SERVER_CORS_ALLOWED_ORIGINS,
    PREFECT_SERVER_CSRF_PROTECTION_ENABLED,
    PREFECT_UI_API_URL,
    temporary_settings,
)
from starlette.types import ASGIApp

from flows.arguments import Parser
from flows.headers import is_loopback
from flows.prefect_guard import Guard
from tasks.errors import BadRequestError

END_WITHIN_S = 3  # sooner than honcho kills it
# Leases on places outlive the server, and its page asks the address that it came from.
_SETTINGS = {
    PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE: (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    PREFECT_SERVER_CORS_ALLOWED_ORIGINS: "",
    PREFECT_SERVER_CSRF_PROTECTION_ENABLED: True,
    PREFECT_UI_API_URL: "/api",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped, and return the exit code."""
    parser = Parser("prefect_server", arguments)
    parser.option("--check", action="store_true", help=parser.say("cli.check_only"))
    parser.lang()
    given = vars(parser.parse_args(arguments))
    host, port = str(PREFECT_SERVER_API_HOST.value()), int(PREFECT_SERVER_API_PORT.value())
    if not is_loopback(host) and not PREFECT_SERVER_API_AUTH_STRING.value():
        error = BadRequestError("prefect_password_needed", host=host)
        return parser.fail(error.message, 2)
    if "check" in given:
        return 0
    # uvicorn ends by the signal that stopped it: as it should.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with guarded(host) as app:
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_level="warning",
            timeout_graceful_shutdown=END_WITHIN_S,
        )
    return 0


@contextmanager
def guarded(host: str, *, ephemeral: bool = False) -> Iterator[ASGIApp]:
    """Yield Prefect's server behind its guard; it listens on ``host``."""
    from prefect.server.api.server import create_app  # takes seconds

    names = {urlsplit(str(PREFECT_API_URL.value() or "")).hostname or host}
    with temporary_settings(_SETTINGS):
        yield Guard(create_app(ephemeral=ephemeral, final=True), host, names)
