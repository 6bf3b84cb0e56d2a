"""Judging one image by itself: bytes in; pixels and measurements, or a named reason, out.

Pure: no network, no files. Every image is decoded once, upright, on white where it is transparent.
"""

from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from tasks.records import Measures, Reason

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MAX_PIXELS = 100_000_000  # a 100-megapixel RGB image takes 300 MB to decode

# The first bytes of formats that the web has and this program does not read.
_OTHER_FORMATS = {
    b"<svg": "SVG", b"<?xml": "SVG or XML", b"\0\0\1\0": "ICO", b"8BPS": "PSD", b"qoif": "QOI",
    b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL ": "JPEG XL", b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"P4\n": "PBM", b"P5\n": "PGM", b"P6\n": "PPM",
}  # fmt: skip
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")  # ISO/IEC 23008-12, annex B

Image.MAX_IMAGE_PIXELS = None  # `decode` has its own limit, checked before the pixels are touched

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What an image has to reach."""

    min_side_px: int = 300
    min_sharpness: float = 50.0  # variance of the Laplacian


class QualityError(Exception):
    """An image is not good enough; ``reason`` and ``detail`` say why, ``measures`` how far."""

    def __init__(self, reason: Reason, detail: str, measures: Measures | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.measures = measures


def examine(data: bytes, limits: QualityLimits) -> tuple[str, Measures]:
    """Decode and measure an image file.

    Returns its format (as Pillow names it) and its measures. Raises ``QualityError`` where it is
    no image, does not decode whole, or stays below the limits.
    """
    file_format, pixels = decode(data)
    height, width = pixels.shape[:2]
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    measures = Measures(width, height, sharpness(grey), perceptual_hash(grey))
    if min(width, height) < limits.min_side_px:
        detail = f"{width}×{height}, the shorter side has less than {limits.min_side_px} px"
        raise QualityError(Reason.TOO_SMALL, detail, measures)
    if measures.sharpness < limits.min_sharpness:
        detail = f"sharpness {measures.sharpness:.1f}, less than {limits.min_sharpness:g}"
        raise QualityError(Reason.BLURRED, detail, measures)
    return file_format, measures


def decode(data: bytes) -> tuple[str, Pixels]:
    """Decode an image file to upright RGB, uint8, shape (height, width, 3).

    The first frame counts of an animation. Raises ``QualityError``.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                detail = f"{width}×{height}, more than {MAX_PIXELS // 1_000_000} megapixels"
                raise QualityError(Reason.TOO_MANY_PIXELS, detail)
            image.load()
            # Phones write several pictures into one JPEG file, which Pillow calls MPO.
            file_format = "JPEG" if image.format == "MPO" else str(image.format)
            return file_format, np.asarray(upright_rgb(image))
    except QualityError:
        raise
    except UnidentifiedImageError as error:
        if name := _other_format(data):
            raise QualityError(Reason.UNSUPPORTED_FORMAT, name) from error
        raise QualityError(Reason.NOT_AN_IMAGE, f"begins with {data[:8]!r}") from error
    except Exception as error:  # decoders raise anything on hostile bytes; it is one image's fate
        raise QualityError(Reason.UNDECODABLE, f"{type(error).__name__}: {error}") from error


def _other_format(data: bytes) -> str:
    """Return the name of a format that is not read, by the first bytes; empty for no image."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return next((name for start, name in _OTHER_FORMATS.items() if data.startswith(start)), "")


def upright_rgb(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF says, lay it on white where transparent, and make it RGB."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):  # Pillow would clip 16 bits to 8 instead of scaling
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert(
            "RGB"
        )
    return upright.convert("RGB")


def sharpness(grey: Pixels) -> float:
    """Return the variance of the Laplacian of a grey image, shape (height, width).

    The focus measure of Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
    2000. The 16-bit Laplacian is exact for 8-bit input.
    """
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    return float(deviation[0, 0] ** 2)


def perceptual_hash(grey: Pixels) -> str:
    """Return the 64-bit DCT hash of a grey image as 16 hex digits.

    The 8×8 lowest frequencies of the picture at 32×32, each compared with their median (Zauner,
    "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[:8, :8].ravel()
    return np.packbits(lowest > np.median(lowest)).tobytes().hex()
