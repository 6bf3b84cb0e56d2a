"""Going on with a job: its record follows its runs, not the words of the next command."""

from pathlib import Path
from typing import Any

from flows.request import CollectRequest
from tasks.errors import BadRequestError
from tasks.jobs import Job
from tasks.measures import MEASURES

# What the candidates of a job are found and judged by: the same throughout.
_FIXED = (
    "query", "source", "input", "skip_bad", "size", "colour", "licence", "period", "sort",
    "section", *(measure.option for measure in MEASURES),
)  # fmt: skip
_GROWING = ("limit", "max_candidates")
_OF_THE_RUN = ("lang", "device", "task_runner", "job_id", "out_dir")  # and not of its result


def begun_with(job: Job) -> dict[str, Any]:
    """Return what was asked of a job that is to be resumed; raises ``BadRequestError``."""
    if job.request is None:
        raise BadRequestError("job_of_earlier_program", job=job.id)
    return job.request


def refuse_another(job: Job, request: CollectRequest, *, is_complete: bool) -> None:
    """Raise ``BadRequestError`` where a job is asked for what it cannot become.

    That is other candidates, fewer of them, another folder, and once its dataset ``is_complete``,
    any other dataset.
    """
    was = {name: field.default for name, field in CollectRequest.model_fields.items()}
    was |= begun_with(job)
    now = request.model_dump(mode="json")
    for name in _FIXED:
        if now[name] != was[name]:
            raise _another("begun_with_another", job, name, was[name], now[name])
    if request.out_dir and request.out_dir != Path(job.out_dir).absolute():
        raise _another("begun_with_another", job, "out_dir", job.out_dir, now["out_dir"])
    for name in _GROWING:
        if now[name] < was[name]:
            raise _another("begun_with_more", job, name, was[name], now[name])
    for name in now.keys() - _OF_THE_RUN if is_complete else ():
        if now[name] != was[name]:
            raise _another("is_complete", job, name, was[name], now[name])


def _another(sentence: str, job: Job, option: str, earlier: object, now: object) -> BadRequestError:
    return BadRequestError(
        sentence,
        job=job.id,
        option=f"--{option.replace('_', '-')}" if option != "query" else option,
        earlier=str(earlier),
        now=str(now),
    )
