"""What the API answers when it does not do what it was asked: always ``{"detail", "error"}``.

    ApiError
    ├── BadInputError 400    ├── ConflictError 409
    ├── TokenError 401       ├── TooLargeError 413
    ├── ForbiddenError 403   ├── InvalidError 422
    └── NotFoundError 404    └── TooManyError 429

``detail`` is a sentence for people, ``error`` a word for programs. No traceback leaves the server.
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

from tasks.errors import BadRequestError, CollectError, DatabaseError

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
INTERNAL = "Something went wrong in the dashboard; its own log says what."

log = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why a request was not done."""

    detail: str = Field(description="A sentence for people.")
    error: str = Field(description="A word for programs.")


class ApiError(Exception):
    """Base of the tree; the message is the sentence."""

    status: ClassVar[int] = 400


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


def problem(status: int, detail: str) -> JSONResponse:
    """Return the answer for a status and a sentence."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "5"}}.get(status)
    body = {"detail": detail, "error": CODES.get(status, "bad_request")}
    return JSONResponse(body, status, headers)


def answers_of(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Return the ``responses`` of a route, for the OpenAPI page."""
    always = (400, 401, 403, 404, 422, 503)
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase}
        for status in sorted({*always, *statuses})
    }


def sentence_of(errors: Sequence[ErrorDetails], *, beginning: int = 0) -> tuple[int, str]:
    """Return the status and the sentence for what pydantic found.

    ``beginning`` is how many parts of a location come before the field's name.
    """
    first = errors[0]
    if first["type"] == "json_invalid":
        return 400, "The body is no JSON."
    said = first["msg"].removeprefix("Value error, ").rstrip(".")
    field, *inside = first["loc"][beginning:] or ("",)
    # Of what is inside a field, an index says something; the kinds that pydantic tried do not.
    names = [str(part) for part in (field, *inside) if part is field or isinstance(part, int)]
    if field == "":  # not one field but how they go together, or the body as a whole
        return 422, f"{said[:1].upper()}{said[1:]}."
    return 422, f"{'.'.join(names)[:100]} cannot be used: {said[:1].lower()}{said[1:]}."


def add_handlers(app: FastAPI) -> None:
    """Have every error answered in the one form."""

    @app.exception_handler(ApiError)
    def _(_request: Request, error: ApiError) -> JSONResponse:
        return problem(error.status, str(error))

    @app.exception_handler(CollectError)
    def _(_request: Request, error: CollectError) -> JSONResponse:
        if isinstance(error, BadRequestError):
            return problem(400, str(error))
        if isinstance(error, DatabaseError):
            log.warning("%s", error)
            return problem(503, str(error))
        log.error("%s", error)
        return problem(500, str(error))

    @app.exception_handler(RequestValidationError)
    def _(_request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's locations begin with the part of the request: body, path, query.
        return problem(*sentence_of(error.errors(), beginning=1))

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> JSONResponse:
        details = {
            404: f"There is nothing at {request.url.path[:200]}.",
            405: f"{request.method} is not possible at {request.url.path[:200]}.",
        }
        detail = details.get(error.status_code, f"{str(error.detail).rstrip('.')}.")
        answer = problem(error.status_code, detail)
        answer.headers.update(error.headers or {})
        return answer
