"""A hostile web, served on this machine."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tasks import fetch, stopping
from tasks.fetch import MAX_BYTES, MAX_REDIRECTS, Fetcher, FetchError, is_public
from tasks.records import Address, Reason


class Handler(BaseHTTPRequestHandler):
    """Answers each path with another piece of mischief."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kind, _, rest = self.path.lstrip("/").partition("/")
        getattr(self, kind)(rest)

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def echo(self, header: str) -> None:
        self.answer(str(self.headers.get(header)).encode())

    def status(self, code: str) -> None:
        self.answer(b"no", int(code))

    def redirect(self, to: str) -> None:
        self.answer(b"", 302, Location=to)

    def around(self, left: str) -> None:
        self.redirect(f"/around/{int(left) - 1}" if int(left) else "/echo/Accept-Encoding")

    def announced(self, size: str) -> None:
        self.answer(b"short", Content_Length=size, Connection="close")
        self.close_connection = True

    def endless(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 20))
        except OSError:
            self.close_connection = True

    def drip(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(200):
                self.wfile.write(b".")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def silence(self, _: str) -> None:
        time.sleep(3)
        self.close_connection = True

    def hangup(self, _: str) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetcher(port: int) -> Iterator[Fetcher]:
    opened = Fetcher(frozenset({f"127.0.0.1:{port}"}), connections=4)
    yield opened
    opened.close()


def test_a_body_comes_whole_uncompressed_and_under_our_name(fetcher: Fetcher, port: int) -> None:
    base = f"http://127.0.0.1:{port}/echo"
    assert fetcher.fetch(Address(f"{base}/Accept-Encoding")) == b"identity"
    assert b"CV-Dataset-Builder" in fetcher.fetch(Address(f"{base}/User-Agent"))


def test_the_referer_is_sent_only_where_one_is_named(fetcher: Fetcher, port: int) -> None:
    url = f"http://127.0.0.1:{port}/echo/Referer"
    assert fetcher.fetch(Address(url)) == b"None"
    assert fetcher.fetch(Address(url, referer="http://a.kr/1")) == b"http://a.kr/1"
    hostile = fetcher.fetch(Address(url, referer="http://a.kr/글\r\nCookie: x"))
    assert b"\n" not in hostile


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}/status/404", Reason.HTTP_ERROR),
        ("http://127.0.0.1:{port}/status/204", Reason.HTTP_ERROR),
        ("http://127.0.0.1:{port}/status/503", Reason.HTTP_ERROR),
        (f"http://127.0.0.1:{{port}}/around/{MAX_REDIRECTS + 1}", Reason.HTTP_ERROR),
        (f"http://127.0.0.1:{{port}}/announced/{MAX_BYTES + 1}", Reason.TOO_MANY_BYTES),
        ("http://127.0.0.1:{port}/announced/many", Reason.UNREACHABLE),
        ("http://127.0.0.1:{port}/announced/100", Reason.UNREACHABLE),
        ("http://127.0.0.1:{port}/endless", Reason.TOO_MANY_BYTES),
        ("http://127.0.0.1:{port}/hangup", Reason.UNREACHABLE),
        ("http://127.0.0.1:{port}/redirect/http://localhost:{port}/", Reason.FORBIDDEN_ADDRESS),
        ("http://127.0.0.1:{port}/redirect/ftp://127.0.0.1/", Reason.FORBIDDEN_ADDRESS),
        ("http://127.0.0.1:{port}/redirect/file:///etc/passwd", Reason.FORBIDDEN_ADDRESS),
        ("http://localhost:{port}/echo/a", Reason.FORBIDDEN_ADDRESS),  # not by that name
        ("http://2130706433:{port}/echo/a", Reason.FORBIDDEN_ADDRESS),  # 127.0.0.1 as a number
        ("http://0x7f.1:{port}/echo/a", Reason.FORBIDDEN_ADDRESS),
        ("http://[::1]:{port}/echo/a", Reason.FORBIDDEN_ADDRESS),
        ("http://example.com:22/", Reason.FORBIDDEN_ADDRESS),
        ("file:///etc/passwd", Reason.FORBIDDEN_ADDRESS),
        ("gopher://example.com/", Reason.FORBIDDEN_ADDRESS),
        ("http://", Reason.FORBIDDEN_ADDRESS),
        ("not an address", Reason.FORBIDDEN_ADDRESS),
        ("http://name.invalid/", Reason.UNREACHABLE),
        ("http://\udcff/", Reason.FORBIDDEN_ADDRESS),
        ("http://a..b/", Reason.FORBIDDEN_ADDRESS),
    ],
)
def test_each_mischief_has_its_reason(
    fetcher: Fetcher, port: int, url: str, reason: Reason
) -> None:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(Address(url.format(port=port)))
    assert caught.value.reason is reason


def test_as_many_redirects_as_allowed_are_followed(fetcher: Fetcher, port: int) -> None:
    url = f"http://127.0.0.1:{port}/around/{MAX_REDIRECTS - 1}"
    assert fetcher.fetch(Address(url)) == b"identity"


def test_a_private_peer_gets_no_request_even_on_a_web_port(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "WEB_PORTS", frozenset({port}))
    fetcher = Fetcher(frozenset(), connections=1)
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1"):
        with pytest.raises(FetchError, match="no public address"):
            fetcher.fetch(Address(f"http://{host}:{port}/echo/a"))
    fetcher.close()


def test_a_slow_drip_ends_at_the_deadline(
    fetcher: Fetcher, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "DEADLINE_S", 0.3)
    started = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(Address(f"http://127.0.0.1:{port}/drip"))
    assert caught.value.reason is Reason.TIMED_OUT
    assert time.monotonic() - started < 3


def test_silence_ends_at_the_timeout(
    fetcher: Fetcher, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "STEP_TIMEOUT_S", 0.3)
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(Address(f"http://127.0.0.1:{port}/silence"))
    assert caught.value.reason is Reason.TIMED_OUT


def test_a_stop_ends_a_fetch_in_the_middle(fetcher: Fetcher, port: int) -> None:
    timer = threading.Timer(0.3, stopping.request_stop)
    timer.start()
    try:
        with pytest.raises(stopping.StoppedError):
            fetcher.fetch(Address(f"http://127.0.0.1:{port}/drip"))
    finally:
        timer.join()
        stopping.allow_work()


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 — refused here, not bound
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("2002:0a00:0001::", False),
    ],
)
def test_only_public_addresses_are_public(ip: str, expected: bool) -> None:
    assert is_public(ip) is expected


def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fetcher = Fetcher(frozenset({f"127.0.0.1:{port}"}), connections=1)
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(Address(f"http://127.0.0.1:{port}/"))
    assert caught.value.reason is Reason.UNREACHABLE
    fetcher.close()
