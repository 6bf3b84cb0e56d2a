"""Decoding of image files: bytes in; upright sRGB pixels, or a named reason, out. Pure.

An image is laid on white where it is transparent, and the first frame counts of an animation. Every
file that came from outside is opened by ``opened``.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
import simplejpeg
from PIL import Image, ImageCms, ImageOps
from PIL.ExifTags import Base

from tasks.arrays import Pixels
from tasks.records import Measures, Reason
from words import Message

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


class ImageError(Exception):
    """An image is rejected; ``reason`` and ``note`` say why, ``measures`` how far it fell short."""

    def __init__(self, reason: str, note: Message, measures: Measures | None = None) -> None:
        super().__init__(f"{reason}: {note}")
        self.reason = reason
        self.note = note
        self.measures = measures


class Decoded(NamedTuple):
    """An image file's image."""

    format: str  # as Pillow names it
    pixels: Pixels  # upright sRGB, (height, width, 3)
    is_animated: bool  # and this is the first frame


@contextmanager
def opened(data: bytes) -> Iterator[Image.Image]:
    """Open an image file without decoding it.

    Raises ``ImageError``, also in place of whatever the block raises.

    ``PIL.Image.open`` is not used, as its guard against decompression bombs is a setting of the
    whole process; the limit here is checked before a pixel is touched.
    """
    try:
        image = _identified(data)
        if image is None:
            raise _no_image(data)
        width, height = image.size
        if width * height > MAX_PIXELS:
            size = {"width": width, "height": height, "most": MAX_PIXELS // 1_000_000}
            raise ImageError(Reason.TOO_MANY_PIXELS, Message("note.too_many_pixels", size))
        with image:
            yield image
    except ImageError:
        raise
    except Exception as error:  # decoders raise anything on hostile bytes; it is one image's fate
        note = Message("note.decoder_error", {"error": f"{type(error).__name__}: {error}"})
        raise ImageError(Reason.UNDECODABLE, note) from error


def _identified(data: bytes) -> Image.Image | None:
    """Return the file as the first of ``FORMATS`` reads it; None where none does."""
    Image.preinit()
    if not all(name in Image.OPEN for name in FORMATS):
        Image.init()
    for name in FORMATS:
        factory, accept = Image.OPEN[name]
        is_its = not accept or accept(data[:16])
        if isinstance(is_its, str) or not is_its:  # a text says why it cannot be read here
            continue
        try:
            return factory(BytesIO(data), "")
        except (SyntaxError, IndexError, TypeError, struct.error):  # as PIL.Image.open has it
            continue
    return None


def decode(data: bytes) -> Decoded:
    """Decode an image file to upright sRGB, uint8, shape (height, width, 3).

    The first frame counts of an animation. Raises ``ImageError``.
    """
    with opened(data) as image:
        # Phones write several images into one JPEG file, which Pillow calls MPO.
        file_format = "JPEG" if image.format == "MPO" else str(image.format)
        is_animated = image.format in _ANIMATED and image.is_animated  # type: ignore[attr-defined]
        pixels = _fast_jpeg(data, image)
        if pixels is None:
            pixels = np.asarray(in_srgb(upright_rgb(image), image))
        return Decoded(file_format, pixels, is_animated)


def _no_image(data: bytes) -> ImageError:
    if name := _other_format(data):
        return ImageError(Reason.UNSUPPORTED_FORMAT, Message("note.other_format", {"format": name}))
    return ImageError(Reason.NOT_AN_IMAGE, Message("note.first_bytes", {"bytes": repr(data[:8])}))


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

    A colour profile of RGB still holds of the result; a CMYK image becomes sRGB by its profile.
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
