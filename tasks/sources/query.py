"""The query that a source is asked: the words, and the filters of the search engine.

Which filters a source knows is its own affair; one that it does not know it refuses by name.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Size = Literal["any", "small", "medium", "large"]
Colour = Literal[
    "any", "orange", "yellow", "lime", "green", "cyan", "blue", "purple", "pink",
    "apricot", "ocher", "sepia", "black", "gray", "white",
]  # fmt: skip
Licence = Literal["any", "ccl", "commercial", "modification"]
Sort = Literal["relevance", "newest", "oldest"]
Section = Literal["all", "blog", "shopping", "place"]

PERIODS = ("any", "1h", "1d", "1w", "1m", "3m", "6m", "1y")


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One query, for any source. ``input`` is the list or folder of the source ``files``."""

    text: str
    size: Size = "any"
    colour: Colour = "any"
    licence: Licence = "any"
    period: str = "any"  # one of PERIODS, or two days as YYYYMMDD-YYYYMMDD
    sort: Sort = "relevance"
    section: Section = "all"
    input: Path | None = None
