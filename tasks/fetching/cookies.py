"""The cookies of one fetch: some hosts set one and send the browser back to where it came from."""

import re
from collections import defaultdict
from collections.abc import Sequence

import aiohttp
from yarl import URL

from tasks.fetching.politeness import registered_domain

_NAMED = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=")  # RFC 6265, 4.1.1; of others, aiohttp logs


class Cookies:
    """What hosts have set so far; none goes to another site than the one that set it."""

    def __init__(self) -> None:
        self._jars = defaultdict[str, aiohttp.CookieJar](
            # unsafe: a host that has an address for its name may set one too
            lambda: aiohttp.CookieJar(unsafe=True, quote_cookie=False)
        )

    def keep(self, url: URL, set_cookies: Sequence[str]) -> None:
        """Keep what the answer from an address sets."""
        if named := [cookie for cookie in set_cookies if _NAMED.match(cookie)]:
            self._jars[_site(url)].update_cookies_from_headers(named, url)

    def header(self, url: URL) -> dict[str, str]:
        """Return the header for a request to an address; none where there is no cookie for it."""
        jar = self._jars.get(_site(url))
        cookies = jar.filter_cookies(url).values() if jar else ()
        sent = "; ".join(f"{cookie.key}={cookie.coded_value}" for cookie in cookies)
        return {"Cookie": sent} if sent else {}


def _site(url: URL) -> str:
    return registered_domain(f"{url.host}:{url.port}")
