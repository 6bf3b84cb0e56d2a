"""The token that a dashboard on the network asks for, and the cookie that stands for it."""

import hmac
from hashlib import sha256

from starlette.requests import Request

from flows.headers import is_loopback
from tasks.errors import BadRequestError
from tasks.settings import Settings

COOKIE = "dashboard"
COOKIE_AGE_S = 30 * 24 * 3600


def token_of(settings: Settings) -> str | None:
    """Return the token, None where none is set."""
    token = settings.dashboard_token
    return token.get_secret_value().strip() or None if token else None


def check_host(host: str, settings: Settings) -> None:
    """Raise ``BadRequestError`` where others could reach the dashboard without a token."""
    if not is_loopback(host) and token_of(settings) is None:
        raise BadRequestError("token_needed", host=host)


def is_token(given: str, token: str) -> bool:
    """Compare in a time that tells nothing; lengths do not matter, as both are hashed."""
    return hmac.compare_digest(_digest(given), _digest(token))


def cookie_of(token: str) -> str:
    """Return the cookie's value, from which the token cannot be had."""
    return hmac.new(token.encode("utf-8", "replace"), b"dashboard cookie", sha256).hexdigest()


def presented(request: Request) -> tuple[str | None, str | None]:
    """Return the token of the header and the value of the cookie, where there are any."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None, request.cookies.get(COOKIE)


def is_known(request: Request, token: str) -> bool:
    """Say whether a request carries the token, or its cookie."""
    given, cookie = presented(request)
    if given is not None:
        return is_token(given, token)
    return cookie is not None and is_token(cookie, cookie_of(token))


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
