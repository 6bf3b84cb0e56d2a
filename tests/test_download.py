"""What becomes of candidates: retried by kind of failure, every attempt on record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import download as downloading
from tasks import fetch as fetching
from tasks.download import download_batch
from tasks.quality import QualityLimits
from tasks.records import Address, AddressKind, Candidate, Picture, Reason, Rejected
from tasks.workspace import Result, Workspace
from tests.hostile_web import serve_mischief


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
