"""What happens to pictures on the web: they are blurred, reposted, and saved in some format."""

import io
from typing import Literal

import cv2
import numpy as np
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from tests.naver_replica.pictures import generator

Format = Literal["JPEG", "PNG", "WEBP"]

BLURRED_BELOW = 20.0  # variance of the Laplacian of the grey full-size picture

# EXIF orientation: how the stored pixels were turned, so that a reader's turn sets them upright.
STORED_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def sharpness(image: Image.Image) -> float:
    """Return the variance of the Laplacian of the grey full-size picture."""
    grey = np.asarray(image.convert("L"))
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def blur(image: Image.Image, seed: int) -> Image.Image:
    """Return the picture out of focus, in proportion to its size; its sharpness is below 25."""
    pixels = np.asarray(image.convert("RGB"))
    height, width = pixels.shape[:2]
    # The circle of confusion is a share of the shorter side, so that scaling brings no focus back.
    detail = int(generator("blur", seed).integers(36, 56))
    while True:
        shrink = min(width, height) / detail
        size = (round(width / shrink), round(height / shrink))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        blurred = Image.fromarray(cv2.GaussianBlur(large, (0, 0), shrink / 2))
        if sharpness(blurred) < BLURRED_BELOW:
            return blurred
        detail = detail * 2 // 3


def near_copy(image: Image.Image, seed: int) -> Image.Image:
    """Return a repost: cut by at most 2 %, scaled to 80-95 %, a little brighter, saved again."""
    rng = generator("near_copy", seed)
    width, height = image.size
    left, top, right, bottom = rng.uniform(0, 0.01, 4)
    box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
    scale = rng.uniform(0.8, 0.95)
    size = (round(width * scale), round(height * scale))
    smaller = image.convert("RGB").resize(size, Image.Resampling.LANCZOS, box=box)
    gain = rng.uniform(1.01, 1.05)
    brighter = smaller.point([min(255, round(level * gain)) for level in range(256)] * 3)
    saved = io.BytesIO()
    brighter.save(saved, "JPEG", quality=int(rng.integers(75, 90)))
    return Image.open(saved).convert("RGB")


def encode(image: Image.Image, fmt: Format, seed: int) -> bytes:
    """Save an RGB picture as the web would; upright once a reader obeys the EXIF orientation.

    Some JPEGs are stored turned with the tag to match, carry a GPS position, or are progressive;
    some PNGs have an alpha channel, all opaque.
    """
    rng = generator("encode", fmt, seed)
    file = io.BytesIO()
    if fmt == "PNG":
        kept = image.convert("RGBA") if rng.random() < 0.3 else image
        kept.save(file, "PNG", compress_level=1)
    elif fmt == "WEBP":
        image.save(file, "WEBP", quality=int(rng.integers(80, 96)), method=0)
    else:
        _save_jpeg(image, file, rng)
    return file.getvalue()


def _save_jpeg(image: Image.Image, file: io.BytesIO, rng: np.random.Generator) -> None:
    exif = Image.Exif()
    if rng.random() < 0.25:
        orientation = int(rng.choice(tuple(STORED_TURNS)))
        exif[Base.Orientation] = orientation
        image = image.transpose(STORED_TURNS[orientation])
    if rng.random() < 0.25:
        minutes, seconds = (float(n) for n in rng.integers(0, 60, 2))
        position = exif.get_ifd(IFD.GPSInfo)
        position[GPS.GPSLatitudeRef], position[GPS.GPSLongitudeRef] = "N", "E"
        position[GPS.GPSLatitude] = (37.0, minutes, seconds)
        position[GPS.GPSLongitude] = (126.0, seconds, minutes)
    progressive = bool(rng.random() < 0.3)
    quality = int(rng.integers(82, 96))
    image.save(file, "JPEG", quality=quality, progressive=progressive, exif=exif)
