"""The part of an image that a model sees: resized, then cut from the middle. Pure.

Stock image processors of transformers resize by Pillow. Where the shape is kept, PyTorch gives the
same in a quarter of the time, but for one value in hundreds that is a step or two of 256 off. Where
it is not, Pillow may begin with the other side, and the differences are larger: that is left to it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tasks.arrays import Pixels
from tasks.images.limits import MAX_PIXELS

_TORCH_MODES = {Image.Resampling.BILINEAR: "bilinear", Image.Resampling.BICUBIC: "bicubic"}


@dataclass(frozen=True, slots=True)
class Crop:
    """How a model's images are made: the processor settings that its files name."""

    resized: int | tuple[int, int]  # px: the shorter side, or (height, width) whatever the shape
    kept: tuple[int, int]  # px: (height, width) of the middle; nowhere larger than what is resized
    resample: int  # Pillow's number of the filter

    def __call__(self, pixels: Pixels) -> Pixels:
        """Make the crop of an RGB image (height, width, 3): uint8, (*kept, 3)."""
        height, width = pixels.shape[:2]
        new_height, new_width = self._resized(height, width)
        kept_height, kept_width = self.kept
        top, left = (new_height - kept_height) // 2, (new_width - kept_width) // 2
        resample = Image.Resampling(self.resample)
        if new_height * new_width <= MAX_PIXELS:
            mode = _TORCH_MODES.get(resample) if isinstance(self.resized, int) else None
            whole = (
                _resized_by_torch(pixels, new_height, new_width, mode)
                if mode
                else np.asarray(Image.fromarray(pixels).resize((new_width, new_height), resample))
            )
            return whole[top : top + kept_height, left : left + kept_width]
        # A line of pixels would fill the memory. Only the middle is resized, rounded otherwise.
        down, right = height / new_height, width / new_width
        box = (left * right, top * down, (left + kept_width) * right, (top + kept_height) * down)
        image = Image.fromarray(pixels)
        return np.asarray(image.resize((kept_width, kept_height), resample, box))

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if isinstance(self.resized, tuple):
            return self.resized
        short = min(height, width)
        return self.resized * height // short, self.resized * width // short


def _resized_by_torch(pixels: Pixels, height: int, width: int, mode: str) -> Pixels:
    import torch  # takes seconds, so only what needs it does

    image = torch.from_numpy(np.require(pixels, requirements="W")).permute(2, 0, 1)[None]
    resized = torch.nn.functional.interpolate(image, (height, width), mode=mode, antialias=True)
    return np.asarray(resized[0].permute(1, 2, 0))
