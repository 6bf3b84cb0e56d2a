"""The form of a source of candidates."""

from collections.abc import Callable, Container, Generator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tasks.records import Candidate
from tasks.settings import Settings
from tasks.sources.query import SearchQuery

Page = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where candidates come from, and all that the rest of the program has to know of it.

    ``search`` yields pages of candidates, best first, until there are no more, and cleans up when
    its generator is closed. What only this source reads from the environment is a subclass of
    ``settings.FromEnvironment`` in its module. Its words are ``value.source.<name>`` and
    ``source.<name>.why``.
    """

    name: str
    search: Callable[[SearchQuery, Settings], Generator[Page]]
    url: Callable[[], str] | None = None  # what it asks; None: nothing beyond this machine
    slot: str | None = None  # the limit on how many runs, on all machines, use it at a time
    filters: Mapping[str, Container[str] | None] = field(default_factory=dict)  # None: each value
    needs_input: bool = False  # a list or folder, which no other source takes
    check: Callable[[SearchQuery, Settings], object] | None = None  # raises what ends each search
    has_keys: Callable[[], bool] | None = None  # whether its keys are set; None: it needs none

    @property
    def host(self) -> str:
        """The ``host:port`` that it asks, by which a block is remembered; else its name."""
        return (urlsplit(self.url()).netloc if self.url else "") or self.name

    def can_filter(self, name: str, value: str) -> bool:
        """Say whether it knows this value of a filter."""
        if name not in self.filters:
            return False
        known = self.filters[name]
        return known is None or value in known
