"""Runs that workers take: two of one pool in checkouts of their own, and on clusters of their own.

All share the folder of the data, and all give what one worker alone gives.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tasks.jobs import Job, Status
from tests.conftest import TINY_CLIP
from tests.naver_replica.serving import Replica
from tests.support.site import POOL, ROOT, Site, processes_of, site
from tests.support.waiting import until

QUERIES = ("사과", "자동차")
WITHIN_S = 120.0
NOT_CODE = shutil.ignore_patterns(".*", "data", "__pycache__", "*.egg-info", "build")

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]  # programs start one after the other


@pytest.fixture(scope="module")
def here(postgres: str, replica: Replica) -> Iterator[Site]:
    """Run a site for all tests."""
    server = psycopg2.connect(postgres)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute("CREATE DATABASE two_workers")
    database = psycopg2.extensions.make_dsn(postgres, dbname="two_workers")
    with (
        tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True) as folder,
        site(Path(folder), database, replica.environment()) as running,
    ):
        yield running
    server.close()


@pytest.fixture(scope="module")
def alone(here: Site) -> dict[str, Job]:
    """Return what the site's own worker makes of each query."""
    return {query: ended(here, start(here, query)) for query in QUERIES}


def start(site: Site, query: str, **more: Any) -> str:
    """Start a run and return its hex id."""
    request = {"query": query, "limit": 40, "source": "naver-api", "model": str(TINY_CLIP)}
    with site.client() as client:
        deployment = client.read_deployment_by_name("collect/collect")
        return client.create_flow_run_from_deployment(
            deployment.id, parameters={"request": request | more}
        ).id.hex


def ended(site: Site, run_id: str) -> Job:
    """Return the job of a run once it is done."""

    def look() -> Job | None:
        with site.jobs() as jobs:
            job = jobs.of_run(run_id)
        return job if job and job.finished_at else None

    job = until(look, lambda: f"the end of {run_id}\n{site.last_words()}", WITHIN_S)
    assert (job.status, job.count) == (Status.DONE, 40), job.error
    return job


def decided(job: Job) -> tuple[list[dict[str, Any]], list[str]]:
    """Return every decision of a job, and the hashes of the files it chose."""
    folder = Path(job.out_dir)
    decisions = [json.loads(line) for line in (folder / "decisions.jsonl").read_text().splitlines()]
    for row in decisions:
        row["score"] = row["score"] and round(row["score"], 5)
    manifest = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    return decisions, [row["sha256"] for row in manifest]


@pytest.mark.parametrize("runner", ["dask", "ray"])
def test_a_run_of_a_worker_has_a_cluster_of_its_own(
    runner: str, here: Site, alone: dict[str, Job]
) -> None:
    job = ended(here, start(here, QUERIES[0], task_runner=runner))
    assert decided(job) == decided(alone[QUERIES[0]])


def test_runs_on_two_workers_are_those_of_one(here: Site, alone: dict[str, Job]) -> None:
    checkout = here.folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=NOT_CODE)
    here.processes[1].terminate()  # the worker that takes whatever comes
    here.processes[1].wait(30)
    for cwd in (ROOT, checkout):
        here.start("prefect", "worker", "start", "--pool", POOL, "--limit", "1",
                   cwd=cwd, PYTHONPATH=str(cwd))  # fmt: skip
    runs = {query: start(here, query) for query in QUERIES}
    folders: set[str] = set()

    def look() -> bool:
        with here.jobs() as jobs:
            running = [job for job in jobs.unfinished() if job.status is Status.RUNNING]
        folders.update(process.cwd() for job in running for process in processes_of(job)[:1])
        return len(folders) == 2

    until(look, "two checkouts at work", WITHIN_S)
    assert folders == {str(ROOT), str(checkout)}
    for query, run_id in runs.items():
        done = ended(here, run_id)
        assert Path(done.out_dir) == here.folder / "data" / "naver_collected" / run_id
        assert decided(done) == decided(alone[query])
