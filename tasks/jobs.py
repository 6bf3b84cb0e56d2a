"""Jobs: their states, their rows, and the causes of their ends; no table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tasks.errors import CollectError, ErrorCode
from words import Message


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
    """Why a job ended without a dataset: a code for programs, and a message for people."""

    code: ErrorCode
    message: Message

    @classmethod
    def of(cls, error: CollectError) -> "Cause":
        """Return an error as the cause."""
        return cls(error.code, error.message)

    @property
    def sentence(self) -> str:
        """The message in English."""
        return str(self.message)


LOST = Cause(ErrorCode.LOST, Message("error.run_lost"))
STOPPED = Cause(ErrorCode.STOPPED, Message("error.run_stopped"))
DELETED = Cause(ErrorCode.DELETED, Message("error.run_deleted"))


@dataclass(frozen=True, slots=True)
class Job:
    """One row, without its log; its fields are the columns.

    ``request`` is what was asked (a ``CollectRequest`` as JSON, without its job id), ``progress``
    the items ``{stage: {"done", "expected"}}`` of the run that has the job now, ``waterfall`` the
    counts of its last selection, ``choice`` how its subject was chosen. ``heartbeat_at`` is when
    its process last gave a sign of life. ``question`` is what a run that is ``waiting`` asks:
    ``{"until", "groups": [{"number", "size", "images"}]}``, the images by their SHA-256.
    ``error`` is ``error_message`` in English; ``error_code`` is an ``ErrorCode``. Rows of earlier
    versions have neither code nor message, and those of the original program no request.
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
    error_message: Message | None = None
    begun_at: datetime | None = None  # when its last run began
    ran_s: float = 0  # what its runs before that took

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the columns that a job is read from."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "Job":
        """Read the values of the columns, in their order; NULLs of old rows become empty values."""
        values = dict(zip(cls.columns(), row, strict=True))
        values["status"] = Status(values["status"])
        for column, empty in (("query", ""), ("request_limit", 0), ("out_dir", "")):
            values[column] = values[column] or empty
        if question := values["question"]:
            values["question"] = _with_images(question)
        if message := values["error_message"]:
            values["error_message"] = Message.from_json(message)
        return cls(**values)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it by itself."""
        return self.status in ENDED

    @property
    def can_cancel(self) -> bool:
        """Whether there is something to stop."""
        return not self.has_ended

    @property
    def can_resume(self) -> bool:
        """Whether it ended without a dataset, and what was asked of it is known."""
        return self.status in (Status.FAILED, Status.CANCELLED) and self.request is not None

    @property
    def elapsed_s(self) -> float | None:
        """Seconds that its runs took until now; None where that is not known."""
        is_planned = self.status is Status.SCHEDULED
        begun_at = self.begun_at or (None if is_planned else self.started_at)
        if begun_at is None:
            return self.ran_s or None
        if self.has_ended and self.finished_at is None:
            return None
        until = self.finished_at or datetime.now(UTC)
        return round(self.ran_s + max(0.0, (until - begun_at).total_seconds()), 1)


def _with_images(question: dict[str, Any]) -> dict[str, Any]:
    """Return a question whose groups name their images as of now; once they were ``pictures``."""
    groups = [
        {"images": group.get("pictures", []), **group} for group in question.get("groups", [])
    ]
    return question | {"groups": groups}


@dataclass(frozen=True, slots=True)
class Wishes:
    """Others' wishes of a run."""

    cancel: bool = False
    answer: int | None = None  # the number of a group


@dataclass(frozen=True, slots=True)
class Run:
    """A flow run as its orchestrator sees it: its job, its status, and since when it has that."""

    flow_run_id: str
    job_id: str
    request: Mapping[str, Any]  # as it was given, so unchecked
    status: Status
    since: datetime
    scheduled_for: datetime | None = None
    cause: Cause | None = None
