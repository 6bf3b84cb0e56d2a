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


class PeriodError(ValueError):
    """What was given is no period, or one that ends before it begins."""

    def __init__(self, *, is_backwards: bool = False) -> None:
        self.is_backwards = is_backwards
        known = ", ".join(PERIODS)
        super().__init__(
            "it ends before it begins"
            if is_backwards
            else f"it is none of {known}, nor YYYYMMDD-YYYYMMDD"
        )


def check_period(period: str) -> None:
    """Raise ``PeriodError`` where a period is neither one of ``PERIODS`` nor two days."""
    if period in PERIODS:
        return
    if not re.fullmatch(r"\d{8}-\d{8}", period, re.ASCII):
        raise PeriodError
    try:
        begin, end = (datetime.strptime(day, "%Y%m%d") for day in period.split("-"))
    except ValueError as error:
        raise PeriodError from error
    if begin > end:
        raise PeriodError(is_backwards=True)
