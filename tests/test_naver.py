"""The whole search in a real Chrome, against the local replica of Naver's image search."""

import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import (
    AdultQueryError,
    BlockedError,
    BrowserError,
    PageChangedError,
    SearchError,
    UnreachableError,
)
from tasks.records import AddressKind, Candidate
from tasks.search import Search
from tasks.settings import Settings
from tasks.sources import naver
from tasks.sources.network_log import NetworkLog
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page
from tests.naver_replica.faults import Fault
from tests.naver_replica.results import Result
from tests.naver_replica.serving import Replica
from tests.support.leftovers import processes, until_nothing_is_left

ALL_RESULTS_FOUND_WITH = [
    (),
    (Fault.NO_DATA, Fault.RENAMED_TILES),
    (Fault.SCRIPT_VARIANT, Fault.NESTED, Fault.DUPLICATES, Fault.RENAMED_TILES),
    (Fault.FAILING,),
    (Fault.LAYOUT_2023,),
    (Fault.LAYOUT_2020,),
    (Fault.LAYOUT_2018,),
]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up waiting for growth sooner, as the replica answers at once."""
    monkeypatch.setattr(naver, "GROWTH_TIMEOUT_S", 0.5)
    monkeypatch.setattr(naver, "FIRST_TILES_TIMEOUT_S", 1.0)


Switch = Callable[..., None]


@pytest.fixture(autouse=True)
def faulty(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> Switch:
    """Search the replica; return what switches faults of its page on."""

    def switch(*faults: Fault) -> None:
        monkeypatch.setenv("NAVER_SEARCH_URL", replica.search_url_with(*faults))

    switch()
    return switch


def pages_of(query: str, **filters: str) -> Generator[Page]:
    return naver.search(SearchQuery(query, **filters), Settings())


def found(query: str) -> list[Candidate]:
    return [candidate for page in pages_of(query) for candidate in page]


@pytest.mark.parametrize("faults", ALL_RESULTS_FOUND_WITH)
def test_all_results_are_found_with_their_originals(
    replica: Replica, faulty: Switch, faults: tuple[Fault, ...]
) -> None:
    faulty(*faults)
    truth = replica.truth("고양이")

    candidates = found("고양이")

    assert [candidate.url for candidate in candidates] == list(truth)
    assert [candidate.rank for candidate in candidates] == list(range(1, 151))
    for candidate, result in zip(candidates, truth.values(), strict=True):
        title = unescape(re.sub("</?mark>", "", result.title))
        assert (candidate.title, candidate.page_url) == (title, result.page.link)
        kinds = [address.kind for address in candidate.addresses]
        assert kinds == ["original", "original", "original", "viewer", "thumbnail"]
        if result.stated_width and result.stated_height and not states_no_size(faults):
            assert candidate.stated_width == result.stated_width


def test_rows_are_waited_for_when_their_tiles_are_seen_first(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[tuple[float, tuple[str, dict[str, Any]]]] = []
    in_time = NetworkLog._events

    def events(log: NetworkLog) -> Iterator[tuple[str, dict[str, Any]]]:
        for event in in_time(log):
            if event[0] == "Network.loadingFinished":
                late.append((time.monotonic() + 1.0, event))
            else:
                yield event
        while late and late[0][0] < time.monotonic():
            yield late.pop(0)[1]

    monkeypatch.setattr(NetworkLog, "_events", events)

    candidates = found("고양이")

    truth = replica.truth("고양이")
    assert [candidate.url for candidate in candidates] == list(truth)
    for candidate, result in zip(candidates, truth.values(), strict=True):
        if result.stated_width and result.stated_height:  # a tile states no size
            assert candidate.stated_width == result.stated_width


def states_no_size(faults: tuple[Fault, ...]) -> bool:
    return any(fault.startswith("layout") for fault in faults)


def test_the_tiles_alone_give_all_results(
    replica: Replica, faulty: Switch, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    faulty(Fault.NO_DATA)
    monkeypatch.setattr(naver, "_CONTINUATION_PATH", re.compile("an address of another year"))

    candidates = found("강아지")

    assert {candidate.url for candidate in candidates} == set(replica.truth("강아지"))
    assert all(c.addresses[0].kind is AddressKind.ORIGINAL for c in candidates)


def test_the_search_ends_at_about_five_hundred() -> None:
    assert 500 <= len(found("고양이 700")) < 600


def test_a_page_whose_scrolling_always_fails_gives_its_first_results(
    faulty: Switch, quick: None
) -> None:
    faulty(Fault.ENDLESS)
    assert len(found("고양이")) == 48


def test_no_results_are_no_error() -> None:
    assert found("없는검색어") == []


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ("차단", BlockedError, "status 403"),
        ("차단200", BlockedError, "half an hour"),
        ("성인", AdultQueryError, "logged in"),
    ],
)
def test_a_refusal_is_named(query: str, error: type[SearchError], message: str) -> None:
    with pytest.raises(error, match=message):
        found(query)


def test_a_block_while_scrolling_comes_after_the_first_page(faulty: Switch) -> None:
    faulty(Fault.BLOCKED_LATER)
    pages = pages_of("고양이")

    assert len(next(pages)) == 48
    with pytest.raises(BlockedError):
        next(pages)


def test_a_page_in_which_nothing_can_be_read_has_changed(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    unreadable = replica.search_url.replace("search.naver", "robots.txt")
    monkeypatch.setenv("NAVER_SEARCH_URL", unreadable)

    with pytest.raises(PageChangedError, match="check_naver"):
        found("고양이")


def test_a_host_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("NAVER_SEARCH_URL", f"http://{host}/search.naver")

        with pytest.raises(UnreachableError, match=f"{host} cannot be reached"):
            found("고양이")


def test_a_host_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not less: it holds for the browser's first commands too, on a machine that is busy.
    monkeypatch.setattr("tasks.sources.browser.PAGE_LOAD_TIMEOUT_S", 8)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/search.naver"
        monkeypatch.setenv("NAVER_SEARCH_URL", address)

        with pytest.raises(UnreachableError, match="did not answer in time"):
            found("고양이")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_closing_the_search_early_ends_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        pages = pages_of("고양이")
        next(pages)
        assert processes(Path(path))

        pages.close()

        until_nothing_is_left(Path(path))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_after_a_crash_of_the_browser_the_search_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        with Search(naver.SOURCE, SearchQuery("고양이"), Settings()) as search:
            ranks = [candidate.rank for candidate in search.take(40)]
            end_browsers(Path(path))
            ranks += [candidate.rank for candidate in search.take(8)]  # these were read before
            with pytest.raises(BrowserError):
                search.take(100)
            while page := search.take(100):
                ranks += [candidate.rank for candidate in page]
        until_nothing_is_left(Path(path))
    assert ranks == list(range(1, 151))


def end_browsers(folder: Path) -> None:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def test_loads_of_another_machine_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naver, "_is_on_this_machine", lambda netloc: False)
    monkeypatch.setattr(naver, "PACE_S", 2.0)
    monkeypatch.setattr(naver, "JITTER_S", 0.0)
    pages = pages_of("고양이")
    first, _, last = [time.monotonic() for _ in pages]
    # Two distances lie between the loads, less what the first one took until it came.
    assert last - first > 2.0


def test_four_searches_at_once_do_not_get_in_each_others_way(replica: Replica) -> None:
    queries = ["고양이", "사과", "자동차", "집"]
    with ThreadPoolExecutor(len(queries)) as pool:
        candidates = list(pool.map(found, queries))
    for query, searched in zip(queries, candidates, strict=True):
        assert [candidate.url for candidate in searched] == list(replica.truth(query))


@pytest.mark.parametrize(
    ("filters", "is_right"),
    [
        ({"size": "large"}, lambda result: result.stated_width * result.stated_height >= 786_432),
        ({"section": "shopping"}, lambda result: result.host == "nshopping"),
    ],
)
def test_filters_reach_the_page(
    replica: Replica, filters: dict[str, str], is_right: Callable[[Result], bool]
) -> None:
    truth = replica.truth("고양이")
    pages = pages_of("고양이", **filters)
    urls = {candidate.url for page in pages for candidate in page}
    assert urls == {url for url, result in truth.items() if is_right(result)}
    assert 0 < len(urls) < len(truth)


@pytest.mark.parametrize(
    ("base", "address"),
    [
        (
            "https://search.naver.com/search.naver",
            "https://search.naver.com/search.naver?where=image&ssc=tab.image.all&sm=tab_jum"
            "&query=%EA%B3%A0%EC%96%91%EC%9D%B4%20%26%20%22%ED%9D%B0%2B%22",
        ),
        (
            "http://127.0.0.1:8/a/search.naver?nso=so%3Add&where=web",
            "http://127.0.0.1:8/a/search.naver?nso=so%3Add&where=image&ssc=tab.image.all"
            "&sm=tab_jum&query=%EA%B3%A0%EC%96%91%EC%9D%B4%20%26%20%22%ED%9D%B0%2B%22",
        ),
    ],
)
def test_the_query_is_encoded_and_the_base_address_kept(base: str, address: str) -> None:
    assert naver.search_address(SearchQuery('고양이 & "흰+"'), base) == address


@pytest.mark.parametrize(
    ("host", "is_paced"),
    [("search.naver.com", True), ("127.0.0.1:80", False), ("[::1]:8", False), ("localhost", False)],
)
def test_only_other_machines_are_paced(host: str, is_paced: bool) -> None:
    assert naver._is_on_this_machine(host) is not is_paced
