"""Start the dashboard.

    python -m dashboard [--host 127.0.0.1] [--port 8000] [--lang en|ko]

Without flags DASHBOARD_HOST and DASHBOARD_PORT say where it listens. Any other address than the
machine's own takes a token (DASHBOARD_TOKEN). Exit code 2: it cannot start so.
"""

if __name__ == "__main__":
    from flows.starting import start

    start("dashboard.__main__")

import logging
import os
import signal
import sys
from collections.abc import Sequence

import uvicorn

from dashboard import tokens
from flows.arguments import Parser
from tasks.errors import CollectError
from tasks.settings import Settings

END_WITHIN_S = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped, and return the exit code."""
    parser = Parser("dashboard", arguments, program="python -m dashboard")
    parser.option("--host", metavar="ADDRESS", help=parser.say("cli.host"))
    parser.option("--port", type=int, metavar="N", help=parser.say("cli.port"))
    parser.lang()
    given = vars(parser.parse_args(arguments))
    try:
        settings = Settings()
        host = given.get("host") or settings.dashboard_host
        tokens.check_host(host, settings)
    except CollectError as error:
        return parser.fail(error.message, 2)
    os.environ["DASHBOARD_HOST"] = host  # the application reads its settings when it starts
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("dashboard").setLevel(logging.INFO)
    # uvicorn ends by the signal that stopped it: as it should.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = given.get("port", settings.dashboard_port)
    if port:
        logging.getLogger("dashboard").info("The dashboard is at http://%s:%d/", host, port)
    uvicorn.run(
        "dashboard.app:app",
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=END_WITHIN_S,
    )
    return 0
