"""The list of jobs, one job, its log, and live events."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from dashboard import thumbnails
from dashboard.bodies import Done, JobInFull, JobInList, JobPage, Log
from dashboard.errors import ConflictError, InvalidError, NotFoundError, TooManyError, answers_of
from dashboard.services import Parts, Services
from flows.request import MAX_QUERY_LENGTH
from tasks.characters import has_refused, plain
from tasks.database import queries
from tasks.database.job_rows import Filter, Sort
from tasks.database.jobs_table import Jobs
from tasks.jobs import Job, Status
from words import Message

JobId = Annotated[str, Path(pattern="^[0-9a-f]{1,32}$", description="The job's id.")]
FLOW_OF_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
}

router = APIRouter(prefix="/api", tags=["jobs"], responses=answers_of())


def found(jobs: Jobs, job_id: str) -> Job:
    """Return a job; raises ``NotFoundError``."""
    job = jobs.get(job_id)
    if job is None:
        raise NotFoundError("no_job", job=job_id)
    return job


def job_of(services: Services, job_id: str) -> Job:
    """Return a job; raises ``NotFoundError``."""
    with services.database.jobs() as jobs:
        return found(jobs, job_id)


@router.get("/jobs")
def list_jobs(
    services: Parts,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 10,
    status: Annotated[str, Query(max_length=100, description="One or more, by commas.")] = "",
    query: Annotated[
        str, Query(max_length=MAX_QUERY_LENGTH, description="In the query or the id.")
    ] = "",
    sort: Sort = Sort.NEWEST,
) -> JobPage:
    """Return a page of the jobs, the newest first if nothing else is asked."""
    which = Filter(_statuses(status), _text(query))
    with services.database.jobs() as jobs:
        shown = jobs.page(which, sort, limit=per_page, offset=(page - 1) * per_page)
        total = jobs.count(which)
        places = queries.places_of(jobs, shown)
    rows = [JobInList.of(job, services.watch.current, places) for job in shown]
    return JobPage(jobs=rows, total=total, page=page, per_page=per_page)


@router.get("/jobs/{job_id}")
def get_job(services: Parts, job_id: JobId) -> JobInFull:
    """Return a job with its log."""
    with services.database.jobs() as jobs:
        job = found(jobs, job_id)
        places = queries.places_of(jobs, [job])
        log = jobs.log(job_id)
    full = JobInFull.of(job, services.watch.current, places)
    return full.model_copy(update={"log": log})


@router.get("/jobs/{job_id}/log")
def get_log(
    services: Parts,
    job_id: JobId,
    offset: Annotated[int, Query(ge=0, le=2**31 - 2)] = 0,
) -> Log:
    """Return a job's log from an offset on, in characters."""
    with services.database.jobs() as jobs:
        part = queries.log_part(jobs, job_id, offset)
    if part is None:
        raise NotFoundError("no_job", job=job_id)
    return Log(text=part.text, next_offset=part.next_offset, is_complete=part.is_complete)


@router.get("/jobs/{job_id}/log.txt", response_class=Response, responses=TEXT)
def download_log(services: Parts, job_id: JobId) -> PlainTextResponse:
    """Return a job's whole log as a file."""
    with services.database.jobs() as jobs:
        found(jobs, job_id)
        log = jobs.log(job_id)
    disposition = f'attachment; filename="{job_id}.log.txt"'
    return PlainTextResponse(log, headers={"Content-Disposition": disposition})


@router.delete("/jobs/{job_id}", responses=answers_of(409, 429))
def delete_job(services: Parts, job_id: JobId) -> Done:
    """Delete an ended job's row; its files stay."""
    with services.database.jobs() as jobs:
        job = found(jobs, job_id)
        deleted = queries.delete_ended(jobs, job_id)
    if not deleted:
        raise ConflictError("not_deletable", job=job_id, status=Message(f"state.{job.status}"))
    _forget(services, deleted)
    return Done(message=f"Job {job_id} was deleted from the history; its files stay.")


@router.post("/jobs/clear", responses=answers_of(413, 429))
def clear_jobs(services: Parts) -> Done:
    """Delete the rows of all ended jobs; their files stay."""
    with services.database.jobs() as jobs:
        deleted = queries.delete_ended(jobs)
    _forget(services, deleted)
    jobs_were = "job was" if len(deleted) == 1 else "jobs were"
    return Done(message=f"{len(deleted)} ended {jobs_were} deleted; their files stay.")


@router.get("/events", response_class=Response, responses=FLOW_OF_EVENTS, tags=["live"])
async def follow(
    services: Parts,
    log: Annotated[
        str | None,
        Query(pattern="^[0-9a-f]{1,32}$", description="A job whose log is followed."),
    ] = None,
    offset: Annotated[
        int | None,
        Query(ge=0, le=2**31 - 2, description="From where in that log; its end, if left out."),
    ] = None,
) -> StreamingResponse:
    """Stream changes of jobs as they happen (server-sent events)."""
    if services.events.is_full:
        raise TooManyError("too_many_streams")
    return StreamingResponse(
        services.events.stream(log, offset),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def _forget(services: Services, job_ids: list[str]) -> None:
    services.events.removed(job_ids)
    thumbnails.forget(services.settings.data_dir, job_ids)


def _statuses(text: str) -> tuple[Status, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        return tuple(Status(name) for name in names)
    except ValueError as error:
        raise InvalidError("unknown_status", known=", ".join(Status)) from error


def _text(query: str) -> str:
    text = query.strip()
    if has_refused(text):
        raise InvalidError("refused_in_query")
    return plain(text)
