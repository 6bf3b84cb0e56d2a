"""What the API says, in both languages."""

import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic_core._pydantic_core import list_all_errors

from dashboard.asked import MAX_QUERIES
from dashboard.language import preferred
from flows import task_runners, temporary_server
from tasks.database.jobs_table import Jobs
from tasks.errors import CollectError, ErrorCode
from tasks.findings import finding
from tasks.settings import PROJECT_DIR
from tests.support.dashboards import client
from tests.support.history import ended
from words import templates

OF_PYDANTIC = re.compile("[Ii]nput|should|valid| or ")


def test_what_is_said_of_a_field_has_the_places_that_its_kind_has() -> None:
    known = {str(kind["type"]): kind for kind in list_all_errors()}
    findings = {
        key.removeprefix("finding."): str(template)
        for key, template in templates("en").items()
        if key.startswith("finding.")
    }
    ours = [
        kind
        for module in ("flows/request.py", "tasks/settings.py")
        for kind in re.findall(
            r'PydanticCustomError\(\s*"(\w+)"', (PROJECT_DIR / module).read_text("utf-8")
        )
    ]
    assert findings.keys() - known.keys() == {*ours, "path_type", "other"}
    for kind, template in findings.items():
        if kind in known:
            places = {name for _, name, _, _ in Formatter().parse(template) if name}
            assert places <= (known[kind]["example_context"] or {}).keys(), kind


def test_a_finding_of_an_unknown_kind_is_quoted_as_it_is() -> None:
    found = finding({"type": "new", "msg": "{x} is Bad.", "loc": (), "input": 0})
    assert str(found) == "{x} is Bad"
    assert found.said_in("ko") == "쓸 수 없는 값입니다 ({x} is Bad)"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.5, KO;q=0.7", "ko"),
        ("fr, ko;q=0.2", "ko"),
        ("ko;q=0", "en"),
        ("ko;q=none", "en"),
        ("ko;q=nan, en", "en"),
        ("korean", "en"),
        ("*", "en"),
        ("", "en"),
        (";,=;q,", "en"),
    ],
)
def test_the_language_is_the_one_that_is_preferred(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


@pytest.fixture
def api(jobs: Jobs) -> Iterator[TestClient]:
    with client() as opened:
        opened.headers["Accept-Language"] = "ko"
        yield opened


REFUSED = (
    ({}, "query: 값이 있어야 합니다."),
    ({"query": ""}, "query: 1자 이상이어야 합니다."),
    ({"query": "가" * 201}, "query: 200자까지 쓸 수 있습니다."),
    ({"query": 7}, "query: 글이어야 합니다."),
    ({"query": "a\u0007b"}, "query: 줄 바꿈이나 제어 문자가 들어 있습니다."),
    ({"queries": []}, "queries: 1개 이상이어야 합니다."),
    ({"queries": ["a"] * (MAX_QUERIES + 1)}, f"queries: {MAX_QUERIES}개까지 쓸 수 있습니다."),
    ({"queries": "a"}, "queries: 목록이어야 합니다."),
    ({"limit": 0}, "limit: 1 이상이어야 합니다."),
    ({"limit": 501}, "limit: 500 이하여야 합니다."),
    ({"limit": 1.5}, "limit: 소수점 없는 숫자여야 합니다."),
    ({"limit": "many"}, "limit: 소수점 없는 숫자여야 합니다."),
    ({"limit": None}, "limit: 소수점 없는 숫자여야 합니다."),
    ({"limit": "9" * 5000}, "limit: 숫자가 너무 깁니다."),
    ({"out_dir": "x" * 1001}, "out_dir: 1000자까지 쓸 수 있습니다."),
    ({"out_dir": "../x"}, "폴더 이름 “..”은(는) 쓸 수 없습니다."),
    ({"min_side": 0}, "min_side: 1 이상이어야 합니다."),
    ({"min_sharpness": "x"}, "min_sharpness: 숫자여야 합니다."),
    ({"min_sharpness": None}, "min_sharpness: 숫자여야 합니다."),
    ({"min_sharpness": "inf"}, "min_sharpness: 끝이 있는 숫자여야 합니다."),
    ({"eps": 0}, "eps: 0보다 커야 합니다."),
    ({"eps": 1.1}, "eps: 1 이하여야 합니다."),
    ({"eps": "x"}, "eps: 숫자여야 합니다."),
    ({"source": "x"}, "source: 다음 가운데 하나여야 합니다: 'naver', 'naver-api'"),
    ({"colour": 3}, "colour: 다음 가운데 하나여야 합니다: 'any'"),
    (
        {"task_runner": "x"},
        "task_runner: 다음 가운데 하나여야 합니다: 'threads', 'dask', 'ray'.",
    ),
    ({"period": "x"}, "period: any, 1h, 1d"),
    ({"period": "20250230-20250301"}, "period: any, 1h, 1d"),
    ({"period": "20250301-20250201"}, "period: 끝 날짜가 시작 날짜보다 앞섭니다."),
    ({"model": ""}, "model: 1자 이상이어야 합니다."),
    ({"source": "files"}, "요청을 쓸 수 없습니다: source가 files이면 input이 있어야"),
    ({"input": "/etc"}, "“/etc”은(는) "),
    ({"nothing": 1}, "nothing: 그런 항목은 없습니다."),
    ([], "요청을 쓸 수 없습니다: 본문은 항목이 있는 JSON 객체여야"),
)


def test_what_the_form_may_not_send_is_refused_in_korean(api: TestClient) -> None:
    for given, korean in REFUSED:
        is_many = "queries" in given
        body: Any = {"query": "배", **given} if given and not is_many else given
        answer = api.post("/api/run/many" if is_many else "/api/run", json=body)
        assert answer.status_code in (400, 422), given
        assert answer.headers["content-language"] == "ko"
        detail = answer.json()["detail"]
        assert detail.startswith(korean), detail
        assert not OF_PYDANTIC.search(detail.replace("input", "")), detail


def test_every_other_refusal_follows_the_language_too(api: TestClient, jobs: Jobs) -> None:
    ended(jobs, "1")
    refusals = (
        ("GET", "/api/jobs/f", "작업 f이(가) 없습니다."),
        ("GET", "/api/nothing", "/api/nothing에는 아무것도 없습니다."),
        ("PUT", "/api/jobs", "/api/jobs에는 PUT 요청을 할 수 없습니다."),
        ("POST", "/api/jobs/1/cancel", "작업 1은(는) 이미 끝났습니다. 상태는 ‘완료’입니다."),
        ("POST", "/api/jobs/1/resume", "작업 1은(는) 완료되어 이어서 할 것이 없습니다."),
        ("GET", "/api/jobs?sort=x", "sort: 다음 가운데 하나여야 합니다: 'newest', 'oldest'"),
    )
    for method, path, korean in refusals:
        assert api.request(method, path).json()["detail"].startswith(korean)
    stranger = api.post("/api/run", json={}, headers={"Origin": "http://evil.example"})
    assert stranger.json()["detail"] == "대시보드 자신의 화면에서만 바꿀 수 있습니다."
    as_json = {"Content-Type": "application/json"}
    assert api.post("/api/run", content="{", headers=as_json).json()["detail"] == (
        "본문이 JSON이 아닙니다."
    )


def test_every_error_of_a_job_has_a_code_of_its_own() -> None:
    def below(kind: type[CollectError]) -> Iterator[type[CollectError]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    codes = [vars(kind).get("code") for kind in below(CollectError)]
    assert len(codes) == len(set(codes))
    assert set(codes) < set(ErrorCode)
    assert {task_runners.ClusterError.code, temporary_server.PrefectError.code} <= set(codes)
