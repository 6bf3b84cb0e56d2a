"""Starting, cancelling and resuming runs."""

from typing import Any

from fastapi import APIRouter

from dashboard.asked import Answer, Options, RunBody, RunManyBody
from dashboard.bodies import Done, Resumed, Started, StartedMany
from dashboard.errors import ConflictError, InvalidError, answers_of
from dashboard.folders import input_path, model_name, parent_folder
from dashboard.routes.jobs import JobId, found, job_of
from dashboard.services import Parts, Services
from words import Message

router = APIRouter(prefix="/api", tags=["runs"], responses=answers_of(409, 413, 429))


@router.post("/run")
def run(services: Parts, body: RunBody) -> Started:
    """Start a run."""
    (job_id,) = _plan(services, body, [body.query])
    return Started(job_id=job_id)


@router.post("/run/many")
def run_many(services: Parts, body: RunManyBody) -> StartedMany:
    """Start a run for each query; none, if one of them cannot be used."""
    return StartedMany(job_ids=_plan(services, body, body.queries))


@router.post("/jobs/{job_id}/cancel")
def cancel(services: Parts, job_id: JobId) -> Done:
    """Have a run end; what it has finished is kept, and it can be resumed."""
    services.runs.cancel(job_of(services, job_id))
    return Done(message=f"Job {job_id} is being cancelled; what it has finished is kept.")


@router.post("/jobs/{job_id}/resume")
def resume(services: Parts, job_id: JobId) -> Resumed:
    """Have a failed or cancelled job go on where it stopped."""
    services.runs.resume(job_of(services, job_id))
    return Resumed(job_id=job_id)


@router.post("/jobs/{job_id}/answer")
def answer(services: Parts, job_id: JobId, body: Answer) -> Done:
    """Say which group is the subject, where a run waits for it, or 0 that it is none of them."""
    with services.database.jobs() as jobs:
        job = found(jobs, job_id)
        if not jobs.answer(job_id, body.group):
            raise ConflictError(
                "not_waiting",
                job=job_id,
                status=Message(f"state.{job.status}"),
            )
    which = f"Group {body.group}" if body.group else "No group"
    return Done(message=f"{which} is the subject: job {job_id} goes on with that.")


def _plan(services: Services, options: Options, queries: list[str]) -> list[str]:
    data_dir = services.settings.data_dir
    others: dict[str, Any] = dict(options.others)
    if others.pop("job_id", None) is not None:
        raise InvalidError("job_id_given")
    if others.get("input") is not None:
        others["input"] = str(input_path(others["input"], data_dir))
    model = others.get("model")
    if isinstance(model, str) and model:  # an empty one would be a folder: the request refuses it
        others["model"] = model_name(model, data_dir)
    parent = parent_folder(options.out_dir, data_dir)
    requests = [{**others, "query": query, "limit": options.limit} for query in queries]
    return services.runs.plan(parent, requests)
