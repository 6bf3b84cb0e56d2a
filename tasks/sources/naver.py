"""Naver's image search, read off its own page in headless Chrome: open, scroll, stop.

The first page brings about 50 results, each scroll to its end about 100 more, up to about 500.
Nothing is clicked, and where Naver refuses, the search stops and says so.
"""

import base64
import ipaddress
import logging
import random
import re
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver import Remote
from selenium.webdriver.support.wait import WebDriverWait
from urllib3.exceptions import ReadTimeoutError

from tasks.errors import (
    AdultQueryError,
    BlockedError,
    OutputError,
    PageChangedError,
    SearchError,
    UnreachableError,
)
from tasks.process import stopping
from tasks.settings import FromEnvironment, Settings
from tasks.sources.browser import open_browser
from tasks.sources.naver_filters import parameters
from tasks.sources.naver_page import (
    PageKind,
    continuation,
    page_kind,
    read_page,
    tiles,
)
from tasks.sources.naver_results import NAME, Extraction, Ranking
from tasks.sources.naver_tiles import TILE_SELECTOR
from tasks.sources.network_log import NetworkLog, Response
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page, Source

# At most one load in PACE_S plus up to JITTER_S, whoever asks for it: the pace at which a person
# scrolls, and that of the gentlest client known to stay unblocked. A host on this machine is a
# test's own and is not paced.
PACE_S = 1.5
JITTER_S = 1.0
ENOUGH_RESULTS = 500  # the page itself ends about here
MOST_LOADS = 60
ATTEMPTS_TO_GROW = 3
GROWTH_TIMEOUT_S = 3.0
FIRST_TILES_TIMEOUT_S = 5.0
POLL_S = 0.1

_PARAMETERS = {"where": "image", "ssc": "tab.image.all", "sm": "tab_jum"}
_CONTINUATION_PATH = re.compile(r"/(?:p/c/image|imagesearch)/(?:.*/)?search\.naver$")
_STATUS_SCRIPT = """
    const [entry] = performance.getEntriesByType("navigation");
    return [document.URL, (entry?.responseStatus | 0) || 200];
"""
_TILES_SCRIPT = "return document.querySelectorAll(arguments[0]).length | 0"
# In steps of less than the window's height: tiles are revealed only when they come into sight.
# The end is measured once, so that a call asks the page for one load at most.
_SCROLL_SCRIPT = """
    const done = arguments[0];
    const frame = () => new Promise((then) => {
        requestAnimationFrame(() => setTimeout(then));
        setTimeout(then, 200);
    });
    (async () => {
        const end = document.documentElement.scrollHeight - innerHeight;
        for (let step = 0; step < 40 && scrollY < end - 1; step++) {
            scrollTo(0, Math.min(end, scrollY + 0.8 * innerHeight));
            await frame();
        }
        done();
    })();
"""
_STEP_BACK_SCRIPT = "scrollBy(0, -300)"  # a page that has stalled goes on when it is scrolled again

log = logging.getLogger(__name__)


class NaverSettings(FromEnvironment):
    """Where Naver's result page is."""

    naver_search_url: str = "https://search.naver.com/search.naver"


def search(query: SearchQuery, settings: Settings) -> Generator[Page]:
    """Yield the candidates of a query page by page, best first, each once, about 500 at most.

    Nothing is yielded where Naver has no results. Raises UnreachableError, BlockedError,
    AdultQueryError, PageChangedError, BrowserError and BrowserMissingError; a BlockedError can
    come after some pages. Closing the generator ends the browser.
    """
    ranking = Ranking()
    with open_browser(settings) as browser:
        page = ResultsPage(browser, search_address(query, _url()))
        load = page.open()
        for number in range(1, MOST_LOADS + 1):
            fresh = ranking.add(load)
            found = ", ".join(f"{part.strategy} {len(part.results)}" for part in load)
            log.info(
                "Load %d for “%s”: %s; %d new.", number, query.text, found or "none", len(fresh)
            )
            if fresh:
                yield fresh
            if page.is_at_end or ranking.count >= ENOUGH_RESULTS:
                return
            load = page.more()


def search_address(query: SearchQuery, base_url: str) -> str:
    """Return the address of a query's first result page; parameters of the base URL are kept."""
    parts = urlsplit(base_url)
    asked = {**dict(parse_qsl(parts.query)), **_PARAMETERS, **parameters(query)}
    asked["query"] = query.text
    return urlunsplit(parts._replace(query=urlencode(asked, quote_via=quote), fragment=""))


class ResultsPage:
    """The result page of one query in a browser."""

    def __init__(self, browser: Remote, address: str) -> None:
        self.is_at_end = False
        self._browser = browser
        self._address = address
        self._host = urlsplit(address).netloc
        self._responses = NetworkLog(browser, _is_continuation)
        self._next_load_at = 0.0  # on the monotonic clock
        self._bodies: list[str] = []  # of the responses so far, to be saved

    def open(self) -> tuple[Extraction, ...]:
        """Load the page and read it; nothing where Naver has no results."""
        self._keep_pace()
        status = self._navigate()
        load, kind = self._read(status)
        if kind is PageKind.UNREADABLE and status < 400:
            load = self._grown(0, FIRST_TILES_TIMEOUT_S) or load  # filled by a script, perhaps
            kind = PageKind.RESULTS if any(part.results for part in load) else kind
        if kind is PageKind.NO_RESULTS:
            self.is_at_end = True
            return ()
        if kind is not PageKind.RESULTS:
            raise _refusal(kind, status, self._host)
        if load[0].next_url == "":
            self.is_at_end = True
        return load

    def more(self) -> tuple[Extraction, ...]:
        """Scroll to the end and read what has come since; at the end, read all tiles once more."""
        for _ in range(ATTEMPTS_TO_GROW):
            self._keep_pace()
            tiles_before = self._tile_count()
            self._browser.execute_async_script(_SCROLL_SCRIPT)
            if load := self._grown(tiles_before, GROWTH_TIMEOUT_S):
                return load
            self._browser.execute_script(_STEP_BACK_SCRIPT)
        self.is_at_end = True
        return (tiles(self._browser.page_source),)

    def save(self, folder: Path) -> None:
        """Write the page as it is now, a screenshot, and the responses so far: a bug report.

        Raises ``OutputError``.
        """
        screenshot = base64.b64decode(self._browser.get_screenshot_as_base64())
        files = {"page.html": self._browser.page_source.encode(), "page.png": screenshot}
        for number, body in enumerate(self._bodies, start=1):
            files[f"response-{number}.txt"] = body.encode()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (folder / name).write_bytes(content)
        except OSError as error:
            why = error.strerror or str(error)
            raise OutputError("unwritable", path=str(folder), why=why) from error

    def _navigate(self) -> int:
        """Load the page and return its HTTP status."""
        try:
            self._browser.get(self._address)
        except (TimeoutException, ReadTimeoutError) as error:
            # The second: now and then the driver waits on for the page, past the time it was given.
            raise UnreachableError("page_timed_out", host=self._host) from error
        except WebDriverException as error:
            reason = re.search(r"net::ERR_\w+", error.msg or "")
            if reason is None:
                raise
            raise UnreachableError(
                "page_unreachable_why", host=self._host, why=reason[0]
            ) from error
        url, status = self._browser.execute_script(_STATUS_SCRIPT)
        if str(url).startswith("chrome-error:"):
            raise UnreachableError("page_unreachable", host=self._host)
        if status >= 500:
            raise UnreachableError("page_status", host=self._host, status=status)
        return int(status)

    def _read(self, status: int) -> tuple[tuple[Extraction, ...], PageKind]:
        html = self._browser.page_source
        load = read_page(html, [self._rows(response) for response in self._responses.finished()])
        has_results = any(part.results for part in load)
        return load, page_kind(status, html, has_results=has_results)

    def _grown(self, tiles_before: int, timeout_s: float) -> tuple[Extraction, ...]:
        """Wait until rows or tiles have come, and read them; empty where none come."""
        responses: list[Response] = []

        def has_come(_: Remote) -> bool:
            stopping.check()
            has_tiles = self._tile_count() > tiles_before
            responses.extend(self._responses.finished())
            # A page can show rows a moment before the log has the end of their response.
            return bool(responses) or (has_tiles and not self._responses.is_awaiting)

        with suppress(TimeoutException):
            WebDriverWait(self._browser, timeout_s, POLL_S).until(has_come)
        rows = [self._rows(response) for response in responses]
        load = (*rows, tiles(self._browser.page_source))
        has_tiles = self._tile_count() > tiles_before
        return load if has_tiles or any(part.results for part in rows) else ()

    def _rows(self, response: Response) -> Extraction:
        self._bodies.append(response.body)
        rows = continuation(response.body)
        kind = page_kind(response.status, response.body, has_results=bool(rows.results))
        if kind is PageKind.BLOCKED:
            raise _refusal(kind, response.status, self._host)
        self.is_at_end = rows.next_url == ""
        if kind is not PageKind.RESULTS and not self.is_at_end:
            log.warning("%s answered a scroll with %s (%d).", self._host, kind, response.status)
        return rows

    def _tile_count(self) -> int:
        return int(self._browser.execute_script(_TILES_SCRIPT, TILE_SELECTOR))

    def _keep_pace(self) -> None:
        if _is_on_this_machine(self._host):
            return
        stopping.pause(self._next_load_at - time.monotonic())
        pause_s = PACE_S + JITTER_S * random.random()  # noqa: S311 - no secret
        self._next_load_at = time.monotonic() + pause_s


def _is_continuation(url: str) -> bool:
    return _CONTINUATION_PATH.search(urlsplit(url).path) is not None


def _is_on_this_machine(netloc: str) -> bool:
    host = urlsplit(f"//{netloc}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(kind: PageKind, status: int, host: str) -> SearchError:
    """Return the error for a page without results to read."""
    if kind is PageKind.BLOCKED:
        return BlockedError("page_blocked", host=host, status=status)
    if kind is PageKind.ADULT:
        return AdultQueryError("page_for_adults", host=host)
    return PageChangedError("page_changed_layout", host=host, status=status)


def _url() -> str:
    return NaverSettings().naver_search_url


SOURCE = Source(
    name=NAME,
    search=search,
    url=_url,
    slot="naver",
    filters=dict.fromkeys(("size", "colour", "licence", "period", "sort", "section")),
)
