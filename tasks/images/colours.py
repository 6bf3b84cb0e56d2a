"""The colours of an image in sRGB, by what its file says of them. Pure."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from tasks.arrays import Pixels
from tasks.images.limits import MAX_PROFILE_BYTES

Light = npt.NDArray[np.float64]  # (256,): how much light each value stands for, 0 … 1

_ROWS = 1 << 19  # pixels of a strip that is worked on at a time, so that little is in memory twice
SRGB_PRIMARIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
# By what cICP says of the primaries (ITU-T H.273, table 2), where their curve is that of sRGB.
PRIMARIES = {
    1: SRGB_PRIMARIES,
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
SRGB_CURVE = bytes((13, 0, 1))
_ALIKE = 0.01  # a gamma of 1/2.2 is nearer to the curve of sRGB than that
_D65 = np.array([0.3127 / 0.329, 1.0, (1 - 0.3127 - 0.329) / 0.329])


def in_srgb(pixels: Pixels, profile: bytes | None, mode: str) -> Pixels:
    """Convert pixels by the colour profile of RGB that a file has; any other is passed over."""
    transform = None if mode in ("L", "LA") else _transform(profile or b"", "RGB")
    if transform is None:
        return pixels
    converted = np.empty_like(pixels)
    for rows in strips(*pixels.shape[:2]):
        strip = Image.fromarray(np.ascontiguousarray(pixels[rows]))
        converted[rows] = np.asarray(transform.apply(strip))
    return converted


def from_inks(image: Image.Image, profile: bytes | None) -> Pixels:
    """Return a CMYK image as RGB (h, w, 3) by its profile of inks; without one as Pillow does."""
    transform = _transform(profile or b"", "CMYK")
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for rows in strips(*pixels.shape[:2]):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        pixels[rows] = np.asarray(transform.apply(strip) if transform else strip.convert("RGB"))
    return pixels


def on_white(layered: Pixels) -> Pixels:
    """Lay RGBA pixels (h, w, 4) on white, to the nearest value."""
    alpha = layered[..., 3:].astype(np.uint32)
    mixed = layered[..., :3] * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what converts colours of that mode to sRGB; None where the profile is of others."""
    is_of_mode = profile[16:20].strip() == mode.encode()  # ICC.1:2022, 7.2.6
    return _to_srgb(profile, mode) if is_of_mode and len(profile) <= MAX_PROFILE_BYTES else None


@lru_cache(maxsize=8)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):  # a broken profile is passed over, as browsers do
        return None


def by_primaries(pixels: Pixels, light: Light, primaries: tuple[float, ...]) -> Pixels:
    """Convert pixels to sRGB: ``light`` is what each value stands for, 0 … 1."""
    is_srgb = np.allclose(primaries, SRGB_PRIMARIES, atol=1e-3)
    if (is_srgb and np.abs(light - srgb_light()).max() < _ALIKE) or min(primaries[1::2]) <= 0:
        return pixels
    matrix = np.linalg.inv(_to_xyz(SRGB_PRIMARIES)) @ _to_xyz(primaries)
    converted = np.empty_like(pixels)
    for rows in strips(*pixels.shape[:2]):
        mixed = np.clip(light[pixels[rows]] @ matrix.T, 0, 1)
        curved = np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)
        converted[rows] = np.rint(255 * curved).astype(np.uint8)
    return converted


def srgb_light() -> Light:
    """Return what each value of sRGB stands for (IEC 61966-2-1)."""
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _to_xyz(primaries: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Return the matrix from linear RGB to XYZ, white being what the primaries say it is.

    Lindbloom, "RGB/XYZ Matrices". White is then taken for white, whatever its colour.
    """
    xy: Any = np.reshape(primaries, (4, 2))
    xyz = np.stack([xy[:, 0] / xy[:, 1], np.ones(4), (1 - xy.sum(axis=1)) / xy[:, 1]])
    white, corners = xyz[:, 0], xyz[:, 1:]
    matrix = corners * np.linalg.solve(corners, white)
    return np.asarray(matrix / white[:, None] * _D65[:, None])


def strips(height: int, width: int) -> list[slice]:
    """Return parts of the rows, few enough to hold in memory a second time."""
    step = max(1, _ROWS // max(1, width))
    return [slice(at, min(at + step, height)) for at in range(0, height, step)]
