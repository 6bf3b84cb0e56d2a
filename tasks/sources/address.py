"""The addresses of the web that a source names: made safe to ask, and in which order to try them.

An empty string stands for "no address" throughout. Pure.
"""

import re
import string
from urllib.parse import quote, urlsplit, urlunsplit

from tasks.characters import has_refused
from tasks.records import Address

MAX_ADDRESS_CHARS = 4_000  # Naver's continuation addresses, the longest seen, have about 1,800
MAX_HOST_CHARS = 300  # with a user; names have 253 at most, and IDNA takes 6 µs for a character
KEPT_CHARS = string.punctuation  # with "%": what is encoded stays encoded

_NOT_IN_HOSTS = frozenset(" \\<>\"'`^{|}")
_BRACKETS = re.compile(r"(?:[^\[\]]*@)?(?:\[[^\[\]]+\]|[^\[\]]*)(?::\d*)?")  # around IPv6 alone


def web_address(value: object) -> str:
    """Return the http(s) address in ASCII, without fragment; empty for anything else.

    A host beyond ASCII is written by IDNA, the rest in UTF-8 percent codes; codes that are there
    stay as they are.
    """
    if not isinstance(value, str) or len(value) > MAX_ADDRESS_CHARS:
        return ""
    text = value.strip()
    if has_refused(text):
        return ""
    try:
        parts = urlsplit(text)
        if len(parts.netloc) > MAX_HOST_CHARS:
            return ""
        host = parts.netloc.encode("idna").decode()
        is_whole = parts.hostname and parts.port != 0
    except ValueError:  # a broken IPv6 address, a port that is no number, a label too long
        return ""
    is_plain = _NOT_IN_HOSTS.isdisjoint(host) and _BRACKETS.fullmatch(host)
    if parts.scheme not in {"http", "https"} or not is_whole or not is_plain:
        return ""
    path, query = (quote(part, safe=KEPT_CHARS) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, host, path, query, ""))


def tries(url: str, page_url: str) -> tuple[Address, ...]:
    """Return how to fetch an image: without a Referer, then with the page on which it stands.

    Some hosts refuse a foreign Referer, others a missing one.
    """
    return (Address(url), Address(url, referer=page_url)) if page_url else (Address(url),)
