"""Taking the metadata out of a JPEG file without touching its pixels.

A JPEG is a chain of segments, each a marker and its payload (ITU T.81, annex B). The image needs
its tables, frames and scans; of the application segments only the colour profile (APP2), JFIF
(APP0) and Adobe's colour transform (APP14) say how to show it. EXIF, GPS, XMP, previews, comments,
and whatever follows the end of the image are left out.
"""

from collections.abc import Iterator

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APPS = range(0xE0, 0xF0)
_ALONE = frozenset({0x01, _SOI, *range(0xD0, 0xD8)})  # markers without a payload
_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}


class JpegError(ValueError):
    """The bytes are no well-formed JPEG."""


def strip_metadata(data: bytes) -> bytes:
    """Return the same image without metadata, but with its colour profile.

    Raises ``JpegError`` where the chain of segments is broken.
    """
    kept = bytearray(b"\xff\xd8")
    for marker, segment in _segments(data):
        if marker == _COM or (marker in _APPS and not _is_needed(marker, segment)):
            continue
        kept += segment
        if marker == _EOI:
            return bytes(kept)
    raise JpegError("the file ends before the image does")


def _is_needed(marker: int, segment: bytes) -> bool:
    return marker in _KEPT and segment.startswith(_KEPT[marker], 4)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, whole segment) after the start of the image, a scan with its coded data."""
    if not data.startswith(b"\xff\xd8"):
        raise JpegError("the file does not begin as a JPEG")
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise JpegError(f"a marker was expected at byte {at}")
        while at + 1 < len(data) and data[at + 1] == 0xFF:  # fill bytes
            at += 1
        if at + 1 >= len(data):
            break
        marker = data[at + 1]
        end = at + 2
        if marker not in _ALONE and marker != _EOI:
            end += int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SOS:
            end = _end_of_scan(data, end)
        if end > len(data):
            break
        yield marker, data[at:end]
        at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the coded data ends: at the next marker that is no restart and no stuffed FF."""
    while (at := data.find(b"\xff", at)) >= 0:
        if at + 1 < len(data) and data[at + 1] not in (0x00, 0xFF, *range(0xD0, 0xD8)):
            return at
        at += 1 if data[at + 1 : at + 2] == b"\xff" else 2
    return len(data)
