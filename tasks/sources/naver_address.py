"""The addresses on Naver's result pages: where the full image lies, and what else shows it. Pure.

Naver shows every image through ``search.pstatic.net/common/?src=<original>&type=<size>`` (its own
hosts) or ``/sunny/`` (all others). The original and the large preview can be read off such an
address without opening anything. An empty string stands for "no address" throughout.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit, urlunsplit

from tasks.records import Address, AddressKind
from tasks.sources.address import KEPT_CHARS, web_address

SEARCH_PAGE = "https://search.naver.com/"  # as a Referer: where a visitor would come from
VIEWER_SIZE = "sc960_832"  # the rendition that Naver's own viewer shows
MAX_TRIES_OF_ORIGINAL = 4  # with viewer and thumbnail, six requests for an image that is gone

_PROXY_PATHS = frozenset({"/common/", "/common", "/sunny/", "/sunny"})
_SOURCE = re.compile(r"(?:^|&)src=([^&]*)")
_PLAIN_SOURCE = re.compile(r"(?:^|&)src=(https?://.*?)(?:&(?:type|quality|autoRotate)=|$)")
_SIZE = re.compile(r"(^|&)type=[^&]*")

# Where Naver's hosts keep the full image: host and path, and the addresses to try, best first.
# Hosts that are not listed (image.nmv.naver.net, all outside Naver) have the address as given.
# The path must name a file: dthumb-phinf.pstatic.net/?src=… carries its image in the query.
_BLOG = "http://blogfiles.naver.net{path}"  # http: its https certificate is not valid
_FULL_SIZE = tuple(
    (re.compile(hosts + r"\.net/.+"), forms)
    for hosts, forms in (
        (r"blogfiles\.(?:naver|pstatic)", (_BLOG, "https://blogfiles.pstatic.net{path}")),
        # Renditions of the blog's upload; mblogthumb answers 404 without a size.
        (r"(?:postfiles|blogthumb)\d*\.(?:naver|pstatic)", (_BLOG, "{bare}?type=w3840", "{given}")),
        (
            r"mblogthumb\d*(?:-phinf\.pstatic|\.phinf\.naver)",
            (_BLOG, "{bare}?type=w3840", "{bare}?type=w966"),
        ),
        (r"(?:[\w.-]+[.-])?phinf\.(?:naver|pstatic)", ("{bare}", "{given}")),
        (r"imgnews\.(?:naver|pstatic)", ("{unsized}", "{given}")),
    )
)


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
    return web_address(quote_from_bytes(unquote_to_bytes(encoded[1]), safe=KEPT_CHARS))


def full_size(address: str) -> tuple[str, ...]:
    """Return where the image itself may lie, best first; ``address`` may be a proxied rendition.

    The first is the same for every rendition of one upload on Naver's hosts, and so names it.
    """
    given = proxied_original(address) or address
    parts = urlsplit(given)
    place = f"{parts.hostname}{parts.path}"
    forms = next((forms for hosts, forms in _FULL_SIZE if hosts.fullmatch(place)), ("{given}",))
    names = {
        "given": given,
        "path": parts.path,
        "bare": urlunsplit(parts._replace(query="")),
        "unsized": urlunsplit(parts._replace(query=_without_size(parts.query))),
    }
    return tuple(dict.fromkeys(filter(None, (form.format_map(names) for form in forms))))


def viewer_address(thumbnail: str) -> str:
    """Return the large rendition (960 × 832 px at most) of a proxied thumbnail; else empty."""
    if not proxied_original(thumbnail):
        return ""
    parts = urlsplit(thumbnail)
    query = f"{_without_size(parts.query)}&type={VIEWER_SIZE}"
    return urlunsplit(parts._replace(query=query))


def addresses(*, original: str, viewer: str, thumbnail: str, page_url: str) -> tuple[Address, ...]:
    """Return where to fetch an image from, best first: original, viewer rendition, thumbnail.

    Each place of the original is tried without a Referer, then the best with the page it stands
    on, then with Naver's: some hosts refuse a foreign Referer, others a missing one.
    """
    places = full_size(original)
    referers = [referer for referer in (page_url, SEARCH_PAGE) if referer]
    tries = [Address(place) for place in places]
    tries += [Address(place, referer=referer) for place in places[:1] for referer in referers]
    wanted = [
        *tries[:MAX_TRIES_OF_ORIGINAL],
        Address(viewer or viewer_address(thumbnail), AddressKind.VIEWER),
        Address(thumbnail, AddressKind.THUMBNAIL),
    ]
    seen: dict[tuple[str, str | None], Address] = {}
    for address in wanted:
        if address.url:
            seen.setdefault((address.url, address.referer), address)
    return tuple(seen.values())


def _without_size(query: str) -> str:
    return _SIZE.sub("", query).removeprefix("&")
