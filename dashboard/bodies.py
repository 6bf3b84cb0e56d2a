"""The bodies of the API's requests and answers, as its OpenAPI page describes them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model

from dashboard.launcher import Launcher
from dashboard.runs import can_resume
from flows.request import CollectRequest, Query, described
from tasks.jobs import ENDED, Job, Status
from tasks.ledger import Decision
from tasks.settings import DATASETS

DEFAULT_LIMIT, MAX_LIMIT = 20, 500
MAX_QUERIES = 50
_OURS = ("query", "limit", "out_dir", "job_id")
_SCHEMA = CollectRequest.model_json_schema()


def options_schema() -> dict[str, Any]:
    """Return the JSON schema of what may be asked besides query, limit and folder."""
    return {name: field for name, field in _SCHEMA["properties"].items() if name not in _OURS}


def _with_options(schema: dict[str, Any]) -> None:
    schema["properties"] |= options_schema()
    schema["additionalProperties"] = False


class Options(BaseModel):
    """How a run collects; the fields of ``CollectRequest`` besides these are taken too."""

    # Those are checked by CollectRequest itself, which knows how they go together.
    model_config = ConfigDict(extra="allow", json_schema_extra=_with_options)

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description=described("limit"))
    out_dir: str | None = Field(
        None,
        max_length=1000,
        description="The parent folder, inside the data folder; the dataset's own, named by the "
        f"job's id, is added. Left empty: {DATASETS}.",
    )

    @property
    def others(self) -> Mapping[str, Any]:
        """The fields that were given besides these."""
        return self.model_extra or {}


class RunBody(Options):
    """One query and how to collect it."""

    query: Query = Field(description=described("query"))


class RunManyBody(Options):
    """Several queries, each collected in the same way by a run of its own."""

    queries: list[Query] = Field(min_length=1, max_length=MAX_QUERIES)


class Started(BaseModel):
    """The job of a run that was asked for."""

    job_id: str


class StartedMany(BaseModel):
    """The jobs of the runs that were asked for, in the order of the queries."""

    job_ids: list[str]


class Answer(BaseModel):
    """Which group of pictures is the subject."""

    group: int = Field(ge=1, le=100, description="Its number in the job's question.")


class Done(BaseModel):
    """Something was done, and what."""

    ok: Literal[True] = True
    message: str


class Resumed(BaseModel):
    """A job goes on."""

    ok: Literal[True] = True
    job_id: str


class Counts(BaseModel):
    """How far a stage is; ``expected`` is 0 where nobody knows."""

    done: int = 0
    expected: int = 0


class JobInList(BaseModel):
    """A row of the jobs table."""

    id: str
    query: str
    limit: int
    out_dir: str
    status: Status
    count: int | None
    error: str | None
    error_code: str | None = Field(
        description="Why it ended without a dataset, for programs; null in the rows of earlier "
        "versions, whose error is a sentence alone."
    )
    started_at: datetime | None
    finished_at: datetime | None
    scheduled_for: datetime | None
    flow_run_id: str | None
    heartbeat_at: datetime | None
    elapsed_s: float | None = Field(description="Since its first start, until its end or now.")
    progress: dict[str, Counts] | None
    waterfall: dict[str, Any] | None
    request: dict[str, Any] | None
    choice: dict[str, Any] | None = Field(description="How the subject was chosen.")
    question: dict[str, Any] | None = Field(
        description="What a waiting run asks: which of its groups is the subject."
    )
    position: int | None = Field(description="1 is next; only where it waits for a worker.")
    prefect_url: str | None
    can_resume: bool
    can_cancel: bool


class JobInFull(JobInList):
    """A row of the jobs table, with its log."""

    log: str


class JobPage(BaseModel):
    """A part of the list of jobs."""

    jobs: list[JobInList]
    total: int
    page: int
    per_page: int


class Log(BaseModel):
    """A part of a job's log; offsets count characters (Unicode code points)."""

    text: str
    next_offset: int
    is_complete: bool = Field(description="The job has ended, and nothing more will come.")


class Images(BaseModel):
    """The pictures of a dataset."""

    job_id: str
    out_dir: str
    files: list[str]


class _WithAddresses(BaseModel):
    model_config = ConfigDict(extra="allow")  # a key for each quality measure

    thumbnail: str | None = Field(description="A URL.")
    image: str | None = Field(description="A URL.")


if TYPE_CHECKING:
    ShownDecision = _WithAddresses
else:
    _hints = get_type_hints(Decision)
    ShownDecision = create_model(
        "ShownDecision",
        __doc__="A row of decisions.jsonl, and where its image is.",
        __base__=_WithAddresses,
        **{one.name: (_hints[one.name], ...) for one in fields(Decision) if one.name != "measures"},
    )


class Decisions(BaseModel):
    """A part of what was decided, in the order of the search page."""

    total: int = Field(description="How many rows the verdict has.")
    offset: int
    counts: dict[str, int] = Field(description="Rows by verdict: chosen, or the reason.")
    decisions: list[ShownDecision]


class Day(BaseModel):
    """What began on a day (UTC)."""

    day: str
    jobs: int
    images: int


class Yield(BaseModel):
    """What became of all candidates of all ended jobs."""

    found: int
    chosen: int
    reasons: dict[str, int]


class SourceHealth(BaseModel):
    """The last check whether Naver's page can still be read."""

    checked_at: datetime
    ok: bool
    detail: str
    strategies: list[dict[str, Any]]


class Disk(BaseModel):
    """The room that the data takes, and what is left."""

    data_dir: str
    used_bytes: int
    free_bytes: int


class Overview(BaseModel):
    """All jobs in numbers."""

    jobs_by_status: dict[str, int]
    queries_per_day: list[Day]
    yield_: Yield = Field(alias="yield")
    source_health: SourceHealth | None
    disk: Disk

    model_config = ConfigDict(populate_by_name=True)


class LauncherInfo(BaseModel):
    """Who runs what is started here."""

    kind: Literal["prefect", "child"]
    prefect_ui: str | None
    workers: int
    sentence: str


class Form(BaseModel):
    """What the form needs to know."""

    fields: dict[str, Any] = Field(description="The JSON schema of a run's request.")
    defaults: dict[str, Any]
    max_queries: int = Field(description="How many queries can be started at once.")
    runner: LauncherInfo
    data_dir: str
    token_required: bool


class Login(BaseModel):
    """The token, for a cookie."""

    token: str = Field(max_length=1000)


class Health(BaseModel):
    """What the dashboard needs, and whether it is there."""

    status: Literal["ok", "unavailable"]
    database: bool
    prefect: bool


def in_list(job: Job, launcher: Launcher, places: Mapping[str, int]) -> JobInList:
    """Return a job as lists and events show it."""
    return JobInList(**_fields(job, launcher, places))


def in_full(job: Job, log: str, launcher: Launcher, places: Mapping[str, int]) -> JobInFull:
    """Return a job as its own page shows it."""
    return JobInFull(**_fields(job, launcher, places), log=log)


def _fields(job: Job, launcher: Launcher, places: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": job.id,
        # Rows of the original program may have gaps.
        "query": job.query or "",
        "limit": job.request_limit or 0,
        "out_dir": job.out_dir or "",
        "status": job.status,
        "count": job.count,
        "error": job.error,
        "error_code": job.error_code,
        "started_at": _utc(job.started_at),
        "finished_at": _utc(job.finished_at),
        "scheduled_for": _utc(job.scheduled_for),
        "flow_run_id": job.flow_run_id,
        "heartbeat_at": _utc(job.heartbeat_at),
        "elapsed_s": _elapsed_s(job),
        "progress": job.progress,
        "waterfall": job.waterfall,
        "request": job.request,
        "choice": job.choice,
        "question": job.question if job.status is Status.WAITING else None,
        "position": places.get(job.id),
        "prefect_url": _prefect_url(job, launcher),
        "can_resume": can_resume(job),
        "can_cancel": job.status not in ENDED,
    }


def _utc(time: datetime | None) -> datetime | None:
    return time.astimezone(UTC) if time else None


def _elapsed_s(job: Job) -> float | None:
    if job.started_at is None or (job.status in ENDED and job.finished_at is None):
        return None
    until = job.finished_at or datetime.now(UTC)
    return max(0.0, round((until - job.started_at).total_seconds(), 1))


def _prefect_url(job: Job, launcher: Launcher) -> str | None:
    if not (launcher.ui and job.flow_run_id and len(job.flow_run_id) == 32):
        return None
    return f"{launcher.ui}/runs/flow-run/{UUID(job.flow_run_id)}"
