"""Fetching bytes from a web that may be hostile.

Connections are pooled. Whatever an address, a name server or a redirect says, the peer that a
socket is really connected to has to be a public one (or one that ``DOWNLOAD_ALLOW_HOSTS`` names)
before a request goes out. No length and no content type is trusted; bytes and seconds are counted.
"""

import ipaddress
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError

from tasks import stopping
from tasks.records import Address, Reason

MAX_BYTES = 30_000_000
DEADLINE_S = 30.0  # for one address, redirects and all
STEP_TIMEOUT_S = 5.0  # to connect, or between two reads; so long a stop may take
MAX_REDIRECTS = 5
WEB_PORTS = frozenset({80, 443})
USER_AGENT = "Mozilla/5.0 (compatible; CV-Dataset-Builder/0.1)"


_BAD_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    LocationParseError,
)


class FetchError(Exception):
    """An address gave no bytes; ``reason`` and ``detail`` say why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Fetcher:
    """Pooled connections for a batch of fetches; safe to share between threads."""

    def __init__(self, allow_hosts: frozenset[str], connections: int) -> None:
        """``allow_hosts`` are ``host:port`` pairs exempt from the rules on addresses and ports."""
        self._connections: WeakSet[HTTPConnection] = WeakSet()
        adapter = _CheckedAdapter(allow_hosts, connections, self._connections)
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy would hide which peer is reached
        self._session.max_redirects = MAX_REDIRECTS
        self._session.headers.update(
            # An image gains nothing from compression, and what was never packed cannot explode.
            {"User-Agent": USER_AGENT, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
        )
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def fetch(self, address: Address) -> bytes:
        """Return the body that an address gives.

        Raises ``FetchError``, and ``StoppedError`` when the run is being stopped.
        """
        started = time.monotonic()
        headers = {"Referer": _header_safe(address.referer)} if address.referer else {}
        try:
            with self._session.get(
                address.url, headers=headers, stream=True, timeout=STEP_TIMEOUT_S
            ) as response:
                if response.status_code != requests.codes.ok:
                    raise FetchError(Reason.HTTP_ERROR, f"status {response.status_code}")
                return _read(response, started + DEADLINE_S)
        except (requests.Timeout, ReadTimeoutError, TimeoutError) as error:
            raise FetchError(Reason.TIMED_OUT, f"no answer in {STEP_TIMEOUT_S:g} s") from error
        except requests.TooManyRedirects as error:
            raise FetchError(Reason.HTTP_ERROR, f"over {MAX_REDIRECTS} redirects") from error
        except _BAD_ADDRESS as error:
            raise FetchError(Reason.FORBIDDEN_ADDRESS, "no http(s) address") from error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            # ValueError: requests and urllib3 raise it, bare, on some malformed addresses.
            raise FetchError(Reason.UNREACHABLE, type(error).__name__) from error

    def abort(self) -> None:
        """Break off what other threads fetch, as they cannot be stopped while they wait."""
        for connection in list(self._connections):
            if peer := connection.sock:
                with suppress(OSError):  # it closed meanwhile
                    peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


def read_file(url: str) -> bytes:
    """Return the bytes of a file of this machine; raises ``FetchError``.

    For addresses of kind ``FILE`` alone, which come from a folder that the user named.
    """
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc:
        raise FetchError(Reason.FORBIDDEN_ADDRESS, "no file of this machine")
    path = Path(os.fsdecode(unquote_to_bytes(parts.path)))
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            raise FetchError(Reason.UNREACHABLE, "no such file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FetchError(Reason.UNREACHABLE, error.strerror or type(error).__name__) from error
    if len(data) > MAX_BYTES:
        raise FetchError(Reason.TOO_MANY_BYTES, f"over {MAX_BYTES // 1_000_000} MB")
    return data


def _header_safe(referer: str) -> str:
    return requests.utils.requote_uri(referer).encode("ascii", "ignore").decode()


def _read(response: requests.Response, deadline: float) -> bytes:
    """Read a body piece by piece, each as soon as it comes, within the limits."""
    if int(response.headers.get("Content-Length", "0")) > MAX_BYTES:
        raise FetchError(Reason.TOO_MANY_BYTES, f"over {MAX_BYTES // 1_000_000} MB announced")
    body = bytearray()
    while piece := response.raw.read1(1 << 18, decode_content=False):
        body += piece
        stopping.check()
        if len(body) > MAX_BYTES:
            raise FetchError(Reason.TOO_MANY_BYTES, f"over {MAX_BYTES // 1_000_000} MB")
        if time.monotonic() > deadline:
            raise FetchError(Reason.TIMED_OUT, f"not finished after {DEADLINE_S:g} s")
    return bytes(body)


def is_public(ip: str) -> bool:
    """Say whether an IP address, v4 or v6, belongs to the public internet.

    Addresses that wrap a v4 one (mapped, 6to4, Teredo, NAT64) are judged by what they wrap.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address.teredo:
            wrapped = address.teredo[1]
        if address in ipaddress.ip_network("64:ff9b::/96"):
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped:
            address = wrapped
    return address.is_global and not address.is_multicast


class _CheckedAdapter(HTTPAdapter):
    """Makes every connection check whom it reached."""

    def __init__(
        self, allow_hosts: frozenset[str], connections: int, opened: WeakSet[HTTPConnection]
    ) -> None:
        self._allow_hosts = allow_hosts
        self._opened = opened
        super().__init__(pool_connections=connections, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {
            "http": self._pool_class(HTTPConnectionPool, HTTPConnection),
            "https": self._pool_class(HTTPSConnectionPool, HTTPSConnection),
        }

    def _pool_class(
        self, pool: type[HTTPConnectionPool], connection: type[HTTPConnection]
    ) -> type[HTTPConnectionPool]:
        """Derive a connection pool whose connections are checked before anything is sent."""
        allow_hosts, opened = self._allow_hosts, self._opened

        def connect(self: HTTPConnection) -> socket.socket:
            exempt = f"{self.host}:{self.port}" in allow_hosts
            if not exempt and self.port not in WEB_PORTS:
                raise FetchError(Reason.FORBIDDEN_ADDRESS, f"port {self.port}")
            stopping.check()
            peer = connection._new_conn(self)
            if not exempt and not is_public(ip := peer.getpeername()[0]):
                peer.close()
                detail = f"{self.host} is {ip}, no public address"
                raise FetchError(Reason.FORBIDDEN_ADDRESS, detail)
            opened.add(self)
            return peer

        checked = type(f"Checked{connection.__name__}", (connection,), {"_new_conn": connect})
        return type(f"Checked{pool.__name__}", (pool,), {"ConnectionCls": checked})
