"""The bodies of the API's requests, as its OpenAPI page describes them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from flows.request import CollectRequest, Query, described
from tasks.settings import DATASETS

DEFAULT_LIMIT, MAX_LIMIT = 20, 500
MAX_QUERIES = 50
_OURS = ("query", "limit", "out_dir", "job_id")


@cache
def options_schema() -> dict[str, Any]:
    """Return the JSON schema of what may be asked besides query, limit and folder."""
    fields = CollectRequest.model_json_schema()["properties"]
    return {name: field for name, field in fields.items() if name not in _OURS}


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


class Answer(BaseModel):
    """Which group of images is the subject."""

    group: int = Field(ge=0, le=100, description="Its number in the job's question; 0 for none.")


class Login(BaseModel):
    """The token, for a cookie."""

    token: str = Field(max_length=1000)
