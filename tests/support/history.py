"""Rows of the ``jobs`` table in every state, made and changed as runs make and change them.

history = History(jobs, data_dir)
job = history.begun("고양이")
history.progress(job, download=(12, 64))
history.done(job, candidates=100)
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from psycopg2.extras import Json

from flows.request import CollectRequest
from tasks.database import job_queue
from tasks.database.jobs_table import Jobs
from tasks.errors import ErrorCode
from tasks.jobs import Cause, Job, Status, Wishes
from tasks.workspace import WORK, Workspace
from tests.support.datasets import DRAWN, image, shares, write
from words import verbatim

DATASETS = "naver_collected"
RUN = "a" * 32
BROKE = Cause(ErrorCode.BROWSER, verbatim("It broke."))


def begun(jobs: Jobs, job_id: str = RUN, flow_run_id: str = "", **request: Any) -> Job:
    """Make the row of a job that is running; its run's id is its own, where none is given."""
    asked: Mapping[str, Any] = {"query": "고양이", "limit": 50, **request}
    jobs.begin(
        job_id=job_id,
        flow_run_id=flow_run_id or job_id,
        request=asked,
        out_dir=str(asked.get("out_dir", "")),
        since=datetime.now(UTC),
    )
    job = jobs.get(job_id)
    assert job
    return job


def ended(jobs: Jobs, job_id: str, status: Status = Status.DONE, **request: Any) -> Job:
    """Make the row of a job that ended."""
    begun(jobs, job_id, **request)
    jobs.end(job_id, status, None if status is Status.DONE else BROKE)
    job = jobs.get(job_id)
    assert job
    return job


def only(jobs: Jobs) -> Job:
    """Return the one job that there is."""
    (job,) = jobs.newest(limit=10)
    return job


class History:
    """The rows; each method but ``add`` and ``change`` is something that a run does."""

    def __init__(self, jobs: Jobs, data_dir: Path) -> None:
        self.jobs = jobs
        self.data_dir = data_dir
        # Datasets, of which each job has its own by links.
        self._templates: dict[tuple[str, int, str], tuple[Path, dict[str, Any]]] = {}

    def all(self) -> list[Job]:
        """Return the newest jobs first."""
        return self.jobs.newest(limit=100)

    def __getitem__(self, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        assert job, f"there is no job {job_id}"
        return job

    def planned(self, query: str, limit: int = 50) -> str:
        """Plan a job, as the dashboard does; return its id."""
        job_id = uuid4().hex
        job_queue.plan(self.jobs, job_id, self._request(job_id, query, limit))
        return job_id

    def begun(self, query: str, limit: int = 50) -> str:
        """Begin a job, newest of all; return its id."""
        job_id = uuid4().hex
        self._begin(job_id, self._request(job_id, query, limit))
        return job_id

    def begin(self, job_id: str) -> None:
        """Begin a job that is planned."""
        self._begin(job_id, self[job_id].request or {})

    def progress(self, job_id: str, **stages: tuple[int, int]) -> None:
        """Say how far stages are: name=(done, expected)."""
        told = {name: {"done": d, "expected": e} for name, (d, e) in stages.items()}
        self.jobs.beat(self._run(job_id), progress=told)

    def log(self, job_id: str, *messages: str, level: str = "INFO") -> None:
        """Add lines to a job's log."""
        lines = (f"2026-11-22 13:35:{at % 60:02} {level:7} {m}\n" for at, m in enumerate(messages))
        self.jobs.beat(self._run(job_id), lines="".join(lines))

    def wishes(self, job_id: str) -> Wishes:
        """Give a sign of life, and hear what others want of the run."""
        return self.jobs.beat(self._run(job_id))

    def ask(self, job_id: str, *sizes: int) -> None:
        """Wait for a person's answer to which of groups of these sizes is the subject."""
        job = self[job_id]
        workspace = Workspace(Path(job.out_dir) / WORK)
        images = [
            workspace.save_image(made, made)
            for made in (image(job.query, seed) for seed in range(DRAWN))
        ]
        groups = [
            {"number": number, "size": size, "images": images}
            for number, size in enumerate(sizes, start=1)
        ]
        until = datetime.now(UTC) + timedelta(hours=1)
        self.jobs.ask(self._run(job_id), {"until": until.isoformat(), "groups": groups})

    def go_on(self, job_id: str) -> None:
        """Go on with the answer."""
        self.jobs.ask(self._run(job_id), None)

    def choose(
        self, job_id: str, waterfall: Mapping[str, Any], choice: Mapping[str, Any] | None = None
    ) -> None:
        """Choose the subject."""
        self.jobs.set_waterfall(self._run(job_id), waterfall, choice)

    def collected(self, query: str, candidates: int) -> str:
        """Begin a job and end it well."""
        job_id = self.begun(query)
        self.done(job_id, candidates)
        return job_id

    def done(
        self,
        job_id: str,
        candidates: int,
        title: str = "",
        choice: Mapping[str, Any] | None = None,
    ) -> None:
        """End a job well, with a dataset of the usual yield of so many candidates.

        Each of them has the title, or else one of its own.
        """
        job = self[job_id]
        template, waterfall = self._template(job.query, candidates, title)
        self.log(job_id, f"{waterfall['chosen']} images saved in 12 s.")
        shutil.copytree(template, job.out_dir, copy_function=os.link, dirs_exist_ok=True)
        self.choose(job_id, waterfall, choice)
        self.end(job_id)

    def end(self, job_id: str, status: Status = Status.DONE, cause: Cause | None = None) -> None:
        """End a job."""
        self.jobs.end(self._run(job_id), status, cause)

    def add(self, query: str, status: str, **columns: Any) -> str:
        """Insert a plain row of a job that could be resumed; return its id."""
        job_id = uuid4().hex
        request = self._request(job_id, query, 50)
        values = {
            "id": job_id, "query": query, "request_limit": 50, "status": status, "log": "",
            "request": Json(request), "out_dir": request["out_dir"], "flow_run_id": job_id,
            "state_at": datetime.now(UTC), "heartbeat_at": datetime.now(UTC),
        } | columns  # fmt: skip
        with self.jobs.transaction() as cursor:
            cursor.execute(
                f"INSERT INTO jobs ({', '.join(values)}) "  # noqa: S608 — the columns above
                f"VALUES ({', '.join(['%s'] * len(values))})",
                tuple(values.values()),
            )
        return job_id

    def change(self, job_id: str, **columns: Any) -> None:
        """Write columns of a row as they may stand there, in whatever version wrote them."""
        with self.jobs.transaction() as cursor:
            cursor.execute(
                f"UPDATE jobs SET {', '.join(f'{name} = %s' for name in columns)} "  # noqa: S608 — ours
                "WHERE id = %s",
                (*columns.values(), job_id),
            )

    def clear(self) -> None:
        """Leave no row."""
        with self.jobs.transaction() as cursor:
            cursor.execute("DELETE FROM jobs")

    def _request(self, job_id: str, query: str, limit: int) -> dict[str, Any]:
        asked = CollectRequest(query=query, limit=limit, out_dir=self.data_dir / DATASETS / job_id)
        return asked.model_dump(mode="json", exclude={"job_id"})

    def _begin(self, job_id: str, request: Mapping[str, Any]) -> None:
        self.jobs.begin(
            job_id=job_id,
            flow_run_id=uuid4().hex,
            request=request,
            out_dir=request["out_dir"],
            since=datetime.now(UTC),
        )

    def _run(self, job_id: str) -> str:
        return self[job_id].flow_run_id or ""

    def _template(self, query: str, candidates: int, title: str) -> tuple[Path, dict[str, Any]]:
        """Write a dataset, if it was not yet; return its folder and its counts."""
        key = (query, candidates, title)
        if key not in self._templates:
            folder = self.data_dir / ".templates" / str(len(self._templates))
            decided = write(folder, query, shares(candidates), title)
            self._templates[key] = folder, asdict(decided.waterfall())
        return self._templates[key]
