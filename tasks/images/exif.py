"""The orientation of an image by its EXIF, read as Chromium reads it. Pure.

EXIF is a TIFF (Exif 3.0, 4.5). Of its first directory the first entry counts that is an orientation
of the right type; whatever else is in it, and whatever is wrong with it, decides nothing.
"""

import struct

_ORIENTATION, _SHORT, _ENTRY_BYTES = 0x0112, 3, 12
UPRIGHT = 1


def orientation(tiff: bytes) -> int:
    """Return how the stored pixels lie, 1 … 8 (Exif 3.0, 4.6.5.1.6); 1, upright, if in doubt."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return UPRIGHT
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    if at + 2 > len(tiff):
        return UPRIGHT
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    for entry in range(at + 2, min(at + 2 + count * _ENTRY_BYTES, len(tiff)), _ENTRY_BYTES):
        if entry + _ENTRY_BYTES > len(tiff):
            break
        tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if (tag, kind, values) == (_ORIENTATION, _SHORT, 1):
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
