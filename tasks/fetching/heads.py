"""Heads of HTTP answers that every browser reads and that aiohttp's parser refuses.

Some servers and proxies say ``Content-Length`` twice. Where both lines say the same, the answer is
as good as any (RFC 9110, 8.6), so the second is taken out before the parser sees it.
"""

from typing import Any

from aiohttp.client_proto import ResponseHandler

from tasks.fetching.answers import MAX_HEAD_BYTES


class LenientHandler(ResponseHandler):
    """The protocol of a connection, which mends the head of each answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: bytearray | None = None  # what came of it; None once it has passed

    def set_response_params(self, **params: Any) -> None:
        """Prepare for the next answer."""
        super().set_response_params(**params)
        self._head = bytearray()

    def data_received(self, data: bytes) -> None:
        """Hold back the head until it is whole."""
        if self._head is None:
            super().data_received(data)
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) <= MAX_HEAD_BYTES and b"\n\n" not in self._head:
            return
        whole, self._head = bytes(self._head), None
        if end >= 0 and whole.startswith(b"HTTP/1.") and whole[8:10] == b" 1":  # another follows
            self._head = bytearray()
        super().data_received(mended(whole[:end]) + whole[end:] if end >= 0 else whole)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Hand over what was held back."""
        if self._head:
            whole, self._head = bytes(self._head), None
            super().data_received(whole)
        super().connection_lost(exc)


def mended(head: bytes) -> bytes:
    """Return a head in which each ``Content-Length`` stands once; different ones stay."""
    lines = head.split(b"\r\n")
    kept: list[bytes] = []
    seen: set[bytes] = set()
    for line in lines:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            if value.strip() in seen:
                continue
            seen.add(value.strip())
        kept.append(line)
    return b"\r\n".join(kept)
