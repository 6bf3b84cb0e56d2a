"""The pages of Naver's image search, read into candidates: text in, results out, nothing else.

A result page holds every result twice: as rows of JSON in a script (``imageSearchTabData``, with
originals and sizes), and as tiles, whose thumbnails carry the original's address. Scrolling
fetches further rows of the same kind. Each of the three is read on its own, so that a change of
the page breaks one of them and not the search; where all fail, any image that Naver's proxy shows
is taken. Everything here comes from outside: whatever the text holds, the functions return what
can be read of it and do not raise.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from tasks.sources.html_tags import tags
from tasks.sources.naver_results import Extraction, Result, Strategy, ranked
from tasks.sources.naver_rows import Rows, is_encoded, row_result, rows_in
from tasks.sources.naver_tiles import images_on, tiles_on

_DATA = re.compile(r"\bvar\s+imageSearchTabData\s*=")
_UNNAMED_DATA = '[{"type":"image"'
_SCRIPT_END = re.compile(r"</script\b", re.IGNORECASE)

_NO_RESULT_CLASSES = frozenset({"not_found02", "api_noresult_wrap"})
_NO_RESULT_TEXT = "검색결과가 없습니다"
_ADULT_CLASS = "dsc_adult"
_BLOCK_TEXTS = ("검색 서비스 이용이 제한되었습니다", "비정상적인 움직임이 발견")
_TELLING = (*_BLOCK_TEXTS, _NO_RESULT_TEXT, _ADULT_CLASS, *_NO_RESULT_CLASSES)
_BLOCK_STATUSES = frozenset({403, 429})


class PageKind(StrEnum):
    """What a page is."""

    RESULTS = "results"
    NO_RESULTS = "no results"
    BLOCKED = "blocked"
    ADULT = "adult"
    UNREADABLE = "unreadable"


def read_page(html: str, rows: Sequence[Extraction] = ()) -> tuple[Extraction, ...]:
    """Read a page in every way, best first; ``rows`` are the continuations that came with it.

    The first part is the embedded data. The last resort is taken only where all others fail: on a
    page that can be read it would find what is no result.
    """
    page = list(tags(html))
    load = (embedded(html), *rows, tiles_on(page))
    return load if any(part.results for part in load) else (*load, images_on(page))


def embedded(html: str) -> Extraction:
    """Read the rows that stand in a script of the page."""
    data = _DATA.search(html)
    start = data.end() if data else html.find(_UNNAMED_DATA)
    if start < 0:
        return Extraction(Strategy.EMBEDDED)
    script_end = _SCRIPT_END.search(html, start)
    text = html[start : script_end.start() if script_end else None]
    rows = rows_in(text if data else "items:" + text)
    return Extraction(Strategy.EMBEDDED, _results(rows), rows.next_url)


def continuation(text: str) -> Extraction:
    """Read the response to a scroll: JSON, or JSON in a callback, ``items`` at any level.

    A complete response without a ``url`` is the last, but in the old mode (``json_type=6``), which
    never says where it goes on: there only an empty list is the end.
    """
    rows = rows_in(text)
    is_complete = rows.has_items and text.rstrip(" \r\n;)").endswith("}")
    if rows.next_url is None and is_complete and not any(map(is_encoded, rows.items)):
        rows.next_url = ""
    return Extraction(Strategy.CONTINUATION, _results(rows), rows.next_url)


def tiles(html: str) -> Extraction:
    """Read the tiles of the most recent layout that shows any; they have no stated size."""
    return tiles_on(list(tags(html)))


def any_images(html: str) -> Extraction:
    """Read every image on the page whose address carries an original, adverts left out."""
    return images_on(list(tags(html)))


def page_kind(status: int, html: str, *, has_results: bool) -> PageKind:
    """Say what a page is, from its HTTP status, its text, and whether results were read off it.

    Results come before the page's words: a title may hold any of them.
    """
    if status in _BLOCK_STATUSES:
        return PageKind.BLOCKED
    if has_results:
        return PageKind.RESULTS
    if not any(all(word in html for word in words.split()) for words in _TELLING):
        return PageKind.UNREADABLE
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


def _results(rows: Rows) -> tuple[Result, ...]:
    return ranked(filter(None, map(row_result, rows.items)))
