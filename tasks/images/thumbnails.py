"""Small images for people to look at: JPEG, upright, on white, without metadata."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from tasks.images.decoding import decode

_QUALITY = 80


def thumbnail(image: Path | bytes, max_side_px: int) -> bytes:
    """Return a JPEG of an image file, neither side longer than ``max_side_px``.

    A smaller image keeps its size. Raises ``ImageError``, and ``OSError`` where there is no such
    file.
    """
    data = image if isinstance(image, bytes) else image.read_bytes()
    small = Image.fromarray(decode(data, smallest_side=max_side_px).pixels)
    small.thumbnail((max_side_px, max_side_px), reducing_gap=2)
    out = BytesIO()
    small.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
