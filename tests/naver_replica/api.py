"""The official image search API in both dialects: the Developers Center's and the API HUB's.

Differences are the path, the names of the two key headers, how the format is chosen, and the errors
of the gateway. No error body of the HUB is published; those of Naver's other gateways stand in.

Some queries bring an error: "오류 SE02", or any other code of `ERRORS` or `GATEWAY_ERRORS`, is
answered with that, and "상태 503" with that status and a body that is no JSON.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from email.utils import format_datetime
from html import escape
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.naver_replica import addresses, wording
from tests.naver_replica.addresses import Ports
from tests.naver_replica.results import Result, results

CLASSIC_PATH = "/v1/search/image"
HUB_PATH = "/search/v1/image"
CLIENT_ID = "replica-id"
CLIENT_SECRET = "replica-secret"
CLASSIC_HEADERS = ("X-Naver-Client-Id", "X-Naver-Client-Secret")
HUB_HEADERS = ("X-NCP-APIGW-API-KEY-ID", "X-NCP-APIGW-API-KEY")
QUERY_ERRORS = {"한도초과": "010", "시스템오류": "SE99"}
CODE_QUERY, STATUS_QUERY = "오류 ", "상태 "
RATE_LIMIT_QUERY = "속도제한"  # what begins with it gets 012 every other time

# Naver names no bounds; these are widths in pixels.
FILTERS = {"all": (0, 10**6), "large": (900, 10**6), "medium": (600, 899), "small": (0, 599)}
ERRORS = {
    "SE01": (400, "Incorrect query request (잘못된 쿼리요청입니다.)"),
    "SE02": (400, "Invalid display value (부적절한 display 값입니다.)"),
    "SE03": (400, "Invalid start value (부적절한 start 값입니다.)"),
    "SE04": (400, "Invalid sort value (부적절한 sort 값입니다.)"),
    "SE05": (404, "Invalid search api (존재하지 않는 검색 api 입니다.)"),
    "SE06": (400, "Malformed encoding (잘못된 형식의 인코딩입니다.)"),
    "SE99": (500, "System Error (시스템 에러)"),
    "024": (401, "Authentication failed (인증에 실패하였습니다.)"),
    "010": (429, "Query limit exceeded (쿼리 한도를 초과했습니다.)"),
    "012": (429, "Rate limit exceeded. (속도 제한을 초과했습니다.)"),
}
GATEWAY_ERRORS = {
    "200": (401, "Authentication Failed"),
    "210": (401, "Permission Denied"),
    "300": (404, "Not Found Exception"),
    "400": (429, "Quota Exceeded"),
    "410": (429, "Throttle Limited"),
    "420": (429, "Rate Limited"),
    "430": (413, "Request Entity Too Large"),
    "500": (503, "Endpoint Error"),
}
NO_CODES: Mapping[str, str] = MappingProxyType({})
GATEWAY_CODES = {"024": "200", "SE05": "300", "010": "400", "012": "420"}  # what it answers itself


class Refusal(Exception):
    """A request that is answered with the error of either table that `code` names."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Api:
    """The routes of both dialects."""

    ports: Ports
    seed: int
    asked: Counter[str] = field(default_factory=Counter)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(CLASSIC_PATH, self.classic),
            Route(f"{CLASSIC_PATH}.json", self.classic),
            Route(f"{CLASSIC_PATH}.xml", self.classic),
            Route(HUB_PATH, self.hub),
            Route("/v1/search/{unknown}", lambda _: _error("SE05", is_xml=False)),
            Route("/search/v1/{unknown}", lambda _: _gateway_error("300")),
        ]

    def classic(self, request: Request) -> Response:
        """Answer at openapi.naver.com."""
        is_xml = request.url.path.endswith(".xml")
        if not _has_keys(request, CLASSIC_HEADERS):
            return _error("024", is_xml=is_xml)
        return self._answer(request, is_xml=is_xml)

    def hub(self, request: Request) -> Response:
        """Answer at naverapihub.apigw.ntruss.com."""
        if not _has_keys(request, HUB_HEADERS):
            return _gateway_error("200")
        is_xml = request.query_params.get("format") == "xml"
        return self._answer(request, is_xml=is_xml, gateway_codes=GATEWAY_CODES)

    def _answer(
        self, request: Request, *, is_xml: bool, gateway_codes: Mapping[str, str] = NO_CODES
    ) -> Response:
        query = request.query_params.get("query", "").strip()
        if query.startswith(STATUS_QUERY):
            status = int(query.removeprefix(STATUS_QUERY))
            return HTMLResponse("<h1>nginx</h1>", status, headers={"Location": CLASSIC_PATH})
        try:
            channel = self._found(request)
        except Refusal as refusal:
            code = gateway_codes.get(refusal.code, refusal.code)
            return _gateway_error(code) if code in GATEWAY_ERRORS else _error(code, is_xml=is_xml)
        return Response(_xml(channel), media_type="text/xml") if is_xml else JSONResponse(channel)

    def _found(self, request: Request) -> dict[str, Any]:
        params = request.query_params
        query = params.get("query", "").strip()
        if not query:
            raise Refusal("SE01")
        if not _is_utf8(request.scope["query_string"]):
            raise Refusal("SE06")
        self.asked[query] += 1
        if query in QUERY_ERRORS:
            raise Refusal(QUERY_ERRORS[query])
        if query.startswith(CODE_QUERY):
            raise Refusal(query.removeprefix(CODE_QUERY))
        if query.startswith(RATE_LIMIT_QUERY) and self.asked[query] % 2 == 1:
            raise Refusal("012")
        display = _number(params.get("display", "10"), largest=100, code="SE02")
        start = _number(params.get("start", "1"), largest=1000, code="SE03")
        found = _ordered(results(query, self.seed), params.get("sort", "sim"))
        least, largest = FILTERS.get(params.get("filter", "all"), FILTERS["all"])
        found = [r for r in found if least <= r.picture.width <= largest]
        shown = found[start - 1 : start - 1 + display]
        return {
            "lastBuildDate": format_datetime(datetime.combine(wording.TODAY, time(), UTC)),
            "total": len(found),
            "start": start,
            "display": len(shown),
            "items": [_item(result, self.ports) for result in shown],
        }


def _has_keys(request: Request, names: tuple[str, str]) -> bool:
    return tuple(request.headers.get(name) for name in names) == (CLIENT_ID, CLIENT_SECRET)


def _is_utf8(query_string: bytes) -> bool:
    try:
        unquote_to_bytes(query_string).decode()
    except UnicodeDecodeError:
        return False
    return True


def _number(text: str, *, largest: int, code: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= largest:
        raise Refusal(code)
    return int(text)


def _ordered(found: tuple[Result, ...], sort: str) -> list[Result]:
    if sort not in ("sim", "date"):
        raise Refusal("SE04")
    return sorted(found, key=lambda r: r.day, reverse=True) if sort == "date" else list(found)


def _item(result: Result, ports: Ports) -> dict[str, str]:
    """Sizes are strings, the link is the picture's, and the thumbnail's `src` is not encoded."""
    link = addresses.original(result, ports)
    return {
        "title": result.title.replace("<mark>", "<b>").replace("</mark>", "</b>"),
        "link": link,
        "thumbnail": f"{addresses.origin(ports.thumbnails)}/common/?src={link}&type=b150",
        "sizeheight": str(result.stated_height),
        "sizewidth": str(result.stated_width),
    }


def _xml(channel: dict[str, Any]) -> str:
    head = "".join(f"<{k}>{v}</{k}>" for k, v in channel.items() if k != "items")
    items = "".join(
        "<item>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in item.items()) + "</item>"
        for item in channel["items"]
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}' + (
        "</channel></rss>"
    )


def _gateway_error(code: str) -> Response:
    status, message = GATEWAY_ERRORS[code]
    return JSONResponse({"error": {"errorCode": code, "message": message, "details": ""}}, status)


def _error(code: str, *, is_xml: bool) -> Response:
    status, message = ERRORS[code]
    if is_xml:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><result><errorMessage>'
            f"{escape(message)}</errorMessage><errorCode>{code}</errorCode></result>"
        )
        return Response(body, status, media_type="text/xml")
    return JSONResponse({"errorMessage": message, "errorCode": code}, status)
