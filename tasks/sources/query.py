"""The query that a source is asked: the words, and the filters of Naver's panel. Pure.

Each source says which of the filters it knows; one that it does not know is refused by name.
"""

from dataclasses import dataclass, fields
from pathlib import Path

from tasks.sources.naver_panel import Colour, Licence, Section, Size, Sort


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One query, for any source.

    ``input`` is the list or folder of a source that needs one, and ``skip_bad`` whether lines of
    the list that cannot be used are left out.
    """

    text: str
    size: Size = "any"
    colour: Colour = "any"
    licence: Licence = "any"
    period: str = "any"  # as naver_panel.check_period takes it
    sort: Sort = "relevance"
    section: Section = "all"
    input: Path | None = None
    skip_bad: bool = False

    def filters(self) -> dict[str, str]:
        """Return the filters that are set, by name."""
        plain = SearchQuery(self.text, input=self.input, skip_bad=self.skip_bad)
        return {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if getattr(self, one.name) != getattr(plain, one.name)
        }
