"""Naver's official image search API in both its dialects: no browser, but keys and a quota.

The classic API of the Developers Center issues no new keys since 2026-07-31 and ends on 2027-06-30;
API HUB of NAVER Cloud Platform succeeds it. They differ in address, key headers and error bodies;
the path of ``NAVER_API_URL`` says which one is spoken. Neither tells the page an image stands on.
"""

import json
import logging
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from tasks.characters import has_refused, mended
from tasks.errors import BadRequestError, KeysError, PageChangedError, UnreachableError
from tasks.fetching.failures import failure_of
from tasks.process import stopping
from tasks.records import Candidate
from tasks.settings import FromEnvironment, Settings
from tasks.sources.address import web_address
from tasks.sources.naver_api_refusals import Refusal, error_of
from tasks.sources.naver_panel import Size, Sort
from tasks.sources.naver_results import result_of
from tasks.sources.query import SearchQuery
from tasks.sources.source import Page, Source
from words import Message

NAME = "naver-api"
PAGE_SIZE = 100
LAST_START = 1000  # so that a query reaches 1,099 results
CALLS_PER_DAY = 25_000  # of all of Naver's search APIs together
TIMEOUT_S = (5.0, 10.0)  # to connect, and between two reads
BACKOFF_S = (0.5, 1.0, 2.0, 4.0)  # users of the API report that pauses of 0.3 to 1 s are enough
MAX_ANSWER_BYTES = 5_000_000  # a full page has about 100 KB
MAX_MESSAGE_CHARS = 200

_FILTERS: dict[Size, str] = {"any": "all", "small": "small", "medium": "medium", "large": "large"}
_SORTS: dict[Sort, str] = {"relevance": "sim", "newest": "date"}
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_HUB_URL = "https://naverapihub.apigw.ntruss.com/search/v1/image"

log = logging.getLogger(__name__)


class NaverApiSettings(FromEnvironment):
    """Where Naver's API is, and the keys to it."""

    naver_api_url: str = "https://openapi.naver.com/v1/search/image"
    naver_client_id: SecretStr | None = None
    naver_client_secret: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one of the APIs is asked."""

    path: str
    key_headers: tuple[str, str]  # the id's and the secret's
    parameters: Mapping[str, str]


CLASSIC = Dialect("/v1/search/image", ("X-Naver-Client-Id", "X-Naver-Client-Secret"), {})
HUB = Dialect(
    "/search/v1/image", ("X-NCP-APIGW-API-KEY-ID", "X-NCP-APIGW-API-KEY"), {"format": "json"}
)


def search(query: SearchQuery, _settings: Settings) -> Generator[Page]:
    """Yield the candidates of a query in pages of up to 100, best first, each once, up to 1,099.

    Where the API limits the rate, the same call is made again after 0.5, 1, 2 and 4 s; after that
    it is an UnreachableError. Raises BadRequestError, KeysError, QuotaError, UnreachableError and
    PageChangedError.
    """
    asked = _parameters(query)
    seen: set[str] = set()
    with closing(Api(NaverApiSettings())) as api:
        # The last page begins within the one before it, as no start is allowed beyond that.
        for start in (*range(1, LAST_START, PAGE_SIZE), LAST_START):
            total, items = api.ask(asked | {"start": str(start)})
            found = _candidates(items, start, api.host)
            if page := tuple(c for c in found if c.key not in seen):
                seen.update(c.key for c in page)
                yield page
            if not items or start + PAGE_SIZE > total:
                return


def check(query: SearchQuery, _settings: Settings) -> None:
    """Raise KeysError or BadRequestError where no search can work."""
    _parameters(query)
    Api(NaverApiSettings()).close()


class Api:
    """The connection to one API, and a count of its calls."""

    def __init__(self, settings: NaverApiSettings) -> None:
        """Raise KeysError or BadRequestError where the settings cannot work."""
        self.host = urlsplit(settings.naver_api_url).netloc.rpartition("@")[2]
        self.calls = 0
        self._url = settings.naver_api_url
        self._dialect = dialect_of(self._url)
        self._keys = _keys(settings)
        self._session = requests.Session()

    def ask(self, parameters: Mapping[str, str]) -> tuple[int, list[dict[str, Any]]]:
        """Make one call, again while the rate is limited; return the total and the items."""
        for pause_s in (*BACKOFF_S, None):
            status, body = self._call(parameters)
            answer = _decoded(body)
            refusal = self._refusal(status, answer)
            if status == requests.codes.ok and not refusal.code:
                return _results(answer, self.host)
            if not refusal.is_of_rate or pause_s is None:
                break
            log.info("%s limits the rate; asking again in %g s.", self.host, pause_s)
            stopping.pause(pause_s)
        raise error_of(refusal, self.host)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _call(self, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        self.calls += 1
        log.info(
            "Call %d of this search to %s, from result %s on; the day's quota is %s.",
            self.calls, self.host, parameters["start"], f"{CALLS_PER_DAY:,}",
        )  # fmt: skip
        try:
            with self._session.get(
                self._url,
                params={**parameters, **self._dialect.parameters},
                headers=dict(zip(self._dialect.key_headers, self._keys, strict=True)),
                timeout=TIMEOUT_S,
                allow_redirects=False,  # the keys would go along, to whatever host
                stream=True,
            ) as response:
                return response.status_code, self._read(response)
        except requests.RequestException as error:
            is_proxy = isinstance(error, requests.exceptions.ProxyError)
            why = Message("note.proxy") if is_proxy else failure_of(error).note
            raise UnreachableError("api_unreachable", host=self.host, why=why) from error

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_content(1 << 16):
            stopping.check()
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                most = MAX_ANSWER_BYTES // 1_000_000
                raise PageChangedError("api_answer_too_large", host=self.host, most=most)
        return bytes(body)

    def _refusal(self, status: int, answer: object) -> Refusal:
        """Read the code and the message of an error, without the keys if they stand in it."""
        about = answer if isinstance(answer, dict) else {}
        if isinstance(about.get("error"), dict):  # the form of the cloud's gateways
            about = about["error"]
        message = str(about.get("errorMessage") or about.get("message") or "")
        for key in self._keys:
            message = message.replace(key, "…")
        code = str(about.get("errorCode") or "")
        return Refusal(status, code, mended(message)[:MAX_MESSAGE_CHARS])


def dialect_of(url: str) -> Dialect:
    """Return the dialect that an address is asked in, by its path; raise BadRequestError for none.

    Plain http is for this machine alone, as the keys travel with each call.
    """
    parts = urlsplit(web_address(url))
    if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
        raise BadRequestError("api_url_not_https", example=_HUB_URL)
    path = parts.path.rstrip("/").removesuffix(".json")
    for dialect in (CLASSIC, HUB):
        if path.endswith(dialect.path):
            return dialect
    raise BadRequestError(
        "api_url_path", hub=HUB.path, classic=CLASSIC.path, path=parts.path or "/"
    )


def _parameters(query: SearchQuery) -> dict[str, str]:
    return {
        "query": query.text,
        "display": str(PAGE_SIZE),
        "sort": _SORTS[query.sort],
        "filter": _FILTERS[query.size],
    }


def _keys(settings: NaverApiSettings) -> tuple[str, str]:
    client_id, secret = map(_plain, (settings.naver_client_id, settings.naver_client_secret))
    if not client_id or not secret:
        raise KeysError("keys_missing", url=_HUB_URL)
    for name, key in (("NAVER_CLIENT_ID", client_id), ("NAVER_CLIENT_SECRET", secret)):
        # A header takes no other; and the library's own error would show the key.
        if not key.isascii() or has_refused(key):
            raise KeysError("key_characters", variable=name)
    return client_id, secret


def _plain(key: SecretStr | None) -> str:
    return key.get_secret_value().strip() if key else ""


def _decoded(body: bytes) -> object:
    """Return what the JSON says, or None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _results(answer: object, host: str) -> tuple[int, list[dict[str, Any]]]:
    match answer:
        case {"total": int(total), "items": [*items]} if all(isinstance(i, dict) for i in items):
            return total, items
    raise PageChangedError("api_without_results", host=host)


def _candidates(items: list[dict[str, Any]], start: int, host: str) -> list[Candidate]:
    """Return the candidates, ranked from ``start``; an item that leads nowhere is left out."""
    results = [
        result_of(
            source=NAME,
            original=item.get("link"),
            thumbnail=item.get("thumbnail"),
            title=item.get("title"),
            size=(item.get("sizewidth"), item.get("sizeheight")),
        )
        for item in items
    ]
    candidates = [
        replace(result.candidate, rank=rank) for rank, result in enumerate(results, start) if result
    ]
    if items and not candidates:
        raise PageChangedError("api_without_addresses", host=host)
    if len(candidates) < len(items):
        log.warning("%d results have no address.", len(items) - len(candidates))
    return candidates


def _url() -> str:
    return NaverApiSettings().naver_api_url


def _has_keys() -> bool:
    settings = NaverApiSettings()
    return bool(settings.naver_client_id and settings.naver_client_secret)


SOURCE = Source(
    name=NAME,
    search=search,
    check=check,
    url=_url,
    slot="naver",  # one company is asked, by whichever way
    filters={"size": _FILTERS, "sort": _SORTS},
    has_keys=_has_keys,
)
