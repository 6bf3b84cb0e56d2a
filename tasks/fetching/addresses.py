"""The addresses that are asked, parsed: of a candidate, of a page it stands on, of a redirect.

yarl raises what it likes of an address that it cannot read (an ``IndexError`` of ``//[]@``); here
alone that is known.
"""

import re

from yarl import URL

from tasks.fetching.failures import FetchError
from tasks.records import Reason
from words import Message

MAX_ADDRESS_CHARS = 8_190  # what Apache takes (LimitRequestLine); IDNA takes a second for 100,000

_PLAIN_URL = re.compile(r"[!-~]+")  # printable ASCII: goes out as it is
_RAW_BYTE = re.compile("[\udc80-\udcff]")  # of a header that is no UTF-8


def web_url(text: str, base: URL | None = None) -> URL:
    """Parse an http(s) URL; plain-ASCII ones are kept as written. Raises ``FetchError``."""
    url = _parsed(_RAW_BYTE.sub(_escaped, text) if base else text, base)
    if url is not None and url.scheme not in ("http", "https"):
        raise FetchError(Reason.BAD_ADDRESS, Message("note.not_http"))
    if url is None or not url.host or not url.port:
        raise FetchError(Reason.BAD_ADDRESS, Message("note.unreadable_address"))
    return url.with_fragment(None)


def host_of(text: str) -> str:
    """Return the ``host:port`` of an address, as the fetcher knows it; empty where it has none."""
    url = _parsed(text)
    return f"{url.host}:{url.port}" if url is not None and url.host else ""


def referer(page_url: str) -> dict[str, str]:
    """Return the header that names a page; none where its address cannot be read."""
    url = _parsed(page_url)
    return {"Referer": str(url).encode("ascii", "ignore").decode()} if url else {}


def _parsed(text: str, base: URL | None = None) -> URL | None:
    """Parse an address; None where it cannot be read."""
    if len(text) > MAX_ADDRESS_CHARS:
        return None
    try:
        url = URL(text, encoded=_PLAIN_URL.fullmatch(text) is not None)
        url = base.join(url) if base else url
        _ = url.host, url.port, str(url)  # each of them may raise too
    except Exception:
        return None
    return url


def _escaped(raw_byte: re.Match[str]) -> str:
    return f"%{ord(raw_byte[0]) - 0xDC00:02X}"
