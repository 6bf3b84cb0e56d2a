"""The official API in both dialects, against the replica, and answers that no API should give."""

import json
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tasks.errors import (
    BadRequestError,
    CollectError,
    KeysError,
    PageChangedError,
    QuotaError,
    UnreachableError,
)
from tasks.process import stopping
from tasks.records import AddressKind, Candidate
from tasks.settings import Settings
from tasks.sources import naver_api
from tasks.sources.naver_api import CLASSIC, HUB, Dialect, NaverApiSettings, dialect_of
from tasks.sources.query import SearchQuery
from tests.naver_replica.api import CLIENT_ID, CLIENT_SECRET, FILTERS
from tests.naver_replica.serving import Replica
from words import Message

DIALECTS = ["classic", "hub"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naver_api, "BACKOFF_S", (0.01, 0.01))


@pytest.fixture(params=DIALECTS)
def settings(
    request: pytest.FixtureRequest, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    return settings_for(request.param, replica, monkeypatch)


def settings_for(dialect: str, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in replica.environment().items():
        monkeypatch.setenv(name, value)
    if dialect == "hub":
        monkeypatch.setenv("NAVER_API_URL", replica.hub_api_url)
    return Settings()


def found(query: SearchQuery | str, settings: Settings) -> list[Candidate]:
    asked = SearchQuery(query) if isinstance(query, str) else query
    return [candidate for page in naver_api.search(asked, settings) for candidate in page]


def test_all_results_are_found_with_their_originals(replica: Replica, settings: Settings) -> None:
    truth = replica.truth("고양이")

    candidates = found("고양이", settings)

    assert [candidate.url for candidate in candidates] == list(truth)
    assert [candidate.rank for candidate in candidates] == list(range(1, 151))
    for candidate, result in zip(candidates, truth.values(), strict=True):
        assert candidate.title == unescape(re.sub("</?mark>", "", result.title))
        assert (candidate.source, candidate.page_url) == ("naver-api", "")
        kinds = [address.kind for address in candidate.addresses]
        assert (kinds[0], kinds[-1]) == (AddressKind.ORIGINAL, AddressKind.THUMBNAIL)
        size = (candidate.stated_width, candidate.stated_height)
        assert size == (result.stated_width, result.stated_height)


@pytest.mark.parametrize(("count", "reached"), [(100, 100), (101, 101), (1100, 1099)])
def test_every_result_that_the_api_reaches_comes_once(
    replica: Replica, monkeypatch: pytest.MonkeyPatch, count: int, reached: int
) -> None:
    settings = settings_for("classic", replica, monkeypatch)

    pages = list(naver_api.search(SearchQuery(f"사과 {count}"), settings))

    urls = [candidate.url for page in pages for candidate in page]
    assert urls == list(replica.truth(f"사과 {count}"))[:reached]
    assert [c.rank for page in pages for c in page] == list(range(1, reached + 1))
    assert max(map(len, pages)) == 100


def test_no_results_are_no_error(settings: Settings) -> None:
    assert found("없는검색어", settings) == []


def test_the_size_and_the_order_are_asked_of_the_api(replica: Replica, settings: Settings) -> None:
    truth = replica.truth("고양이")

    large = found(SearchQuery("고양이", size="large"), settings)
    newest = found(SearchQuery("고양이", sort="newest"), settings)

    least, _ = FILTERS["large"]
    expected = [url for url, result in truth.items() if result.picture.width >= least]
    assert [candidate.url for candidate in large] == expected
    days = [truth[candidate.url].day for candidate in newest]
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ("오류 SE01", BadRequestError, "status 400: SE01 Incorrect query request"),
        ("오류 SE02", BadRequestError, "Invalid display value"),
        ("오류 SE03", BadRequestError, "Invalid start value"),
        ("오류 SE04", BadRequestError, "Invalid sort value"),
        ("오류 SE05", BadRequestError, "status 404.*NAVER_API_URL"),
        ("오류 SE06", BadRequestError, "Malformed encoding"),
        ("오류 SE99", UnreachableError, "SE99 System Error"),
        ("오류 024", KeysError, "status 401.*NAVER_CLIENT_SECRET"),
        ("오류 010", QuotaError, "day's quota.*status 429.*tomorrow"),
        ("오류 012", UnreachableError, "limits the rate"),
        # The numbers of the cloud's gateway, which stands before API HUB.
        ("오류 200", KeysError, "Authentication Failed"),
        ("오류 210", KeysError, "Permission Denied"),
        ("오류 300", BadRequestError, "Not Found"),
        ("오류 400", QuotaError, "Quota Exceeded"),
        ("오류 410", UnreachableError, "limits the rate"),
        ("오류 420", UnreachableError, "limits the rate"),
        ("오류 430", BadRequestError, "Too Large"),
        ("오류 500", UnreachableError, "Endpoint Error"),
        # Bodies that say nothing.
        ("상태 200", PageChangedError, "without the list of results"),
        ("상태 302", PageChangedError, "status 302"),
        ("상태 400", BadRequestError, "status 400"),
        ("상태 401", KeysError, "status 401"),
        ("상태 403", KeysError, "may use the image search"),
        ("상태 404", BadRequestError, "NAVER_API_URL"),
        ("상태 405", PageChangedError, "status 405"),
        ("상태 429", UnreachableError, "limits the rate"),
        ("상태 503", UnreachableError, "fault of its own"),
    ],
)
def test_each_refusal_is_named(
    settings: Settings, query: str, error: type[CollectError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        found(query, settings)

    assert type(caught.value) is error
    assert CLIENT_SECRET not in str(caught.value)


def test_a_limited_rate_is_waited_out(
    replica: Replica, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tasks.sources.naver_api")

    candidates = found("속도제한 고양이", settings)

    assert [candidate.url for candidate in candidates] == list(replica.truth("속도제한 고양이"))
    calls = [m for m in caplog.messages if m.startswith("Call ")]
    assert [m.split(" to ")[0] for m in calls] == [f"Call {n} of this search" for n in (1, 2, 3, 4)]
    assert "from result 101 on; the day's quota is 25,000." in calls[-1]
    assert sum("limits the rate" in m for m in caplog.messages) == 2


def test_a_stop_ends_the_waiting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naver_api, "BACKOFF_S", (60.0,))
    timer = threading.Timer(0.3, stopping.request_stop)
    timer.start()
    try:
        with pytest.raises(stopping.StoppedError):
            found("오류 012", settings)
    finally:
        timer.join()
        stopping.allow_work()


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"NAVER_CLIENT_ID": "", "NAVER_CLIENT_SECRET": ""}, "set NAVER_CLIENT_ID and"),
        ({"NAVER_CLIENT_SECRET": ""}, "API HUB.*none since 2026-07-31"),
        ({"NAVER_CLIENT_ID": "  "}, "set NAVER_CLIENT_ID and"),
        ({"NAVER_CLIENT_SECRET": "wrong-s3cret"}, "does not accept the keys"),
        ({"NAVER_CLIENT_SECRET": "s3cret\nX-Other: 1"}, "NAVER_CLIENT_SECRET holds characters"),
        ({"NAVER_CLIENT_ID": "s3cret–아이디"}, "NAVER_CLIENT_ID holds characters"),
    ],
)
def test_keys_that_cannot_be_used_are_never_shown(
    keys: dict[str, str],
    error: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name, value in keys.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(KeysError, match=error) as caught:
        found("고양이", settings)

    for text in (str(caught.value), repr(NaverApiSettings()), caplog.text):
        assert "s3cret" not in text
        assert CLIENT_SECRET not in text


def test_keys_with_blanks_around_them_work(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVER_CLIENT_ID", f" {CLIENT_ID} ")
    monkeypatch.setenv("NAVER_CLIENT_SECRET", f"{CLIENT_SECRET}\n")

    assert found("고양이", settings)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://openapi.naver.com/v1/search/image", CLASSIC),
        ("https://openapi.naver.com/v1/search/image.json", CLASSIC),
        ("https://naverapihub.apigw.ntruss.com/search/v1/image", HUB),
        ("https://naverapihub.apigw.ntruss.com/search/v1/image/", HUB),
        ("https://proxy.example/naver/search/v1/image", HUB),
        ("http://127.0.0.1:8000/v1/search/image", CLASSIC),
        ("http://[::1]:8000/search/v1/image", HUB),
        ("http://openapi.naver.com/v1/search/image", "has to be an https address"),
        ("openapi.naver.com/v1/search/image", "has to be an https address"),
        ("https://[openapi/v1/search/image", "has to be an https address"),
        ("", "has to be an https address"),
        ("https://openapi.naver.com", "has to end in /search/v1/image"),
        ("https://openapi.naver.com/v1/search/image.xml", r"not as /v1/search/image\.xml does"),
        ("https://openapi.naver.com/v1/search/blog", "has to end in"),
    ],
)
def test_the_address_says_which_dialect_is_spoken(url: str, expected: Dialect | str) -> None:
    if isinstance(expected, Dialect):
        assert dialect_of(url) is expected
        return
    with pytest.raises(BadRequestError, match=expected):
        dialect_of(url)


class Handler(BaseHTTPRequestHandler):
    """Answers every call with what the test set."""

    status = 200
    body = b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        with suppress(OSError):  # the client hangs up on what is too long
            self.wfile.write(self.body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """Serve what ``Handler`` has as the classic API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def local(host: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settings_at(host, monkeypatch)


def settings_at(host: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("NAVER_API_URL", f"http://{host}/v1/search/image")
    monkeypatch.setenv("NAVER_CLIENT_ID", "an-id")
    monkeypatch.setenv("NAVER_CLIENT_SECRET", "s3cret")
    return Settings()


LINK = "http://a.kr/1.jpg"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "without the list"),
        (b"\xff\xfe", "without the list"),
        (b"null", "without the list"),
        (b"[]", "without the list"),
        (b"{}", "without the list"),
        (b'{"total": "1", "items": []}', "without the list"),
        (b'{"total": 1, "items": {}}', "without the list"),
        (b'{"total": 1, "items": [1]}', "without the list"),
        (b'{"total": 1, "items": [{"link": "h', "without the list"),
        (b'{"total": 1, "items": ' + b"[" * 100_000, "without the list"),
        (b'{"total": ' + b"9" * 10_000 + b', "items": []}', "without the list"),
        (b'{"total": 1, "items": [{}]}', "no address"),
        (b'{"total": 1, "items": [{"link": "file:///etc/passwd"}]}', "no address"),
        (b'{"total": 1, "items": [{"link": ["a"], "thumbnail": 1}]}', "no address"),
        (b" " * (naver_api.MAX_ANSWER_BYTES + 1), "more than 5 MB"),
    ],
)
def test_an_answer_that_cannot_be_read_is_said(
    local: Settings, monkeypatch: pytest.MonkeyPatch, body: bytes, error: str
) -> None:
    monkeypatch.setattr(Handler, "body", body)
    with pytest.raises(PageChangedError, match=error):
        found("고양이", local)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"link": LINK, "title": "a <b>cat</b> &amp; &lt;dog&gt;"}, (LINK, "a cat & <dog>", 0)),
        ({"link": LINK, "sizewidth": "640", "sizeheight": "480"}, (LINK, "", 640)),
        ({"link": LINK, "sizewidth": "wide", "sizeheight": "-1"}, (LINK, "", 0)),
        ({"link": LINK, "sizewidth": None, "title": 7}, (LINK, "", 0)),
        ({"link": "", "thumbnail": "https://t.kr/common/?src=http://a.kr/1.jpg&type=b150"},
         (LINK, "", 0)),
        ({"link": "javascript:alert(1)", "thumbnail": "https://t.kr/1.jpg"},
         ("https://t.kr/1.jpg", "", 0)),
    ],
)  # fmt: skip
def test_the_fields_of_a_result_are_read(
    local: Settings,
    monkeypatch: pytest.MonkeyPatch,
    item: dict[str, object],
    expected: tuple[str, str, int],
) -> None:
    answer = {"total": 10**9, "items": [item, {"link": "nowhere"}]}
    monkeypatch.setattr(Handler, "body", json.dumps(answer).encode())

    (candidate,) = found("고양이", local)  # each page is the same, and each candidate comes once

    assert (candidate.url, candidate.title, candidate.stated_width) == expected
    assert candidate.rank == 1


def test_an_error_that_repeats_the_keys_does_not_show_them(
    local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"errorMessage": "Not Exist Client ID : an-id\x1b[2J, s3cret", "errorCode": "024"}
    monkeypatch.setattr(Handler, "body", json.dumps(error).encode())
    monkeypatch.setattr(Handler, "status", 401)

    with pytest.raises(KeysError, match="Not Exist Client ID : ") as caught:
        found("고양이", local)

    assert not re.search("an-id|s3cret|\x1b", str(caught.value))


def test_a_host_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        settings = settings_at(f"someone:s3cret@{host}", monkeypatch)
        with pytest.raises(
            UnreachableError, match=f"^{host} cannot be reached .*refuses"
        ) as caught:
            found("고양이", settings)
    assert "s3cret" not in str(caught.value)


def test_a_host_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naver_api, "TIMEOUT_S", (0.3, 0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = settings_at(f"127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        with pytest.raises(UnreachableError, match="no answer came in time"):
            found("고양이", settings)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "note.hung_up"),
        (b"HTTP/1.1 fine\r\n\r\n{}", "note.malformed_answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "note.malformed_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "note.cut_short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", "note.cut_short"),
    ],
)
def test_an_answer_that_is_none_is_said_in_words(
    answer: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        settings = settings_at(f"127.0.0.1:{server.getsockname()[1]}", monkeypatch)
        with pytest.raises(UnreachableError) as caught:
            found("고양이", settings)
    assert caught.value.message.values["why"] == Message(why)


def test_a_proxy_that_refuses_is_told_from_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.setenv("NAVER_API_URL", f"https://api.example{CLASSIC.path}")
        monkeypatch.setenv("NAVER_CLIENT_ID", "an-id")
        monkeypatch.setenv("NAVER_CLIENT_SECRET", "s3cret")
        with pytest.raises(UnreachableError) as caught:
            found("고양이", Settings(_env_file=None))
    assert caught.value.message.values["why"] == Message("note.proxy")
