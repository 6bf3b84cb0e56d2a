"""Small images for people to look at: JPEG, upright, on white, without metadata."""

from io import BytesIO
from pathlib import Path

from tasks.images.decoding import opened, upright_rgb

_QUALITY = 80


def thumbnail(image: Path | bytes, max_side_px: int) -> bytes:
    """Return a JPEG of an image file, neither side longer than ``max_side_px``.

    A smaller image keeps its size. Raises ``ImageError``, and ``OSError`` where there is no such
    file.
    """
    data = image if isinstance(image, bytes) else image.read_bytes()
    with opened(data) as whole:
        # A JPEG is decoded at an eighth, a quarter or half its size where that is enough.
        whole.draft("RGB", (max_side_px, max_side_px))
        small = upright_rgb(whole)
        small.thumbnail((max_side_px, max_side_px), reducing_gap=2)
        small.info.clear()  # Pillow would write the original's comment again
        out = BytesIO()
        small.save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()
