"""What becomes of candidates: retried by kind of failure, every attempt on record."""

import ctypes
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from flows.batches import TASKS_AT_ONCE
from flows.collect import BATCH
from tasks import download as downloading
from tasks.download import Download, download_batch
from tasks.fetching import fetch as fetching
from tasks.fetching import politeness as polite
from tasks.fetching import room
from tasks.fetching.politeness import BURST, FAILURES_IN_A_ROW
from tasks.fetching.traffic import download_report
from tasks.process import stopping
from tasks.quality import QualityLimits
from tasks.records import Accepted, Address, AddressKind, Candidate, Reason, Rejected, Traffic
from tasks.workspace import Result, Workspace
from tests.support.hostile_web import IMAGE, Mischief, serve_mischief, stalling_hosts
from tests.support.waiting import until


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
    download_batch(workspace, number, limits=QualityLimits())
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
    assert isinstance(passing, Accepted)
    kinds = [attempt.outcome for attempt in passing.attempts]
    assert kinds == [reason, reason, reason, "ok"]
    assert isinstance(lasting, Rejected)
    assert (lasting.reason, len(lasting.attempts)) == (reason, 4)


def test_what_cannot_be_read_or_foreseen_is_the_fate_of_one_candidate(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it ends the batch, nor its report, nor the same batch begun again."""
    workspace = Workspace(tmp_path)
    candidates = [
        candidate("//[]@"),
        candidate(f"{base}/redirect///[]@", rank=2),
        Candidate((Address(f"{base}/image", referer="http://[::1]]/"),), 3, "files"),
        Candidate((Address("file://[]@", AddressKind.FILE),), 4, "files"),
        candidate(f"{base}/robots/!", rank=5),
    ]
    monkeypatch.setattr(fetching, "opted_out", lambda values: 1 // ("!" not in values) and "")
    results = downloaded(workspace, *candidates)
    fates = [getattr(result, "reason", "ok") for result in results]
    assert fates == ["bad_address", "bad_address", "ok", "unreachable", "unreachable"]
    assert str(results[-1].attempts[-1].note) == (
        "something went wrong with it: integer division or modulo by zero"
    )
    assert sum(download_report(workspace)["hosts"][base[7:]]["failures"].values()) == 2
    assert downloaded(workspace, *candidates) == results


@pytest.mark.parametrize("how", ["status/403", "status/404", "status/410", "body/html"])
def test_a_refusal_goes_to_the_next_address_at_once(how: str, base: str, tmp_path: Path) -> None:
    first, second = f"{base}/{how}", f"{base}/image"
    (result,) = downloaded(Workspace(tmp_path), candidate(first, second))
    assert isinstance(result, Accepted)
    assert [attempt.url for attempt in result.attempts] == [first, second]
    assert [attempt.kind for attempt in result.attempts] == [AddressKind.ORIGINAL] * 2


@pytest.mark.parametrize(
    ("how", "times"),
    [
        ("status/403", 2),
        ("body/html", 2),
        ("silence", 4),
        ("status/503", 4),
        ("body/megapixels", 1),
    ],
)
def test_another_referer_is_tried_only_where_it_may_help(
    how: str, times: int, base: str, tmp_path: Path
) -> None:
    url, other = f"{base}/failing/99/{how}", f"{base}/image"
    addresses = (Address(url), Address(url, referer="https://example.com/"), Address(other))
    (result,) = downloaded(Workspace(tmp_path), Candidate(addresses, 1, "files"))
    assert [attempt.url for attempt in result.attempts] == [url] * times + [other]


def test_the_first_failure_is_the_reason_and_all_are_on_record(base: str, tmp_path: Path) -> None:
    (result,) = downloaded(
        Workspace(tmp_path),
        candidate(f"{base}/status/404", f"{base}/failing/99/status/502", "http://10.0.0.1/"),
    )
    assert isinstance(result, Rejected)
    assert (result.reason, str(result.note)) == (Reason.HTTP_ERROR, "status 404")
    assert [(attempt.outcome, str(attempt.note)) for attempt in result.attempts] == [
        ("http_error", "status 404"),
        *[("http_error", "status 502")] * 4,
        ("forbidden_address", "10.0.0.1 is not a public address"),
    ]


def test_the_report_counts_what_each_host_gave_and_cost(base: str, tmp_path: Path) -> None:
    host, workspace = base.removeprefix("http://"), Workspace(tmp_path)
    downloaded(workspace, candidate(f"{base}/image"), candidate("http://10.0.0.1/1", rank=2))
    downloaded(
        workspace,
        candidate(f"{base}/status/404", f"{base}/body/html", f"{base}/packed", rank=3),
        candidate("http://[::1/", f"{base}/announced/100", rank=4),
        *(candidate(f"{base}/failing/{n}77/hangup", rank=n) for n in range(5, 12)),
    )
    report = download_report(workspace)
    hosts = report.pop("hosts")
    assert list(hosts) == [host, "10.0.0.1:80"]
    assert hosts[host].pop("seconds") > 0
    assert hosts[host].pop("breaker") == "open"
    failures = hosts[host].pop("failures")
    asked = sum(failures.values()) + 2 - failures["host_failing"]
    html = b"<html>404</html>"
    size = 2 * len(IMAGE) + len(html) + failures["broken_off"] * len(b"short")
    assert hosts[host] == {"requests": asked, "images": 2, "bytes": size}
    assert (failures["http_error"], failures["not_an_image"]) == (1, 1)
    assert hosts["10.0.0.1:80"].pop("seconds") < 1  # it was refused before it was asked
    assert hosts["10.0.0.1:80"] == {
        "requests": 0, "images": 0, "bytes": 0, "breaker": "closed",
        "failures": {"forbidden_address": 1},
    }  # fmt: skip
    took = report.pop("seconds")
    assert 0 < took < 60
    assert report.pop("images_per_second") == pytest.approx(2 / took, rel=0.05)
    assert report == {"requests": asked, "images": 2, "bytes": size}


def test_the_time_of_batches_that_overlap_counts_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for started, ended in ((100.0, 110.0), (105.0, 120.0), (106.0, 107.0), (500.0, 501.0)):
        traffic = Traffic(started, ended, {"a.kr:80": 2.0}, {"a.kr:80": "closed"})
        workspace.save_traffic(workspace.add_batch([]), traffic)
    report = download_report(workspace)
    assert (report["seconds"], report["hosts"]["a.kr:80"]["seconds"]) == (21.0, 8.0)


def test_what_is_finished_is_not_downloaded_again(base: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    candidates = [candidate(f"{base}/counted/{tmp_path.name}/{n}", rank=n) for n in range(1, 7)]
    results = downloaded(workspace, *candidates)
    again = workspace.add_batch(candidates)
    for result in results[:3]:
        workspace.add_result(again, result)
    so_far = tmp_path / "batches" / "0001" / "results.jsonl"
    so_far.write_bytes(so_far.read_bytes()[:-20])  # killed while it wrote the third
    assert list(workspace.earlier_results(again).values()) == results[:2]
    workspace.add_result(again, results[3])
    download_batch(workspace, again, limits=QualityLimits())
    assert workspace.results(again) == results
    asked = [Mischief.counts[f"{tmp_path.name}/{n}"] for n in range(1, 7)]
    assert asked == [1, 1, 2, 1, 2, 2]
    assert not so_far.exists()


def name_of(counted: Candidate) -> str:
    return counted.url.partition("/counted/")[2]


_BATCH = """
import sys
from pathlib import Path
from tasks.download import Download, download_batch
from tasks.quality import QualityLimits
from tasks.workspace import Workspace
download_batch(Workspace(Path(sys.argv[1])), 0, limits=QualityLimits())
"""


def test_a_killed_batch_goes_on_where_it_was(base: str, tmp_path: Path) -> None:
    name = tmp_path.name
    candidates = [candidate(f"{base}/counted/{name}/{n}", rank=n) for n in range(40)]
    undisturbed = downloaded(Workspace(tmp_path / "1"), *candidates)
    Mischief.counts.clear()

    workspace = Workspace(tmp_path / "2")
    workspace.add_batch(candidates)
    so_far = tmp_path / "2" / "batches" / "0000" / "results.jsonl"
    recorded: dict[str, int] = {}  # how often each was asked for until it was known
    for wanted in (3, 20):
        with subprocess.Popen(
            [sys.executable, "-c", _BATCH, str(workspace.root)], cwd=Path(__file__).parents[1]
        ) as process:
            until(
                lambda program=process, wanted=wanted: (
                    program.poll() is not None or so_far.read_bytes().count(b"\n") >= wanted
                ),
                f"{wanted} results",
                60,
                retried=(FileNotFoundError,),
                every_s=0.005,
            )
            assert process.poll() is None
            process.kill()
        for known in workspace.earlier_results(0):
            recorded.setdefault(name_of(known), Mischief.counts[name_of(known)])
    assert workspace.results(0) is None
    download_batch(workspace, 0, limits=QualityLimits())
    assert workspace.results(0) == undisturbed
    assert len(recorded) >= 20
    assert recorded == {name: Mischief.counts[name] for name in recorded}
    assert [path.name for path in (tmp_path / "2" / "images").glob("[!.]*")] == [
        result.source_sha256 for result in undisturbed[:1]
    ]


_FULL = """
import os, resource, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tasks.download import Download, download_batch
from tasks.errors import OutputError
from tasks.images.decoding import decode
from tasks.quality import QualityLimits
from tasks.records import Address, AddressKind, Candidate
from tasks.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
image = Address(Path(sys.argv[2]).as_uri(), AddressKind.FILE)
number = workspace.add_batch([Candidate((image,), rank, "files") for rank in range(1, 60)])
if sys.argv[3] == "full":
    data = Path(sys.argv[2]).read_bytes()
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # the memory of a decoder counts as a file
        list(threads.map(decode, [data] * (os.cpu_count() or 1)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
else:
    (workspace.root / "images").mkdir(mode=0o555)
try:
    download_batch(workspace, number, limits=QualityLimits())
except OutputError as error:
    print(error)
"""


_LIBC = ctypes.CDLL(None)


def _as_anybody() -> None:
    """Take from root, before it begins a program, its leave to pass over permissions."""
    _LIBC.prctl(24, 1)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE; anybody else has no such leave


@pytest.mark.parametrize(
    ("trouble", "said"), [("full", "File too large"), ("denied", "Permission denied")]
)
def test_a_disk_that_takes_no_more_ends_the_batch_with_that_sentence(
    trouble: str, said: str, tmp_path: Path
) -> None:
    """A full disk is not to be had here; a limit on the size of files fails at the same place."""
    (tmp_path / "image").write_bytes(IMAGE)
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "work"), str(tmp_path / "image"), trouble],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
        preexec_fn=_as_anybody,
    )  # fmt: skip
    assert re.search(rf"images/\w+ cannot be written: {said}\. Check", done.stdout)
    assert len(done.stdout.splitlines()) == 1
    assert not list((tmp_path / "work").rglob(".tmp-*"))


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
    assert all(isinstance(result, Accepted) for result in results)
    assert Mischief.most_at_once == 3


def test_a_retry_after_is_waited_for(base: str, tmp_path: Path) -> None:
    started = time.monotonic()
    (result,) = downloaded(Workspace(tmp_path), candidate(f"{base}/failing/1/busy/1"))
    assert isinstance(result, Accepted)
    assert time.monotonic() - started >= 1
    assert [(a.outcome, a.note and str(a.note)) for a in result.attempts] == [
        ("http_error", "status 429"), ("ok", None)
    ]  # fmt: skip


def test_a_host_that_wants_a_long_rest_is_not_asked_again(base: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (first,) = downloaded(workspace, candidate(f"{base}/busy/7200"))
    assert isinstance(first, Rejected)
    assert [attempt.outcome for attempt in first.attempts] == [
        "http_error", "host_failing",
    ]  # fmt: skip
    (second,) = downloaded(workspace, candidate(f"{base}/image"))
    assert isinstance(second, Rejected)
    assert second.reason == Reason.HOST_FAILING
    assert str(second.note) == "the host asked to be left alone for 7200 s"


def test_a_host_that_fails_time_after_time_is_left_alone(base: str, tmp_path: Path) -> None:
    results = downloaded(
        Workspace(tmp_path),
        *(candidate(f"{base}/failing/{n}00/status/500", rank=n) for n in range(1, 40)),
        candidate("http://10.0.0.1/", rank=40),
    )
    assert {result.reason for result in results[:-1] if isinstance(result, Rejected)} == {
        Reason.HTTP_ERROR, Reason.HOST_FAILING,
    }  # fmt: skip
    asked = sum(str(a.note) == "status 500" for r in results for a in r.attempts)
    assert FAILURES_IN_A_ROW <= asked < FAILURES_IN_A_ROW + 6  # six were under way at once


def test_who_opts_out_is_left_out_whatever_the_other_renditions(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = candidate(f"{base}/robots/noai", f"{base}/image")
    (result,) = downloaded(Workspace(tmp_path / "1"), refusing)
    assert isinstance(result, Rejected)
    assert (result.reason, str(result.note)) == (Reason.OPTED_OUT, "X-Robots-Tag: noai")
    assert len(result.attempts) == 1
    (result,) = downloaded(Workspace(tmp_path / "2"), candidate(f"{base}/robots/otherbot: noai"))
    assert isinstance(result, Accepted)
    monkeypatch.setenv("DOWNLOAD_RESPECT_OPT_OUT", "false")
    (result,) = downloaded(Workspace(tmp_path / "3"), refusing)
    assert isinstance(result, Accepted)


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
        (f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT", 0),
        (f"Wed, {'9' * 20} Oct 2115 07:28:00 GMT", 0),
        (f"Wed, 21 Oct 2115 {'9' * 20}:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", fetching.LONGEST_RETRY_AFTER_S),
        ("Sat, 01 Jan 0001 00:00:00 +2359", 0),
        (f"Wed, 21 Oct 2115 07:28:00 +{'9' * 12}", 0),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(text: str, expected: float) -> None:
    assert fetching.seconds_of(text) == expected


@pytest.mark.parametrize("kind", ["announced", "packed", "small", "file"])
def test_what_waits_to_be_decoded_takes_no_more_memory_than_there_is(
    kind: str, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size, most, held, highest = len(IMAGE), 3 * len(IMAGE) + 10, 0, 0
    monkeypatch.setattr(room, "LARGE_BYTES", size if kind == "small" else size // 2)
    monkeypatch.setattr(room, "MOST_OF_SMALL", most)
    monkeypatch.setattr(room, "MOST_OF_LARGE", most)
    monkeypatch.setattr(downloading, "MAX_BYTES", size)
    judge, bytes_at = Download._judge, Download._bytes_at

    async def counted(*args: object) -> bytes:
        nonlocal held, highest
        data = await bytes_at(*args)
        held += len(data)
        highest = max(highest, held)
        return data

    def judged(*args: object) -> Result:
        nonlocal held
        time.sleep(0.02)  # decoding is slower than the host
        held -= size
        return judge(*args)

    monkeypatch.setattr(Download, "_bytes_at", counted)
    monkeypatch.setattr(Download, "_judge", judged)
    (tmp_path / "1.jpg").write_bytes(IMAGE)
    urls = {"packed": f"{base}/packed", "file": (tmp_path / "1.jpg").as_uri()}
    address = Address(
        urls.get(kind, f"{base}/image"),
        AddressKind.FILE if kind == "file" else AddressKind.ORIGINAL,
    )
    candidates = [Candidate((address,), rank, "files") for rank in range(1, 41)]
    results = downloaded(Workspace(tmp_path / "work"), *candidates)
    assert all(isinstance(result, Accepted) for result in results)
    assert held == 0
    assert 0 < highest <= most


def downloading_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(("download", "resolve"))]


def test_slow_hosts_stall_no_others_and_all_end_when_cancelled(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 downloads, most of them from 200 slow hosts, in as many batches at once as in a run."""
    monkeypatch.setattr(fetching, "STEP_TIMEOUT_S", 60)
    with stalling_hosts(200) as stalling:
        monkeypatch.setenv(
            "DOWNLOAD_ALLOW_HOSTS", ",".join([base.removeprefix("http://"), *stalling])
        )
        slow = [f"http://{host}/{n}" for n in range(5) for host in stalling][:940]
        good = [f"{base}/image/{n}" for n in range(60)]
        urls = [*slow[:200], *good, *slow[200:]]
        workspace = Workspace(tmp_path)
        candidates = [candidate(url, rank=rank) for rank, url in enumerate(urls)]
        numbers = [workspace.add_batch(candidates[at : at + BATCH]) for at in range(0, 1000, BATCH)]

        def recorded() -> int:
            files = tmp_path.glob("batches/*/results.jsonl")
            return sum(path.read_bytes().count(b"\n") for path in files)

        with ThreadPoolExecutor(TASKS_AT_ONCE) as tasks:
            runs = [
                tasks.submit(download_batch, workspace, n, limits=QualityLimits()) for n in numbers
            ]
            try:
                until(lambda: recorded() >= len(good), "all that can be had", 15)
            finally:
                stopping.request_stop()
                stopped = time.monotonic()
                wait(runs)
                took = time.monotonic() - stopped
                stopping.allow_work()
    assert took < 5
    assert all(isinstance(run.exception(), stopping.StoppedError) for run in runs)
    assert downloading_threads() == []
