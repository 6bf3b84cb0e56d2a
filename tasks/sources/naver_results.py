"""Results as Naver names them: made from what was read, ranked, and each kept once. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from tasks.records import Candidate
from tasks.sources.address import web_address
from tasks.sources.naver_address import addresses, full_size, proxied_original
from tasks.sources.stated import size_px, title_in_markup

NAME = "naver"  # of the source that reads the page
MAX_PER_TEXT = 2_000  # Naver sends 50 to 100 at once and shows 500; no text makes us read more


class Strategy(StrEnum):
    """The ways of reading, the most telling first; tiles by the year their layout came in."""

    EMBEDDED = "embedded data"
    CONTINUATION = "continuation"
    TILES = "tiles"
    TILES_2023 = "tiles of 2023"
    TILES_2020 = "tiles of 2020"
    TILES_2018 = "tiles of 2018"
    ANY_IMAGE = "any image"  # the last resort


# The ways in which today's page can be read; the others are for pages of another year.
CURRENT = (Strategy.EMBEDDED, Strategy.CONTINUATION, Strategy.TILES)


@dataclass(frozen=True, slots=True)
class Result:
    """A candidate and the name Naver gives the image (empty: none)."""

    candidate: Candidate
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one way of reading found, in page order.

    ``next_url`` is where the page says that it goes on: empty where it says that it does not,
    None where it says nothing.
    """

    strategy: Strategy
    results: tuple[Result, ...] = ()
    next_url: str | None = None


class Ranking:
    """The candidates of one search, each once, ranked in the order in which they were added."""

    def __init__(self) -> None:
        self.count = 0
        self._known: set[str] = set()

    def add(self, extractions: Iterable[Extraction]) -> tuple[Candidate, ...]:
        """Return the candidates that are new; of a repeated one, the first stands.

        Two results are the same where they have one image id or one original address, be that
        the original's own, that of a smaller rendition of it, or one that a thumbnail carries.
        """
        fresh = []
        for result in (result for extraction in extractions for result in extraction.results):
            is_known = result.candidate.url in self._known or result.image_id in self._known
            carried = (full_size(address.url)[0] for address in result.candidate.addresses)
            names = (result.image_id, result.candidate.url, *carried)
            self._known.update(filter(None, names))
            if not is_known:
                self.count += 1
                fresh.append(replace(result.candidate, rank=self.count))
        return tuple(fresh)


def result_of(
    *,
    source: str = NAME,
    original: object = "",
    viewer: object = "",
    thumbnail: object = "",
    page_url: object = "",
    title: object = "",
    image_id: object = "",
    size: tuple[object, object] = (0, 0),
) -> Result | None:
    """Return the result, its rank still open, or None where nothing leads to the image.

    The values are what stood on the page, of whatever type. Where the original is missing, the
    thumbnail's address mostly carries it. A size counts only where both sides are stated.
    """
    seen = [web_address(value) for value in (viewer, thumbnail)]
    found = addresses(
        original=web_address(original) or next(filter(None, map(proxied_original, seen)), ""),
        viewer=seen[0],
        thumbnail=seen[1],
        page_url=web_address(page_url),
    )
    if not found:
        return None
    width, height = size_px(*size)
    candidate = Candidate(
        addresses=found,
        rank=0,
        source=source,
        title=title_in_markup(title),
        page_url=web_address(page_url),
        stated_width=width,
        stated_height=height,
    )
    return Result(candidate, image_id if isinstance(image_id, str) else "")


def ranked(results: Iterable[Result]) -> tuple[Result, ...]:
    """Number results in their order, from 1."""
    return tuple(
        replace(result, candidate=replace(result.candidate, rank=rank))
        for rank, result in enumerate(results, start=1)
    )
