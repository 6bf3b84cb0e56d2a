"""Judging of one image by itself: pixels in; measures, or a named reason, out.

Pure: no network, no files. All that is measured is measured of the upright pixels in sRGB.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from tasks.arrays import Grey
from tasks.images.decoder import Decoded, ImageError
from tasks.measures import MEASURES
from tasks.measures.measure import Measure, View
from tasks.records import Measures
from words import Message


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """The least that an image has to reach, by the name of a measure; its default where none is."""

    least: Mapping[str, float] = field(default_factory=dict)

    def of(self, measure: Measure) -> float:
        """Return the least of a measure."""
        return self.least.get(measure.name, measure.least)


def measure(decoded: Decoded, limits: QualityLimits) -> Measures:
    """Measure a decoded image. Raises ``ImageError`` where it stays below a limit."""
    pixels = decoded.pixels
    view = View(pixels, np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8))
    values = {measure.name: measure.of(view) for measure in MEASURES}
    height, width = view.grey.shape
    measures = Measures(
        width=width,
        height=height,
        phash=perceptual_hash(view.grey),
        values={one.name: values[one.name] for one in MEASURES if one.is_recorded},
        is_animated=decoded.is_animated,
        mode=decoded.mode,
    )
    for one in MEASURES:
        value, least = values[one.name], limits.of(one)
        if value < least:
            places = {one.name: round(value, 1), "least": least}
            raise ImageError(one.reason, Message(f"note.{one.name}_below", places), measures)
    return measures


def perceptual_hash(grey: Grey) -> str:
    """Return the 64-bit DCT hash of a grey image (h, w) as 16 hex digits.

    The 8×8 lowest frequencies of the image at 32×32, each compared with their median (Zauner,
    "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
    """
    image = Image.fromarray(grey)
    # A gap of 2 takes a third of the time, and copies of other sizes come out as near.
    small = image.resize((32, 32), Image.Resampling.BILINEAR, reducing_gap=2)
    lowest = cv2.dct(np.asarray(small, np.float32))[:8, :8].ravel()
    ordered = np.sort(lowest)
    median = (ordered[31] + ordered[32]) / 2  # np.median takes as long as the transform
    return np.packbits(lowest > median).tobytes().hex()
