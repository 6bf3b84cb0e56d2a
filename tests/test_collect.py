"""The whole flow, with real parts: Chromium on the replica, Postgres, CLIP, Prefect."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from prefect.exceptions import ParameterTypeError, TerminationSignal
from prefect.settings import PREFECT_API_URL
from pydantic import TypeAdapter

from flows.collect import Report, collect
from flows.command import main
from flows.request import CollectRequest
from flows.reselect import Asked, reselect
from tasks.database.jobs_table import Jobs
from tasks.errors import (
    BadRequestError,
    BlockedError,
    CollectError,
    ErrorCode,
    ModelError,
    NoSubjectError,
    OutputError,
    UnreachableError,
)
from tasks.jobs import STOPPED, Status
from tasks.process import stopping
from tasks.settings import Settings
from tests.conftest import TINY_CLIP
from tests.naver_replica.results import Truth
from tests.naver_replica.serving import Replica
from tests.support.history import only
from tests.support.images import image_file
from tests.support.leftovers import until_nothing_is_left
from tests.support.records import rows
from tests.support.waiting import until

COLLECT = Path(__file__).parents[1] / "flows" / "collect.py"

pytestmark = pytest.mark.usefixtures("prefect_server", "quick_runs", "naver", "jobs")


def run(query: str = "사과", **parameters: object) -> Report:
    return collect(CollectRequest(query=query, model=str(TINY_CLIP), **parameters))


def test_the_program_begins_without_what_takes_seconds_to_import() -> None:
    program = (
        "import sys, flows.command, dashboard.app; print({'torch', 'sklearn'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=COLLECT.parents[1], stdout=subprocess.PIPE, check=True
    )
    assert done.stdout == b"set()\n"


@pytest.mark.parametrize("query", ["사과", "자동차", "house"])
def test_the_dataset_is_the_subject(
    query: str, replica: Replica, jobs: Jobs, tmp_path: Path
) -> None:
    report = run(query, limit=150, out_dir=tmp_path / "out")
    truth = replica.truth(query)
    ranked = {result.rank: result for result in truth.values()}
    chosen = [truth[str(row["url"])] for row in rows(tmp_path / "out" / "manifest.jsonl")]
    right = [result for result in chosen if result.shows_subject]
    assert len(right) / len(chosen) >= 0.95
    wanted = {result.rank for result in truth.values() if result.truth is Truth.SUBJECT}
    had = {ranked[r.copy_of].rank if r.copy_of else r.rank for r in right}
    assert len(wanted & had) / len(wanted) >= 0.9

    counts = report.waterfall
    assert counts.found == len(truth) == 150
    assert counts.found == counts.chosen + sum(counts.reasons.values())
    decisions = rows(tmp_path / "out" / "decisions.jsonl")
    assert {row["url"] for row in decisions} == set(truth)
    assert sum(row["is_chosen"] is True for row in decisions) == counts.chosen == len(chosen)
    job = only(jobs)
    assert (job.status, job.count, job.error) == (Status.DONE, counts.chosen, None)
    assert (job.id, job.query, job.out_dir) == (report.job_id, query, str(tmp_path / "out"))
    assert f"{counts.chosen} images saved" in jobs.log(job.id)


def test_each_bad_image_falls_out_for_its_own_reason(replica: Replica, tmp_path: Path) -> None:
    run(limit=150, out_dir=tmp_path / "out")
    reasons = {row["url"]: row["reason"] for row in rows(tmp_path / "out" / "decisions.jsonl")}
    truth = replica.truth("사과")
    expected = {
        Truth.BLURRED: {"blurred"},
        Truth.SMALL: {"too_small"},
    }
    for kind, allowed in expected.items():
        found = {reasons[url] for url, result in truth.items() if result.truth is kind}
        assert found == allowed
    by_rank = {result.rank: url for url, result in truth.items()}
    copies = [(url, r.copy_of) for url, r in truth.items() if r.truth is Truth.EXACT_COPY]
    for url, of in copies:
        assert of
        assert "exact_copy" in (reasons[url], reasons[by_rank[of]])
    assert copies


def test_the_wanted_number_is_kept_and_no_more(jobs: Jobs) -> None:
    report = run(limit=20)
    assert report.waterfall.chosen == only(jobs).count == 20
    assert len(list(report.out_dir.glob("img_*.jpg"))) == 20
    assert report.waterfall.found == 40  # twice as many were enough
    assert report.waterfall.reasons["over_limit"] > 0


def test_where_too_few_survive_the_source_is_asked_for_more() -> None:
    report = run("사과 500", limit=50, min_side=700, max_candidates=200)
    assert 100 < report.waterfall.found <= 200


def test_a_subject_that_is_not_found_is_said_and_can_be_tried_again(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSubjectError, match="No group among"):
        run(limit=30, eps=0.001)
    failed = only(jobs)
    folder = Path(failed.out_dir)
    names = {p.name for p in folder.iterdir()}
    assert names >= {
        ".rejected", ".work", "decisions.jsonl", "job.json", "embeddings.npy", "text.npy",
        "report.html",
    }  # fmt: skip
    assert not [name for name in names if name.startswith(("img_", "manifest"))]
    assert (failed.status, failed.count) == (Status.FAILED, 0)
    assert failed.error
    assert failed.error.startswith("No group among")
    assert failed.error_code == ErrorCode.NO_SUBJECT

    # Neither the search nor a download is repeated: there is nothing to reach any more.
    monkeypatch.setenv("NAVER_SEARCH_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("DOWNLOAD_ALLOW_HOSTS", "")
    report = run(limit=30, job_id=failed.id)
    done = only(jobs)
    assert (done.id, done.status, done.error_code, done.count) == (failed.id, Status.DONE, None, 30)
    # Without a subject it had looked at all that the replica has.
    assert "150 candidates are kept of an earlier run." in jobs.log(failed.id)
    assert report.out_dir == folder

    assert not (folder / ".work").exists()

    again = run(limit=30, job_id=failed.id)
    assert again.waterfall == report.waterfall
    assert only(jobs).status is Status.DONE


def test_the_record_of_a_job_follows_its_runs_and_no_other_words(
    jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run(limit=12, out_dir=tmp_path / "apples")
    done = only(jobs)
    asked: list[list[str]] = [
        ["자동차"], ["--limit", "5"], ["--limit", "50"], ["--eps", "0.3"], ["--min-side", "100"],
        ["--source", "naver-api"], ["--out-dir", str(tmp_path / "cars")],
    ]  # fmt: skip
    for arguments in asked:
        assert main(["--job-id", report.job_id, *arguments]) == 2
        assert "start a new job" in capsys.readouterr().err
    with pytest.raises(BadRequestError, match="was begun with query 사과, not 자동차"):
        run("자동차", limit=12, job_id=report.job_id)
    assert jobs.get(report.job_id) == done
    assert not (tmp_path / "cars").exists()


def test_fewer_than_wanted_is_said(jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["사과", "--limit", "60", "--max-candidates", "60", "--model", str(TINY_CLIP)]
    assert main(asked) == 0
    said = "Fewer than the 60 wanted: 60 candidates were looked at, as --max-candidates says."
    assert said in capsys.readouterr().out.splitlines()
    assert said in jobs.log(only(jobs).id)


@pytest.mark.parametrize("counted", ["forbidden_port", "too_small"])
def test_the_reason_that_is_named_is_the_reason(
    counted: str, jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses = tmp_path / "list.txt"
    addresses.write_text("\n".join(f"http://example.com:81/{n}.jpg" for n in range(9)))
    images = tmp_path / "images"
    images.mkdir()
    for seed in range(9):
        (images / f"{seed}.jpg").write_bytes(image_file(50, 40, seed=seed))
    source = addresses if counted == "forbidden_port" else images
    asked = ["사과", "--source", "files", "--input", str(source), "--model", str(TINY_CLIP)]
    assert main(asked) == 3
    told, *_, last = capsys.readouterr().err.splitlines()[-3:]
    assert f"rejected: 9 {counted}." in told
    assert f"9 {'were not fetched' if counted == 'forbidden_port' else 'are not'}" in last
    assert ("--min-side" in last) == (counted == "too_small")
    assert f"go on with --job-id {only(jobs).id}" in jobs.log(only(jobs).id)


def test_the_official_api_gives_a_dataset_too() -> None:
    report = run(limit=15, source="auto")  # the replica's keys are set
    assert report.waterfall.chosen == 15
    job = json.loads((report.out_dir / "job.json").read_text())
    assert (job["source"], job["search_loads"]) == ("naver-api", 1)


def test_what_is_chosen_again_by_hand_survives_later_runs(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run(limit=15, source="naver-api")
    for name in ("NAVER_API_URL", "NAVER_SEARCH_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    (tmp_path / "drop").write_text("img_0001.jpg\nimg_0002.jpg\n")
    folder, selection = reselect(report.job_id, Asked(drop=tmp_path / "drop"), Settings())
    again = run(limit=15, source="naver-api", job_id=report.job_id)
    assert again.out_dir == folder
    assert again.waterfall == selection.waterfall()
    assert again.waterfall.reasons["dropped_by_hand"] == 2
    assert only(jobs).out_dir == str(folder)
    first = {row["url"] for row in rows(report.out_dir / "manifest.jsonl")}
    left = {row["url"] for row in rows(folder / "manifest.jsonl")}
    assert len(first - left) == 2
    assert len(left) == 15


def test_a_folder_of_images_gives_a_dataset_too(tmp_path: Path) -> None:
    images = run(limit=15).out_dir
    Image.new("RGB", (400, 400), "red").save(images / "plain.png")
    report = run(limit=50, source="files", input=images, out_dir=tmp_path / "again")
    assert report.waterfall.chosen == 15
    assert report.waterfall.reasons["blurred"] == 1
    assert report.waterfall.reasons["not_an_image"] == 6  # the files of the record


@pytest.mark.parametrize(
    ("query", "error", "sentence"),
    [
        ("없는검색어", NoSubjectError, "has no results"),
        ("차단", BlockedError, "refuses this network"),
        ("차단200", BlockedError, "refuses this network"),
    ],
)
def test_a_search_without_candidates_fails_with_the_cause(
    query: str, error: type[CollectError], sentence: str, jobs: Jobs
) -> None:
    with pytest.raises(error, match=sentence):
        run(query)
    job = only(jobs)
    assert job.status is Status.FAILED
    assert job.error
    assert sentence in job.error
    assert sentence in jobs.log(job.id)


def test_an_unreachable_naver_is_said(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", "http://127.0.0.1:9/")
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9"):
        run()
    assert only(jobs).status is Status.FAILED


def test_a_folder_without_a_model_is_said(tmp_path: Path, jobs: Jobs) -> None:
    with pytest.raises(ModelError, match="holds no checkpoint"):
        collect(CollectRequest(query="사과", model=str(tmp_path)))
    assert "holds no checkpoint" in (only(jobs).error or "")


def test_images_that_cannot_be_written_are_said(tmp_path: Path, jobs: Jobs) -> None:
    # So deep a folder that the path of an image, the longest of all, is too long for the system.
    room = 4096 - len(str(tmp_path)) - len("/.work/images/") - 64
    deep = Path(*["d" * 200] * (room // 201), "d" * (room % 201))
    with pytest.raises(OutputError, match="cannot be written: File name too long"):
        run(limit=10, out_dir=tmp_path / deep)
    assert "cannot be written" in (only(jobs).error or "")
    assert not (tmp_path / deep / "manifest.jsonl").exists()


def test_an_unknown_job_cannot_be_resumed(jobs: Jobs) -> None:
    with pytest.raises(BadRequestError, match="no job abc"):
        run(job_id="abc")
    assert only(jobs).status is Status.FAILED


def test_parameters_that_prefect_refuses_have_their_row(jobs: Jobs) -> None:
    with pytest.raises(ParameterTypeError):
        collect({"query": "사과", "limit": 0})
    job = only(jobs)
    assert (job.query, job.status) == ("사과", Status.FAILED)
    assert "limit" in (job.error or "")


def command(*arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}
    return subprocess.Popen(
        [sys.executable, str(COLLECT), *arguments], env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_the_command_line_prints_one_json_object(jobs: Jobs, tmp_path: Path) -> None:
    out_dir = tmp_path / "my apples"
    process = command(
        "사과", "--limit", "10", "--out_dir", str(out_dir), "--model", str(TINY_CLIP), "--json"
    )
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["waterfall"]["chosen"] == 10
    assert (out_dir / "img_0010.jpg").exists()
    assert "Traceback" not in err
    assert only(jobs).id == report["job_id"]


def test_the_command_line_ends_with_a_summary_and_resumes_by_id_alone(jobs: Jobs) -> None:
    arguments = ("--limit", "12", "--model", str(TINY_CLIP))
    process = command("사과", *arguments, "--eps", "0.001")
    out, err = process.communicate(timeout=90)
    assert process.returncode == 3
    assert err.splitlines()[-1].startswith("No group among")
    assert "Traceback" not in err
    job = only(jobs)
    process = command("--job-id", job.id, "--eps", "0.18")
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    summary = out.splitlines()[-1]
    assert summary.startswith("12 images of “사과” saved in ")
    assert job.out_dir in summary
    assert [line.split()[0].lower() for line in out.splitlines()[:6]] == [
        "found", "fetched", "good", "unique", "subject", "chosen",
    ]  # fmt: skip


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files; its path is short, as Chrome puts a socket there."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        yield Path(path)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_nothing_behind_and_can_go_on(
    how: signal.Signals, jobs: Jobs, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(temporary.parent))  # torch's own, and stays
        process = command("사과 500", "--limit", "120", "--model", str(TINY_CLIP))
    assert process.stderr
    for line in process.stderr:
        if "Load 2" in line:
            process.send_signal(how)
            break
    timer = threading.Timer(60, process.kill)
    timer.start()
    rest = process.stderr.read()
    process.communicate()
    timer.cancel()
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    until_nothing_is_left(temporary)
    stopped = only(jobs)
    assert (stopped.status, stopped.error_code) == (Status.CANCELLED, STOPPED.code)
    assert not (Path(stopped.out_dir) / "manifest.jsonl").exists()

    report = run("사과 500", limit=120, job_id=stopped.id)
    assert report.waterfall.chosen == 120
    assert only(jobs).status is Status.DONE


@pytest.mark.timeout(400)  # it begins twelve times
def test_a_job_killed_at_ten_moments_ends_in_the_same_dataset(jobs: Jobs, tmp_path: Path) -> None:
    def dataset(out_dir: Path) -> dict[str, bytes]:
        told = {"job.json", "report.html"}  # also when and how long
        files = (path for path in out_dir.rglob("*") if path.is_file() and path.name not in told)
        return {str(path.relative_to(out_dir)): path.read_bytes() for path in files}

    def has(pattern: str, count: int) -> Callable[[], bool]:
        return lambda: len(list(killed.glob(pattern))) >= count

    seed = os.environ.get("TEST_SEED") or str(time.time_ns())
    sys.stdout.write(f"The moments are those of TEST_SEED={seed}.\n")  # shown where this fails
    chance = random.Random(seed)  # noqa: S311 — nothing secret
    query, limit, killed = "자동차 100", 30, tmp_path / "killed"
    whole = run(query, limit=limit, out_dir=tmp_path / "whole")
    fetched = range(1, whole.waterfall.unique)
    moments = [has(".work/images/[!.]*", n) for n in sorted(chance.sample(fetched, 9))]
    asked = ["--limit", str(limit), "--out-dir", str(killed), "--model", str(TINY_CLIP), query]
    for is_moment in (*moments, has("img_*.jpg", chance.randrange(1, limit))):
        process = command(*asked)
        until(
            lambda killed_at=is_moment, program=process: killed_at() or program.poll() is not None,
            "the moment to be killed at",
            90,
            every_s=0.005,
        )
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        job_id = next(job.id for job in jobs.newest(limit=10) if job.out_dir == str(killed))
        asked = ["--job-id", job_id]
    process = command(*asked)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert dataset(killed) == dataset(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_a_library_takes_for_an_error_stops_the_run(
    number: signal.Signals, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        TypeAdapter(object).dump_json(object(), fallback=lambda _: signal.raise_signal(number))

    monkeypatch.setattr("flows.collect.gather", interrupted)
    before = signal.signal(signal.SIGTERM, stopping.interrupt)  # as the command line has it
    try:
        with pytest.raises((KeyboardInterrupt, TerminationSignal)):
            run()
    finally:
        signal.signal(signal.SIGTERM, before)
    job = only(jobs)
    assert (job.status, job.error_code) == (Status.CANCELLED, STOPPED.code)


def test_bad_arguments_are_one_sentence() -> None:
    process = command("사과", "--limit", "word")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("--limit cannot be used: ")
    assert len(err.splitlines()) == 1


def test_a_database_that_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:s3cret@127.0.0.1:9/nowhere")
    process = command("사과")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Postgres at 127.0.0.1:9 cannot be used" in err.splitlines()[-1]
    assert "s3cret" not in err
    assert "Traceback" not in err
