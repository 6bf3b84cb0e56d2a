"""The part of a picture that a model sees: resized, then cut from the middle. Pure.

It is made by Pillow, as the stock image processors of transformers make it, to the same pixel: a
model gets what it was trained on.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tasks.quality import MAX_PIXELS, Pixels


@dataclass(frozen=True, slots=True)
class Crop:
    """How a model's pictures are made: the processor settings that its files name."""

    resized: int | tuple[int, int]  # px: the shorter side, or (height, width) whatever the shape
    kept: tuple[int, int]  # px: (height, width) of the middle; nowhere larger than what is resized
    resample: int  # Pillow's number of the filter

    def __call__(self, pixels: Pixels) -> Pixels:
        """Make the crop of an RGB picture (height, width, 3): uint8, (*kept, 3)."""
        height, width = pixels.shape[:2]
        new_height, new_width = self._resized(height, width)
        kept_height, kept_width = self.kept
        top, left = (new_height - kept_height) // 2, (new_width - kept_width) // 2
        resample = Image.Resampling(self.resample)
        image = Image.fromarray(pixels)
        if new_height * new_width <= MAX_PIXELS:
            whole = np.asarray(image.resize((new_width, new_height), resample))
            return whole[top : top + kept_height, left : left + kept_width]
        # A line of pixels would fill the memory. Only the middle is resized, rounded otherwise.
        down, right = height / new_height, width / new_width
        box = (left * right, top * down, (left + kept_width) * right, (top + kept_height) * down)
        return np.asarray(image.resize((kept_width, kept_height), resample, box))

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if isinstance(self.resized, tuple):
            return self.resized
        short = min(height, width)
        return self.resized * height // short, self.resized * width // short
