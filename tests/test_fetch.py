"""A hostile web, served on this machine: each mischief ends in its own reason."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from tasks import download as downloading
from tasks.download import Download
from tasks.fetching import fetch as fetching
from tasks.fetching.fetch import MAX_REDIRECTS, Fetcher, FetchError
from tasks.fetching.loop import download_loop
from tasks.fetching.peers import is_public
from tasks.images.limits import MAX_BYTES
from tasks.quality import QualityLimits
from tasks.records import Address, Candidate, Reason, Rejected
from tasks.settings import Settings
from tasks.workspace import Workspace
from tests.support.hostile_web import IMAGE, serve_mischief

HOSTILE = [  # what is asked for, of our server or of whom else; why nothing comes of it
    ("file:///etc/passwd", Reason.BAD_ADDRESS),
    ("ftp://example.com/1.jpg", Reason.BAD_ADDRESS),
    ("gopher://example.com/", Reason.BAD_ADDRESS),
    ("data:image/png;base64,AAAA", Reason.BAD_ADDRESS),
    ("http://", Reason.BAD_ADDRESS),
    ("not an address", Reason.BAD_ADDRESS),
    ("http://[::1/", Reason.BAD_ADDRESS),
    ("http://example.com:99999/", Reason.BAD_ADDRESS),
    ("redirect/ftp://127.0.0.1/", Reason.BAD_ADDRESS),
    ("redirect/file:///etc/passwd", Reason.BAD_ADDRESS),
    ("http://127.0.0.1/", Reason.FORBIDDEN_ADDRESS),
    ("http://10.0.0.1/", Reason.FORBIDDEN_ADDRESS),
    ("http://169.254.169.254/latest/meta-data/", Reason.FORBIDDEN_ADDRESS),
    ("http://224.0.0.1/", Reason.FORBIDDEN_ADDRESS),
    ("https://[::1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[fe80::1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[ff02::1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[::ffff:127.0.0.1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[::ffff:7f00:1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[64:ff9b::7f00:1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://2130706433/", Reason.FORBIDDEN_ADDRESS),  # 127.0.0.1 as one number
    ("http://0x7f000001/", Reason.FORBIDDEN_ADDRESS),
    ("http://0x7f.1/", Reason.FORBIDDEN_ADDRESS),
    ("http://0177.0.0.1/", Reason.FORBIDDEN_ADDRESS),
    ("http://127.1/", Reason.FORBIDDEN_ADDRESS),
    ("http://localhost/", Reason.FORBIDDEN_ADDRESS),
    ("http://LOCALHOST/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://127.0.0.1/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://localhost/", Reason.FORBIDDEN_ADDRESS),
    ("redirect///169.254.169.254/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://[::ffff:127.0.0.1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://localhost:{port}/image", Reason.FORBIDDEN_PORT),  # exempt, but not by that name
    ("redirect/http://localhost:{port}/image", Reason.FORBIDDEN_PORT),
    ("http://example.com:22/", Reason.FORBIDDEN_PORT),
    ("redirect/http://example.com:6379/", Reason.FORBIDDEN_PORT),
    ("http://name.invalid/", Reason.UNREACHABLE),
    ("http://127.0.0.1:{closed}/", Reason.UNREACHABLE),
    ("hangup", Reason.UNREACHABLE),
    ("nonsense", Reason.UNREACHABLE),
    ("headers_without_end", Reason.TOO_MANY_BYTES),
    ("announced/many", Reason.UNREACHABLE),
    ("silence", Reason.TIMED_OUT),
    ("drip", Reason.TIMED_OUT),
    ("drip_headers", Reason.TIMED_OUT),
    ("status/204", Reason.HTTP_ERROR),
    ("status/403", Reason.HTTP_ERROR),
    ("status/404", Reason.HTTP_ERROR),
    ("status/500", Reason.HTTP_ERROR),
    (f"around/{MAX_REDIRECTS + 1}", Reason.TOO_MANY_REDIRECTS),
    ("around/1000", Reason.TOO_MANY_REDIRECTS),
    ("announced/100", Reason.BROKEN_OFF),
    (f"announced/{MAX_BYTES + 1}", Reason.TOO_MANY_BYTES),
    ("endless", Reason.TOO_MANY_BYTES),
    ("bomb", Reason.UNPACKS_TOO_LARGE),
    ("body/html", Reason.NOT_AN_IMAGE),
    ("unpackable_text/gzip", Reason.NOT_AN_IMAGE),
    ("unpackable_text/br", Reason.NOT_AN_IMAGE),
    ("wide/100000", Reason.TOO_MANY_BYTES),
    ("many/2000", Reason.TOO_MANY_BYTES),
    ("lengths/0,7", Reason.UNREACHABLE),
    ("range/bytes 0-99/N", Reason.HTTP_ERROR),
    ("range/bytes 5-L/N", Reason.HTTP_ERROR),
    ("image_with/404", Reason.HTTP_ERROR),
    ("image_with/500", Reason.HTTP_ERROR),
    ("body/ppm", Reason.UNSUPPORTED_FORMAT),
    ("body/cut", Reason.UNDECODABLE),
    ("body/megapixels", Reason.TOO_MANY_PIXELS),
    ("body/tiny", "too_small"),
]
DEADLINE_S, STEP_TIMEOUT_S = 3.0, 1.5  # as short in these tests


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve_mischief() as port, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "DEADLINE_S", DEADLINE_S)
        patch.setattr(downloading, "TRY_AGAIN_AFTER_S", ())  # how often is tested in test_download
        patch.setattr(fetching, "STEP_TIMEOUT_S", STEP_TIMEOUT_S)
        yield port


@pytest.fixture(scope="module")
def closed() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings(*ports: int, **values: object) -> Settings:
    exempt = frozenset(f"127.0.0.1:{port}" for port in ports)
    free = {"download_requests_per_s": 0, "download_at_once_per_host": 100}
    return Settings(_env_file=None, download_allow_hosts=exempt, **free | values)


def fetch(address: Address | str, *ports: int, **values: object) -> bytes:
    async def fetched() -> bytes:
        async with aclosing(Fetcher(settings(*ports, **values))) as fetcher:
            if isinstance(address, str):
                return (await fetcher.fetch(Address(address))).data
            return (await fetcher.fetch(address)).data

    return asyncio.run(fetched())


def whole(url: str, port: int, closed: int) -> str:
    is_ours = url.partition("/")[0].isidentifier()
    address = f"http://127.0.0.1:{port}/{url}" if is_ours and ":" not in url[:8] else url
    return address.replace("{port}", str(port)).replace("{closed}", str(closed))


@pytest.fixture(scope="module")
def refused(
    port: int, closed: int, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Rejected]:
    """Ask for everything of the table at once; return what became of each."""
    workspace = Workspace(tmp_path_factory.mktemp("hostile"))
    urls = [url for url, _ in HOSTILE]
    addresses = [Address(whole(url, port, closed)) for url in urls]
    candidates = [Candidate((a,), rank, "naver") for rank, a in enumerate(addresses, start=1)]
    with download_loop(settings(port, closed)) as loop:
        number = workspace.add_batch(candidates)
        download = Download(loop.fetcher, loop.threads, QualityLimits(), workspace, number)
        started = time.monotonic()
        results = loop.submit(download.all()).result(60)
        assert time.monotonic() - started < DEADLINE_S + 3.0
    kept = {path.name for path in (workspace.root / "images").iterdir()}
    assert kept == {result.source_sha256 for result in results} - {None}  # no halves
    return {url: r for url, r in zip(urls, results, strict=True) if isinstance(r, Rejected)}


@pytest.mark.parametrize(("url", "reason"), HOSTILE)
def test_each_mischief_has_its_reason(
    url: str, reason: Reason, refused: dict[str, Rejected]
) -> None:
    result = refused[url]
    assert (result.reason, bool(str(result.note))) == (reason, True), result.note
    assert result.attempts[-1].outcome == reason
    assert result.attempts[-1].note


@pytest.mark.parametrize(
    "path",
    [
        "wide/9000", "wide/20000", "wide/60000", "many/200", "many/900", "lengths/0,0",
        "lengths/0,0,0", "range/bytes 0-L/N", "range/bytes 0-L/*", "image_with/201",
        "image_with/203", "without_reason", "lenient/lf", "lenient/crlf", "cookie/here", "deflated",
        "twice_packed", "unpackable/gzip", "unpackable/aws-chunked", "unpackable/utf-8",
        "unpackable/none", "unpackable/image/jpeg", "unpackable/br", "unpackable/gzip, x",
    ],
)  # fmt: skip
def test_what_every_browser_takes_comes(path: str, port: int) -> None:
    assert fetch(f"http://127.0.0.1:{port}/{path}", port) == IMAGE


def test_no_cookie_outlives_its_fetch(port: int) -> None:
    base = f"http://127.0.0.1:{port}"

    async def both() -> bytes:
        async with aclosing(Fetcher(settings(port))) as fetcher:
            await fetcher.fetch(Address(f"{base}/cookie/here"))
            return (await fetcher.fetch(Address(f"{base}/echo/Cookie"))).data

    assert asyncio.run(both()) == b"None"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:{closed}/", "the host refuses the connection"),
        ("http://name.invalid/", "there is no host of that name"),
        ("hangup", "the host closed the connection without an answer"),
        ("nonsense", "the answer is not HTTP"),
        ("lengths/0,7", "the answer is not HTTP"),
        ("wide/100000", "more than 1000 headers, or one of more than 64 kB"),
        ("unpackable_text/br", "compressed by 'br', which is not read"),
    ],
)
def test_what_is_refused_says_so_in_a_sentence(
    url: str, said: str, refused: dict[str, Rejected]
) -> None:
    assert str(refused[url].note) == said


def test_bounds_of_ours_do_not_count_against_the_host(port: int) -> None:
    async def states() -> dict[str, str]:
        async with aclosing(Fetcher(settings(port))) as fetcher:
            for path in ["wide/100000"] * 12:
                with pytest.raises(FetchError) as caught:
                    await fetcher.fetch(Address(f"http://127.0.0.1:{port}/{path}"))
                assert not caught.value.is_transient
            return fetcher.breakers([f"127.0.0.1:{port}"])

    assert asyncio.run(states()) == {f"127.0.0.1:{port}": "closed"}


def test_an_address_that_is_no_text_is_bad() -> None:
    with pytest.raises(FetchError) as caught:
        fetch("http://\udcff/")
    assert caught.value.reason == Reason.BAD_ADDRESS


def test_what_is_no_mischief_comes(port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    assert fetch(f"{base}/image", port) == IMAGE
    assert fetch(f"{base}/packed", port) == IMAGE
    assert fetch(f"{base}/around/{MAX_REDIRECTS - 1}", port) == IMAGE


def test_requests_name_the_project_and_want_nothing_compressed(port: int) -> None:
    base = f"http://127.0.0.1:{port}/echo"
    assert fetch(f"{base}/User-Agent", port, download_user_agent="Mine/1 (me@b.kr)").startswith(
        b"Mine/1"
    )
    assert fetch(f"{base}/Accept-Encoding", port) == b"identity"
    assert b"CV-Dataset-Builder" in fetch(f"{base}/User-Agent", port)
    assert fetch(f"{base}/Cookie", port) == b"None"


def test_the_referer_is_sent_only_where_one_is_named(port: int) -> None:
    url = f"http://127.0.0.1:{port}/echo/Referer"
    assert fetch(url, port) == b"None"
    assert fetch(Address(url, referer="http://a.kr/1"), port) == b"http://a.kr/1"
    hostile = fetch(Address(url, referer="http://a.kr/글\r\nCookie: x"), port)
    assert b"\n" not in hostile


@pytest.mark.parametrize(
    "ips", [["127.0.0.1"], ["::1", "127.0.0.1"], ["10.0.0.1", "169.254.169.254"]]
)
def test_a_name_is_judged_by_what_it_is_when_connecting(
    ips: list[str], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebound(host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, port),
            )
            for ip in ips
        ]

    # A hostile name server, which cannot be had here: public when asked before, private now.
    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    monkeypatch.setattr(fetching, "WEB_PORTS", frozenset({port}))
    with pytest.raises(FetchError) as caught:
        fetch(f"http://rebound.example:{port}/image")
    assert caught.value.reason == Reason.FORBIDDEN_ADDRESS


def test_a_private_peer_gets_no_connection_even_on_a_web_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(fetching, "WEB_PORTS", frozenset({port}))
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1"):
            with pytest.raises(FetchError) as caught:
                fetch(f"http://{host}:{port}/")
            assert caught.value.reason == Reason.FORBIDDEN_ADDRESS
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_name_server_that_never_answers_ends_at_the_deadline(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answering.wait() and [])
    started = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetch("http://slow.example/")
    assert caught.value.reason == Reason.TIMED_OUT
    assert time.monotonic() - started < DEADLINE_S + 2.0
    answering.set()


def test_a_reused_connection_that_breaks_off_is_not_asked_again_in_silence() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the first request of each connection, and close it upon the second one."""
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async def fetched_twice() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, aclosing(Fetcher(settings(port))) as fetcher:
            address = Address(f"http://127.0.0.1:{port}/")
            assert (await fetcher.fetch(address)).data == b"ok"
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(address)
            assert caught.value.is_transient

    asyncio.run(fetched_twice())
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
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
