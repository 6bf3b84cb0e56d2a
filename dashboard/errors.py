"""The API's answer when it does not do what it was asked: always ``{"detail", "error"}``.

    ApiError
    ├── BadInputError 400    ├── ConflictError 409
    ├── TokenError 401       ├── TooLargeError 413
    ├── ForbiddenError 403   ├── InvalidError 422
    └── NotFoundError 404    └── TooManyError 429

``detail`` is a sentence for people, in Korean where Accept-Language prefers it and else in English;
``error`` is a word for programs. No traceback leaves the server.
"""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from dashboard.language import preferred
from tasks.errors import BadRequestError, CollectError, DatabaseError
from tasks.findings import finding
from words import Message, Value

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "bad_request",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "too_many",
    500: "internal",
    503: "unavailable",
}
INTERNAL = Message("error.internal")

log = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why a request was not done."""

    detail: str = Field(
        description="A sentence for people, in Korean where Accept-Language prefers it and else in "
        "English."
    )
    error: str = Field(description="A word for programs.")


class ApiError(Exception):
    """Base of the tree, raised with the name of a sentence, ``error.<name>``, and its values."""

    status: ClassVar[int] = 400

    def __init__(self, name: str, /, **values: Value) -> None:
        self.message = Message(f"error.{name}", values)
        super().__init__(str(self.message))


class BadInputError(ApiError):
    """The request cannot be right."""


class TokenError(ApiError):
    """The token is missing or wrong."""

    status = 401


class ForbiddenError(ApiError):
    """The request comes from where it may not come from."""

    status = 403


class NotFoundError(ApiError):
    """There is no such thing."""

    status = 404


class ConflictError(ApiError):
    """Not now, as things stand."""

    status = 409


class TooLargeError(ApiError):
    """The body is too large."""

    status = 413


class InvalidError(ApiError):
    """A field of the request cannot be used."""

    status = 422


class TooManyError(ApiError):
    """Too many requests in too short a time."""

    status = 429


def problem(request: Request, status: int, message: Message) -> JSONResponse:
    """Return the answer for a status and what to say, in the language that was asked for."""
    language = preferred(request.headers.get("accept-language", ""))
    body = {"detail": message.said_in(language), "error": CODES.get(status, "bad_request")}
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "5"}}.get(status, {})
    about = {"Content-Language": language, "Vary": "Accept-Language"}
    return JSONResponse(body, status, about | headers)


def answers_of(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Return the ``responses`` of a route, for the OpenAPI page."""
    always = (400, 401, 403, 404, 422, 503)
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase}
        for status in sorted({*always, *statuses})
    }


def error_of(errors: Sequence[ErrorDetails], *, beginning: int = 0) -> ApiError:
    """Return what pydantic found as an error of ours.

    ``beginning`` is how many parts of a location come before the field's name.
    """
    first = errors[0]
    if first["type"] == "json_invalid":
        return BadInputError("body_not_json")
    why = finding(first)
    field, *inside = first["loc"][beginning:] or ("",)
    # Of what is inside a field, an index says something; the kinds that pydantic tried do not.
    names = [str(part) for part in (field, *inside) if part is field or isinstance(part, int)]
    if field == "":  # not one field but how they go together, or the body as a whole
        return InvalidError("request", why=why)
    return InvalidError("field", field=".".join(names)[:100], why=why)


def add_handlers(app: FastAPI) -> None:
    """Have every error answered in the one form."""

    @app.exception_handler(ApiError)
    def _(request: Request, error: ApiError) -> JSONResponse:
        return problem(request, error.status, error.message)

    @app.exception_handler(CollectError)
    def _(request: Request, error: CollectError) -> JSONResponse:
        if isinstance(error, BadRequestError):
            return problem(request, 400, error.message)
        if isinstance(error, DatabaseError):
            log.warning("%s", error)
            return problem(request, 503, error.message)
        log.error("%s", error)
        return problem(request, 500, error.message)

    @app.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's locations begin with the part of the request: body, path, query.
        found = error_of(error.errors(), beginning=1)
        return problem(request, found.status, found.message)

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> JSONResponse:
        path = request.url.path[:200]
        if error.status_code == 404:
            said = Message("error.nothing_at", {"path": path})
        elif error.status_code == 405:
            values = {"method": request.method, "path": path}
            said = Message("error.method_not_possible", values)
        else:
            said = Message("error.http", {"detail": f"{str(error.detail).rstrip('.')}."})
        answer = problem(request, error.status_code, said)
        answer.headers.update(error.headers or {})
        return answer
