"""Answers of every kind, made at random from a seed: whatever comes, a fetch ends in its own error.

The answers go over a socket as they are, in pieces, through the very fetcher that a run has.
"""

import asyncio
import random
from collections import Counter
from contextlib import aclosing, suppress

import pytest
from yarl import URL

from tasks.fetching import fetch as fetching
from tasks.fetching.addresses import MAX_ADDRESS_CHARS, host_of, referer, web_url
from tasks.fetching.failures import FetchError
from tasks.fetching.fetch import Fetcher, read_file
from tasks.fetching.politeness import Politeness
from tasks.records import Address, Reason
from tasks.settings import Settings
from tests.support.hostile_web import BOMB, IMAGE

ANSWERS, AT_ONCE = 1_500, 30
STATUS_LINES = [
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"http/1.0 200 OK", b"HTTP/2 200", b"HTTP/1.1 302 Found",
    b"HTTP/1.1 301", b"HTTP/1.1 308 \xff", b"HTTP/1.1 206 Partial", b"HTTP/1.1 429 Slow down",
    b"HTTP/1.1 503 Later", b"HTTP/1.1 404 None", b"HTTP/1.1 100 Continue", b"HTTP/1.1 103 Hints",
    b"HTTP/1.1 101 Switching", b"HTTP/1.1 204 None", b"HTTP/1.1 304", b"HTTP/1.1 000 None",
    b"HTTP/1.1 999 \x00", b"HTTP/1.1  200  OK", b"HTTP/9.9 200 OK", b"HTTP/1.1 2000", b"ICY 200 OK",
    b"HTTP/", b"", b"\x00", b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK", b"SSH-2.0",
]  # fmt: skip
NAMES = [
    b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Location", b"Retry-After",
    b"Set-Cookie", b"X-Robots-Tag", b"Content-Range", b"Content-Type", b"Connection", b"Upgrade",
    b"Trailer", b"Keep-Alive", b"", b"X Y", b"\xff", b"\x00", b"Sec-WebSocket-Accept",
]  # fmt: skip
VALUES = [
    b"", b"0", b"5", b"-1", b"1e9", b"9" * 30, b"9" * 5_000, b"\xd9\xa3", b"chunked",
    b"gzip, chunked", b"chunked, chunked", b"identity", b"gzip", b"deflate", b"br", b"gzip, gzip",
    b"gzip," * 50, b"x" * 9_000, b"Fri, 31 Dec 9999 23:59:59 -2359",
    b"Sat, 01 Jan 0001 00:00:00 +2359",
    b"Wed, 21 Oct 99999 07:28:00 GMT", b"Wed, 21 Oct 2115 07:28:00 +" + b"9" * 400, b", , ,",
    b"//[]@", b"//[", b"http://[::1]]/", b"//\xff", b"///", b"//a:b@c:d", b"http://a:99999/",
    b"http://" + b"\xea\xb0\x80." * 2_000, b"/" + b"%" * 20_000, b"?", b"#", b"..", b"/next",
    b"/\xea\xb0\x80", b"http://[v1.a]/", b"http://[::ffff:0:10.0.0.1]/", b"http://127.1./",
    b"javascript:", b"a=b; Domain=[; Path=\xff; Max-Age=" + b"9" * 50, b"a=b; Expires=\x01",
    b"=; ;=", b"noai", b"otherbot: noai, none", b":", b"unavailable_after: \xff",
    b"bytes 0-9/10", b"bytes 0-" + b"9" * 40 + b"/*", b"bytes \xd9\xa3", b"close", b"Upgrade",
    b"websocket", b"keep-alive", b"\x00", b"a\x01b", b"a\r b", b"a\n b", b"timeout=" + b"9" * 40,
]  # fmt: skip
BODIES = [
    b"", b"x", IMAGE, IMAGE[:500], BOMB, b"\x1f\x8b" + b"\x00" * 40, b"0\r\n\r\n", b"\r\n" * 40,
    b"5\r\nhello\r\n0\r\n\r\n", b"5;a=" + b"b" * 3_000 + b"\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello",
    b"FFFFFFFFFFFFFFFFFF\r\nx", b"5\r\nhello0\r\n", b"0\r\nX: y\r\n\r\n", b"1\r\nx\r\n" * 300,
    b"0\r\n" + b"X: y\r\n" * 3_000, b"\xd9\xa3\r\nxxx\r\n", b"HTTP/1.1 200 OK\r\n\r\n",
]  # fmt: skip


def answer(chance: random.Random) -> bytes:
    """Return an answer; one in four is changed in some bytes."""
    heads = b""
    for _ in range(chance.choice([1, 1, 1, 1, 2, 3])):
        names = chance.choices([*NAMES, *NAMES[:8] * 2], k=chance.randrange(8))
        lines = (name + b": " + chance.choice(VALUES) for name in names)
        status = chance.choice([*STATUS_LINES, *STATUS_LINES[:9] * 2])
        heads += chance.choice([b"\r\n", b"\n"]).join([status, *lines, b"", b""])
    whole = bytearray(heads + chance.choice(BODIES))
    if whole and not chance.randrange(4):
        for _ in range(chance.randrange(1, 9)):
            whole[chance.randrange(len(whole))] = chance.randrange(256)
    return bytes(whole)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request by what its path is the seed of, in pieces, and end somehow."""
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while request := await reader.readuntil(b"\r\n\r\n"):
            chance = random.Random(request.split()[1])  # noqa: S311 — no secret
            whole = answer(chance)
            pieces = chance.choice([1, 1, 2, 5])
            for at in range(0, len(whole), size := len(whole) // pieces + 1):
                writer.write(whole[at : at + size])
                await writer.drain()
                await asyncio.sleep(0)
            if not chance.randrange(12):
                await asyncio.sleep(1)
            elif chance.randrange(3):
                break
    writer.close()


def test_no_answer_gives_anything_but_bytes_or_the_error_of_a_fetch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "DEADLINE_S", 2.0)
    monkeypatch.setattr(fetching, "STEP_TIMEOUT_S", 0.5)
    ends = Counter[str]()
    unforeseen: list[object] = []

    async def ask_all() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: unforeseen.append(said))
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = Settings(
            _env_file=None, download_allow_hosts=frozenset({f"127.0.0.1:{port}"}),
            download_at_once_per_host=AT_ONCE,
        )  # fmt: skip
        async with server, aclosing(Fetcher(settings)) as fetcher:

            async def ask(seeds: range) -> None:
                for seed in seeds:
                    fetcher._politeness = Politeness(0)  # no host is remembered
                    try:
                        await fetcher.fetch(Address(f"http://127.0.0.1:{port}/{seed}"))
                        ends["bytes"] += 1
                    except FetchError as error:
                        ends[error.reason] += 1
                        if error.note.code == "note.unusable":
                            unforeseen.append((seed, error.__cause__))

            await asyncio.gather(*(ask(range(n, ANSWERS, AT_ONCE)) for n in range(AT_ONCE)))

    asyncio.run(ask_all())
    assert unforeseen == []
    assert sum(ends.values()) == ANSWERS
    assert len(ends) >= 8, ends  # they are of many kinds


@pytest.mark.parametrize(
    "url",
    [
        "//[]@",
        "http://[]@",
        "http://[::1]]/",
        "http://[v1.]/",
        "http://" + "가" * 300,
        "http://a" + "b" * MAX_ADDRESS_CHARS,
        "\x00",
        "http://\ud800/",
        "http://a:x/",
        "",
    ],
)
def test_an_address_that_cannot_be_read_is_bad_wherever_it_stands(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        web_url(url)
    assert caught.value.reason == Reason.BAD_ADDRESS
    base = URL("http://a.kr/1")
    with suppress(FetchError):  # beside another address, some are paths
        web_url(url, base)
    assert isinstance(host_of(url), str)
    assert isinstance(referer(url), dict)
    with pytest.raises(FetchError):
        read_file(url)
