"""The dashboard with jobs in every state, to look at while its page is worked on.

    python -m tests.support.showroom [--port 8001] [--still]

Nothing is collected: a ``History`` has the jobs go on by themselves, unless they are to stand
still. All of it lies in a folder that goes at the end.
"""

import argparse
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tasks.database.jobs_table import Jobs
from tasks.errors import ErrorCode
from tasks.jobs import STOPPED, Status
from tasks.settings import Settings
from tests.support.dashboards import Dashboard
from tests.support.history import History
from tests.support.surroundings import keep_out

BLOCKED = (
    "search.naver.com refuses this network for a while (its block page, status 403). Wait at least "
    "half an hour and search less often; nothing was clicked or worked around."
)


def fill(history: History) -> None:
    """Add jobs in every state."""
    for number, query in enumerate(("자동차", "나비", "사과", "기타", "시계", "집") * 2):
        history.collected(query, candidates=80 + 20 * (number % 6))
    large = history.begun("고양이")
    history.log(large, *(f"{number * 7} of 2000 candidates fetched." for number in range(300)))
    history.log(large, "1 batch came late; it was asked for again.", level="WARNING")
    history.done(large, candidates=2000)
    failed = history.begun("우산")
    history.log(failed, "Naver's page could not be read.", level="ERROR")
    history.change(failed, status="failed", count=0, error=BLOCKED, error_code=ErrorCode.BLOCKED)
    stopped = history.begun("나무")
    history.end(stopped, Status.CANCELLED, STOPPED)
    history.ask(history.begun("배"), 31, 22)
    history.add("감", "done", count=18, request=None, flow_run_id=None)  # of the original program
    history.begun("강아지")
    history.begun("새")
    history.planned("자전거")
    history.planned("물고기")


def play(history: History, turn: int) -> None:
    """Have the jobs that run go on, those that wait give a sign of life."""
    for job in history.all():
        if job.status is Status.RUNNING:
            done = 4 * turn % 193
            history.log(job.id, f"{done} of 192 candidates fetched.")
            stages = {"search": (192, 0), "download": (done, 192), "embed": (done // 2, done)}
            history.progress(job.id, **stages)
        elif job.status is Status.WAITING:
            history.wishes(job.id)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--still", action="store_true", help="nothing goes on by itself")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="showroom-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        keep_out(patch, Path(folder) / "data")
        patch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
        with Jobs.open(Settings()) as jobs, Dashboard(asked.port) as dashboard:
            history = History(jobs, Settings().data_dir)
            fill(history)
            sys.stderr.write(f"Look at {dashboard.url} until Ctrl-C.\n")
            turn = 0
            with suppress(KeyboardInterrupt):
                while True:
                    play(history, turn)
                    turn += not asked.still
                    time.sleep(1)


if __name__ == "__main__":
    main()
