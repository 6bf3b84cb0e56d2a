"""Crops of images of every shape against what Pillow makes of them."""

import numpy as np
import pytest
from PIL import Image

from tasks.images.crops import Crop

SHAPES = [(1, 1), (2, 3), (224, 224), (300, 301), (480, 640), (640, 480), (20, 2000), (2000, 20)]


def by_pillow(pixels: np.ndarray, resized: tuple[int, int], side: int, resample: int) -> np.ndarray:
    height, width = resized
    whole = Image.fromarray(pixels).resize((width, height), Image.Resampling(resample))
    left, top = (width - side) // 2, (height - side) // 2
    return np.asarray(whole.crop((left, top, left + side, top + side)))


@pytest.mark.parametrize("resample", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_crop_that_keeps_the_shape_is_that_of_pillow_but_for_rounding(
    shape: tuple[int, int], resample: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    short = min(shape)
    resized = (224 * shape[0] // short, 224 * shape[1] // short)
    crop = Crop(224, (224, 224), resample)(pixels)
    off = np.abs(crop.astype(int) - by_pillow(pixels, resized, 224, resample))
    assert crop.dtype == np.uint8
    assert off.max() <= 2
    assert (off > 0).mean() < 0.05


@pytest.mark.parametrize("resample", list(Image.Resampling))
@pytest.mark.parametrize("shape", SHAPES)
def test_a_crop_of_another_shape_is_that_of_pillow(shape: tuple[int, int], resample: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    crop = Crop((96, 96), (96, 96), resample)(pixels)
    np.testing.assert_array_equal(crop, by_pillow(pixels, (96, 96), 96, resample))


def test_pixels_that_may_not_be_written_are_cropped_and_left_as_they_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    before = pixels.copy()
    pixels.flags.writeable = False
    crop = Crop(16, (16, 16), Image.Resampling.BICUBIC)(pixels)
    assert crop.shape == (16, 16, 3)
    np.testing.assert_array_equal(pixels, before)


def test_a_line_of_pixels_does_not_fill_the_memory() -> None:
    pixels = np.full((1, 900_000, 3), 77, np.uint8)
    crop = Crop(224, (224, 224), Image.Resampling.BICUBIC)(pixels)
    np.testing.assert_array_equal(crop, np.full((224, 224, 3), 77, np.uint8))
