"""What becomes of a run for which it is not clear which group is the subject."""

import io
import json
import logging
import os
import pty
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling

from flows import asking
from flows.collect import Report, collect
from flows.request import CollectRequest
from flows.terminal import asking_here, display
from tasks.database.jobs_table import Jobs
from tasks.errors import AmbiguousError
from tasks.jobs import STOPPED, Job, Status
from tasks.settings import Settings
from tests.conftest import TINY_CLIP
from tests.naver_replica.pictures import draw
from tests.support.history import only
from tests.support.records import rows
from tests.support.waiting import until

on_prefect = pytest.mark.usefixtures("prefect_server", "quick_runs", "jobs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images of two subjects, with like claims."""
    path = tmp_path_factory.mktemp("mixed")
    for kind, count in (("apple", 12), ("car", 10)):
        for seed in range(count):
            draw(kind, seed, 400, 400).save(path / f"{seed:02d}-{kind}.jpg", quality=92)
    return path


def run(folder: Path, on_ambiguous: str) -> Report:
    """Collect by a query that the model has no words for: one that it reads would decide."""
    return collect(
        CollectRequest(
            query="둘", source="files", input=folder, model=str(TINY_CLIP),
            on_ambiguous=on_ambiguous,
        )
    )  # fmt: skip


def kinds(report: Report) -> set[str]:
    urls = [str(row["url"]) for row in rows(report.out_dir / "manifest.jsonl")]
    return {Path(url).stem.partition("-")[2] for url in urls}


@contextmanager
def meanwhile(act: Callable[[Job], Any]) -> Iterator[None]:
    """In another thread, wait until the one job waits, and act on it."""
    problems: list[BaseException] = []

    def look() -> None:
        try:
            with Jobs.open(Settings()) as jobs:
                act(until(lambda: waiting(jobs), "the question", 60))
        except BaseException as error:
            problems.append(error)
            with Jobs.open(Settings()) as jobs:  # or the run would wait on
                jobs.request_cancel(only(jobs).id)

    with get_client(sync_client=True) as client:
        api = str(client.api_url)
    thread = threading.Thread(target=lambda: _with(api, look))
    thread.start()
    yield
    thread.join()
    assert not problems


def _with(api: str, call: Callable[[], None]) -> None:
    with temporary_settings({PREFECT_API_URL: api}):
        call()


def waiting(jobs: Jobs) -> Job | None:
    newest = jobs.newest(limit=1)
    is_waiting = bool(newest) and newest[0].status is Status.WAITING and newest[0].question
    return newest[0] if is_waiting else None


def in_prefect(job: Job) -> Any:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(UUID(job.flow_run_id)).state


@on_prefect
def test_the_largest_is_taken_and_marked(folder: Path, jobs: Jobs) -> None:
    report = run(folder, "largest")
    assert kinds(report) == {"apple"}
    choice = json.loads((report.out_dir / "job.json").read_text())["choice"]
    assert (choice["outcome"], choice["group"], choice["by_hand"]) == ("ambiguous", 1, False)
    assert only(jobs).choice == choice


@on_prefect
def test_a_run_that_is_to_fail_says_what_is_open(folder: Path, jobs: Jobs) -> None:
    with pytest.raises(AmbiguousError, match="the first has 12 images, the second 10") as failed:
        run(folder, "fail")
    job = only(jobs)
    assert failed.value.exit_code == 3
    assert (job.status, job.error) == (Status.FAILED, str(failed.value))
    assert not (Path(job.out_dir) / "manifest.jsonl").exists()


@on_prefect
def test_an_answer_in_the_row_lets_the_run_go_on(folder: Path, jobs: Jobs) -> None:
    seen: list[Job] = []

    def answer(job: Job) -> None:
        seen.append(job)
        with Jobs.open(Settings()) as own:
            assert own.answer(job.id, 2)

    with meanwhile(answer):
        report = run(folder, "ask")
    assert kinds(report) == {"car"}
    question = seen[0].question
    assert question
    assert [(g["number"], g["size"], len(g["images"])) for g in question["groups"]] == [
        (1, 12, 6), (2, 10, 6),
    ]  # fmt: skip
    job = only(jobs)
    assert (job.status, job.count, job.question) == (Status.DONE, 10, None)
    assert job.choice
    assert (job.choice["group"], job.choice["by_hand"]) == (2, True)
    assert report.waterfall.found == 10 + sum(report.waterfall.reasons.values())


@on_prefect
def test_the_answer_none_ends_the_run_with_that(folder: Path, jobs: Jobs) -> None:
    def answer(job: Job) -> None:
        with Jobs.open(Settings()) as own:
            assert own.answer(job.id, asking.NONE)

    with meanwhile(answer), pytest.raises(AmbiguousError, match="None of the groups") as failed:
        run(folder, "ask")
    job = only(jobs)
    assert (job.status, job.error, job.question) == (Status.FAILED, str(failed.value), None)


@on_prefect
def test_prefects_own_form_lets_the_run_go_on(folder: Path, jobs: Jobs) -> None:
    forms: list[str] = []

    def fill_in(job: Job) -> None:
        keys = until(lambda: paused(job), "the pause", 20).state_details.run_input_keyset
        run_id = UUID(job.flow_run_id)
        with get_client(sync_client=True) as client:
            for part in ("schema", "description"):
                path = f"/flow_runs/{run_id}/input/{keys[part]}"
                forms.append(until(lambda path=path: _found(client, path), part, 20))
            refused = client.resume_flow_run(run_id, run_input={"group": 3})
            assert refused.status.value == "REJECT"
            client.resume_flow_run(run_id, run_input={"group": 1})

    with meanwhile(fill_in):
        report = run(folder, "ask")
    assert kinds(report) == {"apple"}
    schema, description = map(json.loads, forms)
    assert schema["properties"]["group"]["maximum"] == 2
    assert "**Group 2**, 10 images" in description


def _found(client: Any, path: str) -> str | None:
    answer = requests.get(f"{str(client.api_url).rstrip('/')}{path}", timeout=10)
    return answer.text if answer.status_code == 200 else None


def paused(job: Job) -> Any:
    state = in_prefect(job)
    return state if state.is_paused() else None


@on_prefect
def test_a_question_that_nobody_answers_ends_in_that_sentence(
    folder: Path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ANSWER_WITHIN_S", 1)
    with pytest.raises(AmbiguousError, match="Nobody answered in time") as failed:
        run(folder, "ask")
    job = only(jobs)
    assert (job.status, job.error) == (Status.FAILED, str(failed.value))
    assert in_prefect(job).type is StateType.FAILED


@on_prefect
def test_a_run_can_be_cancelled_while_it_waits(folder: Path, jobs: Jobs) -> None:
    def cancel(job: Job) -> None:
        until(lambda: paused(job), "the pause", 20)
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(job.flow_run_id), Cancelling())

    with meanwhile(cancel), pytest.raises(KeyboardInterrupt):
        run(folder, "ask")
    job = only(jobs)
    assert (job.status, job.error_code) == (Status.CANCELLED, STOPPED.code)
    assert in_prefect(job).type is StateType.CANCELLED


def test_the_question_is_asked_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, terminal = pty.openpty()
    shown: list[bytes] = []
    taken: list[int] = []
    tries = iter([False, True])  # the pause may not have begun

    def take(answer: int) -> bool:
        taken.append(answer)
        return next(tries)

    def watch() -> None:
        with suppress(OSError):  # how a terminal ends
            while True:
                shown.append(os.read(screen, 4096))

    watcher = threading.Thread(target=watch)
    watcher.start()
    with (
        os.fdopen(terminal, "r+b", buffering=0) as raw,
        io.TextIOWrapper(raw, encoding="utf-8") as stream,
    ):
        for name in ("stdin", "stderr"):
            monkeypatch.setattr(sys, name, stream)
        with display("en"), asking_here(lambda _: "Which [bold]one[/bold]?", 2, take):
            os.write(screen, b"seven\n3\n2\n")
            until(lambda: taken == [2, 2], "the answer", 10)
    watcher.join()
    os.close(screen)
    seen = b"".join(shown).decode()
    assert "Which [bold]one[/bold]?" in seen
    assert seen.count("Type a number from 1 to 2, or 0 for none.") == 2


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", r"\u001b[2Jgone"),
        ("\x9b31m \x07", r"\u009b31m \u0007"),
        ("[red]고양이[/red]", "[red]고양이[/red]"),
    ],
)
def test_a_log_line_is_shown_and_not_obeyed(
    monkeypatch: pytest.MonkeyPatch, text: str, shown: str, *, is_terminal: bool
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with display("en"):
        logging.getLogger("flows.collect").warning("A title: %s", text)
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())  # the bars' own
    assert f"A title: {shown}" in seen


def test_without_a_person_at_a_terminal_nothing_is_asked_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with display("en"), asking_here(lambda _: "Which one?", 2, lambda _: True):
        pass
    assert "Which one?" not in capsys.readouterr().err
