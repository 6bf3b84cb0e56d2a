"""Title and size of an image, from the values of whatever type that a source states. Pure."""

import re
from html import unescape

from tasks.characters import mended

MAX_TITLE_CHARS = 500
MAX_SIDE_PX = 100_000

_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>")


def title(value: object) -> str:
    """Return a title that can be stored and shown: one line of it."""
    return mended(value)[:MAX_TITLE_CHARS] if isinstance(value, str) else ""


def title_in_markup(value: object) -> str:
    """Return the title that HTML shows, without markup and entities."""
    if not isinstance(value, str):
        return ""
    return title(unescape(_MARKUP.sub("", value[: 4 * MAX_TITLE_CHARS])))


def size_px(width: object, height: object) -> tuple[int, int]:
    """Return width and height; 0 and 0 unless both are stated."""
    sides = (_side_px(width), _side_px(height))
    return sides if all(sides) else (0, 0)


def _side_px(value: object) -> int:
    """Return a length in px; 0 for what can be none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 < value <= MAX_SIDE_PX else 0
