"""Judging one image by itself: bytes in; pixels and measurements, or a named reason, out.

Pure: no network, no files. Every image is decoded once, upright, in sRGB, on white where it is
transparent; all that is measured of it is measured of those pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base

from tasks.arrays import Grey, Pixels
from tasks.records import Measures, Reason

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MAX_PIXELS = 100_000_000  # a 100-megapixel RGB image takes 300 MB to decode
MAX_PROFILE_BYTES = 4_000_000  # printers' profiles have up to two million

_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
# By the value of EXIF's orientation (Exif 3.0, 4.6.5.1.6): how the stored pixels become upright.
_TURN_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.transpose(stored, (1, 0, 2)),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(np.transpose(stored, (1, 0, 2)), 2),
    8: np.rot90,
}
# The first bytes of formats that the web has and this program does not read.
_OTHER_FORMATS = {
    b"<svg": "SVG", b"<?xml": "SVG or XML", b"\0\0\1\0": "ICO", b"8BPS": "PSD", b"qoif": "QOI",
    b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL ": "JPEG XL", b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"P4\n": "PBM", b"P5\n": "PGM", b"P6\n": "PPM",
}  # fmt: skip
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")  # ISO/IEC 23008-12, annex B

Image.MAX_IMAGE_PIXELS = None  # `decode` has its own limit, checked before the pixels are touched


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


class Decoded(NamedTuple):
    """An image file's picture."""

    format: str  # as Pillow names it
    pixels: Pixels  # upright sRGB, (height, width, 3)
    is_animated: bool  # and this is the first frame


def examine(data: bytes, limits: QualityLimits) -> tuple[str, Measures]:
    """Decode and measure an image file.

    Returns its format (as Pillow names it) and its measures. Raises ``QualityError`` where it is
    no image, does not decode whole, or stays below the limits.
    """
    decoded = decode(data)
    return decoded.format, measure(decoded, limits)


def measure(decoded: Decoded, limits: QualityLimits) -> Measures:
    """Measure a decoded image. Raises ``QualityError`` where it stays below the limits."""
    _, pixels, is_animated = decoded
    height, width = pixels.shape[:2]
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    measures = Measures(width, height, sharpness(grey), perceptual_hash(grey), is_animated)
    if min(width, height) < limits.min_side_px:
        detail = f"{width}×{height}, the shorter side has less than {limits.min_side_px} px"
        raise QualityError(Reason.TOO_SMALL, detail, measures)
    if measures.sharpness < limits.min_sharpness:
        detail = f"sharpness {measures.sharpness:.1f}, less than {limits.min_sharpness:g}"
        raise QualityError(Reason.BLURRED, detail, measures)
    return measures


def decode(data: bytes) -> Decoded:
    """Decode an image file to upright sRGB, uint8, shape (height, width, 3).

    The first frame counts of an animation. Raises ``QualityError``.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                detail = f"{width}×{height}, more than {MAX_PIXELS // 1_000_000} megapixels"
                raise QualityError(Reason.TOO_MANY_PIXELS, detail)
            # Phones write several pictures into one JPEG file, which Pillow calls MPO.
            file_format = "JPEG" if image.format == "MPO" else str(image.format)
            is_animated = image.format in _ANIMATED and image.is_animated  # type: ignore[attr-defined]
            pixels = _fast_jpeg(data, image)
            if pixels is None:
                pixels = np.asarray(in_srgb(upright_rgb(image), image))
            return Decoded(file_format, pixels, is_animated)
    except QualityError:
        raise
    except UnidentifiedImageError as error:
        if name := _other_format(data):
            raise QualityError(Reason.UNSUPPORTED_FORMAT, name) from error
        raise QualityError(Reason.NOT_AN_IMAGE, f"begins with {data[:8]!r}") from error
    except Exception as error:  # decoders raise anything on hostile bytes; it is one image's fate
        raise QualityError(Reason.UNDECODABLE, f"{type(error).__name__}: {error}") from error


def _fast_jpeg(data: bytes, image: Image.Image) -> Pixels | None:
    """Decode the usual JPEG by TurboJPEG, to the same pixels in two thirds of Pillow's time.

    Returns None for any other (CMYK, another colour space) and where the file has a flaw: Pillow
    knows whether that can be passed over.
    """
    if image.format != "JPEG" or image.mode not in ("RGB", "L") or _to_srgb_of(image):
        return None
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB")
    except ValueError:
        return None
    turn = _TURN_UPRIGHT.get(image.getexif().get(Base.Orientation, 1))
    return np.ascontiguousarray(turn(pixels)) if turn else pixels


def _other_format(data: bytes) -> str:
    """Return the name of a format that is not read, by the first bytes; empty for no image."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return next((name for start, name in _OTHER_FORMATS.items() if data.startswith(start)), "")


def upright_rgb(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF says, lay it on white where transparent, and make it RGB.

    A colour profile of RGB still holds of the result; a CMYK picture becomes sRGB by its profile.
    """
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):  # Pillow would clip 16 bits to 8 instead of scaling
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert(
            "RGB"
        )
    if upright.mode == "CMYK" and (transform := _to_srgb_of(image)):
        return transform.apply(upright)
    return upright.convert("RGB")


def in_srgb(upright: Image.Image, image: Image.Image) -> Image.Image:
    """Convert what ``upright_rgb`` made of ``image`` to sRGB, by the image's colour profile."""
    transform = None if image.mode == "CMYK" else _to_srgb_of(image)
    return transform.apply(upright) if transform else upright


def _to_srgb_of(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """Return what converts the image's colours to sRGB; None where they are, or nothing is said."""
    profile = image.info.get("icc_profile") or b""
    space = "CMYK" if image.mode == "CMYK" else "RGB"
    if image.mode == "L" or profile[16:20].strip() != space.encode():  # ICC.1:2022, 7.2.6
        return None
    return _to_srgb(profile, space) if len(profile) <= MAX_PROFILE_BYTES else None


@lru_cache(maxsize=8)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):  # a broken profile is passed over, as browsers do
        return None


def sharpness(grey: Grey) -> float:
    """Return the variance of the Laplacian of a grey image (h, w).

    The focus measure of Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
    2000. The 16-bit Laplacian is exact for 8-bit input, and so are its sums.
    """
    laplacian = cv2.Laplacian(grey, cv2.CV_16S)
    mean = cv2.sumElems(laplacian)[0] / laplacian.size
    return cv2.norm(laplacian, cv2.NORM_L2SQR) / laplacian.size - mean**2


def perceptual_hash(grey: Grey) -> str:
    """Return the 64-bit DCT hash of a grey image (h, w) as 16 hex digits.

    The 8×8 lowest frequencies of the picture at 32×32, each compared with their median (Zauner,
    "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
    """
    image = Image.fromarray(grey)
    # A gap of 2 takes a third of the time, and copies of other sizes come out as near.
    small = image.resize((32, 32), Image.Resampling.BILINEAR, reducing_gap=2)
    lowest = cv2.dct(np.asarray(small, np.float32))[:8, :8].ravel()
    ordered = np.sort(lowest)
    median = (ordered[31] + ordered[32]) / 2  # np.median takes as long as the transform
    return np.packbits(lowest > median).tobytes().hex()
