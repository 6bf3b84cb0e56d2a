"""Starting, resuming and cancelling runs.

A request only plans the job, as a row; a thread starts what is planned, through Prefect where a
worker is online, else as a child process. So a run is neither lost nor started twice, whatever
happens to the dashboard or to Prefect in between.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from prefect.exceptions import ObjectNotFound, PrefectException, PrefectHTTPStatusError
from pydantic import ValidationError

from dashboard import launcher
from dashboard.children import Children
from dashboard.database import Database
from dashboard.errors import ConflictError, InvalidError, error_of
from dashboard.launcher import Launcher, LauncherWatch
from flows.cancelling import cancel
from flows.reconciler import Reconciler
from flows.request import CollectRequest
from tasks.database import job_queue
from tasks.database.job_queue import Planned
from tasks.database.jobs_table import Jobs
from tasks.errors import DatabaseError, ErrorCode
from tasks.jobs import BEGUN, STOPPED, Cause, Job, Status
from tasks.settings import Settings
from words import Message

TURN_EVERY_S = 1.0
END_WITHIN_S = 3.0
FIRST_ANSWER_S = 15.0  # how long the first start waits to hear of Prefect

log = logging.getLogger(__name__)


def checked(request: Mapping[str, Any]) -> CollectRequest:
    """Return a request as a run will take it; raises ``InvalidError``."""
    try:
        return CollectRequest.model_validate(request)
    except ValidationError as error:
        raise error_of(error.errors(include_url=False)) from error


class Runs:
    """What is started here, and the thread that starts it."""

    def __init__(self, settings: Settings, database: Database, watch: LauncherWatch) -> None:
        self._settings = settings
        self._database = database
        self._watch = watch
        self._children = Children()
        self._reconciler = Reconciler(settings)
        self._is_due = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._start_often, name="runs", daemon=True)

    def begin(self) -> None:
        """Begin to start what is planned."""
        self._thread.start()

    def close(self) -> None:
        """Stop starting; what runs goes on."""
        self._closing.set()
        self._is_due.set()
        self._thread.join(END_WITHIN_S)  # it may be waiting for a slow Prefect
        self._children.release()

    def plan(self, parent: Path, requests: Sequence[Mapping[str, Any]]) -> list[str]:
        """Plan a job for each request, its dataset in a folder of its own below ``parent``.

        Returns their ids. Raises ``InvalidError``, and then plans none.
        """
        jobs_by_id: dict[str, dict[str, Any]] = {}
        for request in requests:
            job_id = uuid4().hex
            asked = checked({**request, "out_dir": parent / job_id})
            jobs_by_id[job_id] = asked.model_dump(mode="json", exclude={"job_id"})
        with self._database.jobs() as jobs:
            for job_id, asked_of_it in jobs_by_id.items():
                job_queue.plan(jobs, job_id, asked_of_it)
        self._is_due.set()
        return list(jobs_by_id)

    def resume(self, job: Job) -> None:
        """Have an ended job go on where it stopped; raises ``ConflictError``."""
        if not job.has_ended:
            raise ConflictError(
                "has_not_ended",
                job=job.id,
                status=Message(f"state.{job.status}"),
            )
        if job.status is Status.DONE:
            raise ConflictError("is_done", job=job.id)
        if job.request is None:
            raise ConflictError("job_of_earlier_program", job=job.id)
        try:
            checked(job.request)
        except InvalidError as error:
            raise ConflictError("not_resumable", job=job.id, why=error.message) from error
        with self._database.jobs() as jobs:
            if not job_queue.plan_again(jobs, job.id):
                raise ConflictError("resumed_already", job=job.id)
        self._is_due.set()

    def cancel(self, job: Job) -> None:
        """Have a job end that has not; raises ``ConflictError``."""
        if job.has_ended:
            raise ConflictError(
                "job_has_ended",
                job=job.id,
                status=Message(f"state.{job.status}"),
            )
        with self._database.jobs() as jobs:
            if job_queue.cancel(jobs, job.id):
                return
            if job.flow_run_id is None:
                jobs.request_cancel(job.id)  # its run will see it as soon as it begins
                self._children.stop(job.id)
                return
            is_alive = jobs.is_alive(job.id)
        self._stop(job)
        if job.status in BEGUN and not is_alive:  # nobody is left who would end it
            with self._database.jobs() as jobs:
                jobs.end(job.flow_run_id, Status.CANCELLED, STOPPED)

    def _stop(self, job: Job) -> None:
        try:
            cancel(job, self._settings, self._watch.current.api)
        except (httpx.HTTPError, PrefectException) as error:  # the row says it too
            log.warning("Prefect was not told to cancel job %s: %s", job.id, error)

    def _start_often(self) -> None:
        self._watch.wait(FIRST_ANSWER_S)
        last_problem = ""
        while not self._closing.is_set():
            try:
                with self._database.jobs() as jobs:
                    self._turn(jobs)
                last_problem = ""
            except DatabaseError as error:
                self._reconciler = Reconciler(self._settings)  # nobody could say that it lives
                if last_problem != (last_problem := str(error)):  # said once, not at each turn
                    log.warning("%s", error)
            except Exception:  # one failed turn must not end the thread that starts all runs
                log.exception("A turn of starting runs failed; the next one tries again.")
            self._is_due.wait(TURN_EVERY_S)
            self._is_due.clear()

    def _turn(self, jobs: Jobs) -> None:
        for ended, said in self._children.reap():
            # Does nothing where its run began: it said the end.
            job_queue.end(jobs, ended, Cause(ErrorCode.NOT_STARTED, said))
        job_queue.keep(jobs, self._children.jobs())
        self._reconciler.end_lost(jobs)  # all of its turn that needs no server of Prefect's
        while not self._closing.is_set():
            current = self._watch.current
            by_prefect = current.kind == "prefect"
            at_once = None if by_prefect else self._settings.dashboard_runs_at_once
            # A job that goes on before its last process has ended waits for that.
            still_there = [child.id for child in self._children.jobs()]
            job = job_queue.claim(jobs, at_once=at_once, but_not=still_there)
            if job is None:
                return
            if not by_prefect:
                log.info("Job %s starts as a process.", job.id)
                self._children.start(job)
            elif not self._send(jobs, current, job):
                return

    def _send(self, jobs: Jobs, current: Launcher, job: Planned) -> bool:
        """Give a job to Prefect; returns False where it cannot take any now."""
        try:
            run = launcher.send(current, job)
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in (409, 422):
                return self._wait(jobs, job, error)
            refused = Message("error.run_refused", {"why": error.response.text[:300]})
            job_queue.end(jobs, job, Cause(ErrorCode.NOT_STARTED, refused))
            return True
        except (httpx.HTTPError, PrefectException, ObjectNotFound) as error:
            return self._wait(jobs, job, error)
        assert run.state  # noqa: S101 — a run that was made has one
        is_unwanted = job_queue.hand_over(jobs, job.id, run.id.hex, run.state.timestamp)
        if is_unwanted and (now := jobs.get(job.id)):
            self._stop(now)
        log.info("Job %s waits for a worker as run %s.", job.id, run.id)
        return True

    def _wait(self, jobs: Jobs, job: Planned, error: Exception) -> bool:
        log.warning("Job %s goes on waiting: %s", job.id, error)
        job_queue.put_back(jobs, job.id)
        return False
