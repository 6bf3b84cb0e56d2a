"""The API against its own description: whatever is sent, each answer is one that it names."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dashboard.rates import Limiter, Rate
from tasks.database.jobs_table import Jobs
from tasks.jobs import Status
from tests.support.dashboards import served
from tests.support.history import begun, ended

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDLESS = "/api/events"


def test_every_answer_is_as_described(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
    begun(jobs, "1")
    ended(jobs, "2", Status.FAILED)
    with served() as (address, services):
        services.changes = Limiter(Rate(burst=10_000, per_s=1))
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path == ENDLESS:
                continue

            @given(case=operation.as_strategy())
            @settings(
                max_examples=20,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=[HealthCheck.too_slow],  # the machine may be busy
            )
            def check(case: schemathesis.Case) -> None:
                case.call_and_validate(checks=CHECKS)

            check()
