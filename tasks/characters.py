"""Characters that no text of ours holds, and texts without them. Pure.

Control characters (Unicode's category Cc) and lone surrogates are refused, and nothing else: the
letters of every script, the joiners of Persian and of emoji, and the marks of direction all have
their meaning.
"""

import re
import unicodedata

_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_SHOWN = re.compile(r"(?!\n)" + _REFUSED.pattern)


def has_refused(text: str) -> bool:
    """Say whether a text holds a control character or a lone surrogate."""
    return _REFUSED.search(text) is not None


def plain(text: str) -> str:
    """Return a text in NFC, with one space for each run of blanks and none at its ends."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def mended(text: str) -> str:
    """Return a plain text of one line, with "?" for each character that is refused."""
    return _REFUSED.sub("?", plain(text))


def visible(text: str) -> str:
    r"""Return a text as a terminal can show it: what it would obey is spelled, as ``\u001b``.

    Line breaks stay. JSON means the same afterwards.
    """
    return _NOT_SHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
