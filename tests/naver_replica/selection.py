"""Which of a query's results one request of the search page is about: filters, order, offset."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.naver_replica.results import Result
from tests.naver_replica.wording import TODAY

CEILING = 500  # Naver's scrolling ends there
SLOTS_PER_PAGE = 50
IMAGES_PER_PAGE = 48
AD_SLOTS = (11, 35)  # of each fifty, counted from 1

PERIOD_DAYS = {"1h": 0, "1d": 1, "1w": 7, "1m": 30, "3m": 91, "6m": 183, "1y": 365}
DATE_RANGE = re.compile(r"from(\d{8})to(\d{8})")


@dataclass(frozen=True, slots=True)
class Selection:
    """The search parameters that narrow, order or page the results; the rest has no effect."""

    section: str = "image"
    least_area_px: int = 0
    largest_area_px: int = 0
    nso: str = ""

    @classmethod
    def of(cls, params: Mapping[str, str]) -> "Selection":
        """Read the parameters of a request; ValueError for a range that is no number."""
        return cls(
            section=params.get("section") or "image",
            least_area_px=int(params.get("res_fr") or 0),
            largest_area_px=int(params.get("res_to") or 0),
            nso=params.get("nso", ""),
        )

    def of_results(self, found: tuple[Result, ...]) -> tuple[Result, ...]:
        """Return the results that pass, in the order asked for, up to the ceiling."""
        passed = [r for r in found if self._passes(r)]
        if "so:dd" in self.nso:
            passed.sort(key=lambda r: r.day, reverse=True)
        elif "so:da" in self.nso:
            passed.sort(key=lambda r: r.day)
        return tuple(passed[:CEILING])

    def _passes(self, result: Result) -> bool:
        area = result.stated_width * result.stated_height
        first, last = self._period()
        return (
            self.section in ("image", result.host)
            and area >= self.least_area_px
            and (self.largest_area_px == 0 or area <= self.largest_area_px)
            and first <= result.day <= last
        )

    def _period(self) -> tuple[date, date]:
        asked = re.search(r"p:(\w+)", self.nso)
        name = asked.group(1) if asked else "all"
        span = DATE_RANGE.fullmatch(name)
        if span is not None:
            first, last = (datetime.strptime(day, "%Y%m%d").date() for day in span.groups())
            return first, last
        days = PERIOD_DAYS.get(name)
        return (date.min if days is None else TODAY - timedelta(days=days)), TODAY


def images_in(slots: int) -> int:
    """Return how many of the slots of a batch hold images, the others being adverts."""
    return slots - sum(1 for slot in range(1, slots + 1) if is_advert(slot))


def is_advert(slot: int) -> bool:
    """Say whether a slot, counted from 1 in its batch, holds an advert."""
    return (slot - 1) % SLOTS_PER_PAGE + 1 in AD_SLOTS


def slot_of(rank: int) -> int:
    """Return the slot, counted from 1 over all pages, of the image with this rank."""
    page, place = divmod(rank - 1, IMAGES_PER_PAGE)
    slots = [slot for slot in range(1, SLOTS_PER_PAGE + 1) if not is_advert(slot)]
    return page * SLOTS_PER_PAGE + slots[place]
