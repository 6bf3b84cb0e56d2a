"""The filters of Naver's image search as parameters of its address. Pure.

Names and values are those of the page's own option panel, as public clients use them; none was
tried on the live site.
"""

from tasks.sources.naver_panel import Colour, Licence, Section, Size, Sort
from tasks.sources.query import SearchQuery

# Naver filters by area in pixels. Its panel offers "1024×768 or larger"; the bounds of the smaller
# classes are ours.
_MEDIUM, _LARGE, _LARGEST = 400 * 300, 1024 * 768, 100_000_000
_AREAS: dict[Size, tuple[int, int]] = {
    "small": (1, _MEDIUM - 1),
    "medium": (_MEDIUM, _LARGE - 1),
    "large": (_LARGE, _LARGEST),
}
_LICENCES: dict[Licence, int] = {"ccl": 1, "commercial": 2, "modification": 4}
_ORDERS: dict[Sort, str] = {"relevance": "so:r", "newest": "so:dd", "oldest": "so:da"}
_SECTIONS: dict[Section, str] = {"blog": "blog", "shopping": "nshopping", "place": "place"}
_NO_COLOUR: Colour = "any"


def parameters(query: SearchQuery) -> dict[str, str]:
    """Return the address parameters of a query's filters; one that filters nothing is left out."""
    chosen: dict[str, str] = {}
    if query.size in _AREAS:
        least, most = _AREAS[query.size]
        chosen |= {"res_fr": str(least), "res_to": str(most)}
    if query.colour != _NO_COLOUR:
        chosen["color"] = query.colour
    if query.licence in _LICENCES:
        chosen["ccl"] = str(_LICENCES[query.licence])
    if query.section in _SECTIONS:
        chosen["section"] = _SECTIONS[query.section]
    if query.period != "any" or query.sort != "relevance":
        chosen["nso"] = f"{_ORDERS[query.sort]},p:{_period(query.period)},a:all"
    return chosen


def _period(period: str) -> str:
    if period == "any":
        return "all"
    begin, is_range, end = period.partition("-")
    return f"from{begin}to{end}" if is_range else begin
