"""Fetching bytes from a web that may be hostile.

    async with aclosing(Fetcher(Settings())) as fetcher:
        data, seconds = await fetcher.fetch(Address("https://example.com/1.jpg"))

Connections are reused and names looked up once. The peer of every connection is checked (see
``peers``), unless ``DOWNLOAD_ALLOW_HOSTS`` names it. No length and no content type is trusted;
bytes and seconds are counted.
"""

import asyncio
import os
import re
import ssl
import stat
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

import aiohttp
import certifi
from yarl import URL

from tasks.fetching.addresses import referer, web_url
from tasks.fetching.codings import unpacked
from tasks.fetching.cookies import Cookies
from tasks.fetching.failures import AnswerError, FetchError, failure_of, its_fate
from tasks.fetching.heads import MAX_HEAD_BYTES, MAX_HEADERS, LenientHandler
from tasks.fetching.peers import Resolver, public_socket
from tasks.fetching.politeness import politeness
from tasks.fetching.public_addresses import is_disguised
from tasks.fetching.robots import opted_out
from tasks.fetching.room import Room, Share
from tasks.images.limits import MAX_BYTES
from tasks.records import Address, Reason
from tasks.settings import Settings
from words import Message

DEADLINE_S = 30.0  # for one address, redirects and all
STEP_TIMEOUT_S = 10.0  # to connect, or between two reads
MAX_REDIRECTS = 5
WEB_PORTS = frozenset({80, 443})
LONGEST_RETRY_AFTER_S = 86_400.0
NAMES_KEPT_S = 300  # how long an answer of a name server serves

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WITHOUT_FILE = frozenset({202, 204, 205})  # not ready yet, no body, no body
_OVERLOADED = frozenset({429, 503})
_NEVER_SERVED = frozenset({501, 505})  # a fault of the host's that stays
_WHOLE = re.compile(r"bytes 0-(\d{1,18})/(\d{1,18}|\*)")


class Fetched(NamedTuple):
    """A body, and how long the requests for it took."""

    data: bytes
    seconds: float


class Fetcher:
    """Connections for any number of fetches at once, on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._allow_hosts = settings.download_allow_hosts
        self._is_opting_out_respected = settings.download_respect_opt_out
        self._politeness = politeness(settings.download_requests_per_s)
        at_once = settings.download_at_once_per_host
        self._slots = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(at_once))
        self._room = Room()
        context = ssl.create_default_context(cafile=certifi.where())

        def session(
            socket_factory: aiohttp.SocketFactoryType | None = None,
        ) -> aiohttp.ClientSession:
            connector = aiohttp.TCPConnector(
                limit=0,
                ssl=context,
                resolver=Resolver(),
                ttl_dns_cache=NAMES_KEPT_S,
                socket_factory=socket_factory,
            )
            connector._factory = partial(  # there is no public way
                LenientHandler,  # type: ignore[assignment]
                loop=connector._loop,
            )
            made = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                # No pause may be longer than a step; the deadline of the whole is set at each use.
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=STEP_TIMEOUT_S, sock_read=STEP_TIMEOUT_S
                ),
                # An image gains nothing from compression; what is packed all the same, `unpacked`
                # unpacks within limits.
                auto_decompress=False,
                headers={
                    "User-Agent": settings.download_user_agent,
                    "Accept": "image/*,*/*;q=0.5",
                    "Accept-Encoding": "identity",
                },
                trust_env=False,  # a proxy would hide which peer is reached
                read_bufsize=1 << 18,
                max_line_size=MAX_HEAD_BYTES,
                max_field_size=MAX_HEAD_BYTES,
                max_headers=MAX_HEADERS + 1,  # `tidied` may say the length once more
            )
            made._retry_connection = False  # its own second try would be on no record
            return made

        self._checked = session(socket_factory=public_socket)
        self._exempt = session()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._checked.close()
        await self._exempt.close()

    def share(self) -> AbstractContextManager[Share]:
        """Give what one body may hold of the memory of all that are fetched and not decoded yet."""
        return self._room.share()

    async def fetch(self, address: Address, share: Share | None = None) -> Fetched:
        """Return what an address gives; raises ``FetchError``.

        ``share`` holds the bytes of what is returned; without one, nobody counts them any more.
        """
        if share is None:
            with self.share() as own:
                return await self.fetch(address, own)
        spent_s, body = 0.0, bytearray()
        try:
            with its_fate(address.url):
                url = web_url(address.url)
                headers = referer(address.referer) if address.referer else {}
                cookies = Cookies()
                for _ in range(MAX_REDIRECTS + 1):
                    body.clear()
                    session = self._session_for(url)
                    async with self._turn(f"{url.host}:{url.port}"):
                        started = time.monotonic()
                        try:
                            answer = await self._ask(
                                session, url, headers, cookies, DEADLINE_S - spent_s, body, share
                            )
                        finally:
                            spent_s += time.monotonic() - started
                    if isinstance(answer, bytes):
                        return Fetched(answer, spent_s)
                    url = answer
                raise FetchError(
                    Reason.TOO_MANY_REDIRECTS,
                    Message("note.too_many_redirects", {"most": MAX_REDIRECTS}),
                )
        except FetchError as error:
            error.seconds, error.received = spent_s, len(body)
            share.shrink(0)
            raise

    def breakers(self, hosts: Iterable[str]) -> dict[str, str]:
        """Return the state of each host's circuit breaker: closed, open or half-open."""
        return self._politeness.states(hosts, time.monotonic())

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """Wait until the host may be asked; then learn from how the block ends.

        Raises ``FetchError`` where the host is left alone.
        """
        polite = self._politeness
        self._refuse_if_failing(host)
        async with self._slots[host]:
            wait_s = polite.wait_s(host, time.monotonic())
            while wait_s > 0:
                self._refuse_if_failing(host)
                await asyncio.sleep(wait_s)
                wait_s = polite.quiet_s(host, time.monotonic())
            self._refuse_if_failing(host)
            sent_at = time.monotonic()
            polite.begin(host, sent_at)
            try:
                with its_fate(host):
                    yield
            except FetchError as error:
                now = time.monotonic()
                if error.retry_after_s is not None:
                    polite.overloaded(host, now, sent_at=sent_at, retry_after_s=error.retry_after_s)
                elif error.is_transient or error.reason is Reason.UNREACHABLE:
                    polite.failed(host, now)
                else:
                    polite.answered(host)
                raise
            polite.answered(host)

    def _refuse_if_failing(self, host: str) -> None:
        if why := self._politeness.refusal(host, time.monotonic()):
            raise FetchError(Reason.HOST_FAILING, why)

    def _session_for(self, url: URL) -> aiohttp.ClientSession:
        """Return the session for an address, by whether its host is exempt from the checks."""
        if f"{url.host}:{url.port}" in self._allow_hosts:
            return self._exempt
        if url.port not in WEB_PORTS:
            raise FetchError(Reason.FORBIDDEN_PORT, Message("note.port", {"port": url.port}))
        if is_disguised(url.host or ""):
            raise FetchError(
                Reason.FORBIDDEN_ADDRESS, Message("note.hides_address", {"host": url.host})
            )
        return self._checked

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        headers: dict[str, str],
        cookies: Cookies,
        left_s: float,
        body: bytearray,
        share: Share,
    ) -> bytes | URL:
        """Send one request; return its body, or where it redirects to.

        Received bytes are appended to ``body``. Every failure is mapped to ``FetchError``.
        """
        headers = headers | cookies.header(url)
        try:
            async with (
                asyncio.timeout(left_s) as deadline,
                session.get(url, headers=headers, allow_redirects=False) as response,
            ):
                location = response.headers.get("Location")
                if response.status in _REDIRECTS and location:
                    cookies.keep(url, response.headers.getall("Set-Cookie", ()))
                    return web_url(location, url)
                if not _brings_the_file(response):
                    raise _http_error(response)
                robots = response.headers.getall("X-Robots-Tag", ())
                if self._is_opting_out_respected and (directive := opted_out(robots)):
                    raise FetchError(
                        Reason.OPTED_OUT, Message("note.opted_out", {"directive": directive})
                    )
                codings = response.headers.getall("Content-Encoding", ())
                most = MAX_BYTES if codings else response.content_length or MAX_BYTES
                await _read(response, body, most, share, deadline)
                await _take(share, MAX_BYTES if codings else len(body), deadline)
                data = unpacked(bytes(body), codings)
                share.shrink(len(data))
                return data
        except TimeoutError as error:
            late = Message("note.not_finished", {"seconds": DEADLINE_S})
            silent = Message("note.no_answer", {"seconds": STEP_TIMEOUT_S})
            note = late if deadline.expired() else silent
            raise FetchError(Reason.TIMED_OUT, note, is_transient=True) from error
        except AnswerError as error:
            raise FetchError(error.reason, error.note) from error
        except aiohttp.ClientPayloadError as error:
            note = Message("note.cut_short")
            raise FetchError(Reason.BROKEN_OFF, note, is_transient=True) from error
        except aiohttp.ServerDisconnectedError as error:
            note = Message("note.hung_up")
            raise FetchError(Reason.UNREACHABLE, note, is_transient=True) from error
        except (aiohttp.ClientError, OSError) as error:
            reason, note, is_transient = failure_of(error)
            raise FetchError(reason, note, is_transient=is_transient) from error
        except ValueError as error:  # a host that the system's resolver cannot even be asked for
            raise FetchError(Reason.BAD_ADDRESS, Message("note.unreadable_address")) from error


async def _read(
    response: aiohttp.ClientResponse,
    body: bytearray,
    most: int,
    share: Share,
    deadline: asyncio.Timeout,
) -> None:
    """Read a body piece by piece, each as soon as it comes, within the limits."""
    if (response.content_length or 0) > MAX_BYTES:
        note = Message("note.over_bytes_announced", {"most": MAX_BYTES // 1_000_000})
        raise FetchError(Reason.TOO_MANY_BYTES, note)
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BYTES:
            raise _too_many_bytes()
        if share.is_due(len(body)):
            await _take(share, most, deadline)


async def _take(share: Share, most: int, deadline: asyncio.Timeout) -> None:
    """Wait for memory; the host is not to blame for how long that takes."""
    until, loop = deadline.when(), asyncio.get_running_loop()
    deadline.reschedule(None)
    began = loop.time()
    await share.take(most)
    deadline.reschedule(until and until + loop.time() - began)


def _brings_the_file(response: aiohttp.ClientResponse) -> bool:
    """Say whether a status brings the whole file that was asked for.

    Any 2xx does, but 202 (it is yet to be made), 204 and 205 (no body), and 206 where its range is
    said to be less than the whole. A browser shows the image of a 404 or 500 too; that is a
    placeholder, and would come into a dataset as what was searched for.
    """
    if response.status == 206:
        range_ = _WHOLE.fullmatch(response.headers.get("Content-Range", "").strip())
        return range_ is not None and (range_[2] == "*" or int(range_[1]) + 1 == int(range_[2]))
    return 200 <= response.status < 300 and response.status not in _WITHOUT_FILE


def _http_error(response: aiohttp.ClientResponse) -> FetchError:
    status = response.status
    note = Message("note.status", {"status": status})
    if status not in _OVERLOADED:
        is_transient = 500 <= status < 600 and status not in _NEVER_SERVED
        return FetchError(Reason.HTTP_ERROR, note, is_transient=is_transient)
    wanted = response.headers.get("Retry-After", "")
    return FetchError(Reason.HTTP_ERROR, note, is_transient=True, retry_after_s=seconds_of(wanted))


def _too_many_bytes() -> FetchError:
    note = Message("note.over_bytes", {"most": MAX_BYTES // 1_000_000})
    return FetchError(Reason.TOO_MANY_BYTES, note)


def seconds_of(retry_after: str) -> float:
    """Read a Retry-After (RFC 9110, 10.2.3): seconds, or a date; 0 where it says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
        from_now = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)
    except (ValueError, OverflowError):  # a year of twenty digits
        return 0.0
    return min(max(0.0, from_now.total_seconds()), LONGEST_RETRY_AFTER_S)


def read_file(url: str) -> bytes:
    """Return the bytes of a file of this machine; raises ``FetchError``.

    For addresses of kind ``FILE`` alone, which come from a folder that the user named.
    """
    with its_fate(url):
        return _file_at(urlsplit(url))


def _file_at(parts: SplitResult) -> bytes:
    if parts.scheme != "file" or parts.netloc:
        raise FetchError(Reason.BAD_ADDRESS, Message("note.not_a_local_file"))
    path = Path(os.fsdecode(unquote_to_bytes(parts.path)))
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise FetchError(Reason.UNREACHABLE, Message("note.not_a_file"))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # or with a null byte
        raise FetchError(Reason.UNREACHABLE, Message("note.no_such_file")) from error
    except PermissionError as error:
        raise FetchError(Reason.UNREACHABLE, Message("note.file_forbidden")) from error
    except OSError as error:
        note = Message("note.unreadable_file", {"error": error.strerror})
        raise FetchError(Reason.UNREACHABLE, note) from error
    if len(data) > MAX_BYTES:
        raise _too_many_bytes()
    return data
