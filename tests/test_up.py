"""What ``make up`` does: it keeps programs up, and says what keeps it from starting."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from tasks.database.jobs_table import Jobs
from tasks.jobs import Status
from tasks.process.concurrency import slot
from tasks.settings import Settings
from tests.support.site import BIN, ROOT, free_port
from tests.support.starts import quick
from tests.support.waiting import until

DEPLOYMENTS = ROOT / "deployments"
START_S = 120.0
PASSWORD = "me:s3cret"


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


@pytest.fixture
def up(database: str, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Have ``make up`` running, with a password; yield the address of Prefect's API and the log."""
    port, log = str(free_port()), tmp_path / "log"
    environment = {
        "DATABASE_URL": database, "DATA_DIR": str(tmp_path), "PREFECT_HOME": str(tmp_path / "p"),
        "PREFECT_PORT": port, "DASHBOARD_PORT": str(free_port()), "PYTHONPATH": str(ROOT),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NAVER_API_URL": "http://127.0.0.1:9",
        "PREFECT_SERVER_API_AUTH_STRING": PASSWORD,
    }  # fmt: skip
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "PG"))}
    with log.open("wb") as out:
        running = subprocess.Popen(
            ["/bin/sh", str(DEPLOYMENTS / "up.sh")], env=inherited | environment,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    api = f"http://127.0.0.1:{port}/api"
    changes = {PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: PASSWORD}
    try:
        until(lambda: "Worker " in log.read_text(), log.read_text, START_S)
        with temporary_settings(changes):
            yield api, log
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)


@pytest.mark.timeout(240)
def test_its_log_says_what_happens_and_no_more(up: tuple[str, Path]) -> None:
    """Two runs wait for a third that asks Naver; one more waits for the worker, and in silence."""
    api, log = up
    started = log.read_text()
    assert f"Prefect   {api.removesuffix('/api')}\n" in started
    for misleading in ("start a worker", "Connection refused", "start one with", "To schedule"):
        assert misleading not in started
    assert "Traceback" not in started

    def running() -> list[str]:
        with Jobs.open(Settings()) as jobs:
            return [job.query for job in jobs.newest(limit=10) if job.status is Status.RUNNING]

    with slot("naver"):
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name("collect/collect")
            for query in ("one", "two", "three"):
                client.create_flow_run_from_deployment(
                    deployment.id, parameters={"request": quick(query)}
                )
        until(lambda: log.read_text().count("waiting.") == 2, log.read_text, START_S)
        time.sleep(8)  # the worker looks four times
        said = log.read_text().removeprefix(started)
        assert len(running()) == 2
    assert said.count("submitting flow run") == 2
    assert "Aborted submission" not in said
    assert said.count("waiting.") == 2


def test_it_listens_on_the_network_with_a_password_only() -> None:
    environment = {
        "PREFECT_PORT": str(free_port()), "DASHBOARD_PORT": str(free_port()),
        "PREFECT_SERVER_API_HOST": "0.0.0.0", "LANG": "C.UTF-8",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    up = subprocess.run(
        ["/bin/sh", str(DEPLOYMENTS / "up.sh")], env=os.environ | environment, text=True,
        capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (up.returncode, up.stdout) == (2, "")
    assert up.stderr.count("\n") == 1
    assert "PREFECT_SERVER_API_AUTH_STRING" in up.stderr


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
