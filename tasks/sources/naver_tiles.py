"""The images that a result page shows: the tiles of every layout since 2018, or any image.

Layouts are told apart by class tokens, never by whole class attributes: Naver adds further tokens
to a tile when it comes into sight. Tiles that are not revealed yet, and hold their thumbnail's
address in no other attribute either, are left out, and so are adverts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile, islice, pairwise, takewhile
from typing import NamedTuple

from tasks.sources.address import web_address
from tasks.sources.html_tags import Attributes, Tag
from tasks.sources.naver_address import proxied_original
from tasks.sources.naver_results import (
    MAX_PER_TEXT,
    Extraction,
    Result,
    Strategy,
    ranked,
    result_of,
)

MAX_LINKS = 100  # looked at in one tile; Naver's have two
THUMBNAIL_CLASS = "_fe_image_tab_content_thumbnail_image"


@dataclass(frozen=True, slots=True)
class Layout:
    """The class tokens of one layout: a tile has all of ``tile``, its ``img`` all of ``image``.

    No ``image`` stands for the tile's first ``img``. Where a ``grid`` is named, tiles are such only
    behind an element of that class.
    """

    strategy: Strategy
    tile: frozenset[str]
    image: frozenset[str] = frozenset()
    grid: str = ""

    @property
    def tokens(self) -> frozenset[str]:
        """All class tokens of the layout."""
        return self.tile | self.image | frozenset(filter(None, [self.grid]))

    @property
    def selector(self) -> str:
        """The CSS selector of the tiles, and of the images that are known without their tile."""
        tiles = f".{self.grid} " * bool(self.grid) + _selector(self.tile)
        return f"{tiles}, {_selector(self.image)}" if self.image else tiles


class Mark(NamedTuple):
    """A tag with class tokens of a layout: where it stands on the page, and all its tokens."""

    at: int
    tokens: frozenset[str]


def _selector(tokens: frozenset[str]) -> str:
    return "".join(f".{token}" for token in sorted(tokens))


LAYOUTS = (
    Layout(
        Strategy.TILES,
        frozenset({"_fe_image_tab_content_tile"}),
        frozenset({THUMBNAIL_CLASS}),
    ),
    Layout(Strategy.TILES_2023, frozenset({"tile_item"}), grid="_fe_image_tab_grid"),
    Layout(Strategy.TILES_2020, frozenset({"tile_item", "_item"})),
    Layout(Strategy.TILES_2018, frozenset({"img_area", "_item"})),
)
TILE_SELECTOR = ", ".join(layout.selector for layout in LAYOUTS)

_ANY_TOKEN = re.compile("|".join(sorted(set().union(*(layout.tokens for layout in LAYOUTS)))))
_IMAGE_ATTRIBUTES = ("src", "data-lazy-src", "data-src", "data-source")
_LOGGED_ID = re.compile(r"(?:^|&)i=(\w{1,40}_[0-9a-f]{32})(?:&|$)")
_PROXIED = re.compile(r"\s*+https?:[^?#]*?[?]", re.IGNORECASE)  # what is no more is soon told
_ADVERT = re.compile(r"^ad|Ad$")


def tiles_on(page: list[Tag]) -> Extraction:
    """Read the tiles of the most recent layout that shows any.

    A tile states the size of its thumbnail only, so the candidates have no stated size.
    """
    marks = [
        Mark(at, frozenset(tag.classes))
        for at, tag in enumerate(page)
        if _ANY_TOKEN.search(tag.raw_attributes)
    ]
    for layout in LAYOUTS:
        tiles = islice(_tiles(page, marks, layout), MAX_PER_TEXT)
        results = ranked(filter(None, (_tile_result(tile, layout) for tile in tiles)))
        if results:
            return Extraction(layout.strategy, results)
    return Extraction(Strategy.TILES)


def images_on(page: list[Tag]) -> Extraction:
    """Read every image whose address carries an original: the last resort."""
    return Extraction(
        Strategy.ANY_IMAGE, ranked(islice(_proxied_images(_without_adverts(page)), MAX_PER_TEXT))
    )


def _tiles(page: list[Tag], marks: list[Mark], layout: Layout) -> Iterator[list[Tag]]:
    """Yield each tile's tags: from its container, or for want of those its image, to the next."""
    if layout.grid:
        marks = list(dropwhile(lambda mark: layout.grid not in mark.tokens, marks))
    starts = [mark.at for mark in marks if layout.tile <= mark.tokens]
    if not starts and layout.image:
        starts = [mark.at for mark in marks if layout.image <= mark.tokens]
    for start, end in pairwise([*starts, len(page)]):
        yield _element(page[start:end])


def _element(tile: list[Tag]) -> list[Tag]:
    """Return the tags up to the end tag of the first; all of them where it is not closed."""
    name, depth = tile[0].name, 0
    for at, tag in enumerate(tile):
        depth += (tag.name == name) - (tag.name == f"/{name}")
        if depth == 0:
            return tile[: at + 1]
    return tile


def _tile_result(tile: list[Tag], layout: Layout) -> Result | None:
    """Return what a tile shows; None for an advert and for a tile that is not revealed yet."""
    container = tile[0].attributes
    if "data-type" in container and container.value("data-type") != "image":
        return None
    images = (tag for tag in tile if tag.name == "img" and _is_in(tag, layout.image))
    image = next((tag.attributes for tag in images), Attributes())
    links = [tag.attributes for tag in islice((t for t in tile if t.name == "a"), MAX_LINKS)]
    thumbnails = (web_address(image.value(name)) for name in _IMAGE_ATTRIBUTES)
    return result_of(
        original=image.value("data-source"),
        thumbnail=next(filter(None, thumbnails), ""),
        page_url=next(filter(None, (web_address(link.value("href")) for link in links)), ""),
        title=_heading(tile)
        or next(filter(None, (link.value("title") for link in links)), image.value("alt")),
        image_id=image.value("data-image-viewer-img-id")
        or next(filter(None, map(_logged_id, links)), container.value("data-id")),
    )


def _is_in(tag: Tag, classes: frozenset[str]) -> bool:
    return not classes or ("class" in tag.raw_attributes and classes.issubset(tag.classes))


def _heading(tile: list[Tag]) -> str:
    """Return the text of ``.info_title .txt``, with what markup is in it left out."""
    headed = dropwhile(lambda tag: "info_title" not in tag.classes, tile)
    heading = takewhile(
        lambda tag: tag.name != "/span", dropwhile(lambda tag: "txt" not in tag.classes, headed)
    )
    return "".join(tag.raw_text for tag in heading)


def _logged_id(link: Attributes) -> str:
    """Return the image id that a link of 2020 reports when it is clicked."""
    found = _LOGGED_ID.search(link.value("data-cr-log"))
    return f"image_sas:{found[1]}" if found else ""


def _without_adverts(page: list[Tag]) -> Iterator[Tag]:
    """Yield the tags that are not inside an element whose ``data-type`` is that of an advert."""
    name, depth = "", 0
    for tag in page:
        if depth:
            depth += (tag.name == name) - (tag.name == f"/{name}")
        elif "data-type" in tag.raw_attributes and _ADVERT.search(
            tag.attributes.value("data-type")
        ):
            name, depth = tag.name, int(tag.name != "img")
        else:
            yield tag


def _proxied_images(page: Iterator[Tag]) -> Iterator[Result]:
    """Yield the images, each with the page that a link around it leads to."""
    link = Attributes()
    for tag in page:
        if tag.name in ("a", "/a"):
            link = tag.attributes
        if tag.name != "img" and "data-" not in tag.raw_attributes:
            continue
        attributes = tag.attributes
        shown = (attributes.value(name) for name in _IMAGE_ATTRIBUTES if name in attributes)
        proxied = (web_address(value) for value in shown if _PROXIED.match(value))
        thumbnail = next(filter(proxied_original, proxied), "")
        if thumbnail and (
            result := result_of(
                thumbnail=thumbnail,
                page_url=web_address(link.value("href")),
                title=attributes.value("alt"),
            )
        ):
            yield result
