"""Reading of a WebP file as browsers read it, so that nothing but its pixels decides. Pure.

A WebP is a RIFF: a chain of chunks (RFC 9649, 2.3). Of an animation the first frame alone is kept;
EXIF and XMP are left out, by which browsers do not turn a WebP.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_FRAME, _ALPHA_FLAG, _ANIMATION_FLAG = b"ANMF", 0x10, 0x02
_FRAME_HEADER_BYTES = 16


class WebpError(ValueError):
    """The file has no chain of chunks that gives an image."""


class Webp(NamedTuple):
    """A file that holds one still image, and what else is to be known of it."""

    canvas: tuple[int, int] | None  # px: width and height of the whole, where a frame is a part
    offset: tuple[int, int]  # px: where on it the frame lies
    size: tuple[int, int]  # px: width and height of the frame
    plain: bytes
    profile: bytes  # ICC's, empty for none
    is_animated: bool


def read(data: bytes) -> Webp:
    """Take a file apart; raises ``WebpError`` where a browser shows nothing of it either."""
    end = 8 + int.from_bytes(data[4:8], "little")
    chunks = list(_chunks(data[12:end]))
    first = dict(reversed(chunks))  # of several with one name the first counts
    frames = sum(name == _FRAME for name, _ in chunks)
    canvas, offset = None, (0, 0)
    if not frames and first.get(b"VP8X", b"\0")[0] & _ANIMATION_FLAG:
        raise WebpError("its first frame is not there, or not whole")
    if frames:
        frame = first[_FRAME]
        extended = first.get(b"VP8X", b"")
        if len(frame) < _FRAME_HEADER_BYTES or len(extended) != 10:
            raise WebpError("its first frame is damaged")
        x, y = (2 * int.from_bytes(frame[at : at + 3], "little") for at in (0, 3))
        width, height = (1 + int.from_bytes(extended[at : at + 3], "little") for at in (4, 7))
        canvas, offset = (width, height), (x, y)
        image = dict(reversed(list(_chunks(frame[_FRAME_HEADER_BYTES:]))))
    else:
        image = first
    coded = next((name for name in (b"VP8 ", b"VP8L") if name in image), None)
    if coded is None:
        raise WebpError("its image is not there, or not whole")
    profile = first.get(b"ICCP", b"")
    size = _size(coded, image[coded])
    return Webp(canvas, offset, size, _still(image, coded, size), profile, frames > 1)


def _size(coded: bytes, content: bytes) -> tuple[int, int]:
    """Return width and height as the image's own header has them."""
    content = content.ljust(10, b"\0")
    if coded == b"VP8L":  # RFC 9649, 3.4: after a signature, 14 bits of each
        bits = int.from_bytes(content[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", content, 6)  # of the key frame (RFC 6386, 9.1)
    return width & 0x3FFF, height & 0x3FFF


def _still(image: dict[bytes, bytes], coded: bytes, size: tuple[int, int]) -> bytes:
    if coded == b"VP8L" or b"ALPH" not in image:
        return _riff([(coded, image[coded])])
    sides = b"".join((side - 1).to_bytes(3, "little", signed=True) for side in size)
    extended = bytes((_ALPHA_FLAG, 0, 0, 0)) + sides
    return _riff([(b"VP8X", extended), (b"ALPH", image[b"ALPH"]), (coded, image[coded])])


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and content of each chunk that is whole."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        content = data[at + 8 : at + 8 + length]
        if len(content) < length:
            return
        yield data[at : at + 4], content
        at += 8 + length + length % 2


def _riff(chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
