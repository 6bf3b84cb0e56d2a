"""A small process beside each run, which says in its row that it died when it cannot say so itself.

It does nothing but wait for a pipe to close, which happens however the run's process ends, SIGKILL
and lack of memory included. If the row then still says that the run goes on, it is ended.

Threads cannot be stopped from outside. So a run that is told to stop, and does not within seconds,
is killed by its guard: everything it keeps was written whole, and its browser ends with it.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

# Nothing else is imported before the pipe closes: most guards never need more.

PATIENCE_S = 60.0  # how long a database that is away is waited for
STOP_WITHIN_S = 4.0
STOPPING = b"stopping\n"

_posted: dict[str, "subprocess.Popen[bytes]"] = {}


def post(flow_run_id: str) -> None:
    """Have a guard for a run of this process, until it is dismissed or the process ends."""
    _posted[flow_run_id] = subprocess.Popen(  # noqa: S603 — this very module
        [sys.executable, "-m", __name__, flow_run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the run
    )


def expect_stop(flow_run_id: str) -> None:
    """Tell the guard that the run is being stopped: however it ends then, it is cancelled."""
    if (guard := _posted.get(flow_run_id)) and guard.stdin:
        with suppress(BrokenPipeError):  # somebody killed the guard
            os.write(guard.stdin.fileno(), STOPPING)


def dismiss(flow_run_id: str) -> None:
    """Send the guard away: the row says how the run ended. No guard is no error."""
    if guard := _posted.pop(flow_run_id, None):
        guard.kill()
        guard.communicate()


def _wait_for_end(run_pid: int) -> bool:
    """Return once the process of the run is gone; say whether it was being stopped."""
    said = b""
    while True:
        patience = STOP_WITHIN_S if STOPPING in said else None
        if select.select([sys.stdin], [], [], patience)[0]:
            part = os.read(sys.stdin.fileno(), 64)
            if not part:
                return STOPPING in said
            said += part
        elif os.getppid() == run_pid:
            os.kill(run_pid, signal.SIGKILL)


def _end(flow_run_id: str, is_stopping: bool) -> None:
    from tasks.database.jobs_table import Jobs
    from tasks.errors import DatabaseError
    from tasks.jobs import STOPPED, Status
    from tasks.settings import Settings

    deadline = time.monotonic() + PATIENCE_S
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
    _end(sys.argv[1], _wait_for_end(os.getppid()))
