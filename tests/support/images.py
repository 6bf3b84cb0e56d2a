"""Judging an image file in one step, as the download does it in two."""

from tasks.images.decoding import decode
from tasks.quality import QualityLimits, measure
from tasks.records import Measures


def examine(data: bytes, limits: QualityLimits) -> tuple[str, Measures]:
    """Return an image file's format and measures; raises ``ImageError``."""
    decoded = decode(data)
    return decoded.format, measure(decoded, limits)
