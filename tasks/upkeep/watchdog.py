"""A small process beside each run that writes how the run ended when the run itself cannot.

It only waits for a pipe to close, which happens however the run's process ends, SIGKILL and lack of
memory included. If the row then still says that the run goes on, the watchdog ends it.

Threads cannot be stopped from outside. So the watchdog kills a run that is told to stop and does
not within seconds: everything it keeps was written whole, and its browser ends with it.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

# Nothing else is imported before the pipe closes: most watchdogs never need more.

AWAIT_DATABASE_S = 60.0  # how long the end of a run waits for a database that is away
STOP_WITHIN_S = 4.0
STOPPING = b"stopping\n"

_watchdogs: dict[str, "subprocess.Popen[bytes]"] = {}  # of this process's runs, by flow run


def start(flow_run_id: str) -> None:
    """Watch a run of this process until the watchdog is dismissed or the process ends."""
    _watchdogs[flow_run_id] = subprocess.Popen(  # noqa: S603 — this very module
        [sys.executable, "-m", __name__, flow_run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the run
    )


def expect_stop(flow_run_id: str) -> None:
    """Tell the watchdog that the run is being stopped: however it ends now, it is cancelled."""
    if (watchdog := _watchdogs.get(flow_run_id)) and watchdog.stdin:
        with suppress(BrokenPipeError):  # somebody killed the watchdog
            os.write(watchdog.stdin.fileno(), STOPPING)


def dismiss(flow_run_id: str) -> None:
    """End the watchdog, as the row says how the run ended. A run without one is no error."""
    if watchdog := _watchdogs.pop(flow_run_id, None):
        watchdog.kill()
        watchdog.communicate()


def _wait_for_end(run_pid: int) -> bool:
    """Return once the process of the run is gone; say whether it was being stopped."""
    received = b""
    while True:
        timeout_s = STOP_WITHIN_S if STOPPING in received else None
        if select.select([sys.stdin], [], [], timeout_s)[0]:
            part = os.read(sys.stdin.fileno(), 64)
            if not part:
                return STOPPING in received
            received += part
        elif os.getppid() == run_pid:
            os.kill(run_pid, signal.SIGKILL)


def _write_end(flow_run_id: str, is_stopping: bool) -> None:
    from tasks.database.jobs_table import Jobs
    from tasks.errors import DatabaseError
    from tasks.jobs import STOPPED, Status
    from tasks.settings import Settings

    deadline = time.monotonic() + AWAIT_DATABASE_S
    while True:
        try:
            with Jobs.open(Settings()) as jobs:
                if is_stopping:
                    jobs.end(flow_run_id, Status.CANCELLED, STOPPED)
                elif job := jobs.of_run(flow_run_id):
                    jobs.end_lost(job)
                return
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


if __name__ == "__main__":
    _write_end(sys.argv[1], _wait_for_end(os.getppid()))
