"""The bodies of the API's answers, as its OpenAPI page describes them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    create_model,
    field_validator,
)

from dashboard.launcher import Launcher
from tasks.database.job_rows import Sort
from tasks.jobs import Job, Status
from tasks.ledger import Decision
from tasks.records import Stage, Step, Waterfall
from words import Message


class Started(BaseModel):
    """The job of a run that was asked for."""

    job_id: str


class StartedMany(BaseModel):
    """The jobs of the runs that were asked for, in the order of the queries."""

    job_ids: list[str]


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


UtcTime = Annotated[datetime, AfterValidator(lambda time: time.astimezone(UTC))]


class Choice(BaseModel):
    """How the subject was chosen; a row may say more."""

    model_config = ConfigDict(extra="allow")

    outcome: str
    by_hand: bool = False


class Group(BaseModel):
    """A group that may be the subject; ``images`` are the last parts of their addresses."""

    number: int
    size: int
    images: list[str]


class Question(BaseModel):
    """What a waiting run asks: which of its groups is the subject."""

    until: str
    groups: list[Group]


class JobInList(BaseModel):
    """A row of the jobs table."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    id: str
    query: str
    limit: int = Field(validation_alias="request_limit")
    out_dir: str
    status: Status
    count: int | None
    error: str | None = Field(description="Why it ended without a dataset, in English.")
    error_code: str | None = Field(
        description="The same for programs; null in the rows of earlier versions, whose error is a "
        "sentence alone."
    )
    error_message: Message | None = Field(
        description="The error as the key of a sentence in /words, with its values; null in the "
        "rows of earlier versions."
    )
    started_at: UtcTime | None
    finished_at: UtcTime | None
    scheduled_for: UtcTime | None
    flow_run_id: str | None
    heartbeat_at: UtcTime | None
    elapsed_s: float | None = Field(description="What its runs took, until now or its end.")
    progress: dict[str, Counts] | None
    waterfall: Waterfall | None
    request: dict[str, Any] | None
    choice: Choice | None
    question: Question | None
    position: int | None = Field(None, description="1 is next; only where it waits for a worker.")
    prefect_url: str | None = None
    can_resume: bool
    can_cancel: bool

    @field_validator("waterfall", "choice", "question", mode="wrap")
    @classmethod
    def _none_if_unknown(cls, stored: object, read: ValidatorFunctionWrapHandler) -> object:
        try:
            return read(stored)
        except ValidationError:  # of another program's row
            return None

    @field_validator("question")
    @classmethod
    def _only_while_it_waits(
        cls, question: Question | None, info: ValidationInfo
    ) -> Question | None:
        return question if info.data.get("status") is Status.WAITING else None

    @classmethod
    def of(cls, job: Job, launcher: Launcher, places: Mapping[str, int]) -> Self:
        """Return a job as lists and events show it."""
        return cls.model_validate(job).model_copy(
            update={"position": places.get(job.id), "prefect_url": launcher.page_of(job)}
        )


class JobInFull(JobInList):
    """A row of the jobs table, with its log."""

    log: str = ""


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
    """The images of a dataset."""

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
    """The last check whether the results of a source can still be read."""

    source: str
    checked_at: datetime
    ok: bool
    detail: str = Field(description="The message in English.")
    message: Message
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


class StageReasons(BaseModel):
    """A stage, the reasons for which it rejects, in their order, and the count it leaves."""

    stage: Stage
    reasons: list[str]
    step: Step = Field(description="The count in a job's waterfall.")


class MeasureInfo(BaseModel):
    """A quality measure: its key in a decision's row, and its unit."""

    name: str
    unit: str


class Vocabulary(BaseModel):
    """The codes that the page shows, each in its order; their words are in ``/words``."""

    statuses: list[Status]
    ended: list[Status] = Field(description="The statuses of jobs that are over.")
    progress: list[str] = Field(description="The stages that report their progress.")
    stages: list[StageReasons]
    measures: list[MeasureInfo]
    sorts: list[Sort]
    thumbnail_sizes: list[int] = Field(description="Pixels of the longer side, small to large.")
    max_query_length: int


class Health(BaseModel):
    """What the dashboard needs, and whether it is there."""

    status: Literal["ok", "unavailable"]
    database: bool
    prefect: bool
