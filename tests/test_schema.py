"""The JSON Schemas in docs/schema: current, and true of what is written."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import jsonschema
import pytest

from docs.schema.make import FOLDER, TYPES, schemas
from docs.schema.page_types import page_types
from tasks.jobs import Job, Status
from tasks.ledger import JobRecord
from tasks.records import Waterfall
from tests.support.decisions import DECISIONS


def schema(name: str) -> dict[str, object]:
    read: dict[str, object] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_what_its_type_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == schemas()[name], "run `make schema`"
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_types_of_the_page_are_what_the_api_says() -> None:
    assert TYPES.read_text(encoding="utf-8") == page_types(), "run `make schema`"


@pytest.mark.parametrize("verdict", DECISIONS)
def test_a_row_is_as_its_schema_says(verdict: str) -> None:
    row = json.loads(json.dumps(DECISIONS[verdict].to_row()))
    jsonschema.validate(row, schema("decision.json"))
    for wrong in ({"rank": "first"}, {"sharpness": "high"}, {"reason": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(row | wrong, schema("decision.json"))


def test_a_job_record_and_a_job_are_as_their_schemas_say() -> None:
    counts = Waterfall(1, 1, 1, 1, 1, 1, {})
    record = JobRecord(id="a1", query="사과", counts=counts).to_json()
    jsonschema.validate(json.loads(json.dumps(record)), schema("job_record.json"))
    job = asdict(Job("a1", "사과", 50, "data", Status.DONE, started_at=datetime.now(UTC)))
    jsonschema.validate(json.loads(json.dumps(job, default=str)), schema("job.json"))
