"""The options in the panel beside Naver's image search: what each may be set to. Pure.

They are the filters that a query can have (``SearchQuery``); another source says which of them it
knows, too.
"""

import re
from datetime import datetime
from typing import Literal

Size = Literal["any", "small", "medium", "large"]
Colour = Literal[
    "any", "orange", "yellow", "lime", "green", "cyan", "blue", "purple", "pink",
    "apricot", "ocher", "sepia", "black", "gray", "white",
]  # fmt: skip
Licence = Literal["any", "ccl", "commercial", "modification"]
Sort = Literal["relevance", "newest", "oldest"]
Section = Literal["all", "blog", "shopping", "place"]

PERIODS = ("any", "1h", "1d", "1w", "1m", "3m", "6m", "1y")  # or two days, YYYYMMDD-YYYYMMDD


class NoPeriodError(ValueError):
    """What was given is neither one of ``PERIODS`` nor two days."""


class BackwardsPeriodError(ValueError):
    """The second day lies before the first."""


def check_period(period: str) -> None:
    """Raise ``NoPeriodError`` or ``BackwardsPeriodError`` where a period cannot be right."""
    if period in PERIODS:
        return
    if not re.fullmatch(r"\d{8}-\d{8}", period, re.ASCII):
        raise NoPeriodError(period)
    try:
        begin, end = (datetime.strptime(day, "%Y%m%d") for day in period.split("-"))
    except ValueError as error:
        raise NoPeriodError(period) from error
    if begin > end:
        raise BackwardsPeriodError(period)
