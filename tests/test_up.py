"""What ``make up`` does: it keeps programs up, and says which port is taken."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.site import ROOT
from tests.support.waiting import until

DEPLOYMENTS = ROOT / "deployments"


@contextmanager
def kept(*program: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as out:
        keeper = subprocess.Popen(
            ["/bin/sh", str(DEPLOYMENTS / "keep.sh"), "it", *program],
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        yield keeper
    finally:
        os.killpg(keeper.pid, signal.SIGKILL) if keeper.poll() is None else None
        keeper.wait()


def test_what_ends_is_started_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with kept("sh", "-c", "echo here; exit 3", log=log) as keeper:
        until(lambda: log.read_text().count("here\n") >= 2, "a second start", 10)
        assert "it ended with code 3; it is started again." in log.read_text()
        os.killpg(keeper.pid, signal.SIGTERM)
        assert keeper.wait(10) == 0


def test_what_is_told_to_stop_has_the_time_it_takes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "import signal, sys, time\n"
        "def stop(*_): time.sleep(1); print('tidy', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop); print('here', flush=True); time.sleep(60)"
    )
    with kept(sys.executable, "-c", program, log=log) as keeper:
        until(lambda: "here" in log.read_text(), "the start", 10)
        (child,) = psutil.Process(keeper.pid).children()
        os.killpg(keeper.pid, signal.SIGTERM)
        keeper.wait(10)
        assert log.read_text() == "here\ntidy\n"
        assert not child.is_running()


def test_a_port_that_is_taken_is_said_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        up = subprocess.run(
            ["/bin/sh", str(DEPLOYMENTS / "up.sh")],
            env=os.environ | {"PREFECT_PORT": port, "DASHBOARD_PORT": "0", "PATH": path},
            capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    assert up.returncode == 1
    assert up.stderr.startswith(f"Port {port} is taken")
    assert "make up PREFECT_PORT=" in up.stderr
