"""Image files of noise, and judging one in a single step, as the download does it in two."""

from io import BytesIO

import numpy as np
from PIL import Image

from tasks.images.decoding import decode
from tasks.quality import QualityLimits, measure
from tasks.records import Measures


def image_file(
    width: int = 320,
    height: int = 310,
    file_format: str = "JPEG",
    *,
    seed: int | None = None,
    mode: str = "RGB",
    **options: object,
) -> bytes:
    """Return a file of noise, the same for the same seed, which is the width if left out."""
    rng = np.random.default_rng(width if seed is None else seed)
    noise = rng.integers(0, 256, (height, width, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(noise).convert(mode).save(out, file_format, **options)
    return out.getvalue()


def examine(data: bytes, limits: QualityLimits) -> tuple[str, Measures]:
    """Return an image file's format and measures; raises ``ImageError``."""
    decoded = decode(data)
    return decoded.format, measure(decoded, limits)
