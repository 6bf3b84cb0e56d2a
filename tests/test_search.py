"""One open search: pages on demand, each candidate once, reopened where it broke off."""

from collections.abc import Generator, Iterable

import pytest

from tasks.errors import BadRequestError, BlockedError, BrowserError
from tasks.records import Address, Candidate
from tasks.search import Search
from tasks.settings import Settings
from tasks.sources.listed import SOURCES, source_named
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page, Source
from words import LANGUAGES, templates


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


def opened(*pages: list[int] | Exception) -> tuple[Search, ListSource]:
    source = ListSource(pages)
    listed = Source(name="list", search=source.search)
    return Search(listed, SearchQuery("사과"), Settings()), source


def test_candidates_come_as_soon_as_there_are_any() -> None:
    search, _ = opened([1, 2, 3], [4, 5])
    assert numbers(search.take(64)) == [1, 2, 3]
    assert numbers(search.take(64)) == [4, 5]
    assert search.take(64) == ()
    assert search.take(64) == ()


def test_a_page_is_given_in_parts_and_loses_nothing() -> None:
    search, _ = opened([1, 2, 3, 4, 5], [6])
    assert [numbers(search.take(2)) for _ in range(5)] == [[1, 2], [3, 4], [5], [6], []]


def test_nothing_is_given_twice() -> None:
    search, _ = opened([1, 2, 1], [2, 1], [3, 1])
    assert numbers(search.take(64)) == [1, 2]
    assert numbers(search.take(64)) == [3]


def test_what_is_known_is_skipped() -> None:
    search, _ = opened([1, 2], [3])
    search.skip([candidate(1), candidate(2)])
    assert numbers(search.take(64)) == [3]


def test_it_goes_on_where_the_source_broke_off() -> None:
    search, source = opened([1, 2], BrowserError("died"), [3])
    assert numbers(search.take(64)) == [1, 2]
    with pytest.raises(BrowserError):
        search.take(64)
    assert numbers(search.take(64)) == [3]
    assert source.opened == 2


def test_closing_it_closes_the_source() -> None:
    search, source = opened([1], [2])
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
    name: str, keys: dict[str, str], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in keys.items():
        monkeypatch.setenv(variable.upper(), value)
    assert source_named(name).name == source


def test_a_block_is_remembered_by_the_host_that_a_source_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", "http://127.0.0.1:8000/search.naver")
    named = [source_named(name).host for name in ("naver", "naver-api", "files")]
    assert named == ["127.0.0.1:8000", "openapi.naver.com", "files"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_source_has_its_words_and_a_name_of_its_own(source: Source) -> None:
    assert [one.name for one in SOURCES].count(source.name) == 1
    for language in LANGUAGES:
        wanted = {f"value.source.{source.name}", f"source.{source.name}.why"}
        assert wanted <= templates(language).keys()


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("naver", {"size": "large", "colour": "green", "licence": "ccl", "period": "1w"}),
        ("naver", {"sort": "oldest", "section": "blog", "period": "20260101-20260131"}),
        ("naver-api", {"size": "large", "sort": "newest"}),
        ("files", {}),
    ],
)
def test_a_filter_that_a_source_knows_is_taken(source: str, known: dict[str, str]) -> None:
    query = SearchQuery("고양이", **known)
    assert Search(source_named(source), query, Settings()).loads == 0


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        ("naver-api", {"colour": "green"}),
        ("naver-api", {"licence": "commercial"}),
        ("naver-api", {"period": "1w"}),
        ("naver-api", {"section": "blog"}),
        ("naver-api", {"sort": "oldest"}),
        ("files", {"size": "large"}),
        ("files", {"colour": "green"}),
        ("files", {"sort": "newest"}),
        ("files", {"period": "1w"}),
    ],
)
def test_a_filter_that_a_source_does_not_know_is_refused_before_anything_is_opened(
    source: str, unknown: dict[str, str]
) -> None:
    ((name, value),) = unknown.items()
    with pytest.raises(BadRequestError, match=f"no {name} '{value}'.*leave it out.*--source naver"):
        Search(source_named(source), SearchQuery("고양이", **unknown), Settings())


def test_a_refusal_is_not_hidden() -> None:
    search, _ = opened(BlockedError("for a while"))
    with pytest.raises(BlockedError, match="for a while"):
        search.take(64)
