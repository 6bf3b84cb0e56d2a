"""The routes of the dashboard's API: what they take, what they give."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from dashboard.asked import MAX_QUERIES
from flows.request import CollectRequest
from tasks.database.jobs_table import Jobs
from tasks.database.source_checks import record_check
from tasks.jobs import Status, Wishes
from tasks.measures import MEASURES
from tasks.records import Reason, Stage
from tasks.settings import Settings
from tasks.workspace import Workspace
from tests.support.dashboards import client
from tests.support.history import begun, ended
from tests.support.images import image_file
from words import templates, verbatim

JOB = "0a1b2c3d"
CHOSEN, REFUSED, LOST = "a" * 16, "b" * 16, "c" * 16
KEYS = {
    "id", "query", "limit", "out_dir", "status", "count", "error", "error_code", "error_message",
    "started_at", "finished_at", "scheduled_for", "flow_run_id", "heartbeat_at", "elapsed_s",
    "progress", "waterfall", "request", "choice", "question", "position", "prefect_url",
    "can_resume", "can_cancel",
}  # fmt: skip


@pytest.fixture
def api(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A dashboard over an empty table; what is started there goes on waiting."""
    monkeypatch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
    with client() as opened:
        yield opened


@pytest.fixture
def dataset(jobs: Jobs) -> Path:
    """The folder of a job that chose one image, refused one and could not fetch one."""
    folder = Settings().data_dir / "naver_collected" / JOB
    (folder / ".refused").mkdir(parents=True)
    (folder / "img_0001.jpg").write_bytes(image_file(800, 600))
    (folder / ".refused" / f"{REFUSED}.jpg").write_bytes(image_file(320, 240))
    rows = [
        {"file": "img_0001.jpg", "key": CHOSEN, "reason": None, "title": "<b>사과</b>"},
        {"file": None, "key": REFUSED, "reason": "blurred", "title": ""},
        {"file": None, "key": LOST, "reason": "http_error", "title": "", "sharpness": None},
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "decisions.jsonl").write_text(lines)
    (folder / "manifest.jsonl").write_text(lines.splitlines()[0] + "\n")
    (folder / "job.json").write_text("{}")
    ended(jobs, JOB, out_dir=str(folder))
    return folder


def problem(answer: Any, status: int, error: str) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"detail", "error"}
    assert body["error"] == error
    assert body["detail"].endswith(".")
    return str(body["detail"])


def test_an_empty_table_is_an_empty_list(api: TestClient) -> None:
    assert api.get("/api/jobs").json() == {"jobs": [], "total": 0, "page": 1, "per_page": 10}


def test_the_originals_body_starts_a_run_whose_row_is_there_at_once(
    api: TestClient, jobs: Jobs
) -> None:
    answer = api.post(
        "/api/run", json={"query": " 고양이 ", "limit": 30, "out_dir": "data/naver_collected"}
    )
    assert answer.status_code == 200
    assert answer.json().keys() == {"job_id"}
    job_id = answer.json()["job_id"]
    job = jobs.get(job_id)
    assert job
    assert (job.query, job.request_limit, job.status) == ("고양이", 30, Status.SCHEDULED)
    assert job.out_dir == str(Settings().data_dir / "naver_collected" / job_id)
    assert job.request
    assert CollectRequest.model_validate(job.request).limit == 30
    shown = api.get(f"/api/jobs/{job_id}").json()
    assert shown.keys() == KEYS | {"log"}
    assert (shown["status"], shown["position"], shown["log"]) == ("scheduled", 1, "")


def test_a_query_alone_is_enough_and_every_option_goes_through(api: TestClient, jobs: Jobs) -> None:
    (first,) = (api.post("/api/run", json={"query": "배"}).json()["job_id"],)
    options = {
        "eps": 0.3, "min_side": 200, "source": "naver-api", "model": "tests/tiny_clip",
        "period": "1w",
    }  # fmt: skip
    second = api.post("/api/run", json={"query": "감", "out_dir": "과일/가을", **options}).json()
    plain, particular = jobs.get(first), jobs.get(second["job_id"])
    assert plain
    assert plain.request_limit == 20
    assert particular
    assert particular.request
    assert particular.request["model"].endswith("/tests/tiny_clip")
    assert {k: particular.request[k] for k in options if k != "model"} == {
        k: v for k, v in options.items() if k != "model"
    }
    assert particular.out_dir == str(Settings().data_dir / "과일/가을" / second["job_id"])
    assert api.get(f"/api/jobs/{second['job_id']}").json()["position"] == 2


def test_several_queries_start_a_run_each_or_none(api: TestClient) -> None:
    answer = api.post("/api/run/many", json={"queries": ["사과", "배", "감"], "limit": 5})
    ids = answer.json()["job_ids"]
    assert [api.get(f"/api/jobs/{i}").json()["position"] for i in ids] == [1, 2, 3]
    problem(api.post("/api/run/many", json={"queries": ["밤", ""]}), 422, "invalid")
    problem(api.post("/api/run/many", json={"queries": []}), 422, "invalid")
    problem(api.post("/api/run/many", json={"queries": ["a"] * 51}), 422, "invalid")
    assert api.get("/api/jobs").json()["total"] == 3


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "query"), ({"query": ""}, "query"), ({"query": "a\nb"}, "query"),
        ({"query": 5}, "query"), ({"query": "a" * 201}, "query"), ({"query": ["a"]}, "query"),
        ({"query": "a", "limit": 0}, "limit"), ({"query": "a", "limit": 501}, "limit"),
        ({"query": "a", "limit": "many"}, "limit"), ({"query": "a", "limit": 1e400}, "limit"),
        ({"query": "a", "eps": 7}, "eps"), ({"query": "a", "source": "x"}, "source"),
        ({"query": "a", "job_id": "abc"}, "job_id"), ({"query": "a", "surprise": 1}, "surprise"),
        ({"query": "a", "out_dir": 5}, "out_dir"), ({"query": "a", "period": "9z"}, "period"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_named(
    api: TestClient, body: dict[str, Any], name: str
) -> None:
    answer = api.post(
        "/api/run", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert problem(answer, 422, "invalid").startswith(f"{name} cannot be used: ")
    assert api.get("/api/jobs").json()["total"] == 0


def test_lists_are_sorted_filtered_and_in_pages(api: TestClient, jobs: Jobs) -> None:
    for number, query in enumerate(["나비", "Cat 100%", "강아지", "cat_food"]):
        ended(jobs, f"{number}", query=query)
        jobs.set_waterfall(f"{number}", {"chosen": number * 10 % 30})
    begun(jobs, "f", query="나비")

    def ids(**asked: object) -> list[str]:
        return [job["id"] for job in api.get("/api/jobs", params=asked).json()["jobs"]]

    assert ids() == ["f", "3", "2", "1", "0"]
    assert ids(sort="oldest") == ["0", "1", "2", "3", "f"]
    assert ids(sort="count") == ["2", "1", "3", "0", "f"]
    assert ids(sort="query")[-2:] == ["f", "0"]
    assert ids(query="CAT") == ["3", "1"]
    assert ids(query="0%") == ["1"]
    assert ids(query="t_f") == ["3"]
    assert ids(query="\\") == []
    assert ids(status="running") == ["f"]
    assert ids(status="done,failed", query="나비") == ["0"]
    assert ids(per_page=2, page=2) == ["2", "1"]
    assert ids(per_page=50, page=9) == []
    page = api.get("/api/jobs", params={"status": "done", "per_page": 3, "page": 2}).json()
    assert (page["total"], page["page"], page["per_page"], len(page["jobs"])) == (4, 2, 3, 1)
    assert page["jobs"][0].keys() == KEYS


@pytest.mark.parametrize(
    "asked",
    [
        {"page": 0}, {"per_page": 0}, {"per_page": 101}, {"page": "x"}, {"status": "gone"},
        {"sort": "id; DROP TABLE jobs"}, {"query": "a\0"}, {"page": 10**12},
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_is_refused(api: TestClient, asked: dict[str, object]) -> None:
    problem(api.get("/api/jobs", params=asked), 422, "invalid")


def test_the_log_comes_in_parts_and_as_a_file(api: TestClient, jobs: Jobs) -> None:
    begun(jobs, JOB)
    jobs.beat(JOB, lines="첫째 🍎\n")
    part = api.get(f"/api/jobs/{JOB}/log").json()
    assert part == {"text": "첫째 🍎\n", "next_offset": 5, "is_complete": False}
    jobs.beat(JOB, lines="둘째\n")
    jobs.end(JOB, Status.DONE)
    part = api.get(f"/api/jobs/{JOB}/log?offset=5").json()
    assert part == {"text": "둘째\n", "next_offset": 8, "is_complete": True}
    whole = api.get(f"/api/jobs/{JOB}/log.txt")
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert "attachment" in whole.headers["content-disposition"]
    assert whole.text == "첫째 🍎\n둘째\n" == api.get(f"/api/jobs/{JOB}").json()["log"]


@pytest.mark.parametrize(
    "path",
    [
        "", "/log", "/log.txt", "/images", "/images/img_0001.jpg", "/decisions",
        f"/thumbnails/{CHOSEN}", "/archive", "/report",
    ],
)  # fmt: skip
def test_a_job_that_is_not_there_is_not_found(api: TestClient, path: str) -> None:
    assert JOB in problem(api.get(f"/api/jobs/{JOB}{path}"), 404, "not_found")


@pytest.mark.parametrize("path", ["/cancel", "/resume"])
def test_a_job_that_is_not_there_cannot_be_changed(api: TestClient, path: str) -> None:
    problem(api.post(f"/api/jobs/{JOB}{path}"), 404, "not_found")
    problem(api.delete(f"/api/jobs/{JOB}"), 404, "not_found")


def test_deleting_and_clearing_leave_the_files_and_what_runs(
    api: TestClient, jobs: Jobs, dataset: Path
) -> None:
    begun(jobs, "1")
    ended(jobs, "2")
    assert api.get(f"/api/jobs/{JOB}/thumbnails/{CHOSEN}").status_code == 200
    kept = Settings().data_dir / "dashboard" / "thumbnails" / JOB
    assert kept.is_dir()
    assert "cancel it first" in problem(api.delete("/api/jobs/1"), 409, "conflict")
    answer = api.delete(f"/api/jobs/{JOB}").json()
    assert answer.keys() == {"ok", "message"}
    assert answer["ok"] is True
    assert (dataset / "img_0001.jpg").exists()
    assert not kept.exists()
    cleared = api.post("/api/jobs/clear").json()
    assert (cleared["ok"], cleared["message"][:11]) == (True, "1 ended job")
    assert [job["id"] for job in api.get("/api/jobs").json()["jobs"]] == ["1"]


def test_a_waiting_job_is_cancelled_at_once_and_can_be_resumed(api: TestClient, jobs: Jobs) -> None:
    job_id = api.post("/api/run", json={"query": "사과"}).json()["job_id"]
    answer = api.post(f"/api/jobs/{job_id}/cancel").json()
    assert answer.keys() == {"ok", "message"}
    shown = api.get(f"/api/jobs/{job_id}").json()
    assert (shown["status"], shown["can_cancel"], shown["can_resume"]) == ("cancelled", False, True)
    problem(api.post(f"/api/jobs/{job_id}/cancel"), 409, "conflict")
    assert api.post(f"/api/jobs/{job_id}/resume").json() == {"ok": True, "job_id": job_id}
    shown = api.get(f"/api/jobs/{job_id}").json()
    assert (shown["status"], shown["error"], shown["position"]) == ("scheduled", None, 1)
    problem(api.post(f"/api/jobs/{job_id}/resume"), 409, "conflict")


def test_what_is_done_or_not_ours_or_runs_is_not_resumed(api: TestClient, jobs: Jobs) -> None:
    ended(jobs, "1")
    begun(jobs, "2")
    ended(jobs, "3", Status.FAILED)
    with jobs.transaction() as cursor:
        cursor.execute("UPDATE jobs SET request = NULL WHERE id = '3'")
    ended(jobs, "4", Status.FAILED, eps="wide")
    sentences = [problem(api.post(f"/api/jobs/{n}/resume"), 409, "conflict") for n in range(1, 5)]
    for sentence, part in zip(
        sentences, ["is done", "has not ended", "earlier program", "eps cannot"], strict=True
    ):
        assert part in sentence


def test_a_job_whose_process_is_gone_can_be_cancelled(api: TestClient, jobs: Jobs) -> None:
    begun(jobs, JOB)
    with jobs.transaction() as cursor:
        cursor.execute("UPDATE jobs SET heartbeat_at = now() - interval '1 minute'")
    assert api.post(f"/api/jobs/{JOB}/cancel").json()["ok"] is True
    assert api.get(f"/api/jobs/{JOB}").json()["status"] == "cancelled"


def test_a_running_job_is_asked_to_end(api: TestClient, jobs: Jobs) -> None:
    begun(jobs, JOB)
    assert api.post(f"/api/jobs/{JOB}/cancel").json()["ok"] is True
    assert jobs.beat(JOB)
    assert api.get(f"/api/jobs/{JOB}").json()["status"] == "running"


def test_images_are_listed_and_served(api: TestClient, dataset: Path) -> None:
    answer = api.get(f"/api/jobs/{JOB}/images").json()
    assert answer == {"job_id": JOB, "out_dir": str(dataset), "files": ["img_0001.jpg"]}
    image = api.get(f"/api/jobs/{JOB}/images/img_0001.jpg")
    assert image.headers["content-type"] == "image/jpeg"
    assert image.content == (dataset / "img_0001.jpg").read_bytes()
    problem(api.get(f"/api/jobs/{JOB}/images/img_0002.jpg"), 404, "not_found")
    problem(api.get(f"/api/jobs/{JOB}/images/manifest.jsonl"), 422, "invalid")


def test_images_are_in_the_order_of_their_numbers(api: TestClient, dataset: Path) -> None:
    for name in ("img_10000.jpg", "img_9999.jpg", "img_1.jpg", "other.jpg"):
        (dataset / name).write_bytes(b"")
    files = api.get(f"/api/jobs/{JOB}/images").json()["files"]
    assert files == ["img_0001.jpg", "img_9999.jpg", "img_10000.jpg"]


def test_decisions_are_counted_filtered_and_in_parts(api: TestClient, dataset: Path) -> None:
    path = f"/api/jobs/{JOB}/decisions"
    everything = api.get(path).json()
    assert everything["counts"] == {"chosen": 1, "blurred": 1, "http_error": 1}
    assert (everything["total"], everything["offset"]) == (3, 0)
    rows = {row["key"]: row for row in everything["decisions"]}
    base = f"/api/jobs/{JOB}"
    assert rows[CHOSEN]["image"] == f"{base}/images/img_0001.jpg"
    assert rows[CHOSEN]["thumbnail"] == f"{base}/thumbnails/{CHOSEN}"
    assert rows[CHOSEN]["title"] == "<b>사과</b>"
    assert (rows[REFUSED]["image"], rows[REFUSED]["thumbnail"]) == (
        None, f"{base}/thumbnails/{REFUSED}",
    )  # fmt: skip
    assert rows[LOST]["thumbnail"] is None
    part = api.get(path, params={"verdict": "blurred"}).json()
    assert (part["total"], part["decisions"][0]["key"]) == (1, REFUSED)
    part = api.get(path, params={"offset": 1, "limit": 1}).json()
    assert [row["key"] for row in part["decisions"]] == [REFUSED]
    problem(api.get(path, params={"verdict": "ugly"}), 422, "invalid")


def test_an_originals_dataset_is_shown_without_a_record(api: TestClient, jobs: Jobs) -> None:
    parent = Settings().data_dir / "old"
    (parent / JOB).mkdir(parents=True)
    (parent / JOB / "img_0001.jpg").write_bytes(image_file(400, 300))
    with jobs.transaction() as cursor:
        cursor.execute(
            "INSERT INTO jobs (id, out_dir, status) VALUES (%s, %s, 'done')", (JOB, str(parent))
        )
    assert api.get(f"/api/jobs/{JOB}").json()["query"] == ""
    assert api.get(f"/api/jobs/{JOB}/images").json()["files"] == ["img_0001.jpg"]
    decisions = api.get(f"/api/jobs/{JOB}/decisions").json()
    assert decisions["counts"] == {"chosen": 1}
    image = f"/api/jobs/{JOB}/images/img_0001.jpg"
    assert decisions["decisions"][0]["thumbnail"] == image
    assert api.get(image).status_code == 200


def test_a_job_without_a_folder_yet_has_no_images(api: TestClient, jobs: Jobs) -> None:
    begun(jobs, JOB, out_dir="/nowhere/at/all")
    assert api.get(f"/api/jobs/{JOB}/images").json()["files"] == []
    decisions = api.get(f"/api/jobs/{JOB}/decisions").json()
    assert decisions == {"total": 0, "offset": 0, "counts": {}, "decisions": []}
    problem(api.get(f"/api/jobs/{JOB}/archive"), 409, "conflict")


@pytest.mark.parametrize(
    ("size", "expected"), [(160, (160, 120)), (320, (320, 240)), (640, (640, 480))]
)
def test_thumbnails_have_stated_sizes_and_are_kept(
    api: TestClient, dataset: Path, size: int, expected: tuple[int, int]
) -> None:
    path = f"/api/jobs/{JOB}/thumbnails/{CHOSEN}?size={size}"
    first = api.get(path)
    assert first.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(first.content)).size == expected
    assert api.get(path).content == first.content
    again = api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (dataset / "img_0001.jpg").write_bytes(image_file(600, 800))
    changed = api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert Image.open(io.BytesIO(changed.content)).size == expected[::-1]


def test_refused_images_have_thumbnails_and_lost_ones_none(api: TestClient, dataset: Path) -> None:
    refused = api.get(f"/api/jobs/{JOB}/thumbnails/{REFUSED}?size=160")
    assert Image.open(io.BytesIO(refused.content)).size == (160, 120)
    problem(api.get(f"/api/jobs/{JOB}/thumbnails/{LOST}"), 404, "not_found")
    problem(api.get(f"/api/jobs/{JOB}/thumbnails/{'d' * 16}"), 404, "not_found")
    problem(api.get(f"/api/jobs/{JOB}/thumbnails/{CHOSEN}?size=200"), 422, "invalid")
    (dataset / "img_0001.jpg").write_bytes(b"no image")
    problem(api.get(f"/api/jobs/{JOB}/thumbnails/{CHOSEN}"), 404, "not_found")


def test_the_archive_holds_the_dataset_as_it_is(api: TestClient, dataset: Path) -> None:
    Workspace(dataset / ".work").save_image(b"secret work", b"secret work")
    answer = api.get(f"/api/jobs/{JOB}/archive")
    assert answer.headers["content-type"] == "application/zip"
    assert f"{JOB}.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        assert zipped.testzip() is None
        assert {entry.compress_type for entry in zipped.infolist()} == {zipfile.ZIP_STORED}
        assert zipped.namelist() == [
            f"{JOB}/{name}"
            for name in ("img_0001.jpg", "decisions.jsonl", "job.json", "manifest.jsonl")
        ]
        assert zipped.read(f"{JOB}/img_0001.jpg") == (dataset / "img_0001.jpg").read_bytes()
    (dataset / "manifest.jsonl").unlink()
    problem(api.get(f"/api/jobs/{JOB}/archive"), 404, "not_found")


def test_the_report_is_a_page_in_which_nothing_can_run(api: TestClient, dataset: Path) -> None:
    problem(api.get(f"/api/jobs/{JOB}/report"), 404, "not_found")
    (dataset / "report.html").write_text("<h1>사과</h1><script>alert(1)</script>")
    answer = api.get(f"/api/jobs/{JOB}/report")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>사과</h1>" in answer.text
    policy = [part.strip() for part in answer.headers["content-security-policy"].split(";")]
    assert {"default-src 'none'", "sandbox"} <= set(policy)
    assert not any("script" in part for part in policy)


def test_the_overview_adds_the_table_up(api: TestClient, jobs: Jobs) -> None:
    for number in range(2):
        ended(jobs, f"{number}")
        reasons = {"blurred": 3, "noise": number}
        waterfall = {"found": 10 + number, "chosen": 7, "reasons": reasons}
        jobs.set_waterfall(f"{number}", waterfall)
    begun(jobs, "2")
    jobs.set_waterfall("2", {"found": 1000, "chosen": 0, "reasons": {}})
    report = {"query": "고양이", "candidates": 9, "strategies": [{"strategy": "tiles"}]}
    record_check(Settings(), "naver", ok=False, message=verbatim("The page changed."), report=[])
    record_check(Settings(), "naver", ok=True, message=verbatim("All is well."), report=[report])
    shown = api.get("/api/overview").json()
    assert shown["jobs_by_status"] == {"done": 2, "running": 1}
    assert len(shown["queries_per_day"]) == 30
    assert sum(day["jobs"] for day in shown["queries_per_day"][-2:]) == 3
    assert sum(day["images"] for day in shown["queries_per_day"][-2:]) == 14
    assert shown["yield"] == {"found": 21, "chosen": 14, "reasons": {"blurred": 6, "noise": 1}}
    health = shown["source_health"]
    assert (health["ok"], health["detail"]) == (True, "All is well.")
    assert health["strategies"] == [{"query": "고양이", "strategy": "tiles"}]
    assert shown["disk"]["data_dir"] == str(Settings().data_dir)
    assert shown["disk"]["free_bytes"] > 0


def test_an_empty_overview_is_whole(api: TestClient) -> None:
    shown = api.get("/api/overview").json()
    assert shown["source_health"] is None
    assert shown["yield"] == {"found": 0, "chosen": 0, "reasons": {}}


def test_the_form_knows_fields_defaults_and_who_runs(api: TestClient) -> None:
    shown = api.get("/api/options").json()
    fields = shown["fields"]["properties"]
    assert fields.keys() == CollectRequest.model_fields.keys() - {"job_id"}
    assert shown["defaults"].keys() == fields.keys() - {"query"}
    assert (fields["limit"]["maximum"], shown["defaults"]["limit"]) == (500, 20)
    assert shown["runner"]["kind"] == "child"
    assert shown["runner"]["sentence"].endswith(".")
    assert shown["token_required"] is False
    assert shown["max_queries"] == MAX_QUERIES
    answer = api.post("/api/run", json={"query": "감", **shown["defaults"]})
    assert answer.status_code == 200


def test_health_says_what_is_there(api: TestClient) -> None:
    answer = api.get("/healthz")
    assert answer.json() == {"status": "ok", "database": True, "prefect": False}


def test_the_api_describes_itself_without_another_server(api: TestClient) -> None:
    page = api.get("/docs").text
    assert "POST /api/run/many" in page
    assert "<script" not in page
    assert "//" not in page.replace("<!DOCTYPE html>", "").split("<main>")[0]
    assert "/api/jobs/{job_id}/decisions" in api.get("/openapi.json").json()["paths"]


def test_an_unknown_path_and_a_wrong_method_are_errors_like_all(api: TestClient) -> None:
    problem(api.get("/api/nothing"), 404, "not_found")
    problem(api.get("/static/nothing.js"), 404, "not_found")
    problem(api.put("/api/jobs"), 405, "bad_request")
    problem(
        api.post("/api/run", content=b"{", headers={"Content-Type": "application/json"}),
        400,
        "bad_request",
    )


def break_off(postgres: str, database: str, *, comes_back: bool) -> None:
    """End every connection to a database, and let new ones in or not."""
    name = psycopg2.extensions.parse_dsn(database)["dbname"]
    admin = psycopg2.connect(postgres)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS {comes_back}')
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )
    admin.close()


def test_a_database_that_broke_off_is_taken_up_again(
    api: TestClient, postgres: str, database: str
) -> None:
    assert api.get("/api/jobs").status_code == 200
    for _ in range(2):
        break_off(postgres, database, comes_back=True)
        assert api.get("/api/jobs").status_code == 200


def test_a_database_that_is_away_is_said_until_it_is_back(
    api: TestClient, postgres: str, database: str
) -> None:
    break_off(postgres, database, comes_back=False)
    sentence = problem(api.get("/api/jobs"), 503, "unavailable")
    assert "not currently accepting connections" in sentence
    health = api.get("/healthz")
    assert (health.status_code, health.json()["database"]) == (503, False)
    break_off(postgres, database, comes_back=True)
    assert api.get("/api/jobs").status_code == 200


def test_a_waiting_runs_question_is_seen_and_answered(
    api: TestClient, jobs: Jobs, tmp_path: Path
) -> None:
    begun(jobs, "1", out_dir=str(tmp_path / "out"))
    data = image_file(400, 300)
    sha256 = Workspace(tmp_path / "out" / ".work").save_image(data, data)
    groups = [{"number": 1, "size": 9, "images": [sha256]}]
    assert problem(api.post("/api/jobs/1/answer", json={"group": 1}), 409, "conflict")
    problem(api.get(f"/api/jobs/1/question/{sha256}"), 404, "not_found")
    jobs.ask("1", {"until": "2026-11-24T00:00:00+00:00", "groups": groups})
    shown = api.get("/api/jobs/1").json()
    assert (shown["status"], shown["question"]["groups"]) == ("waiting", groups)
    assert shown["can_cancel"]
    small = api.get(f"/api/jobs/1/question/{sha256}")
    assert small.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(small.content)) as image:
        assert max(image.size) == 320
    problem(api.get(f"/api/jobs/1/question/{'0' * 64}"), 404, "not_found")
    problem(api.post("/api/jobs/1/answer", json={"group": 2}), 409, "conflict")
    problem(api.post("/api/jobs/1/answer", json={"group": -1}), 422, "invalid")
    problem(api.post("/api/jobs/zz/answer", json={"group": 1}), 422, "invalid")
    from_elsewhere = {"sec-fetch-site": "cross-site"}
    answer = api.post("/api/jobs/1/answer", json={"group": 1}, headers=from_elsewhere)
    problem(answer, 403, "forbidden")
    assert jobs.beat("1") == Wishes()
    assert api.post("/api/jobs/1/answer", json={"group": 1}).json()["ok"] is True
    assert jobs.beat("1") == Wishes(answer=1)
    jobs.ask("1", None)
    assert jobs.beat("1") == Wishes()
    assert api.get("/api/jobs/1").json()["question"] is None


def test_the_page_learns_every_code_from_the_api(api: TestClient) -> None:
    told = api.get("/api/vocabulary").json()
    reasons = [reason for stage in told["stages"] for reason in stage["reasons"]]
    assert sorted(reasons) == sorted([*Reason, *(measure.reason for measure in MEASURES)])
    assert [stage["stage"] for stage in told["stages"]] == list(Stage)
    assert told["statuses"] == list(Status)
    assert set(told["ended"]) == {"done", "failed", "cancelled"}
    for key in (f"reason.{reason}{end}" for reason in reasons for end in ("", ".why")):
        assert key in templates("en")
    for key in (f"measure.{measure['name']}" for measure in told["measures"]):
        assert key in templates("en")
