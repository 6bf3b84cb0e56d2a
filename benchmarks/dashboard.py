"""The dashboard's list of jobs under load, against the way of the program this one succeeds.

    python benchmarks/dashboard.py [--repeats 3] [--jobs 10000] [--clients 50] [--seconds 10]

Both answer ``GET /api/jobs`` with the same rows, from a server process of their own, over real
connections. The peer works as the earlier program did: it holds all jobs in memory and sorts them
at each request. Ours asks Postgres each time, so that what it shows is true, and checks each
request's origin. ``errors`` counts answers of 500 and above, ``p99_ms`` is ours.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from flows.request import CollectRequest
from tasks.database.jobs_table import Jobs
from tasks.settings import Settings

PATH = "/api/jobs?page=1&per_page=50"
START_WITHIN_S = 60.0


def fill(count: int) -> None:
    """Make so many jobs that are done, each with its request, counts and a log of 4 kB."""
    request = CollectRequest(query="고양이").model_dump(mode="json")
    with Jobs.open(Settings()) as jobs, jobs.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO jobs (id, flow_run_id, query, request_limit, request, out_dir, status,
                              count, log, started_at, finished_at, state_at, heartbeat_at,
                              progress, waterfall)
            SELECT lpad(to_hex(n), 32, '0'), lpad(to_hex(n), 32, '0'), '고양이 ' || n, 50, %s,
                   '/data/' || n, 'done', 50, repeat(md5(n::text), 128),
                   now() - n * interval '1 minute', now(), now(), now(),
                   '{"search": {"done": 100, "expected": 0}}',
                   '{"found": 100, "chosen": 50, "reasons": {"noise": 30, "blurred": 20}}'
            FROM generate_series(1, %s) AS n
            """,
            (json.dumps(request), count),
        )
    connection = Jobs.open(Settings()).connection
    connection.autocommit = True
    connection.cursor().execute("VACUUM ANALYZE jobs")
    connection.close()


def earlier_app() -> FastAPI:
    """Return the peer: everything in memory, sorted at each request."""
    app = FastAPI()
    with Jobs.open(Settings()) as opened:
        found = opened.newest(limit=1_000_000)
    jobs = {job.id: {name: getattr(job, name) for name in job.__slots__} for job in found}
    for job in jobs.values():
        job["started_at"] = job["started_at"].isoformat()  # as text, as it held them

    @app.get("/api/jobs")
    def list_jobs(page: int = 1, per_page: int = 10) -> dict[str, object]:
        ordered = sorted(jobs.values(), key=lambda job: job["started_at"], reverse=True)
        shown = ordered[(page - 1) * per_page : page * per_page]
        return {"jobs": shown, "total": len(jobs), "page": page, "per_page": per_page}

    return app


@contextmanager
def serving(app: str, *flags: str) -> Iterator[int]:
    """Run an application in a process of its own; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", app, *flags, "--port", str(port),
         "--log-level", "error", "--no-access-log"],
        cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@dataclass(slots=True)
class Load:
    """What the clients saw."""

    seconds: float
    taken_s: list[float]
    errors: int = 0

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.taken_s) / self.seconds


async def load(port: int, clients: int, seconds: float) -> Load:
    """Have so many clients ask one after the other, each over a connection of its own."""
    seen = Load(seconds, [])
    over = time.perf_counter() + seconds
    question = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (began := time.perf_counter()) < over:
            writer.write(question)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            seen.taken_s.append(time.perf_counter() - began)
            seen.errors += head.split()[1] >= b"500"
        writer.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    seen: dict[str, list[Load]] = {"ours": [], "the earlier way": []}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ |= {"DATA_DIR": folder, "DASHBOARD_RUNS_AT_ONCE": "0"}
        keep = Jobs.open(Settings())  # the database ends with its last user
        fill(arguments.jobs)
        with (
            serving("dashboard.app:app") as ours,
            serving("benchmarks.dashboard:earlier_app", "--factory") as peer,
        ):
            ways: dict[str, int] = {"ours": ours, "the earlier way": peer}
            for repeat in range(arguments.repeats + 1):  # the first warms up and is not counted
                for name, port in ways.items():
                    seconds = arguments.seconds if repeat else 1.0
                    one = asyncio.run(load(port, arguments.clients, seconds))
                    if repeat:
                        seen[name].append(one)
        keep.close()
    table = Table("way", "requests/s: median", "least", "most", "p50 ms", "p99 ms", "errors")
    taken = {name: sorted(t for one in many for t in one.taken_s) for name, many in seen.items()}
    rates = {name: [one.per_second for one in many] for name, many in seen.items()}
    errors = {name: sum(one.errors for one in many) for name, many in seen.items()}

    def at(name: str, share: float) -> float:
        return 1000 * taken[name][int(share * (len(taken[name]) - 1))]

    for name, rate in rates.items():
        figures = (statistics.median(rate), min(rate), max(rate), at(name, 0.5), at(name, 0.99))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures), str(errors[name]))
    Console().print(table)
    median = {name: statistics.median(rate) for name, rate in rates.items()}
    result = {
        "stage": "dashboard",
        "ours": round(median["ours"], 1),
        "peer": round(median["the earlier way"], 1),
        "unit": "requests/s",
        "ratio": round(median["ours"] / median["the earlier way"], 3),
        "p99_ms": round(at("ours", 0.99), 1),
        "errors": errors["ours"],
        "clients": arguments.clients,
        "jobs": arguments.jobs,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
