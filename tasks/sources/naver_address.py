"""The addresses on Naver's result pages: which may be fetched, and what the image proxy hides.

Naver shows every image through ``search.pstatic.net/common/?src=<original>&type=<size>`` (its own
hosts) or ``/sunny/`` (all others). The original and the large preview can be read off such an
address without opening anything. An empty string stands for "no address" throughout.
"""

import re
import string
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes, urlsplit, urlunsplit

from tasks.records import Address, AddressKind

VIEWER_SIZE = "sc960_832"  # the rendition that Naver's own viewer shows
MAX_ADDRESS_CHARS = 4_000  # continuation addresses, the longest seen, have about 1,800

_PROXY_PATHS = frozenset({"/common/", "/common", "/sunny/", "/sunny"})
_HTTP_ONLY_HOSTS = frozenset({"blogfiles.naver.net"})  # its https certificate is not valid
_NOT_IN_HOSTS = frozenset(" \\<>\"'`^{|}")
_KEPT_CHARS = string.punctuation  # with "%": what is encoded stays encoded
_SOURCE = re.compile(r"(?:^|&)src=([^&]*)")
_PLAIN_SOURCE = re.compile(r"(?:^|&)src=(https?://.*?)(?:&(?:type|quality|autoRotate)=|$)")
_SIZE = re.compile(r"(^|&)type=[^&]*")


def web_address(value: object) -> str:
    """Return the http(s) address in ASCII, without fragment; empty for anything else.

    Letters beyond ASCII become UTF-8 percent codes; codes that are there stay as they are.
    """
    if not isinstance(value, str) or len(value) > MAX_ADDRESS_CHARS:
        return ""
    text = value.strip()
    if not text.isprintable():  # control characters, lone surrogates
        return ""
    try:
        parts = urlsplit(text)
        is_usable = parts.hostname and parts.port != 0 and _NOT_IN_HOSTS.isdisjoint(parts.netloc)
        host = parts.netloc.encode("idna").decode()
    except ValueError:  # a broken IPv6 address, a port that is no number, a label too long
        return ""
    if parts.scheme not in {"http", "https"} or not is_usable:
        return ""
    path, query = (quote(part, safe=_KEPT_CHARS) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, host, path, query, ""))


def original_address(value: object) -> str:
    """Return the address of the image itself, where ``value`` is that or a proxied rendition."""
    address = web_address(value)
    address = proxied_original(address) or address
    if urlsplit(address).hostname in _HTTP_ONLY_HOSTS:
        return re.sub(r"^https:", "http:", address)
    return address


def proxied_original(address: str) -> str:
    """Return the address that a proxy address carries; empty where it is none.

    It is decoded exactly once, byte by byte: Korean blog names are encoded twice, the inner time
    in CP949, and must reach the host that way. A value that stands there unencoded is kept.
    """
    parts = urlsplit(address)
    if parts.path not in _PROXY_PATHS:
        return ""
    if plain := _PLAIN_SOURCE.search(parts.query):
        return web_address(plain[1])
    encoded = _SOURCE.search(parts.query)
    if not encoded:
        return ""
    return web_address(quote_from_bytes(unquote_to_bytes(encoded[1]), safe=_KEPT_CHARS))


def viewer_address(thumbnail: str) -> str:
    """Return the large rendition (960 × 832 px at most) of a proxied thumbnail; else empty."""
    if not proxied_original(thumbnail):
        return ""
    parts = urlsplit(thumbnail)
    query = _SIZE.sub("", parts.query).removeprefix("&")
    return urlunsplit(parts._replace(query=f"{query}&type={VIEWER_SIZE}"))


def addresses(*, original: str, viewer: str, thumbnail: str, page_url: str) -> tuple[Address, ...]:
    """Return where to fetch an image from, best first: original, viewer rendition, thumbnail.

    The original is tried without a Referer, then with the page it stands on: some hosts refuse a
    foreign Referer, others a missing one.
    """
    wanted = [
        Address(original, AddressKind.ORIGINAL),
        Address(original, AddressKind.ORIGINAL, page_url) if page_url else Address(""),
        Address(viewer or viewer_address(thumbnail), AddressKind.VIEWER),
        Address(thumbnail, AddressKind.THUMBNAIL),
    ]
    seen: dict[tuple[str, str | None], Address] = {}
    for address in wanted:
        if address.url:
            seen.setdefault((address.url, address.referer), address)
    return tuple(seen.values())
