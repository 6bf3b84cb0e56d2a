"""The Prefect server of a run: the one that runs already, else one that lasts as long as the run.

Prefect can start one by itself, but that one dies of the same Ctrl-C as the run, which then cannot
say how it ended, and is left behind when the run is killed. This one has a session of its own, and
ends when the pipe to its standard input closes, however its parent ended.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import prefect
import requests
import uvicorn
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_SERVER_API_HOST,
    PREFECT_SERVER_API_PORT,
    get_current_settings,
    temporary_settings,
)

from flows.prefect_server import guarded
from tasks.errors import CollectError, ErrorCode

HOST = "127.0.0.1"
START_TIMEOUT_S = 90.0  # the first start on a machine makes Prefect's database
STOP_TIMEOUT_S = 10.0


class PrefectError(CollectError):
    """Prefect's server cannot be reached or started."""

    code = ErrorCode.PREFECT


def running_server() -> str | None:
    """Return the address of the server that is set or runs on this machine, None if there is none.

    Raises ``PrefectError`` where the one that is set does not answer.
    """
    if named := PREFECT_API_URL.value():
        if not _answers(named):
            raise PrefectError("no_prefect_server", url=str(named))
        return str(named)
    local = f"http://{PREFECT_SERVER_API_HOST.value()}:{PREFECT_SERVER_API_PORT.value()}/api"
    return local if _answers(local) else None


@contextmanager
def use_prefect_server() -> Iterator[None]:
    """Have a Prefect server from the end of the block until this process ends.

    It is one that runs already, else a temporary one, which takes seconds to start: meanwhile the
    block may do other things. Raises ``PrefectError``.
    """
    until_exit = ExitStack()  # not sooner: till then Prefect's threads deliver logs and events
    atexit.register(until_exit.close)
    if url := running_server():
        yield
    else:
        url, server = _start()
        until_exit.callback(_stop, server)
        yield
        _wait_until_up(url, server)
    # The row has a sign of life of its own, and the end of Prefect's would be waited for.
    changes = {PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    until_exit.enter_context(temporary_settings(changes))


def _start() -> "tuple[str, subprocess.Popen[bytes]]":
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    server = subprocess.Popen(  # noqa: S603 — this very module
        [sys.executable, "-m", __name__, str(port)],
        env={**os.environ, **settings, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return f"http://{HOST}:{port}/api", server


def _stop(server: "subprocess.Popen[bytes]") -> None:
    try:
        server.communicate(timeout=STOP_TIMEOUT_S)  # closes its input
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _answers(url: str) -> bool:
    try:
        password = PREFECT_API_AUTH_STRING.value()
        user, _, secret = str(password or "").partition(":")
        auth = (user, secret) if password else None
        version = requests.get(f"{url}/admin/version", auth=auth, timeout=5)
        return version.ok and version.json().split(".")[0] == prefect.__version__.split(".")[0]
    except (requests.RequestException, ValueError, AttributeError):  # or another program's server
        return False


def _wait_until_up(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise PrefectError("temporary_server")


def _serve(port: int) -> None:
    """Serve until standard input closes."""
    serving: list[uvicorn.Server] = []
    threading.Thread(target=_end_with_parent, args=(serving,), daemon=True).start()

    with guarded(HOST, ephemeral=True) as app:
        server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="critical"))
        serving.append(server)
        server.run()


def _end_with_parent(serving: Sequence[uvicorn.Server]) -> None:
    sys.stdin.read()
    for server in serving:  # none while it still imports
        server.should_exit = True
        time.sleep(STOP_TIMEOUT_S / 2)  # connections that stay open would hold it for ever
    os._exit(0)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
