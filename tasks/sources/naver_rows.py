"""The rows of JSON that describe Naver's results, in a script of the page or in a response.

The object around the rows is JavaScript on the page and JSON in a response, so only two of its
keys are looked for: ``items``, and the ``url`` beside it. Their values are JSON in both.
"""

import re
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder
from typing import Any
from urllib.parse import unquote

from tasks.sources.naver_results import MAX_PER_TEXT, Result, result_of

MAX_KEYS = 100  # keys looked at in one text; Naver's have four

_KEY = re.compile(r"""(?<![\w$])["']?(items|url)["']?\s*:\s*(?=["\[])""")
_NEXT_ELEMENT = re.compile(r"[\[,]\s*")
_ENCODED_ADDRESS = re.compile(r"https?%3a%2f%2f", re.IGNORECASE)
_ADDRESS_FIELDS = ("originalUrl", "viewerThumb", "thumb", "link")
_DECODER = JSONDecoder()


@dataclass(slots=True)
class Rows:
    """The rows of a text, of whatever type, and the first ``url`` beside them, None without."""

    items: list[Any] = field(default_factory=list)
    has_items: bool = False  # there is a list, be it empty
    next_url: str | None = None


def rows_in(text: str) -> Rows:
    """Read the arrays called ``items`` and the first ``url``."""
    rows = Rows()
    position = 0
    for _ in range(MAX_KEYS):
        key = _KEY.search(text, position)
        if key is None or len(rows.items) >= MAX_PER_TEXT:
            break
        values, position = _json_values(text, key.end())
        if key[1] == "items":
            rows.has_items = True
            rows.items += values
        elif rows.next_url is None and values:
            rows.next_url = str(values[0])
    del rows.items[MAX_PER_TEXT:]
    return rows


def is_encoded(row: Any) -> bool:
    """Say whether a row is of the old mode (``json_type=6``), whose strings are percent-encoded."""
    return isinstance(row, dict) and any(
        isinstance(row.get(name), str) and _ENCODED_ADDRESS.match(row[name])
        for name in _ADDRESS_FIELDS
    )


def row_result(row: Any) -> Result | None:
    """Return the result of a row; None for an advert and whatever else leads to no image."""
    if not isinstance(row, dict) or row.get("type", "image") != "image":
        return None
    if is_encoded(row):
        row = {key: unquote(v) if isinstance(v, str) else v for key, v in row.items()}
    return result_of(
        original=row.get("originalUrl"),
        viewer=row.get("viewerThumb"),
        thumbnail=row.get("thumb"),
        page_url=row.get("link"),
        title=row.get("title"),
        image_id=row.get("imgId"),
        size=(row.get("orgWidth"), row.get("orgHeight")),
    )


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
