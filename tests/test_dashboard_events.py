"""Live events, over a real connection."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from dashboard.events import QUEUE_LENGTH, Client
from tasks.database.jobs_table import Jobs
from tasks.jobs import Status
from tests.support.dashboards import answering, served
from tests.support.history import BROKE, begun, ended

Event = tuple[str, dict[str, Any]]


@pytest.fixture
def address(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("DASHBOARD_RUNS_AT_ONCE", "0")
    with served() as (running, _):
        yield running


@contextmanager
def events(address: str, path: str = "/api/events") -> Iterator[Iterator[Event]]:
    with requests.get(address + path, stream=True, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _parsed(answer)


def _parsed(answer: requests.Response) -> Iterator[Event]:
    name = ""
    for raw in answer.iter_lines(chunk_size=1):
        line = raw.decode()
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def first(found: Iterator[Event], name: str, **wanted: object) -> dict[str, Any]:
    """Return the data of the first event that is as wanted."""
    for event, data in found:
        if event == name and wanted.items() <= data.items():
            return data
    raise AssertionError(f"The stream ended before {name} {wanted}.")


def test_changes_come_as_they_happen(address: str, jobs: Jobs) -> None:
    ended(jobs, "0")
    begun(jobs, "1")
    with events(address) as found:
        name, data = next(found)
        assert (name, data["id"], data["status"]) == ("job", "1", "running")
        jobs.beat("1", progress={"search": {"done": 5, "expected": 0}})
        data = first(found, "job", id="1")
        assert data["progress"]["search"]["done"] == 5
        asked = requests.post(f"{address}/api/run", json={"query": "사과"}, timeout=10).json()
        assert first(found, "job", id=asked["job_id"])["position"] == 1
        jobs.end("1", Status.DONE)
        assert first(found, "job", id="1", status="done")["can_cancel"] is False
        requests.delete(f"{address}/api/jobs/1", timeout=10)
        assert first(found, "removed") == {"id": "1"}


def test_the_first_job_of_an_empty_table_is_told_to_who_is_there(address: str, jobs: Jobs) -> None:
    begun(jobs, "1")
    with events(address) as found:
        first(found, "job", id="1")
        with jobs.transaction() as cursor:
            cursor.execute("DELETE FROM jobs")
        assert first(found, "removed") == {"id": "1"}
        begun(jobs, "2")
        assert first(found, "job", id="2")["status"] == "running"


def test_two_windows_see_the_same(address: str, jobs: Jobs) -> None:
    begun(jobs, "1")
    with events(address) as one, events(address) as other:
        assert next(one)[1]["id"] == next(other)[1]["id"] == "1"
        jobs.end("1", Status.FAILED, BROKE)
        for found in (one, other):
            failed = first(found, "job", status="failed")
            assert failed["error"] == "It broke."
            assert failed["error_message"] == BROKE.message.to_json()


def test_a_log_is_followed_from_where_it_was_read(address: str, jobs: Jobs) -> None:
    begun(jobs, "1")
    jobs.beat("1", lines="첫째 🍎\n둘째\n")
    with events(address, "/api/events?log=1&offset=5") as found:
        assert first(found, "log") == {"id": "1", "text": "둘째\n", "next_offset": 8}
        jobs.beat("1", lines="셋째\n")
        assert first(found, "log") == {"id": "1", "text": "셋째\n", "next_offset": 11}


def test_a_log_is_followed_from_its_end_and_missing_jobs_are_waited_for(
    address: str, jobs: Jobs
) -> None:
    begun(jobs, "1")
    jobs.beat("1", lines="before\n")
    with events(address, "/api/events?log=1") as found, events(address, "/api/events?log=f") as no:
        assert next(found)[0] == "job"
        assert next(no)[0] == "job"
        stop = threading.Event()

        def write() -> None:  # the end is wherever it is when the dashboard first looks
            while not stop.wait(0.3):
                jobs.beat("1", lines="after\n")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            assert set(first(found, "log")["text"].splitlines()) == {"after"}
        finally:
            stop.set()
            writer.join()


def test_a_stop_of_the_dashboard_ends_the_streams(jobs: Jobs) -> None:
    begun(jobs, "1")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", str(port)],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        address = answering(f"http://127.0.0.1:{port}")
        with events(address) as found:
            next(found)
            process.send_signal(signal.SIGTERM)
            assert list(found) == []
        assert "Traceback" not in process.communicate(timeout=4)[1]  # less than its patience
    finally:
        process.kill()
        process.communicate()


def test_a_client_that_does_not_keep_up_is_sent_away() -> None:
    async def fill() -> list[str | None]:
        client = Client(asyncio.get_running_loop())
        for number in range(QUEUE_LENGTH + 1):
            client.put(str(number))
        await asyncio.sleep(0)
        return [client.queue.get_nowait() for _ in range(client.queue.qsize())]

    assert asyncio.run(fill()) == [None]
