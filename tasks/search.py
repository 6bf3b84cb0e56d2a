"""Finding candidates: one open search per run, which gives pages on demand."""

from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Self

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import CollectError
from tasks.process.retries import is_worth_retrying
from tasks.records import Candidate
from tasks.settings import Settings
from tasks.sources.listed import refuse_unknown_filters
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page, Source


class Search:
    """The open search of one run.

    A candidate is given once, however often the source repeats it. Where the source breaks off,
    the next call opens it anew and skips what was given already.
    """

    def __init__(self, source: Source, query: SearchQuery, settings: Settings) -> None:
        """Open nothing yet; raise ``BadRequestError`` for a filter the source does not know."""
        refuse_unknown_filters(source, query)
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
