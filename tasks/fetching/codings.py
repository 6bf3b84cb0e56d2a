"""The codings of a body, undone; its bytes have the last word on what they are."""

import zlib
from collections.abc import Iterable

from tasks.fetching.failures import AnswerError
from tasks.images.decoder import ImageError, format_of
from tasks.images.limits import MAX_BYTES
from tasks.records import Reason
from words import Message

MAX_CODINGS = 4  # of one body

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_PACKED_OTHERWISE = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


def unpacked(body: bytes, encodings: Iterable[str]) -> bytes:
    """Undo what the values of ``Content-Encoding`` name; raises ``AnswerError``.

    Bytes that are an image as they stand are taken so, whatever is said of them; and a name that
    means no compression (``aws-chunked``, ``utf-8``, ``none``) is passed over.
    """
    codings = [coding.strip().lower() for coding in ",".join(encodings).split(",")]
    if len(codings) > MAX_CODINGS:
        places = {"count": len(codings), "most": MAX_CODINGS}
        raise AnswerError(Reason.NOT_AN_IMAGE, Message("note.too_many_encodings", places))
    for coding in reversed(codings):  # the last one was applied last
        if _is_image(body):
            break
        if coding in _PACKED:
            body = _inflated(body, coding)
        elif coding in _PACKED_OTHERWISE:
            note = Message("note.unknown_encoding", {"encoding": coding})
            raise AnswerError(Reason.NOT_AN_IMAGE, note)
    return body


def _inflated(body: bytes, coding: str) -> bytes:
    # 47: gzip's or zlib's header, whichever is there; -15: none, as some send deflate (zlib.h,
    # inflateInit2)
    for window_bits in (47, -15):
        try:
            inflated = zlib.decompressobj(window_bits).decompress(body, MAX_BYTES + 1)
        except zlib.error:
            continue
        if len(inflated) > MAX_BYTES:
            places = {"bytes": len(body), "most": MAX_BYTES // 1_000_000}
            raise AnswerError(Reason.UNPACKS_TOO_LARGE, Message("note.unpacks_too_large", places))
        return inflated
    note = Message("note.not_encoded", {"encoding": coding})
    raise AnswerError(Reason.NOT_AN_IMAGE, note)


def _is_image(body: bytes) -> bool:
    try:
        format_of(body)
    except ImageError:
        return False
    return True
