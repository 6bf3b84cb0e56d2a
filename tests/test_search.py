"""One open search: pages on demand, each candidate once, reopened where it broke off."""

from collections.abc import Generator, Iterable

import pytest

from tasks.errors import BlockedError, BrowserError
from tasks.records import Address, Candidate
from tasks.search import SOURCES, Page, Search, source_for
from tasks.settings import Settings
from tasks.sources.query import SearchQuery


def candidate(number: int) -> Candidate:
    return Candidate((Address(f"http://example.com/{number}"),), number, "list")


def numbers(page: Page) -> list[int]:
    return [c.rank for c in page]


class ListSource:
    """A source that yields given pages, or raises what stands among them, once."""

    def __init__(self, pages: Iterable[list[int] | Exception]) -> None:
        self.pages = list(pages)
        self.opened = self.closed = 0

    def search(self, query: SearchQuery, settings: Settings) -> Generator[Page]:
        self.opened += 1
        try:
            for page in list(self.pages):
                if isinstance(page, Exception):
                    self.pages.remove(page)
                    raise page
                yield tuple(candidate(n) for n in page)
        finally:
            self.closed += 1


def opened(
    monkeypatch: pytest.MonkeyPatch, *pages: list[int] | Exception
) -> tuple[Search, ListSource]:
    source = ListSource(pages)
    monkeypatch.setitem(SOURCES, "list", source.search)
    return Search("list", SearchQuery("사과"), Settings()), source


def test_candidates_come_as_soon_as_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    search, _ = opened(monkeypatch, [1, 2, 3], [4, 5])
    assert numbers(search.take(64)) == [1, 2, 3]
    assert numbers(search.take(64)) == [4, 5]
    assert search.take(64) == ()
    assert search.take(64) == ()


def test_a_page_is_given_in_parts_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    search, _ = opened(monkeypatch, [1, 2, 3, 4, 5], [6])
    assert [numbers(search.take(2)) for _ in range(5)] == [[1, 2], [3, 4], [5], [6], []]


def test_nothing_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    search, _ = opened(monkeypatch, [1, 2, 1], [2, 1], [3, 1])
    assert numbers(search.take(64)) == [1, 2]
    assert numbers(search.take(64)) == [3]


def test_what_is_known_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    search, _ = opened(monkeypatch, [1, 2], [3])
    search.skip([candidate(1), candidate(2)])
    assert numbers(search.take(64)) == [3]


def test_it_goes_on_where_the_source_broke_off(monkeypatch: pytest.MonkeyPatch) -> None:
    search, source = opened(monkeypatch, [1, 2], BrowserError("died"), [3])
    assert numbers(search.take(64)) == [1, 2]
    with pytest.raises(BrowserError):
        search.take(64)
    assert numbers(search.take(64)) == [3]
    assert source.opened == 2


def test_closing_it_closes_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    search, source = opened(monkeypatch, [1], [2])
    with search:
        search.take(64)
        assert source.closed == 0
    assert source.closed == 1


@pytest.mark.parametrize(
    ("name", "keys", "source"),
    [
        ("naver", {}, "naver"),
        ("auto", {}, "naver"),
        ("auto", {"naver_client_id": "a"}, "naver"),
        ("auto", {"naver_client_id": "a", "naver_client_secret": "b"}, "naver-api"),
        ("files", {"naver_client_id": "a", "naver_client_secret": "b"}, "files"),
    ],
)
def test_auto_is_the_api_where_its_keys_are_set(
    name: str, keys: dict[str, str], source: str
) -> None:
    assert source_for(name, Settings(**keys)) == source


def test_a_refusal_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    search, _ = opened(monkeypatch, BlockedError("for a while"))
    with pytest.raises(BlockedError, match="for a while"):
        search.take(64)
