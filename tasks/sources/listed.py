"""The sources of candidates: a new one is a module with a ``Source`` here, and a line below."""

from tasks.errors import BadRequestError
from tasks.settings import Settings
from tasks.sources import files, naver, naver_api
from tasks.sources.query import SearchQuery
from tasks.sources.source import Source
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


def refuse_hopeless(source: Source, query: SearchQuery, settings: Settings) -> None:
    """Raise at once what would end a search: ``BadRequestError`` or ``SearchError``."""
    refuse_unknown_filters(source, query)
    if source.check:
        source.check(query, settings)


def refuse_unknown_filters(source: Source, query: SearchQuery) -> None:
    """Raise ``BadRequestError`` for a filter that the source does not know."""
    for name, value in query.filters().items():
        if source.can_filter(name, value):
            continue
        unknown: dict[str, Value] = {"source": source.name, "filter": name, "value": repr(value)}
        others = [one.name for one in SOURCES if one.can_filter(name, value)]
        if others:
            raise BadRequestError("unknown_filter_but", other=others[0], **unknown)
        raise BadRequestError("unknown_filter", **unknown)
