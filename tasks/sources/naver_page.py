"""What Naver's image search sends, read into candidates: text in, results out, nothing else.

A result page holds every result twice: as rows of JSON in a script (``imageSearchTabData``, with
originals and sizes), and as tiles, whose thumbnails carry the original's address. Scrolling
fetches further rows of the same kind. Each of the three is read on its own, so that a change of
the page breaks one of them and not the search. Everything here comes from outside: whatever the
text holds, the functions return what can be read of it and do not raise.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import dropwhile, islice, pairwise, takewhile
from json import JSONDecodeError, JSONDecoder
from typing import Any

from tasks.sources.html_tags import Tag, tags
from tasks.sources.naver_address import web_address
from tasks.sources.naver_results import Extraction, Result, Strategy, ranked, result_of

MAX_PER_TEXT = 2_000  # Naver sends 50 to 100 at once and shows 500; no text makes us read more
MAX_KEYS = 100  # keys looked at in one text; Naver's have four

_DATA = re.compile(r"\bvar\s+imageSearchTabData\s*=")
_UNNAMED_DATA = '[{"type":"image"'
_SCRIPT_END = re.compile(r"</script\b", re.IGNORECASE)
_KEY = re.compile(r"""(?<![\w$])["']?(items|url)["']?\s*:\s*(?=["\[])""")
_NEXT_ELEMENT = re.compile(r"[\[,]\s*")
_DECODER = JSONDecoder()

_TILE_CLASS = "_fe_image_tab_content_tile"
THUMBNAIL_CLASS = "_fe_image_tab_content_thumbnail_image"
_NO_RESULT_CLASSES = frozenset({"not_found02", "api_noresult_wrap"})
_NO_RESULT_TEXT = "검색결과가 없습니다"
_ADULT_CLASS = "dsc_adult"
_BLOCK_TEXTS = ("검색 서비스 이용이 제한되었습니다", "비정상적인 움직임이 발견")
_BLOCK_STATUSES = frozenset({403, 429})


class PageKind(StrEnum):
    """What a page is."""

    RESULTS = "results"
    NO_RESULTS = "no results"
    BLOCKED = "blocked"
    ADULT = "adult"
    UNREADABLE = "unreadable"


def embedded(html: str) -> Extraction:
    """Read the rows that stand in a script of the page."""
    data = _DATA.search(html)
    start = data.end() if data else html.find(_UNNAMED_DATA)
    if start < 0:
        return Extraction(Strategy.EMBEDDED)
    script_end = _SCRIPT_END.search(html, start)
    text = html[start : script_end.start() if script_end else None]
    return _extraction(Strategy.EMBEDDED, text if data else "items:" + text)


def continuation(text: str) -> Extraction:
    """Read the response to a scroll: JSON, or JSON in a callback, ``items`` at any level."""
    return _extraction(Strategy.CONTINUATION, text)


def tiles(html: str) -> Extraction:
    """Read the tiles of the layout since 2024; those that are not revealed yet are left out.

    A tile states the size of its thumbnail only, so the candidates have no stated size.
    """
    groups = islice(_tile_groups(list(tags(html))), MAX_PER_TEXT)
    return Extraction(Strategy.TILES, ranked(filter(None, map(_tile_result, groups))))


def page_kind(status: int, html: str, *, has_results: bool) -> PageKind:
    """Say what a page is, from its HTTP status, its text, and whether results were read off it.

    Results come before the page's words: a title may hold any of them.
    """
    if status in _BLOCK_STATUSES:
        return PageKind.BLOCKED
    if has_results:
        return PageKind.RESULTS
    page = list(tags(html))
    text = " ".join(tag.raw_text for tag in page)
    classes = {token for tag in page for token in tag.classes}
    if any(words in text for words in _BLOCK_TEXTS):
        return PageKind.BLOCKED
    if _ADULT_CLASS in classes:
        return PageKind.ADULT
    if _NO_RESULT_TEXT in text or classes & _NO_RESULT_CLASSES:
        return PageKind.NO_RESULTS
    return PageKind.UNREADABLE


def _extraction(strategy: Strategy, text: str) -> Extraction:
    """Read the arrays called ``items`` and the first ``url`` beside them.

    The object around them is JavaScript on the page and JSON in a response, so only these two
    keys are looked for; their values are JSON in both. Rows of other kinds (ads) are left out.
    """
    rows: list[Any] = []
    next_url: str | None = None
    position = 0
    for _ in range(MAX_KEYS):
        key = _KEY.search(text, position)
        if key is None or len(rows) >= MAX_PER_TEXT:
            break
        values, position = _json_values(text, key.end())
        if key[1] == "items":
            rows += values
        elif next_url is None and values:
            next_url = str(values[0])
    results = map(_row_result, rows[:MAX_PER_TEXT])
    return Extraction(strategy, ranked(filter(None, results)), next_url)


def _json_values(text: str, start: int) -> tuple[list[Any], int]:
    """Return the elements of the array at ``start`` (or the one value there), and where it ends.

    They are decoded one by one: those before a flaw are kept.
    """
    values: list[Any] = []
    position = start
    try:
        if text[start] != "[":
            value, position = _DECODER.raw_decode(text, start)
            return [value], position
        while len(values) < MAX_PER_TEXT and (ahead := _NEXT_ELEMENT.match(text, position)):
            if text.startswith("]", ahead.end()):
                return values, ahead.end()
            value, position = _DECODER.raw_decode(text, ahead.end())
            values.append(value)
    except JSONDecodeError as error:
        return values, max(error.pos, start + 1)
    except (ValueError, RecursionError):  # a number of thousands of digits; nested without end
        return values, len(text)
    return values, position


def _row_result(row: Any) -> Result | None:
    if not isinstance(row, dict) or row.get("type", "image") != "image":
        return None
    return result_of(
        original=row.get("originalUrl"),
        viewer=row.get("viewerThumb"),
        thumbnail=row.get("thumb"),
        page_url=row.get("link"),
        title=row.get("title"),
        image_id=row.get("imgId"),
        size=(row.get("orgWidth"), row.get("orgHeight")),
    )


def _tile_groups(page: list[Tag]) -> Iterator[list[Tag]]:
    """Yield each tile's tags: from its container, or for want of those its image, to the next."""
    classes = [tag.classes for tag in page]
    starts = [at for at, tokens in enumerate(classes) if _TILE_CLASS in tokens]
    starts = starts or [at for at, tokens in enumerate(classes) if THUMBNAIL_CLASS in tokens]
    for start, end in pairwise([*starts, len(page)]):
        yield page[start:end]


def _tile_result(tile: list[Tag]) -> Result | None:
    """Return what a tile shows; None for an ad and for a tile that is not revealed yet."""
    image = next((tag.attributes for tag in tile if THUMBNAIL_CLASS in tag.classes), {})
    if tile[0].attributes.get("data-type", "image") != "image":
        return None
    links = (web_address(tag.attributes.get("href")) for tag in tile if tag.name == "a")
    headed = dropwhile(lambda tag: "info_title" not in tag.classes, tile)
    heading = takewhile(
        lambda tag: tag.name != "/span", dropwhile(lambda tag: "txt" not in tag.classes, headed)
    )
    return result_of(
        thumbnail=web_address(image.get("src")) or web_address(image.get("data-src")),
        page_url=next(filter(None, links), ""),
        title="".join(tag.raw_text for tag in heading) or image.get("alt"),
        image_id=image.get("data-image-viewer-img-id"),
    )
