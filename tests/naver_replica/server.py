"""The server process: one event loop, one port for each host, alive as long as its stdin is open.

Started by `serving.serve`, which reads the ports from the first line of stdout.
"""

import argparse
import json
import logging
import os
import socket
import sys
import threading
from dataclasses import asdict, fields

import uvicorn
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.naver_replica.addresses import LOOPBACK, Ports
from tests.naver_replica.api import Api
from tests.naver_replica.files_app import DRAWING_THREADS, FilesApp
from tests.naver_replica.search_app import SearchApp


def application(ports: Ports, seed: int, latency_s: float) -> ASGIApp:
    """Return the application that answers on each port as the host it stands for."""
    files = FilesApp(seed, CapacityLimiter(DRAWING_THREADS), latency_s)
    search = Starlette(routes=[*SearchApp(ports, seed).routes(), *Api(ports, seed).routes()])
    thumbnails = Starlette(routes=files.thumbnail_routes())
    originals = Starlette(routes=files.original_routes())
    hosts = {ports.search: search, ports.more: search, ports.thumbnails: thumbnails}

    async def by_port(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await hosts.get(scope["server"][1], originals)(scope, receive, send)
        except ConnectionAbortedError:
            return  # meant: uvicorn breaks a connection whose answer is not complete

    return by_port


def main() -> None:
    """Bind the ports, say which they are, and serve until stdin closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latency-s", type=float, default=0.0)
    asked = parser.parse_args()
    sockets = [socket.create_server((LOOPBACK, 0), backlog=512) for _ in fields(Ports)]
    ports = Ports(*(sock.getsockname()[1] for sock in sockets))
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: "without completing response" not in record.getMessage()
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application(ports, asked.seed, asked.latency_s),
            log_level="error",
            access_log=False,
            lifespan="off",
        )
    )
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    sys.stdout.write(json.dumps(asdict(ports)) + "\n")
    sys.stdout.flush()
    server.run(sockets)


def _end_with_stdin() -> None:
    """End when whoever started the server closes the pipe, or is gone; there is nothing to save."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
