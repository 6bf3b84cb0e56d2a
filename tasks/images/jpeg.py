"""Reading of a JPEG file's segments, and taking out of them what is no part of the image. Pure.

A JPEG is a chain of segments, each a marker and its payload (ITU T.81, annex B). The image needs
its tables, frames and scans; of the application segments only the colour profile (APP2), JFIF
(APP0) and Adobe's colour transform (APP14) say how to show it. EXIF, GPS, XMP, previews, comments,
and whatever follows the end of the image are left out. What stands between segments and is none is
passed over, as libjpeg does, which browsers use.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tasks.images.exif import UPRIGHT, orientation

_SOI, _EOI, _SOS, _COM, _APP1 = 0xD8, 0xD9, 0xDA, 0xFE, 0xE1
_APPS = range(0xE0, 0xF0)
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # SOF0 … SOF15
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ALONE = frozenset({0x01, _SOI, *range(0xD0, 0xD8)})  # markers without a payload
_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_EXIF = b"Exif\0\0"
_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)


class JpegError(ValueError):
    """The bytes are no JPEG that holds an image."""


class Jpeg(NamedTuple):
    """The image alone, and what its segments say of it."""

    plain: bytes  # the same image without metadata, but with its colour profile
    orientation: int  # by EXIF: 1 is upright
    channels: int
    scans: int  # of a progressive image; else 0
    is_ended: bool  # by its own marker, and not by the end of the file


def read(data: bytes) -> Jpeg:
    """Take a file apart; raises ``JpegError`` where there is no image in it."""
    kept = bytearray(b"\xff\xd8")
    tiff: bytes | None = None
    scans, channels, is_progressive, is_ended = 0, 0, False, False
    for marker, segment in _segments(data):
        payload = segment[4:]
        if marker == _APP1 and tiff is None and payload.startswith(_EXIF):
            tiff = payload[len(_EXIF) :]
        if marker in _FRAMES and not channels:
            channels = payload[5] if len(payload) > 5 else 0
            is_progressive = marker in _PROGRESSIVE
        scans += marker == _SOS
        is_ended = marker == _EOI
        if marker != _COM and (marker not in _APPS or _is_needed(marker, payload)):
            kept += segment
        if is_ended:
            break
    if not scans or not channels:
        raise JpegError("there is no image in the file")
    return Jpeg(
        plain=bytes(kept if is_ended else kept + b"\xff\xd9"),
        orientation=orientation(tiff) if tiff else UPRIGHT,
        channels=channels,
        scans=scans if is_progressive else 0,
        is_ended=is_ended,
    )


def _is_needed(marker: int, payload: bytes) -> bool:
    return marker in _KEPT and payload.startswith(_KEPT[marker])


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, whole segment) after the start of the image, a scan with its coded data."""
    if not data.startswith(b"\xff\xd8"):
        raise JpegError("the file does not begin as a JPEG")
    at = 2
    while found := _MARKER.search(data, at):
        at, end = found.span()
        marker = data[end - 1]
        if marker not in _ALONE and marker != _EOI:
            end += max(2, int.from_bytes(data[end : end + 2], "big"))
        if end > len(data):
            return
        if marker == _SOS:  # with its coded data, in which restarts and stuffed FFs are no end
            following = _END_OF_SCAN.search(data, end)
            end = following.start() if following else len(data)
        yield marker, data[at:end]
        at = end
