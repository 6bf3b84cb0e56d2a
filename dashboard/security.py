"""The checks that every request passes before it reaches a route, and every answer's headers.

A page of another site must not be able to start, cancel or delete anything, nor read anything: not
by a form, not by a script, not by a name of its own that points to this machine (DNS rebinding). So
the Host header has to be one of ours, a change has to come from our own page or from no page at
all, and a body has to be JSON. On any address but the machine's own the token is asked for too.
"""

import asyncio
import logging
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import tokens
from dashboard.errors import (
    INTERNAL,
    ApiError,
    BadInputError,
    ForbiddenError,
    TokenError,
    TooLargeError,
    TooManyError,
    problem,
)
from flows.headers import has_other_body, host_of, is_address, is_loopback
from tasks.settings import Settings

if TYPE_CHECKING:
    from dashboard.services import Services

MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0
_READING = ("GET", "HEAD", "OPTIONS")
# What the page needs to ask for a token.
_OPEN = ("/", "/login", "/healthz", "/favicon.ico", "/api/vocabulary")
_OPEN_FOLDERS = ("/static/", "/words/")
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

log = logging.getLogger(__name__)


class Guard:
    """The ASGI application around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _in_one_sentence(self._app, scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(Request(scope, receive), send)
        else:  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, request: Request, send: Send) -> None:
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if request.url.path.startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
                elif request.url.path == "/" or request.url.path.startswith(_OPEN_FOLDERS):
                    headers.setdefault("cache-control", "no-cache")  # ask whether it changed
            await send(message)

        try:
            _check(request)
            receive = await _whole_body(request)
            await self._app(request.scope, receive, send_with_headers)
        except ApiError as error:
            answer = problem(request, error.status, error.message)
            await answer(request.scope, request.receive, send_with_headers)
        except Exception:  # whatever fails in one request, its client gets JSON, the log the rest
            log.exception("%s %s failed.", request.method, request.url.path)
            if has_begun:
                raise
            answer = problem(request, 500, INTERNAL)
            await answer(request.scope, request.receive, send_with_headers)


def _check(request: Request) -> None:
    services: Services = request.app.state.services
    settings = services.settings
    token = tokens.token_of(settings)
    host = host_of(request.headers.get("host", ""))
    if not _is_ours(host, settings):
        raise ForbiddenError(
            "wrong_name",
            name=repr(host[:100]),
        )
    server = request.scope.get("server")  # where this request came in; no port: a Unix socket
    if token is None and server and server[1] is not None and not is_loopback(server[0]):
        raise ForbiddenError("token_needed", host=server[0])
    if request.method not in _READING:
        _check_change(request)
        if not services.changes.allows(address_of(request)):
            raise TooManyError("too_fast")
    if token and not (request.url.path in _OPEN or request.url.path.startswith(_OPEN_FOLDERS)):
        _check_token(request, token, services)


def _check_change(request: Request) -> None:
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    own = request.headers.get("host", "").lower()
    if site not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc.lower() != own
    ):
        raise ForbiddenError("not_own_page")
    if has_other_body(request.headers):
        raise BadInputError("not_json")


def _check_token(request: Request, token: str, services: "Services") -> None:
    address = address_of(request)
    if not services.wrong_tokens.allows(address, takes=False):
        raise TooManyError("too_many_tokens")
    if not tokens.is_known(request, token):
        if tokens.presented(request) != (None, None):
            services.wrong_tokens.allows(address)
        raise TokenError("token_wanted")


async def _whole_body(request: Request) -> Receive:
    """Read the body, up to the limit, and return what hands it on."""
    stated = request.headers.get("content-length", "0")
    if not stated.isdecimal() or int(stated) > MAX_BODY_BYTES:
        raise TooLargeError("body_too_large", limit=MAX_BODY_BYTES // 1024)
    if request.method in _READING:
        return request.receive
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise TooLargeError("body_too_large", limit=MAX_BODY_BYTES // 1024)
    except TimeoutError:
        raise BadInputError("body_too_slow", seconds=f"{BODY_TIMEOUT_S:g}") from None
    parts: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def receive() -> Message:
        return parts.pop() if parts else await request.receive()

    return receive


def _is_ours(host: str, settings: Settings) -> bool:
    if host in ("localhost", settings.dashboard_host.lower()) or is_loopback(host):
        return True
    if host in {name.lower() for name in settings.dashboard_names}:
        return True
    if is_loopback(settings.dashboard_host) and tokens.token_of(settings) is None:
        return False
    return is_address(host) or host == socket.gethostname().lower()


def address_of(request: Request) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client else ""


async def _in_one_sentence(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Have a start that fails end in its sentence, without a traceback."""

    async def send_sentence(message: Message) -> None:
        sentence = getattr(scope["app"].state, "failure", None)
        if message["type"] == "lifespan.startup.failed" and sentence:
            message = {**message, "message": sentence}
        await send(message)

    await app(scope, receive, send_sentence)
