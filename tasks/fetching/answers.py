"""The meaning of an HTTP answer, and of a connection that failed, as browsers take them.

A browser takes any status from 200 to 299 that comes with the whole of an image, undoes a coding
that it knows, and judges what it does not know by the bytes. So do we. An image that comes with an
error (404, 500) is not taken, although a browser shows it: it is a placeholder of the host's.
"""

import errno
import re
import socket
import zlib
from collections.abc import Mapping

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from tasks.images.decoder import ImageError, format_of
from tasks.images.limits import MAX_BYTES
from words import Message

MAX_HEADERS = 1_000
MAX_HEADER_BYTES = 64_000  # of one
MAX_HEAD_BYTES = 512_000  # of all of an answer's

WITHOUT_BODY = frozenset({204, 205})
PARTIAL = 206
_ZLIB = frozenset({"gzip", "x-gzip", "deflate"})
_NONE = frozenset({"", "identity"})
# What aiohttp says of an answer that is over the bounds which it was given.
_OVER_BOUNDS = ("Too many headers", "Got more than")
_RANGE = re.compile(r"bytes 0-(\d+)/(\d+|\*)")
_BY_NUMBER = {
    errno.ECONNREFUSED: "note.connection_refused",
    errno.ECONNRESET: "note.connection_reset",
    errno.EPIPE: "note.connection_reset",
    errno.EHOSTUNREACH: "note.no_route",
    errno.ENETUNREACH: "note.no_route",
}


class UnpackError(Exception):
    """A body that was packed does not give the bytes that it says; ``note`` says why."""

    def __init__(self, note: Message, *, is_too_large: bool = False) -> None:
        super().__init__(str(note))
        self.note = note
        self.is_too_large = is_too_large


def is_whole(status: int, headers: Mapping[str, str]) -> bool:
    """Say whether an answer of that status carries the whole of what was asked for."""
    if status != PARTIAL:
        return 200 <= status < 300 and status not in WITHOUT_BODY
    found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    return found is not None and (found[2] == "*" or int(found[1]) + 1 == int(found[2]))


def unpacked(body: bytes, encoding: str) -> bytes:
    """Undo what was packed although it was not asked for; ``encoding`` is the Content-Encoding.

    Bytes that are an image as they are stay so, whatever is said of them. Raises ``UnpackError``.
    """
    for coding in reversed([part.strip().lower() for part in encoding.split(",")]):
        if coding in _NONE or is_image(body):
            continue
        if coding not in _ZLIB:
            raise UnpackError(Message("note.unknown_encoding", {"encoding": ascii(coding[:20])}))
        body = _inflated(body, coding)
    return body


def _inflated(body: bytes, coding: str) -> bytes:
    # 47: gzip's or zlib's header, whichever is there; -15: none (zlib.h, inflateInit2)
    for window in (47, -15) if coding == "deflate" else (47,):
        try:
            inflated = zlib.decompressobj(window).decompress(body, MAX_BYTES + 1)
        except zlib.error:
            continue
        if len(inflated) > MAX_BYTES:
            places = {"bytes": len(body), "most": MAX_BYTES // 1_000_000}
            raise UnpackError(Message("note.unpacks_too_large", places), is_too_large=True)
        return inflated
    raise UnpackError(Message("note.not_encoded", {"encoding": coding}))


def is_image(body: bytes) -> bool:
    """Say whether bytes begin as an image that is read."""
    try:
        format_of(body)
    except ImageError:
        return False
    return True


def is_over_bounds(error: Exception) -> bool:
    """Say whether an answer was not read because its headers are more than we take."""
    said = getattr(error, "message", "")
    return isinstance(error.__cause__, LineTooLong) or said.startswith(_OVER_BOUNDS)


def connection_note(error: Exception) -> Message:
    """Say in words why a connection failed, or gave nothing that can be read."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Message("note.name_unknown")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Message("note.certificate_not_valid")
    if isinstance(error, aiohttp.ClientSSLError):
        return Message("note.no_secure_connection")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Message("note.closed_without_answer")
    if isinstance(error, aiohttp.ClientResponseError):
        return Message("note.answer_not_http")
    if isinstance(error, socket.gaierror | UnicodeError | aiohttp.InvalidURL):
        return Message("note.name_unknown")
    number = getattr(error, "errno", None)
    said = getattr(error, "strerror", None) or str(error)
    key = _BY_NUMBER.get(number) if isinstance(number, int) else None
    return Message(key) if key else Message("note.connection_failed", {"error": said[:200]})
