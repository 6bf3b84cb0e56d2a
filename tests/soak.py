"""Many runs, a third of them killed or cancelled at random: every row has to be true at the end.

    python -m tests.soak [--runs 50] [--seed 0]

Runs start through a worker and as scripts, two at a time, on a whole installation with the replica
of Naver. At the end each row says what became of its run, each ``done`` has its whole dataset, no
process of a run is left, its browser included, and the memory of the server, the worker and the
reconciler is given after each ten runs. The last line is one JSON object.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import psutil

from tasks.database.postgres import connect
from tasks.jobs import ENDED, Job, Status
from tasks.settings import Settings
from tests.naver_replica.serving import serve
from tests.support.leftovers import processes
from tests.support.site import Site, processes_of, site
from tests.support.starts import (
    by_script,
    by_worker,
    cancel_by_command,
    cancel_in_prefect,
    quick,
    send,
)
from tests.support.waiting import until

AT_ONCE = 2
SUBJECTS = ["사과", "자동차", "house", "고양이", "기타", "나무"]
ACTS = {
    "SIGKILL": (send(signal.SIGKILL), Status.FAILED),
    "SIGTERM": (send(signal.SIGTERM), Status.CANCELLED),
    "cancelled in Prefect": (cancel_in_prefect, Status.CANCELLED),
    "cancel.py": (cancel_by_command, Status.CANCELLED),
}


def one_run(here: Site, number: int, chance: random.Random) -> tuple[str, str, Status | None]:
    """Start a run and perhaps stop it; return its query, what was done, and how it has to end."""
    query = f"{chance.choice(SUBJECTS)} {100 + number}"
    start = chance.choice([by_script, by_worker])
    start(here, quick(query) | {"limit": 50})
    if chance.random() >= 1 / 3:
        return query, "left alone", Status.DONE
    name = chance.choice(list(ACTS))
    act, expected = ACTS[name]
    here.await_job(query, lambda job: job.status is not Status.SCHEDULED, 120)
    time.sleep(chance.uniform(0, 6))
    job = here.await_job(query, lambda _: True, 1)
    try:
        act(here, job)
    except (IndexError, AssertionError, psutil.NoSuchProcess):  # it had ended by itself before
        return query, "too late", None
    return query, name, expected


def memory(here: Site) -> dict[str, float]:
    """Return the resident memory, in MB, of each program that lasts."""
    names = ("server", "worker", "reconciler")
    return {
        name: round(psutil.Process(process.pid).memory_info().rss / 1e6, 1)
        for name, process in zip(names, here.processes, strict=False)
    }


def check(here: Site, job: Job, expected: Status | None) -> str:
    """Return what is wrong with a job's row or folder; empty where nothing is."""
    manifest = Path(job.out_dir) / "manifest.jsonl"
    if job.status is Status.DONE:
        images = len(list(Path(job.out_dir).glob("img_*.jpg")))
        rows = len(manifest.read_text().splitlines()) if manifest.exists() else 0
        if not job.count == images == rows:
            return f"{job.count} images by the row, {images} files, {rows} in the manifest"
    elif manifest.exists():
        return f"a finished dataset, but the row says {job.status}"
    if processes_of(job):
        return "a process of it is left"
    if expected and job.status not in (expected, Status.DONE):  # it may have been quicker
        reasons = (job.waterfall or {}).get("reasons")
        return f"{job.status} instead of {expected}: {job.error} {reasons}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311 — nothing secret
    with (
        tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder,
        serve() as replica,
    ):
        database = connect(Settings(_env_file=None, data_dir=Path(folder) / "db"))
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        environment = replica.environment() | {"TMPDIR": str(temporary)}
        with site(Path(folder), database.dsn, environment) as here:
            runs = []
            held: defaultdict[str, list[float]] = defaultdict(list)
            for number in range(asked.runs):
                runs.append(one_run(here, number, chance))
                until(lambda: len(runs) - _ended(here) < AT_ONCE, "a free place", 180)
                sys.stderr.write(f"{number + 1:3} of {asked.runs}: {runs[-1][0]}, {runs[-1][1]}\n")
                if number % 10 == 9:
                    for name, megabytes in memory(here).items():
                        held[name].append(megabytes)
            until(lambda: _ended(here) == asked.runs, "the end of all runs", 180)
            time.sleep(5)
            with here.jobs() as jobs:
                rows = {job.query: job for job in jobs.newest(limit=10 * asked.runs)}
            wrong = {
                query: problem
                for query, _, expected in runs
                if (problem := check(here, rows[query], expected))
            }
        orphans = processes(temporary)
        database.close()
    result = {
        "runs": asked.runs,
        "rows": dict(Counter(str(job.status) for job in rows.values())),
        "acts": dict(Counter(act for _, act, _ in runs)),
        "wrong": wrong,
        "orphans": orphans,
        "memory_mb_after_each_10": held,
    }
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    return 1 if wrong or orphans or len(rows) != asked.runs else 0


def _ended(here: Site) -> int:
    with here.jobs() as jobs:
        return sum(job.status in ENDED for job in jobs.newest(limit=500))


if __name__ == "__main__":
    sys.exit(main())
