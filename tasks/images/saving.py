"""The JPEG file that is kept of an image, in the workspace as in the dataset.

Every one is 8-bit RGB and stands upright. One that came so keeps its bits and its colour profile;
any other is made anew from its pixels, which are sRGB.
"""

import simplejpeg

from tasks.images import jpeg
from tasks.images.decoder import Decoded
from tasks.images.decoding import decode
from tasks.images.room import room_kept

JPEG_QUALITY = 95


def kept_file(data: bytes, decoded: Decoded) -> bytes:
    """Return the file to keep of the bytes that came and what they decode to.

    Of the metadata nothing stays but the colour profile of what keeps its bits.
    """
    if decoded.is_plain_jpeg:
        return jpeg.read(data).plain
    made: bytes = simplejpeg.encode_jpeg(
        decoded.pixels, JPEG_QUALITY, colorspace="RGB", colorsubsampling="420"
    )
    return made


def saved_bytes(data: bytes) -> bytes:
    """Return the file to keep of the bytes of an image; one that was kept stays as it is.

    Raises ``ImageError``. Earlier versions kept in the workspace what came.
    """
    if _is_kept_file(data):
        return data
    with room_kept():
        return kept_file(data, decode(data))


def _is_kept_file(data: bytes) -> bool:
    try:
        file = jpeg.read(data)
    except jpeg.JpegError:
        return False
    return file.plain == data and file.channels == 3
