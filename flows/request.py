"""The request of one run: the flow's parameter, the form in Prefect's UI, the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from tasks.characters import has_refused, plain
from tasks.criteria import Criteria
from tasks.measures import MEASURES
from tasks.model.weights import DEFAULT_MODEL
from tasks.quality import QualityLimits
from tasks.settings import DATASETS, TaskRunnerName
from tasks.sources.listed import AUTO, SOURCES
from tasks.sources.naver_panel import (
    PERIODS,
    BackwardsPeriodError,
    Colour,
    Licence,
    NoPeriodError,
    Section,
    Size,
    Sort,
    check_period,
)
from tasks.sources.query import SearchQuery
from words import Language, say

MAX_QUERY_LENGTH = 200
SOURCE_NAMES = (*(source.name for source in SOURCES), AUTO)
WITH_INPUT = tuple(source.name for source in SOURCES if source.needs_input)


def _without_refused(text: str) -> str:
    if has_refused(text):
        raise PydanticCustomError(
            "control_character", "it holds a line break or a control character"
        )
    return text


def _as_query(value: object) -> object:
    return plain(_without_refused(value.strip())) if isinstance(value, str) else value


Query = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_QUERY_LENGTH),
    BeforeValidator(_as_query),
]


def described(option: str, language: Language = "en") -> str:
    """Return what an option of a request is, with the sources as they are listed."""
    sources = {
        "source": ", ".join(f"{n} ({say(f'source.{n}.why', language)})" for n in SOURCE_NAMES),
        "input": ", ".join(WITH_INPUT),
    }
    return say(
        f"option.{option}",
        language,
        folder=DATASETS,
        periods=", ".join(PERIODS),
        sources=sources.get(option),
    )


def _known_source(name: str) -> str:
    if name not in SOURCE_NAMES:
        *others, last = map(repr, SOURCE_NAMES)
        expected = f"{', '.join(others)} or {last}"
        raise PydanticKnownError("literal_error", {"expected": expected})
    return name


SourceName = Annotated[
    str,
    AfterValidator(_known_source),
    WithJsonSchema({"enum": list(SOURCE_NAMES), "type": "string"}),
]


class _Searched(BaseModel):
    """What is searched for, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: Query = Field(description=described("query"))
    limit: int = Field(50, ge=1, le=10_000, description=described("limit"))
    out_dir: Path | None = Field(None, description=described("out_dir"))
    source: SourceName = Field(SOURCES[0].name, description=described("source"))
    input: Path | None = Field(
        None, description=described("input"), json_schema_extra={"sources": list(WITH_INPUT)}
    )
    skip_bad: bool = Field(
        False, description=described("skip_bad"), json_schema_extra={"sources": list(WITH_INPUT)}
    )
    size: Size = Field("any", description=described("size"))
    colour: Colour = Field("any", description=described("colour"))
    licence: Licence = Field("any", description=described("licence"))
    period: str = Field("any", description=described("period"), examples=list(PERIODS))
    sort: Sort = Field("relevance", description=described("sort"))
    section: Section = Field("all", description=described("section"))


if TYPE_CHECKING:
    _Measured = _Searched
else:  # an option for the least of each quality measure
    _Measured = create_model(
        "_Measured",
        __base__=_Searched,
        **{
            one.option: (
                int if isinstance(one.least, int) else float,
                Field(
                    one.least,
                    ge=one.lowest,
                    le=one.highest,
                    allow_inf_nan=False,
                    description=described(one.option),
                ),
            )
            for one in MEASURES
        },
    )


class CollectRequest(_Measured):
    """One query and how to collect it."""

    eps: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | Literal["auto"] = Field(
        "auto", description=described("eps")
    )
    min_samples: int = Field(3, ge=1, le=1000, description=described("min_samples"))
    on_ambiguous: Literal["largest", "ask", "fail"] = Field(
        "largest", description=described("on_ambiguous")
    )
    model: str = Field(
        DEFAULT_MODEL,
        min_length=1,
        max_length=500,
        description=described("model"),
    )
    describe: Query | None = Field(None, description=described("describe"))
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description=described("device"))
    task_runner: TaskRunnerName | None = Field(None, description=described("task_runner"))
    max_candidates: int = Field(1000, ge=1, le=100_000, description=described("max_candidates"))
    lang: Language | None = Field(None, description=described("lang"))
    job_id: str | None = Field(None, pattern=r"^[0-9a-f]{1,32}$", description=described("job_id"))

    @field_validator("period")
    @classmethod
    def _is_period(cls, period: str) -> str:
        try:
            check_period(period)
        except NoPeriodError as error:
            raise PydanticCustomError(
                "period",
                "it is none of {known}, nor YYYYMMDD-YYYYMMDD",
                {"known": ", ".join(PERIODS)},
            ) from error
        except BackwardsPeriodError as error:
            raise PydanticCustomError("period_order", "it ends before it begins") from error
        return period

    @field_validator("out_dir", "input")
    @classmethod
    def _is_path(cls, path: Path | None) -> Path | None:
        if path is None:
            return None
        _without_refused(str(path))
        return path.expanduser().absolute()  # the run may happen in another folder

    @model_validator(mode="after")
    def _has_what_its_source_needs(self) -> Self:
        if (self.source in WITH_INPUT) != (self.input is not None):
            raise PydanticCustomError(
                "source_and_input",
                "--source {sources} and --input go together",
                {"sources": ", ".join(WITH_INPUT)},
            )
        return self

    @property
    def search_query(self) -> SearchQuery:
        """What the source is asked."""
        return SearchQuery(
            self.query,
            size=self.size,
            colour=self.colour,
            licence=self.licence,
            period=self.period,
            sort=self.sort,
            section=self.section,
            input=self.input,
            skip_bad=self.skip_bad,
        )

    @property
    def quality(self) -> QualityLimits:
        """What an image has to reach."""
        return QualityLimits({one.name: getattr(self, one.option) for one in MEASURES})

    @property
    def criteria(self) -> Criteria:
        """How the subject is chosen."""
        return Criteria(self.limit, self.eps, self.min_samples)
