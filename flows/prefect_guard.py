"""The checks that every request passes before it reaches a Prefect server of ours.

Who can talk to Prefect can have it run commands, so no page of another site may: neither by a
script, nor by a form, nor by a name of its own that points to this machine (DNS rebinding). The
``Host`` header has to be one of ours, what a browser asks has to come from Prefect's own page, and
a body has to be JSON. Programs, which send no ``Origin``, are not concerned.
"""

import socket
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Sent

from flows.headers import has_other_body, host_of, is_address, is_loopback
from words import Message

_READING = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "content-security-policy": "frame-ancestors 'self'",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}


class Guard:
    """The ASGI application around Prefect's, which listens on ``host`` and has other names too."""

    def __init__(self, app: ASGIApp, host: str, names: Collection[str] = ()) -> None:
        self._app = app
        self._is_open = not is_loopback(host)
        self._names = {name.lower() for name in (host, "localhost", *names)}
        if self._is_open:
            self._names.add(socket.gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it with a sentence."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif not (why := self._refusal(scope)):
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await JSONResponse({"detail": str(why)}, 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Message | None:
        headers = Headers(scope=scope)
        own = headers.get("host", "").strip().lower()
        if not self._is_ours(host_of(own)):
            return Message("error.prefect_name", {"name": repr(own[:100])})
        origin = headers.get("origin")
        if origin is None:  # a page may still load something of ours as if it were an image
            site = headers.get("sec-fetch-site", "none")
            is_link = headers.get("sec-fetch-dest") == "document" and scope["method"] == "GET"
            is_own = site in ("same-origin", "none") or is_link
        else:
            is_own = origin.lower().partition("://")[2] == own
        if not is_own:
            return Message("error.prefect_page")
        if scope["type"] == "http" and scope["method"] not in _READING and has_other_body(headers):
            return Message("error.not_json")
        return None

    def _is_ours(self, host: str) -> bool:
        return host in self._names or is_loopback(host) or (self._is_open and is_address(host))


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Sent) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
