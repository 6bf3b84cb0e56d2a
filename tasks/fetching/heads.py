"""The heads of answers: read as browsers read them, and made strict for aiohttp's parser.

Hosts send what every browser takes and that parser does not: a length said twice, a length beside
``chunked``, lines that are no header, more bytes than were announced. What is out of order is put
right or left out here before the parser sees it. What comes beside the file is counted here too:
the parser's own limits do not know the sum of all heads, and none of what is said of chunks.
"""

import re
from typing import Any, NamedTuple

from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from tasks.fetching.failures import AnswerError
from tasks.records import Reason
from words import Message

# Of all heads of an answer, the interim ones (1xx) before the last one too.
MAX_HEAD_BYTES = 256_000  # about what Chromium takes (kMaxHeaderBufLen)
MAX_HEADERS = 1_000  # lines; the first line of an interim head is one
MAX_CHUNK_BYTES = (
    250_000  # of sizes, extensions and trailers; 30 MB in chunks of 1,000 have 210,000
)

_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")  # RFC 9112, 5.2
_STATUS_LINE = re.compile(rb"HTTP/(1\.0\b)?[\d.]*[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_LENGTH = re.compile(rb"0*(\d{1,18})")
_WITHOUT_BODY = frozenset({204, 304})  # RFC 9110, 6.4.1
_SWITCHING_PROTOCOLS = 101


class Head(NamedTuple):
    """A head in order; ``body_bytes`` is None where its end shows only when it comes."""

    data: bytes
    is_final: bool  # not one of the 1xx, after which another head comes
    body_bytes: int | None


class LenientHandler(ResponseHandler):
    """aiohttp's end of a connection, for answers that are not strict HTTP."""

    _head: bytearray | None = None  # so far; None once it is whole
    _head_bytes = 0  # before it
    _head_lines = 0
    _body_left: int | None = None
    _body_came = 0

    def set_response_params(self, **parameters: Any) -> None:
        """Begin with the next answer."""
        self._head = bytearray()
        self._head_bytes = self._head_lines = self._body_came = 0
        self._body_left = None
        super().set_response_params(**parameters)

    def data_received(self, data: bytes) -> None:
        """Take what came: a head is held back until it is whole."""
        if self._parser is not None and self._head is not None:
            self._reschedule_timeout()
            try:
                data = self._after_heads(data)
            except AnswerError as error:
                self._refuse(error)
                return
        if self._body_left is not None:
            is_over = len(data) > self._body_left
            data = data[: self._body_left]
            self._body_left -= len(data)
            super().data_received(data)
            if is_over:  # a browser leaves it, and the connection with it
                self._close_transport()
        else:
            super().data_received(data)
            self._body_came += len(data)
            self._refuse_too_much_beside()

    def set_exception(self, exc: BaseException, *exc_cause: BaseException) -> None:
        """Fail, and what there is of a body too: aiohttp would have it waited for."""
        if isinstance(exc, HttpProcessingError):
            exc = AnswerError(Reason.UNREACHABLE, Message("note.malformed_answer"))
        if isinstance(exc, AnswerError) and self._payload and not self._payload.is_eof():
            self._payload.set_exception(exc)
        super().set_exception(exc, *exc_cause)

    def _after_heads(self, data: bytes) -> bytes:
        """Hand on the heads that are whole; return what came of the body."""
        assert self._head is not None  # noqa: S101 — for mypy
        searched = max(0, len(self._head) - 3)
        came = data if self._head else data.lstrip(b"\r\n")
        self._head += came
        self._head_bytes += len(data) - len(came)
        if not b"HTTP/".startswith(self._head[:5].upper()):
            raise AnswerError(Reason.UNREACHABLE, Message("note.not_an_http_answer"))
        while end := _END.search(self._head, searched):
            self._head_lines += self._head.count(b"\n", 0, end.start())
            self._refuse_too_long(end.start())
            head = tidied(bytes(self._head[: end.start()]))
            super().data_received(head.data)
            del self._head[: end.end()]
            if head.is_final:
                rest, self._head, self._body_left = bytes(self._head), None, head.body_bytes
                return rest
            self._head_bytes += end.end()
            self._head_lines += 1
            searched = 0
        self._refuse_too_long(len(self._head))
        return b""

    def _refuse_too_long(self, head_bytes: int) -> None:
        if self._head_bytes + head_bytes > MAX_HEAD_BYTES or self._head_lines > MAX_HEADERS:
            places = {"most": MAX_HEAD_BYTES // 1_000, "headers": MAX_HEADERS}
            raise AnswerError(Reason.TOO_MANY_BYTES, Message("note.over_headers", places))

    def _refuse_too_much_beside(self) -> None:
        """Refuse a body of which far more came than the file itself."""
        if self._body_came > MAX_CHUNK_BYTES and self._payload is not None:
            beside = self._body_came - self._payload.total_bytes
            if beside > MAX_CHUNK_BYTES:
                note = Message("note.over_chunks", {"most": MAX_CHUNK_BYTES // 1_000})
                self._refuse(AnswerError(Reason.TOO_MANY_BYTES, note))

    def _refuse(self, error: AnswerError) -> None:
        self.set_exception(error)
        self._close_transport()

    def _close_transport(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.close()


def tidied(head: bytes) -> Head:
    """Put a head in order, given without its empty line; raises ``AnswerError``.

    As browsers have it: ``chunked`` outweighs any length, a length that is no number is none, and
    a line without a header's name is passed over. Lengths that contradict each other are refused.
    """
    status_line, *lines = _FOLD.sub(b" ", head).splitlines()
    status = _STATUS_LINE.match(status_line)
    if not status:
        raise AnswerError(Reason.UNREACHABLE, Message("note.not_an_http_answer"))
    kept = [b"HTTP/%b %b " % (status[1] or b"1.1", status[2])]
    lengths = set[int]()
    is_chunked = False
    for line in lines:
        name, colon, value = (part.strip(b" \t") for part in line.partition(b":"))
        if not colon or not _NAME.fullmatch(name):
            continue
        if name.lower() == b"content-length":
            found = (_LENGTH.fullmatch(part.strip(b" \t")) for part in value.split(b","))
            lengths |= {int(length[1]) for length in found if length}
        elif name.lower() == b"transfer-encoding":
            is_chunked |= b"chunked" in value.lower()
        else:
            kept.append(b"%b: %b" % (name, value))
    if is_chunked:
        kept.append(b"Transfer-Encoding: chunked")
        lengths.clear()
    if len(lengths) > 1:
        raise AnswerError(Reason.UNREACHABLE, Message("note.lengths_differ"))
    body_bytes = next(iter(lengths), None)
    if body_bytes is not None:
        kept.append(b"Content-Length: %d" % body_bytes)
    number = int(status[2])
    return Head(
        b"\r\n".join((*kept, b"", b"")),
        is_final=number >= 200 or number == _SWITCHING_PROTOCOLS,
        body_bytes=0 if number in _WITHOUT_BODY else body_bytes,
    )
