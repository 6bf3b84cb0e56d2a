"""Finding candidates: the sources, and one open search per run that gives pages on demand.

A new source is a module in ``tasks/sources/`` with a ``Source``, and a line in ``SOURCES``.
"""

from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Self

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import BadRequestError, CollectError
from tasks.process.retries import is_worth_retrying
from tasks.records import Candidate
from tasks.settings import Settings
from tasks.sources import files, naver, naver_api
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page, Source
from words import Value

# As menus show them; the first is the default.
SOURCES: tuple[Source, ...] = (naver.SOURCE, naver_api.SOURCE, files.SOURCE)
AUTO = "auto"


def source_named(name: str) -> Source:
    """Return the source of that name; ``auto`` is the first whose keys are set, else the default.

    Raises ``KeyError`` for any other name.
    """
    if name == AUTO:
        return next((one for one in SOURCES if one.has_keys and one.has_keys()), SOURCES[0])
    return {one.name: one for one in SOURCES}[name]


class Search:
    """The open search of one run.

    A candidate is given once, however often the source repeats it. Where the source breaks off,
    the next call opens it anew and skips what was given already.
    """

    def __init__(self, source: Source, query: SearchQuery, settings: Settings) -> None:
        """Open nothing yet; raise ``BadRequestError`` for a filter the source does not know."""
        _refuse_unknown_filters(source, query)
        self.source = source
        self._query = query
        self._settings = settings
        self._pages: Generator[Page] | None = None
        self._waiting: list[Candidate] = []  # found on a page, not given yet
        self._seen: set[str] = set()
        self.loads = 0  # pages the source was asked for, each a call where it is an API

    def skip(self, known: Iterable[Candidate]) -> None:
        """Do not give these: an earlier run of the job has them already."""
        self._seen.update(candidate.key for candidate in known)

    def take(self, most: int) -> Page:
        """Return up to ``most`` new candidates, as soon as there are any.

        An empty page means that the source has no more. Raises a ``SearchError``.
        """
        if self._pages is None:
            self._pages = self.source.search(self._query, self._settings)
        try:
            while not self._waiting:
                page = next(self._pages, None)
                if page is None:
                    return ()
                self.loads += 1
                for candidate in page:
                    if candidate.key not in self._seen:
                        self._seen.add(candidate.key)
                        self._waiting.append(candidate)
        except CollectError:
            self._pages = None
            raise
        given, self._waiting = self._waiting[:most], self._waiting[most:]
        return tuple(given)

    def close(self) -> None:
        """Close the source: after this no browser of ours runs."""
        if self._pages is not None:
            self._pages.close()
            self._pages = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _refuse_unknown_filters(source: Source, query: SearchQuery) -> None:
    for name, value in query.filters().items():
        if source.can_filter(name, value):
            continue
        unknown: dict[str, Value] = {"source": source.name, "filter": name, "value": repr(value)}
        others = [one.name for one in SOURCES if one.can_filter(name, value)]
        if others:
            raise BadRequestError("unknown_filter_but", other=others[0], **unknown)
        raise BadRequestError("unknown_filter", **unknown)


@task(
    name="search",
    retries=2,
    retry_delay_seconds=[2, 8],
    retry_condition_fn=is_worth_retrying,
    cache_policy=NO_CACHE,
)
def search_page(search: Search, most: int) -> Page:
    """Take up to ``most`` candidates of the open search; called in the flow's own thread."""
    return search.take(most)
