"""What the dashboard has to withstand: other sites, other machines, odd names, odd sizes."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.app import create_app
from dashboard.rates import CHANGES, Limiter, Rate
from tasks.database.jobs_table import Jobs
from tasks.jobs import Status
from tasks.settings import Settings
from tests.support.dashboards import client
from tests.support.history import begun, ended
from tests.support.images import image_file

JOB = "0a1b2c3d"
KEY = "a" * 16
JSON = {"Content-Type": "application/json"}
TOKEN = "a long random text"


@pytest.fixture
def api(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A dashboard that bears a whole table of changes at once."""
    monkeypatch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
    with client() as opened:
        opened.app.state.services.changes = Limiter(Rate(burst=1000, per_s=1))
        yield opened


@pytest.fixture
def guarded(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A dashboard on the network, with a token."""
    monkeypatch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
    monkeypatch.setenv("DASHBOARD_HOST", "0.0.0.0")
    monkeypatch.setenv("DASHBOARD_TOKEN", TOKEN)
    monkeypatch.setenv("DASHBOARD_NAMES", "images.example.com, Other.example.com")
    app = create_app()
    with TestClient(app, base_url="http://10.1.2.3:8000", raise_server_exceptions=False) as opened:
        yield opened


def refused(answer: Any, *statuses: int) -> str:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"detail", "error"}
    assert "Traceback" not in answer.text
    return str(answer.json()["detail"])


OUTSIDE = [
    "..", "../x", "a/../../x", "a/..", "./../x", "/etc", "/", "//etc", "/etc/../tmp", "~",
    "~root", "a\0b", "\0", "a\nb", "..\\x", "a\\..\\b", "C:\\Windows", "C:/Windows",
    "\\\\server\\share", "file:///etc", "．．/x", "․․/x", "‥/x", "a／..／b", "a∕b", "a⁄b",
    "\u202egnp", "a\u200bb", "ａ", "a.", " ..", ".work", ".refused", "a/.hidden",
    "postgres", "POSTGRES/base", "data/postgres", "dashboard", "$(id)", "`id`", "a;b", "a|b",
    "a*b", "a?b", "%2e%2e", "-rf", "--help", "a" * 300, "/".join("abcdefghi"), "'; DROP --",
    "<script>", "con:", "\ud800",
]  # fmt: skip


def test_a_folder_outside_the_data_is_refused(api: TestClient) -> None:
    for out_dir in OUTSIDE:
        body = json.dumps({"query": "사과", "out_dir": out_dir})
        answer = api.post("/api/run", content=body, headers=JSON)
        statuses = (400, 422) if out_dir == "\ud800" else (400,)
        assert refused(answer, *statuses).endswith("."), out_dir
    assert api.get("/api/jobs").json()["total"] == 0


INSIDE = [
    ("", "naver_collected"), ("data/naver_collected", "naver_collected"), ("data", "."),
    ("과일/사과 (2)", "과일/사과 (2)"), ("a//b/./c/", "a/b/c"), ("{data}/x", "x"), ("{data}", "."),
    ("data/data", "data"), (None, "naver_collected"),
]  # fmt: skip


def test_a_folder_inside_the_data_is_used(api: TestClient, jobs: Jobs) -> None:
    data_dir = Settings().data_dir
    for out_dir, below in INSIDE:
        asked = out_dir.format(data=data_dir) if out_dir else out_dir
        answer = api.post("/api/run", json={"query": "사과", "out_dir": asked})
        job = jobs.get(answer.json()["job_id"])
        assert job
        assert Path(job.out_dir) == data_dir / below / job.id


def test_a_link_that_leads_out_is_refused(api: TestClient, tmp_path: Path) -> None:
    data_dir = Settings().data_dir
    (tmp_path / "elsewhere").mkdir()
    data_dir.mkdir(exist_ok=True)
    (data_dir / "link").symlink_to(tmp_path / "elsewhere")
    (data_dir / "inside").symlink_to(data_dir / "real")
    (data_dir / "file").write_text("")
    for out_dir in ("link", "link/x", "file", "file/x"):
        refused(api.post("/api/run", json={"query": "a", "out_dir": out_dir}), 400)
    answer = api.post("/api/run", json={"query": "a", "out_dir": "inside"})
    assert answer.status_code == 200


def test_a_dataset_is_no_parent_of_another(api: TestClient) -> None:
    folder = Settings().data_dir / "set"
    folder.mkdir(parents=True)
    (folder / "manifest.jsonl").write_text("")
    for out_dir in ("set", "set/below"):
        answer = api.post("/api/run", json={"query": "a", "out_dir": out_dir})
        assert "is a dataset" in refused(answer, 400)


@pytest.mark.parametrize(
    "options",
    [
        {"source": "files", "input": "/etc/passwd"}, {"source": "files", "input": "../secret"},
        {"source": "files", "input": "a\0b"}, {"model": "/etc"}, {"model": "../../etc"},
        {"model": "a/b/c/../../../../../etc"}, {"model": "~/x"},
    ],
)  # fmt: skip
def test_a_run_reads_nothing_outside_the_data(api: TestClient, options: dict[str, str]) -> None:
    answer = api.post("/api/run", json={"query": "사과", **options})
    if options.get("model") == "~/x":  # a folder of that very name in the project: no home
        assert answer.status_code == 200
    else:
        refused(answer, 400)


NOT_SERVED = [
    "/api/jobs/../../etc/passwd", "/api/jobs/%2e%2e", "/api/jobs/..%2f..", "/api/jobs/xyz",
    "/api/jobs/0A1B", f"/api/jobs/{'a' * 33}", "/api/jobs/%00", "/api/jobs/1%0a",
    f"/api/jobs/{JOB}/images/..%2f..%2fsecret.jpg", f"/api/jobs/{JOB}/images/../secret.jpg",
    f"/api/jobs/{JOB}/images/%2e%2e/secret.jpg", f"/api/jobs/{JOB}/images/link.jpg",
    f"/api/jobs/{JOB}/images/img_0002.jpg", f"/api/jobs/{JOB}/images/img_0003.jpg",
    f"/api/jobs/{JOB}/images/img_0001.jpg%00", f"/api/jobs/{JOB}/images/img_0001.jpg%0a",
    f"/api/jobs/{JOB}/images/IMG_0001.JPG", f"/api/jobs/{JOB}/images/img_٠٠٠١.jpg",
    f"/api/jobs/{JOB}/images/job.json", f"/api/jobs/{JOB}/report",
    f"/api/jobs/{JOB}/report/..%2fsecret.jpg", f"/api/jobs/{JOB}/thumbnails/..%2fsecret",
    f"/api/jobs/{JOB}/thumbnails/{'b' * 16}", f"/api/jobs/{JOB}/thumbnails/{'c' * 16}",
    "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "//etc/passwd",
    "/static//etc/passwd", "/static/%00",
]  # fmt: skip


def test_nothing_but_a_jobs_own_images_is_served(api: TestClient, jobs: Jobs) -> None:
    folder = Settings().data_dir / JOB
    (folder / ".refused").mkdir(parents=True)
    secret = folder.parent / "secret.jpg"
    secret.write_bytes(image_file(400, 400))
    (folder / "img_0001.jpg").write_bytes(image_file(400, 300))
    (folder / "img_0002.jpg").symlink_to(secret)
    (folder / "img_0003.jpg").mkdir()
    (folder / "link.jpg").symlink_to(secret)
    (folder / "report.html").symlink_to(secret)
    (folder / ".refused" / f"{'b' * 16}.jpg").symlink_to(secret)
    (folder / "decisions.jsonl").write_text(
        json.dumps({"file": None, "key": "b" * 16, "reason": "noise"})
        + "\n" + json.dumps({"file": "../secret.jpg", "key": "c" * 16})
        + "\n" + '{"file": NaN}\nno json\n[]\n'
    )  # fmt: skip
    ended(jobs, JOB, out_dir=str(folder))
    for path in NOT_SERVED:
        refused(api.get(path), 404, 422)
    assert api.get(f"/api/jobs/{JOB}/decisions").status_code == 200
    assert api.get(f"/api/jobs/{JOB}/images/img_0001.jpg").status_code == 200


CROSS_SITE = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"},
]


def test_another_site_changes_nothing(api: TestClient, jobs: Jobs) -> None:
    begun(jobs, "1")
    ended(jobs, "2", Status.FAILED)
    for headers in CROSS_SITE:
        refused(api.post("/api/run", json={"query": "a"}, headers=headers), 403)
        refused(api.post("/api/run/many", json={"queries": ["a"]}, headers=headers), 403)
        for path in ("/api/jobs/1/cancel", "/api/jobs/2/resume", "/api/jobs/clear", "/login"):
            refused(api.post(path, headers=headers), 403)
        refused(api.delete("/api/jobs/2", headers=headers), 403)
    assert not jobs.beat("1").cancel
    assert api.get("/api/jobs").json()["total"] == 2


OWN: list[dict[str, str]] = [
    {},
    {"Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"},
]
MEDIA_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "",
    "text/json",
]


def test_a_form_of_another_site_is_no_request(api: TestClient) -> None:
    for media_type in MEDIA_TYPES:
        refused(
            api.post("/api/run", content=b'{"query": "a"}', headers={"Content-Type": media_type}),
            400,
        )
    assert api.get("/api/jobs").json()["total"] == 0


def test_our_own_page_and_programs_change_things(api: TestClient) -> None:
    for headers in OWN:
        assert api.post("/api/run", json={"query": "a"}, headers=headers).status_code == 200


FOREIGN = [
    "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "",
    "10.0.0.1", "[::2]:80", "127.0.0.1@evil.example", "[", "localhost,evil.example",
]  # fmt: skip


def test_a_name_that_is_not_ours_is_refused(api: TestClient) -> None:
    for host in FOREIGN:
        for path in ("/api/jobs", "/", "/healthz", "/static/index.html", "/nothing"):
            refused(api.get(path, headers={"Host": host}), 403)


def test_the_machines_own_names_are_ours(api: TestClient) -> None:
    for host in ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"]:
        assert api.get("/api/jobs", headers={"Host": host}).status_code == 200


def test_every_answer_carries_the_headers_that_keep_a_page_safe(
    api: TestClient, jobs: Jobs
) -> None:
    for path in ("/api/jobs", "/api/nothing", "/docs", "/static/nothing", "/healthz"):
        headers = api.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
    assert api.get("/api/jobs").headers["cache-control"] == "no-store"


def test_a_body_that_is_too_large_is_not_read(api: TestClient) -> None:
    large = json.dumps({"query": "a", "out_dir": "b" * 70_000})
    refused(api.post("/api/run", content=large, headers=JSON), 413)

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    refused(api.post("/api/run", content=endless(), headers=JSON), 413)
    refused(api.post("/api/run", headers={**JSON, "Content-Length": "x"}), 400, 413)


BODIES = [
    b"", b"null", b"[]", b'"a"', b"5", b"{", b"\xff\xfe", b'{"query": {"a": 1}}',
    b"[" * 30_000, b'{"query": "a", "limit": 1' + b"0" * 5000 + b"}", b'{"query": "\\ud800"}',
    b'{"queries": "a"}', b'{"query": "a", "eps": NaN}', b'{"query": "a", "__class__": "x"}',
]  # fmt: skip


def test_a_body_of_the_wrong_shape_is_a_sentence(api: TestClient) -> None:
    for body in BODIES:
        for path in ("/api/run", "/api/run/many", "/login"):
            refused(api.post(path, content=body, headers=JSON), 400, 422)
    assert api.get("/api/jobs").json()["total"] == 0


HOSTILE_TEXTS = [
    "'; DROP TABLE jobs; --", '"><script>alert(1)</script>', "{{7*7}}", "%s %(x)s", "$(reboot)",
    "--help", "\\", "a' OR '1'='1", "../../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_query_is_text_and_nothing_else(api: TestClient, jobs: Jobs, text: str) -> None:
    job_id = api.post("/api/run", json={"query": text}).json()["job_id"]
    answer = api.get("/api/jobs", params={"query": text})
    assert [job["id"] for job in answer.json()["jobs"]] == [job_id]
    assert answer.json()["jobs"][0]["query"] == text
    assert answer.headers["content-type"] == "application/json"
    job = jobs.get(job_id)
    assert job
    assert Path(job.out_dir).parent == Settings().data_dir / "naver_collected"


def test_too_many_changes_are_too_many_and_reading_goes_on(api: TestClient) -> None:
    api.app.state.services.changes = Limiter(CHANGES)
    answers = [api.post("/api/jobs/clear").status_code for _ in range(80)]
    assert set(answers) == {200, 429}
    answer = api.post("/api/run", json={"query": "a"})
    refused(answer, 429)
    assert int(answer.headers["retry-after"]) > 0
    assert api.get("/api/jobs").status_code == 200


def test_a_rate_comes_back_with_time_and_is_each_addresss_own() -> None:
    now = [0.0]
    limiter = Limiter(Rate(burst=2, per_s=0.5), clock=lambda: now[0])
    assert [limiter.allows("a") for _ in range(3)] == [True, True, False]
    assert limiter.allows("b")
    now[0] = 2.0
    assert [limiter.allows("a") for _ in range(2)] == [True, False]


def test_an_error_of_ours_is_told_without_a_traceback(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = api.app.state.services
    monkeypatch.setattr(services, "overview", None)
    answer = api.get("/api/overview")
    assert "own log" in refused(answer, 500)
    assert answer.json()["error"] == "internal"
    assert "content-security-policy" in answer.headers


def test_without_the_token_nothing_but_the_page_is_there(guarded: TestClient) -> None:
    for path in ("/api/jobs", "/api/options", "/api/overview", "/api/events", "/docs",
                 "/openapi.json", f"/api/jobs/{JOB}/images/img_0001.jpg"):  # fmt: skip
        answer = guarded.get(path)
        refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    refused(guarded.post("/api/run", json={"query": "a"}), 401)
    assert guarded.get("/healthz").status_code == 200
    assert guarded.get("/static/nothing").status_code == 404


def test_the_token_opens_the_api_to_programs(guarded: TestClient) -> None:
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/jobs", headers=right).status_code == 200
    assert guarded.post("/api/run", json={"query": "a"}, headers=right).status_code == 200
    assert guarded.get("/api/options", headers=right).json()["token_required"] is True
    for wrong in ("Bearer x", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer \xff"):
        header = {"Authorization": wrong.encode("latin-1")}
        refused(guarded.get("/api/jobs", headers=header), 401)


def test_the_token_is_exchanged_for_a_cookie(guarded: TestClient) -> None:
    refused(guarded.post("/login", json={"token": "wrong"}), 401)
    answer = guarded.post("/login", json={"token": TOKEN})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/api/jobs").status_code == 200
    refused(
        guarded.post("/api/run", json={"query": "a"}, headers={"Origin": "http://evil.example"}),
        403,
    )
    guarded.cookies.clear()
    guarded.cookies.set("dashboard", TOKEN)
    refused(guarded.get("/api/jobs"), 401)


def test_tokens_cannot_be_tried_out(guarded: TestClient) -> None:
    answers = [guarded.post("/login", json={"token": str(n)}).status_code for n in range(20)]
    assert answers[:10] == [401] * 10
    assert answers[-1] == 429
    refused(guarded.post("/login", json={"token": TOKEN}), 429)


@pytest.mark.parametrize(
    ("host", "status"),
    [("images.example.com", 401), ("OTHER.example.com:80", 401), ("192.168.1.2", 401),
     ("localhost", 401), (socket.gethostname(), 401), ("evil.example", 403)],
)  # fmt: skip
def test_on_the_network_names_have_to_be_listed(
    guarded: TestClient, host: str, status: int
) -> None:
    refused(guarded.get("/api/jobs", headers={"Host": host}), status)


def test_without_a_token_the_network_is_refused_however_it_listens(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
    with TestClient(create_app(), base_url="http://10.1.2.3:8000") as api:
        answer = api.get("/api/jobs", headers={"Host": "127.0.0.1"})
        assert "DASHBOARD_TOKEN" in refused(answer, 403)


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "dashboard", "--host", "0.0.0.0", "--port", "0"],
        [sys.executable, "-m", "uvicorn", "dashboard.app:app", "--host", "0.0.0.0",
         "--port", "0"],
    ],
)  # fmt: skip
def test_the_network_without_a_token_is_no_start(command: list[str], database: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode != 0
    assert "DASHBOARD_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr
