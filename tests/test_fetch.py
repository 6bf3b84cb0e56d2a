"""A hostile web, served on this machine: each mischief ends in its own reason."""

import asyncio
import errno
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, aclosing, suppress
from pathlib import Path

import pytest
from yarl import URL

from tasks import download as downloading
from tasks.download import Download
from tasks.fetching import fetch as fetching
from tasks.fetching import room
from tasks.fetching.cookies import Cookies
from tasks.fetching.failures import FetchError
from tasks.fetching.fetch import MAX_REDIRECTS, Fetched, Fetcher, read_file
from tasks.fetching.heads import LenientHandler
from tasks.fetching.loop import download_loop
from tasks.fetching.politeness import FAILURES_IN_A_ROW, politeness
from tasks.images.limits import MAX_BYTES
from tasks.quality import QualityLimits
from tasks.records import Address, Candidate, Reason, Rejected
from tasks.settings import Settings
from tasks.workspace import Workspace
from tests.support.hostile_web import BAD_ANSWERS, IMAGE, ODD_ANSWERS, serve_mischief

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
    ("//[]@", Reason.BAD_ADDRESS),
    ("redirect///[]@", Reason.BAD_ADDRESS),
    ("redirect/http://[::1]]/", Reason.BAD_ADDRESS),
    ("redirect/http://[v1.]/", Reason.BAD_ADDRESS),
    (f"redirect/{'a' * 9_000}", Reason.BAD_ADDRESS),
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
    ("http://127.0.0.1./", Reason.FORBIDDEN_ADDRESS),
    ("http://127.1./", Reason.FORBIDDEN_ADDRESS),
    ("http://127.0.0.1%2e/", Reason.FORBIDDEN_ADDRESS),
    ("http://１２７.0.0.1/", Reason.FORBIDDEN_ADDRESS),
    ("http://①②⑦。0。0。1/", Reason.FORBIDDEN_ADDRESS),
    ("http://[::ffff:0:10.0.0.1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[::10.0.0.1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[64:ff9b:1::10.0.0.1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[fec0::1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[5f00::1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://[3fff::1]/", Reason.FORBIDDEN_ADDRESS),
    ("http://localhost/", Reason.FORBIDDEN_ADDRESS),
    ("http://LOCALHOST/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://127.0.0.1/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://localhost/", Reason.FORBIDDEN_ADDRESS),
    ("redirect///169.254.169.254/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://[::ffff:127.0.0.1]/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://[::ffff:0:127.0.0.1]/", Reason.FORBIDDEN_ADDRESS),
    ("redirect/http://127.0.0.1./", Reason.FORBIDDEN_ADDRESS),
    ("http://localhost:{port}/image", Reason.FORBIDDEN_PORT),  # exempt, but not by that name
    ("redirect/http://localhost:{port}/image", Reason.FORBIDDEN_PORT),
    ("http://example.com:22/", Reason.FORBIDDEN_PORT),
    ("redirect/http://example.com:6379/", Reason.FORBIDDEN_PORT),
    ("http://name.invalid/", Reason.UNREACHABLE),
    ("http://127.0.0.1:{closed}/", Reason.UNREACHABLE),
    ("hangup", Reason.UNREACHABLE),
    ("nonsense", Reason.UNREACHABLE),
    ("headers_without_end", Reason.TOO_MANY_BYTES),
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
    ("announced/many", Reason.NOT_AN_IMAGE),
    (f"announced/{MAX_BYTES + 1}", Reason.TOO_MANY_BYTES),
    ("endless", Reason.TOO_MANY_BYTES),
    ("bomb", Reason.UNPACKS_TOO_LARGE),
    ("body/html", Reason.NOT_AN_IMAGE),
    ("body/ppm", Reason.UNSUPPORTED_FORMAT),
    ("body/cut", Reason.UNDECODABLE),
    ("body/megapixels", Reason.TOO_MANY_PIXELS),
    ("body/tiny", "too_small"),
]
BAD = [  # an answer of the hostile web; why, in which words; may it help to ask again; is it held
    # against the host
    ("lines_of_300_kB", Reason.TOO_MANY_BYTES, "note.over_headers", False, False),
    ("line_of_300_kB", Reason.TOO_MANY_BYTES, "note.over_headers", False, False),
    ("1001_headers", Reason.TOO_MANY_BYTES, "note.over_headers", False, False),
    ("1001_hints_before", Reason.TOO_MANY_BYTES, "note.over_headers", False, False),
    ("hints_of_300_kB_before", Reason.TOO_MANY_BYTES, "note.over_headers", False, False),
    ("300_kB_of_blank_lines_before", Reason.TOO_MANY_BYTES, "note.over_headers", False, False),
    ("chunk_extension_of_2_MB", Reason.TOO_MANY_BYTES, "note.over_chunks", False, False),
    ("chunks_of_one_byte", Reason.TOO_MANY_BYTES, "note.over_chunks", False, False),
    ("trailers_of_2_MB", Reason.UNREACHABLE, "note.malformed_answer", False, True),
    ("two_lengths", Reason.UNREACHABLE, "note.lengths_differ", False, True),
    ("two_lengths_in_one", Reason.UNREACHABLE, "note.lengths_differ", False, True),
    ("null_in_header", Reason.UNREACHABLE, "note.malformed_answer", False, True),
    ("bare_image", Reason.UNREACHABLE, "note.not_an_http_answer", False, True),
    ("bare_html", Reason.UNREACHABLE, "note.not_an_http_answer", False, True),
    ("banner", Reason.UNREACHABLE, "note.not_an_http_answer", False, True),
    ("status_of_two_digits", Reason.UNREACHABLE, "note.not_an_http_answer", False, True),
    ("status_of_four_digits", Reason.UNREACHABLE, "note.not_an_http_answer", False, True),
    ("chunk_without_size", Reason.UNREACHABLE, "note.malformed_answer", False, True),
    ("chunk_too_long", Reason.UNREACHABLE, "note.malformed_answer", False, True),
    ("half_a_head", Reason.UNREACHABLE, "note.hung_up", True, True),
    ("nothing", Reason.UNREACHABLE, "note.hung_up", True, True),
    ("less_than_its_length", Reason.BROKEN_OFF, "note.cut_short", True, True),
    ("less_than_its_chunks", Reason.BROKEN_OFF, "note.cut_short", True, True),
    ("status_202", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_204", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_206_of_a_part", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_206_of_the_end", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_206_without_range", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_302_to_nowhere", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_404_with_image", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_500_with_image", Reason.HTTP_ERROR, "note.status", True, True),
    ("status_501", Reason.HTTP_ERROR, "note.status", False, False),
    ("status_999", Reason.HTTP_ERROR, "note.status", False, False),
    ("moved_to_mail", Reason.BAD_ADDRESS, "note.not_http", False, False),
    ("moved_to_no_port", Reason.BAD_ADDRESS, "note.unreadable_address", False, False),
    ("coded_br", Reason.NOT_AN_IMAGE, "note.unknown_encoding", False, False),
    ("coded_zstd", Reason.NOT_AN_IMAGE, "note.unknown_encoding", False, False),
    ("coded_gzip_and_is_html", Reason.NOT_AN_IMAGE, "note.not_encoded", False, False),
    ("coded_gzip_and_br", Reason.NOT_AN_IMAGE, "note.unknown_encoding", False, False),
    ("coded_five_times", Reason.NOT_AN_IMAGE, "note.too_many_encodings", False, False),
]
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DEADLINE_S, STEP_TIMEOUT_S = 3.0, 1.5  # as short in these tests


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve_mischief() as port, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "DEADLINE_S", DEADLINE_S)
        patch.setattr(downloading, "TRY_AGAIN_AFTER_S", ())  # how often is tested in test_download
        patch.setattr(fetching, "STEP_TIMEOUT_S", STEP_TIMEOUT_S)
        yield port


@pytest.fixture(autouse=True)
def no_host_is_remembered() -> None:
    politeness.cache_clear()


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


@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_what_every_browser_shows_is_taken(name: str, port: int) -> None:
    assert fetch(f"http://127.0.0.1:{port}/raw/{name}", port) == IMAGE


def test_every_bad_answer_has_its_row() -> None:
    assert [name for name, *_ in BAD] == list(BAD_ANSWERS)


@pytest.mark.parametrize(("name", "reason", "words", "is_transient", "is_held_against"), BAD)
def test_what_is_refused_says_why_and_is_held_against_the_host_only_for_its_fault(
    name: str, reason: Reason, words: str, is_transient: bool, is_held_against: bool, port: int
) -> None:
    said = set()
    for _ in range(FAILURES_IN_A_ROW):
        with pytest.raises(FetchError) as caught:
            fetch(f"http://127.0.0.1:{port}/raw/{name}", port)
        said.add((caught.value.reason, caught.value.note.code, caught.value.is_transient))
    host = f"127.0.0.1:{port}"
    breaker = politeness(0.0).states([host], time.monotonic())[host]
    assert said == {(reason, words, is_transient)}
    assert breaker == ("open" if is_held_against else "closed")


@pytest.mark.parametrize(
    ("url", "reason", "words"),
    [
        ("http://127.0.0.1:{closed}/", Reason.UNREACHABLE, "note.connection_refused"),
        ("https://127.0.0.1:{closed}/", Reason.UNREACHABLE, "note.connection_refused"),
        ("https://127.0.0.1:{port}/image", Reason.UNREACHABLE, "note.tls"),
        ("http://a..kr/", Reason.BAD_ADDRESS, "note.unreadable_address"),
        ("http:///1.jpg", Reason.BAD_ADDRESS, "note.unreadable_address"),
        ("http://10.0.0.1/", Reason.FORBIDDEN_ADDRESS, "note.not_public"),
    ],
)
def test_a_connection_that_cannot_be_says_why_and_is_not_tried_again(
    url: str, reason: Reason, words: str, port: int, closed: int
) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(whole(url, port, closed), port, closed)
    error = caught.value
    assert (error.reason, error.note.code, error.is_transient) == (reason, words, False)


@pytest.mark.parametrize(
    ("number", "words", "is_transient"),
    [
        (socket.EAI_NONAME, "note.unknown_host", False),
        (socket.EAI_NODATA, "note.unknown_host", False),
        (socket.EAI_AGAIN, "note.no_name_server", True),
        (socket.EAI_FAIL, "note.no_name_server", True),
    ],
)
def test_a_name_without_an_address_is_told_from_a_name_server_without_an_answer(
    number: int, words: str, is_transient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*_: object) -> None:
        raise socket.gaierror(number, "as the name server has it")

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(FetchError) as caught:
        fetch("http://some.example/")
    assert caught.value.reason == Reason.UNREACHABLE
    assert (caught.value.note.code, caught.value.is_transient) == (words, is_transient)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    made = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
        " -subj /CN=127.0.0.1 -keyout key.pem -out certificate.pem"
    )
    subprocess.run(made.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")

    async def fetched() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with server, aclosing(Fetcher(settings(port))) as fetcher:
            await fetcher.fetch(Address(f"https://127.0.0.1:{port}/"))

    with pytest.raises(FetchError) as caught:
        asyncio.run(fetched())
    error = caught.value
    assert (error.reason, error.note.code) == (Reason.UNREACHABLE, "note.certificate")
    assert not error.is_transient


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 1_000])
@pytest.mark.parametrize("name", ["two_hints_before", "length_and_chunks", "lines_end_without_cr"])
def test_an_answer_is_read_however_it_comes_in_pieces(name: str, piece_bytes: int) -> None:
    answer = ODD_ANSWERS[name]

    async def read() -> bytes:
        end = LenientHandler(asyncio.get_running_loop())
        end.set_response_params(read_until_eof=True, read_bufsize=1 << 20)
        for start in range(0, len(answer), piece_bytes):
            end.data_received(answer[start : start + piece_bytes])
        head, body = await end.read()
        while head.code == 100:
            head, body = await end.read()
        return await body.read()

    assert asyncio.run(read()) == IMAGE


FLOODS = {  # what comes first, and then without end; in which words it is refused
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "note.over_headers"),
    "hints": (b"", b"HTTP/1.1 103 Hints\r\nLink: " + b"x" * 900 + b"\r\n\r\n", "note.over_headers"),
    "blank lines": (b"", b"\r\n", "note.over_headers"),
    "header": (b"HTTP/1.1 200 OK\r\nX: ", b"x", "note.over_headers"),
    "extension": (CHUNKED_HEAD + b"5;x=", b"x", "note.over_chunks"),
    "empty extensions": (CHUNKED_HEAD + b"5", b";", "note.over_chunks"),
    "small chunks": (CHUNKED_HEAD, b"1\r\nx\r\n", "note.over_chunks"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_cut_off_and_holds_up_no_other_download(name: str, port: int) -> None:
    """Twenty hosts flood at once; what the loop does besides waits for none of them."""
    first, then, words = FLOODS[name]
    flood = then * (64_000 // len(then))
    late_s = [0.0]

    def pour(server: socket.socket) -> None:
        with suppress(OSError):
            peer, _ = server.accept()
            with peer:
                peer.recv(4_000)
                peer.sendall(first)
                for _ in range(2_000):  # 128 MB: far more than may be taken
                    peer.sendall(flood)

    async def look() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            late_s.append(time.monotonic() - before)

    async def fetched(ports: list[int]) -> list[object]:
        async with aclosing(Fetcher(settings(port, *ports))) as fetcher:
            looking = asyncio.create_task(look())
            asked = [f"http://127.0.0.1:{p}/" for p in ports] + [f"http://127.0.0.1:{port}/image"]
            asks = (fetcher.fetch(Address(url)) for url in asked)
            results = await asyncio.gather(*asks, return_exceptions=True)
            looking.cancel()
        return list(results)

    with ExitStack() as open_ports:
        servers = [
            open_ports.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(20)
        ]
        with ThreadPoolExecutor(20) as threads:
            pouring = [threads.submit(pour, server) for server in servers]
            begun = time.process_time()
            *floods, good = asyncio.run(fetched([s.getsockname()[1] for s in servers]))
            wait(pouring)
            took_s = time.process_time() - begun
    assert isinstance(good, Fetched)
    assert good.data == IMAGE
    assert {str(getattr(e, "note", e)) for e in floods} == {str(floods[0].note)}
    assert floods[0].note.code == words
    assert max(late_s) < 3.0  # on a machine that has other work
    assert took_s < 10.0


def test_a_connection_serves_again_after_an_odd_answer() -> None:
    ports: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.append(writer.get_extra_info("peername")[1])
        for name in ("length_twice", "200_headers", "length_and_chunks"):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ODD_ANSWERS[name])
        writer.close()
        await writer.wait_closed()

    async def fetched_thrice() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, aclosing(Fetcher(settings(port))) as fetcher:
            for _ in range(3):
                address = Address(f"http://127.0.0.1:{port}/")
                assert (await fetcher.fetch(address)).data == IMAGE

    asyncio.run(fetched_thrice())
    assert len(ports) == 1


def test_the_deadline_stands_still_while_a_body_waits_for_memory(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "DEADLINE_S", 0.5)
    monkeypatch.setattr(room, "LARGE_BYTES", len(IMAGE) // 2)
    monkeypatch.setattr(room, "MOST_OF_LARGE", len(IMAGE))

    async def fetched() -> bytes:
        async with aclosing(Fetcher(settings(port))) as fetcher:
            with fetcher.share() as held:
                await held.take(len(IMAGE))
                coming = asyncio.create_task(
                    fetcher.fetch(Address(f"http://127.0.0.1:{port}/image"))
                )
                await asyncio.sleep(1.0)
                assert not coming.done()
            return (await coming).data

    assert asyncio.run(fetched()) == IMAGE


def test_a_cookie_serves_the_redirects_of_its_own_fetch_alone(port: int) -> None:
    base = f"http://127.0.0.1:{port}"

    async def fetched() -> list[bytes]:
        paths = ("cookie/seen", "cookie_and_on//echo/Cookie", "echo/Cookie", "cookie/seen")
        async with aclosing(Fetcher(settings(port))) as fetcher:
            return [(await fetcher.fetch(Address(f"{base}/{path}"))).data for path in paths]

    assert asyncio.run(fetched()) == [IMAGE, b"seen=yes", b"None", IMAGE]


def test_a_cookie_goes_to_no_other_site(port: int) -> None:
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    exempt = Settings(_env_file=None, download_allow_hosts=hosts)
    url = f"http://127.0.0.1:{port}/cookie_and_on/http://localhost:{port}/echo/Cookie"

    async def fetched() -> bytes:
        async with aclosing(Fetcher(exempt)) as fetcher:
            return (await fetcher.fetch(Address(url))).data

    assert asyncio.run(fetched()) == b"None"


@pytest.mark.parametrize(
    ("set_by", "cookie", "asked", "sent"),
    [
        ("https://a.b.co.kr/", "n=1", "https://a.b.co.kr/2.jpg", {"Cookie": "n=1"}),
        ("https://a.b.co.kr/", "n=1; Domain=b.co.kr", "https://b.co.kr/", {"Cookie": "n=1"}),
        ("https://a.b.co.kr/", "n=1", "https://b.co.kr/", {}),
        ("https://a.b.co.kr/", "n=1; Domain=co.kr", "https://c.co.kr/", {}),
        ("https://a.b.co.kr/", "n=1; Domain=c.kr", "https://c.kr/", {}),
        ("https://a.b.co.kr/", "n=1; Secure", "http://a.b.co.kr/", {}),
        ("https://a.b.co.kr/", "n=1; Path=/a", "https://a.b.co.kr/b", {}),
        ("https://a.b.co.kr/", "n=1; Max-Age=0", "https://a.b.co.kr/", {}),
        ("http://8.8.8.8/", "n=1", "http://8.8.8.8/2", {"Cookie": "n=1"}),
        ("http://8.8.8.8/", "n=1", "http://8.8.4.4/2", {}),
        ("http://a.kr/", "n=a b", "http://a.kr/", {"Cookie": "n=a b"}),
        ("http://a.kr/", "이름=1", "http://a.kr/", {}),
        ("http://a.kr/", "n m=1", "http://a.kr/", {}),
        ("http://a.kr/", "n=\x01", "http://a.kr/", {}),
        ("http://a.kr/", "n=\udcbb", "http://a.kr/", {}),
        ("http://a.kr/", "=1", "http://a.kr/", {}),
    ],
)
def test_a_cookie_is_sent_where_a_browser_would_and_an_odd_one_is_passed_over_in_silence(
    set_by: str, cookie: str, asked: str, sent: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async def header() -> dict[str, str]:
        cookies = Cookies()
        cookies.keep(URL(set_by), [cookie])
        return cookies.header(URL(asked))

    assert asyncio.run(header()) == sent
    assert not caplog.records  # they would come onto the terminal


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("none.png", "note.no_such_file", ""),
        ("1.png/none.png", "note.no_such_file", ""),
        ("a%00b.png", "note.no_such_file", ""),
        ("", "note.not_a_file", ""),
        ("pipe.png", "note.not_a_file", ""),
        ("circle.png", "note.unreadable_file", os.strerror(errno.ELOOP)),
        ("n" * 300 + ".png", "note.unreadable_file", os.strerror(errno.ENAMETOOLONG)),
        ("failing.png", "note.unreadable_file", os.strerror(errno.EIO)),
        pytest.param(
            "closed.png", "note.file_forbidden", "",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything"),
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(
    name: str, words: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "1.png").write_bytes(IMAGE)
    (tmp_path / "closed.png").touch(0)
    (tmp_path / "circle.png").symlink_to("circle.png")
    (tmp_path / "failing.png").symlink_to("/proc/self/mem")  # its first page cannot be read
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(FetchError) as caught:
        read_file(f"{tmp_path.as_uri()}/{name}")
    error = caught.value
    assert (error.reason, error.note.code) == (Reason.UNREACHABLE, words)
    assert said in str(error.note)
    assert not error.is_transient


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
    assert fetch(Address(url, referer="http://[::1]]/"), port) == b"None"
    assert fetch(Address(url, referer="//[]@"), port) == b"None"
    hostile = fetch(Address(url, referer="http://a.kr/글\r\nCookie: x"), port)
    assert b"\n" not in hostile


@pytest.mark.parametrize(
    "ips",
    [["127.0.0.1"], ["::1", "127.0.0.1"], ["10.0.0.1", "169.254.169.254"], ["::ffff:0:10.0.0.1"]],
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
