"""The ways in which the replica can misbehave, chosen by path or by query.

`/fault/no-data+stalled/search.naver` is the search page with both faults; continuation addresses
on that page carry the same prefix. A few queries bring a fault of their own.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    """One departure from a page that works; faults combine."""

    BLOCKED = "blocked"  # the block page, status 403
    BLOCKED_200 = "blocked-200"  # the block page, status 200
    BLOCKED_LATER = "blocked-later"  # the page works, its continuation answers 403
    ADULT = "adult"  # the query needs an adult's login
    SCRIPT_VARIANT = "script-variant"  # script attributes, other spacing, order and line breaks
    NO_DATA = "no-data"  # no imageSearchTabData: only tiles
    RENAMED_TILES = "renamed-tiles"  # classes that no one has seen before
    LAYOUT_2018 = "layout-2018"  # tiles of 2018 to 2020, continued in the old mode
    LAYOUT_2020 = "layout-2020"  # tiles of December 2020 to 2023, continued in the old mode
    LAYOUT_2023 = "layout-2023"  # tiles of late 2023 to 2024, continued in the old mode
    DUPLICATES = "duplicates"  # each continuation repeats the last ten results
    NESTED = "nested"  # continuations under `content`, as in the page's own data
    STALLED = "stalled"  # the first continuation of each page load never answers
    FAILING = "failing"  # the first continuation of each page load answers 500
    ENDLESS = "endless"  # every continuation answers 500


FAULTS_OF_QUERY: Mapping[str, Fault] = MappingProxyType(
    {"차단": Fault.BLOCKED, "차단200": Fault.BLOCKED_200, "성인": Fault.ADULT}
)


LAYOUTS: Mapping[Fault, str] = MappingProxyType(
    {Fault.LAYOUT_2018: "2018", Fault.LAYOUT_2020: "2020", Fault.LAYOUT_2023: "2023"}
)


def layout_year(faults: frozenset[Fault]) -> str:
    """Return the year of the page's layout, empty for today's; it has tiles and no data."""
    return next((year for fault, year in LAYOUTS.items() if fault in faults), "")


def parsed(names: str) -> frozenset[Fault]:
    """Read "no-data+stalled"; ValueError for a name that is no fault."""
    return frozenset(Fault(name) for name in names.split("+"))


def prefix(faults: frozenset[Fault]) -> str:
    """Return the path prefix that asks for the faults, empty for none."""
    return f"/fault/{'+'.join(sorted(faults))}" if faults else ""
