"""What becomes of candidates: retried by kind of failure, every attempt on record."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import download as downloading
from tasks import fetch as fetching
from tasks import politeness as polite
from tasks.download import download_batch
from tasks.politeness import BURST, FAILURES_IN_A_ROW
from tasks.quality import QualityLimits
from tasks.records import Address, AddressKind, Candidate, Picture, Reason, Rejected
from tasks.workspace import Result, Workspace
from tests.hostile_web import Mischief, serve_mischief


@pytest.fixture(scope="module")
def mischief() -> Iterator[int]:
    with serve_mischief() as port:
        yield port


@pytest.fixture
def base(mischief: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server's address; what is waited for is short."""
    monkeypatch.setenv("DOWNLOAD_ALLOW_HOSTS", f"127.0.0.1:{mischief}")
    monkeypatch.setattr(downloading, "TRY_AGAIN_AFTER_S", (0.02, 0.02, 0.02))
    monkeypatch.setattr(fetching, "STEP_TIMEOUT_S", 0.4)
    monkeypatch.setattr(polite, "FIRST_SLOWING_S", 0.01)
    monkeypatch.setattr(polite, "SLOWEST_S", 0.01)
    monkeypatch.setenv("DOWNLOAD_REQUESTS_PER_S", "0")
    return f"http://127.0.0.1:{mischief}"


def candidate(*urls: str, rank: int = 1) -> Candidate:
    return Candidate(tuple(Address(url) for url in urls), rank, "files")


def downloaded(workspace: Workspace, *candidates: Candidate) -> list[Result]:
    number = workspace.add_batch(candidates)
    download_batch.fn(workspace, number, QualityLimits())
    return workspace.results(number) or []


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("status/429", Reason.HTTP_ERROR),
        ("status/500", Reason.HTTP_ERROR),
        ("status/503", Reason.HTTP_ERROR),
        ("hangup", Reason.UNREACHABLE),
        ("announced/100", Reason.BROKEN_OFF),
        ("silence", Reason.TIMED_OUT),
    ],
)
def test_what_may_pass_is_tried_three_times_more(
    how: str, reason: Reason, base: str, tmp_path: Path
) -> None:
    passing, lasting = downloaded(
        Workspace(tmp_path),
        candidate(f"{base}/failing/3/{how}"),
        candidate(f"{base}/failing/99/{how}", rank=2),
    )
    assert isinstance(passing, Picture)
    kinds = [attempt.outcome.partition(":")[0] for attempt in passing.attempts]
    assert kinds == [reason, reason, reason, "ok"]
    assert isinstance(lasting, Rejected)
    assert (lasting.reason, len(lasting.attempts)) == (reason, 4)


@pytest.mark.parametrize("how", ["status/403", "status/404", "status/410", "body/html"])
def test_a_refusal_goes_to_the_next_address_at_once(how: str, base: str, tmp_path: Path) -> None:
    first, second = f"{base}/{how}", f"{base}/picture"
    (result,) = downloaded(Workspace(tmp_path), candidate(first, second))
    assert isinstance(result, Picture)
    assert [attempt.url for attempt in result.attempts] == [first, second]
    assert [attempt.kind for attempt in result.attempts] == [AddressKind.ORIGINAL] * 2


def test_the_first_failure_is_the_reason_and_all_are_on_record(base: str, tmp_path: Path) -> None:
    (result,) = downloaded(
        Workspace(tmp_path),
        candidate(f"{base}/status/404", f"{base}/failing/99/status/502", "http://10.0.0.1/"),
    )
    assert isinstance(result, Rejected)
    assert (result.reason, result.detail) == (Reason.HTTP_ERROR, "status 404")
    assert [attempt.outcome for attempt in result.attempts] == [
        "http_error: status 404",
        *["http_error: status 502"] * 4,
        "forbidden_address: 10.0.0.1 is no public address",
    ]


def test_a_host_gets_no_more_than_its_rate_and_its_number_at_once(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNLOAD_REQUESTS_PER_S", "20")
    monkeypatch.setenv("DOWNLOAD_AT_ONCE_PER_HOST", "3")
    started = time.monotonic()
    results = downloaded(
        Workspace(tmp_path), *(candidate(f"{base}/crowd/{n}", rank=n) for n in range(BURST + 10))
    )
    assert time.monotonic() - started >= 10 / 20
    assert all(isinstance(result, Picture) for result in results)
    assert Mischief.most_at_once == 3


def test_a_retry_after_is_waited_for(base: str, tmp_path: Path) -> None:
    started = time.monotonic()
    (result,) = downloaded(Workspace(tmp_path), candidate(f"{base}/failing/1/busy/1"))
    assert isinstance(result, Picture)
    assert time.monotonic() - started >= 1
    assert [attempt.outcome for attempt in result.attempts] == ["http_error: status 429", "ok"]


def test_a_host_that_wants_a_long_rest_is_not_asked_again(base: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (first,) = downloaded(workspace, candidate(f"{base}/busy/7200"))
    assert isinstance(first, Rejected)
    assert [attempt.outcome.partition(":")[0] for attempt in first.attempts] == [
        "http_error", "host_failing",
    ]  # fmt: skip
    (second,) = downloaded(workspace, candidate(f"{base}/picture"))
    assert isinstance(second, Rejected)
    assert second.reason is Reason.HOST_FAILING
    assert second.detail == "it asked to be left alone for 7200 s"


def test_a_host_that_fails_time_after_time_is_left_alone(base: str, tmp_path: Path) -> None:
    results = downloaded(
        Workspace(tmp_path),
        *(candidate(f"{base}/failing/{n}00/status/500", rank=n) for n in range(1, 40)),
        candidate("http://10.0.0.1/", rank=40),
    )
    assert {result.reason for result in results[:-1] if isinstance(result, Rejected)} == {
        Reason.HTTP_ERROR, Reason.HOST_FAILING,
    }  # fmt: skip
    asked = sum(a.outcome == "http_error: status 500" for r in results for a in r.attempts)
    assert FAILURES_IN_A_ROW <= asked < FAILURES_IN_A_ROW + 6  # six were under way at once


def test_who_opts_out_is_left_out_whatever_the_other_renditions(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = candidate(f"{base}/robots/noai", f"{base}/picture")
    (result,) = downloaded(Workspace(tmp_path / "1"), refusing)
    assert isinstance(result, Rejected)
    assert (result.reason, result.detail) == (Reason.OPTED_OUT, "X-Robots-Tag: noai")
    assert len(result.attempts) == 1
    (result,) = downloaded(Workspace(tmp_path / "2"), candidate(f"{base}/robots/otherbot: noai"))
    assert isinstance(result, Picture)
    monkeypatch.setenv("DOWNLOAD_RESPECT_OPT_OUT", "false")
    (result,) = downloaded(Workspace(tmp_path / "3"), refusing)
    assert isinstance(result, Picture)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("120", 120),
        ("9" * 400, fetching.LONGEST_RETRY_AFTER_S),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2115 07:28:00 GMT", fetching.LONGEST_RETRY_AFTER_S),
        ("Wed, 21 Oct 99999 07:28:00 GMT", 0),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(text: str, expected: float) -> None:
    assert fetching.seconds_of(text) == expected
