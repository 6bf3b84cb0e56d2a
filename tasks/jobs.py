"""Jobs: their states, their rows, and the causes of their ends; no table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tasks.errors import CollectError, ErrorCode


class Status(StrEnum):
    """What a job is doing: ``scheduled`` has no process yet, ``waiting`` waits for a person."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (Status.DONE, Status.FAILED, Status.CANCELLED)
BEGUN = (Status.RUNNING, Status.WAITING)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a job ended without a dataset: a word for programs, and a sentence for people."""

    code: ErrorCode
    sentence: str

    @classmethod
    def of(cls, error: CollectError) -> "Cause":
        """Return an error as the cause."""
        return cls(error.code, str(error))


LOST = Cause(
    ErrorCode.LOST,
    "The run's process was killed, or memory ran out; what it has finished is kept.",
)
STOPPED = Cause(
    ErrorCode.STOPPED,
    "The run was stopped; what it has finished is kept, and the job can be resumed.",
)
DELETED = Cause(ErrorCode.DELETED, "It was deleted in Prefect.")


@dataclass(frozen=True, slots=True)
class Job:
    """One row, without its log.

    ``request`` is what was asked (a ``CollectRequest`` as JSON, without its job id), ``progress``
    the items ``{stage: {"done", "expected"}}`` of the run that has the job now, ``waterfall`` the
    counts of its last selection, ``choice`` how its subject was chosen. ``heartbeat_at`` is when
    its process last gave a sign of life. ``question`` is what a run that is ``waiting`` asks:
    ``{"until", "groups": [{"number", "size", "pictures"}]}``, the pictures by their SHA-256.
    ``error_code`` is an ``ErrorCode``, and None in the rows of earlier programs.
    """

    id: str
    query: str
    request_limit: int
    out_dir: str
    status: Status
    count: int | None = None
    error: str | None = None
    error_code: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    flow_run_id: str | None = None
    request: dict[str, Any] | None = None
    progress: dict[str, dict[str, int]] | None = None
    waterfall: dict[str, Any] | None = None
    scheduled_for: datetime | None = None
    heartbeat_at: datetime | None = None
    choice: dict[str, Any] | None = None
    question: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What others want of a run."""

    cancel: bool = False
    answer: int | None = None  # the number of a group


@dataclass(frozen=True, slots=True)
class Run:
    """A flow run as its orchestrator tells it: which job it has, and since when it is how."""

    flow_run_id: str
    job_id: str
    request: Mapping[str, Any]  # as it was given, so unchecked
    status: Status
    since: datetime
    scheduled_for: datetime | None = None
    cause: Cause | None = None
