"""A whole installation in miniature: Prefect's server, a worker, the reconciler, a database.

Everything runs in processes of its own, as ``make up`` runs it, in a folder that goes at the end.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psutil
import requests
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.database.jobs_table import Jobs
from tasks.jobs import Job
from tasks.settings import Settings
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
POOL = "cv-dataset-builder"
START_S = 90.0

Process = subprocess.Popen[str]


@dataclass(slots=True)
class Site:
    """A running installation. ``environment`` is what its processes see."""

    folder: Path
    api: str
    environment: dict[str, str]
    processes: list[Process] = field(default_factory=list)

    def start(self, *command: str, cwd: Path = ROOT, **environment: str) -> Process:
        """Start a program of the site, its output in a file of the folder."""
        with (self.folder / f"{len(self.processes):02d}.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=cwd, env=self.environment | environment, text=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def do(self, *command: str) -> str:
        """Run a program of the site to its end, which has to be a good one; return what it says."""
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=False, text=True, timeout=START_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    @contextmanager
    def client(self) -> Iterator[SyncPrefectClient]:
        """Open a client of the site's server."""
        with (
            temporary_settings({PREFECT_API_URL: self.api}),
            get_client(sync_client=True) as client,
        ):
            yield client

    @contextmanager
    def jobs(self) -> Iterator[Jobs]:
        """Open the site's table."""
        address = self.environment["DATABASE_URL"]
        with Jobs.open(Settings(_env_file=None, database_url=address)) as jobs:
            yield jobs

    def await_job(self, query: str, wanted: Callable[[Job], bool], seconds: float) -> Job:
        """Return the newest job of a query as soon as it is as wanted."""
        seen: list[Job] = []

        def look() -> Job | None:
            with self.jobs() as jobs:
                seen[:] = [job for job in jobs.newest(limit=500) if job.query == query][:1]
            return seen[0] if seen and wanted(seen[0]) else None

        def what() -> str:
            return f"{query}; the row is {seen}\n{self.last_words()}"

        return until(look, what, seconds)

    def last_words(self) -> str:
        """Return the end of what each program wrote."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text()[-800:]}" for log in sorted(self.folder.glob("*.log"))
        )


def processes_of(job: Job) -> list[psutil.Process]:
    """Return the living processes of a job's run: the run's own, and its watchdog."""
    found = []
    for watchdog in psutil.process_iter(["cmdline"]):
        if watchdog.info["cmdline"] and watchdog.info["cmdline"][1:4] == [
            "-m", "tasks.upkeep.watchdog", job.flow_run_id,
        ]:  # fmt: skip
            with suppress(psutil.NoSuchProcess):
                parent = watchdog.parent()
                found += [parent, watchdog] if parent else [watchdog]
    return found


@contextmanager
def site(folder: Path, database: str, environment: Mapping[str, str]) -> Iterator[Site]:
    """Run a whole installation while the context lasts."""
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "PG"))}
    running = Site(
        folder,
        f"http://127.0.0.1:{port}/api",
        inherited
        | environment
        | {
            "DATABASE_URL": database,
            "DATA_DIR": str(folder / "data"),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_API_PORT": str(free_port()),  # where nothing runs
            "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "2",
            "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "1",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        },
    )
    try:
        running.start(sys.executable, "flows/prefect_server.py", PREFECT_SERVER_API_PORT=str(port))
        until(
            lambda: requests.get(f"{running.api}/health", timeout=2).ok,
            "Prefect's server",
            START_S,
            retried=(requests.RequestException,),
        )
        running.do("prefect", "--no-prompt", "work-pool", "create", POOL, "--type", "process",
                   "--base-job-template", "deployments/pools/process.json")  # fmt: skip
        running.do("prefect", "--no-prompt", "deploy", "--all")
        running.start("prefect", "worker", "start", "--pool", POOL)
        running.start(sys.executable, "flows/reconcile.py")
        yield running
    finally:
        for process in reversed(running.processes):
            process.terminate()
        for process in running.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def uuid(job: Job) -> UUID:
    """Return the id of a job's flow run as Prefect writes it."""
    return UUID(job.flow_run_id)
