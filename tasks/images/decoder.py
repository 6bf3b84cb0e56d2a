"""Decoding of image files: bytes in; upright sRGB pixels, or a named reason, out. Pure.

What Chromium shows whole is taken, and as it shows it: turned by its orientation, in sRGB by its
colour profile, on white where it is transparent, the first frame of an animation. What stands
beside the pixels (EXIF, XMP, texts, checksums, what follows the end) decides nothing else. A file
that was cut short is refused, although a browser shows the part that is there.

Decoders are programs in C that are given hostile bytes. So nobody else calls this but the process
that ``decoding`` runs it in, and tests.
"""

from collections.abc import Callable
from contextvars import ContextVar
from io import BytesIO
from typing import Any, NamedTuple

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from tasks.arrays import Pixels
from tasks.images import jpeg, png, webp
from tasks.images.colours import (
    PRIMARIES,
    SRGB_CURVE,
    SRGB_PRIMARIES,
    by_primaries,
    from_inks,
    in_srgb,
    on_white,
    srgb_light,
    strips,
)
from tasks.images.exif import UPRIGHT
from tasks.images.limits import (
    MAX_PIXELS,
    MAX_SCANNED_PIXELS,
    MAX_SIDE,
)
from tasks.records import Measures, Reason
from words import Message

# By the value of the orientation (Exif 3.0, 4.6.5.1.6): how the stored pixels become upright.
_TURN_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.transpose(stored, (1, 0, 2)),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(np.transpose(stored, (1, 0, 2)), 2),
    8: np.rot90,
}
# The first bytes of the formats that are read, and of those that the web has besides.
_STARTS = {
    b"\xff\xd8\xff": "JPEG", png.SIGNATURE: "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP",
    b"\0\0\1\0": "ICO",
}  # fmt: skip
_OTHER_STARTS = {
    b"<svg": "SVG", b"<?xml": "SVG or XML", b"8BPS": "PSD", b"qoif": "QOI",
    b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL ": "JPEG XL", b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"P4\n": "PBM", b"P5\n": "PGM", b"P6\n": "PPM", b"II*\0": "TIFF", b"MM\0*": "TIFF",
    b"II+\0": "TIFF", b"MM\0+": "TIFF",
}  # fmt: skip
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")  # ISO/IEC 23008-12, annex B


# Called with the number of pixels before the first of them is made.
on_size: ContextVar[Callable[[int], object]] = ContextVar("on_size", default=lambda _: None)


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
    is_animated: bool = False  # and this is the first frame
    mode: str = "RGB"  # of the pixels as they were stored, as Pillow names it: RGB, L, CMYK …
    # Whether the file is an RGB JPEG that stands upright, without a flaw: then its bits can stay.
    is_plain_jpeg: bool = False


def decode(data: bytes, smallest_side: int = 0) -> Decoded:
    """Decode an image file.

    Where ``smallest_side`` is given, a JPEG may be decoded smaller, but no side smaller than that.
    Raises ``ImageError``.
    """
    name = format_of(data)
    try:
        return _READERS[name](data, smallest_side)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(Reason.TOO_COSTLY, Message("note.too_much_memory")) from error
    except Exception as error:  # decoders raise anything on hostile bytes; it is one image's fate
        said = str(error).strip().rstrip(".") or "no more is known"
        note = Message("note.decoder_error", {"format": name, "error": said[:200]})
        raise ImageError(Reason.UNDECODABLE, note) from error


def format_of(data: bytes) -> str:
    """Return the name of the format by the first bytes; raises ``ImageError`` for any other."""
    for start, name in _STARTS.items():
        if data.startswith(start):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    other = next((name for start, name in _OTHER_STARTS.items() if data.startswith(start)), "")
    if data[4:8] == b"ftyp":
        brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(len(data), 64), 4))]
        if any(brand in _AVIF_BRANDS for brand in brands):
            return "AVIF"
        other = "HEIF" if data[8:12] in _HEIF_BRANDS else ""
    if other:
        note = Message("note.other_format", {"format": other})
        raise ImageError(Reason.UNSUPPORTED_FORMAT, note)
    if not data:
        raise ImageError(Reason.NOT_AN_IMAGE, Message("note.empty"))
    note = Message("note.first_bytes", {"bytes": ascii(data[:8])[2:-1]})
    raise ImageError(Reason.NOT_AN_IMAGE, note)


def check_size(width: int, height: int) -> None:
    """Raise ``ImageError`` for an image that is larger than any may be; else tell ``on_size``."""
    if width * height > MAX_PIXELS:
        size = {"width": width, "height": height, "most": MAX_PIXELS // 1_000_000}
        raise ImageError(Reason.TOO_MANY_PIXELS, Message("note.too_many_pixels", size))
    if max(width, height) > MAX_SIDE:
        size = {"width": width, "height": height, "most": MAX_SIDE}
        raise ImageError(Reason.TOO_LONG, Message("note.too_long", size))
    on_size.get()(width * height)


def _jpeg(data: bytes, smallest_side: int) -> Decoded:
    file = jpeg.read(data)
    image = _opened("JPEG", file.plain)
    width, height = image.size
    check_size(width, height)
    if file.scans * width * height > MAX_SCANNED_PIXELS:
        raise ImageError(Reason.TOO_COSTLY, Message("note.too_many_scans", {"scans": file.scans}))
    pixels, is_sound = _by_turbojpeg(file, image, smallest_side)
    if pixels is None:
        if not file.is_ended:
            raise ValueError("the file ends before the image does")
        profile = image.info.get("icc_profile")
        is_of_inks = image.mode == "CMYK"
        pixels = (
            from_inks(_loaded(image), profile)
            if is_of_inks
            else in_srgb(_rgb(image), profile, image.mode)
        )
    return Decoded(
        "JPEG",
        _upright(pixels, file.orientation),
        mode=image.mode,
        is_plain_jpeg=is_sound and file.channels == 3 and file.orientation == UPRIGHT,
    )


def _by_turbojpeg(
    file: jpeg.Jpeg, image: Image.Image, smallest_side: int
) -> tuple[Pixels | None, bool]:
    """Decode to the pixels that Pillow gives, in two thirds of the time.

    Returns None for CMYK, and for a file with a flaw, of which Pillow knows whether it can be
    passed over; and whether there is none.
    """
    if image.mode == "CMYK":
        return None, False
    side = dict.fromkeys(("min_width", "min_height"), smallest_side)
    factor = {"min_factor": 2.0} if smallest_side else {}
    try:
        pixels = simplejpeg.decode_jpeg(file.plain, "RGB", **side, **factor)
    except ValueError:
        return None, False
    return in_srgb(pixels, image.info.get("icc_profile"), image.mode), True


def _png(data: bytes, _: int) -> Decoded:
    file = png.read(data)
    check_size(*file.canvas)
    try:
        image = _loaded(_opened("PNG", file.plain()))
    except (OSError, SyntaxError):  # packed with a flaw, or cut short
        image = _loaded(_opened("PNG", file.mended()))
    pixels = _on_canvas(_rgb(image), file.canvas, file.offset)
    if file.coding[1:] == SRGB_CURVE and file.coding[0] in PRIMARIES:
        pixels = by_primaries(pixels, srgb_light(), PRIMARIES[file.coding[0]])
    elif file.profile:
        pixels = in_srgb(pixels, file.profile, image.mode)
    elif file.gamma and not file.is_srgb:
        light = (np.arange(256) / 255) ** (1 / file.gamma)
        pixels = by_primaries(pixels, light, file.primaries or SRGB_PRIMARIES)
    mode = {0: "L", 4: "LA"}.get(file.header.colour, image.mode)
    return Decoded("PNG", _upright(pixels, file.orientation), file.is_animated, mode)


def _webp(data: bytes, _: int) -> Decoded:
    file = webp.read(data)
    canvas = file.canvas or file.size
    check_size(*canvas)
    stored: Any = cv2.imdecode(np.frombuffer(file.plain, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ValueError("its image is damaged, or not whole")
    height, width, channels = stored.shape
    pixels = np.empty((height, width, 3), np.uint8)
    for rows in strips(height, width):
        if channels == 3:
            pixels[rows] = stored[rows, :, ::-1]
        else:
            pixels[rows] = on_white(stored[rows, :, [2, 1, 0, 3]])
    pixels = _on_canvas(pixels, canvas, file.offset)
    mode = "RGB" if channels == 3 else "RGBA"
    return Decoded("WEBP", in_srgb(pixels, file.profile, "RGB"), file.is_animated, mode)


def _gif(data: bytes, _: int) -> Decoded:
    image = _opened("GIF", data)
    check_size(*image.size)
    tiles: Any = image.tile  # type: ignore[attr-defined]
    left, top, right, bottom = tiles[0].extents  # of the frame on its canvas
    whole = _rgb(_loaded(image))
    height, width = whole.shape[:2]
    frame = whole[max(top, 0) : bottom, max(left, 0) : right]
    pixels = _on_canvas(frame, (width, height), (left, top))  # the rest is transparent
    return Decoded("GIF", pixels, bool(getattr(image, "is_animated", False)), image.mode)


def _bitmap(name: str) -> Callable[[bytes, int], Decoded]:
    def read(data: bytes, _: int) -> Decoded:
        image = _opened(name, data)
        check_size(*image.size)
        return Decoded(name, _rgb(_loaded(image)), mode=image.mode)

    return read


def _avif(data: bytes, _: int) -> Decoded:
    from PIL import _avif as libavif  # the plugin would read the EXIF that decides nothing

    decoder = libavif.AvifDecoder(data, "auto", 1)
    size, frames, mode, profile, _exif, orientation, _xmp = decoder.get_info()
    check_size(*size)
    content, *_timing = decoder.get_frame(0)
    image = Image.frombuffer(mode, size, content, "raw", mode, 0, 1)
    pixels = in_srgb(_rgb(image), profile, mode)
    return Decoded("AVIF", _upright(pixels, orientation), frames > 1, mode)


_READERS: dict[str, Callable[[bytes, int], Decoded]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "BMP": _bitmap("BMP"),
    "ICO": _bitmap("ICO"),
    "AVIF": _avif,
}


def _opened(name: str, data: bytes) -> Image.Image:
    """Open a file as that format alone.

    ``PIL.Image.open`` is not used: its guard against decompression bombs is a setting of the whole
    process, and it tries other formats where this one fails.
    """
    Image.preinit()
    if name not in Image.OPEN:
        Image.init()
    return Image.OPEN[name][0](BytesIO(data), "")


def _loaded(image: Image.Image) -> Image.Image:
    image.load()
    return image


def _rgb(image: Image.Image) -> Pixels:
    """Return an image as it is stored, as RGB, and on white where it is transparent."""
    if image.mode.startswith("I;16"):  # Pillow would clip 16 bits to 8 instead of scaling
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    is_layered = image.has_transparency_data
    for rows in strips(*pixels.shape[:2]):  # as an array, a whole image takes three times its place
        strip = image.crop((0, rows.start, image.width, rows.stop))
        if is_layered:
            pixels[rows] = on_white(np.asarray(strip.convert("RGBA")))
        else:
            pixels[rows] = np.asarray(strip.convert("RGB"))
    return pixels


def _on_canvas(pixels: Pixels, canvas: tuple[int, int], offset: tuple[int, int]) -> Pixels:
    """Lay a frame on a white canvas (width, height)."""
    height, width = pixels.shape[:2]
    if (width, height) == canvas:
        return pixels
    left, top = offset
    whole = np.full((canvas[1], canvas[0], 3), 255, np.uint8)
    seen = whole[top : top + height, left : left + width]
    seen[:] = pixels[: seen.shape[0], : seen.shape[1]]
    return whole


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    turn = _TURN_UPRIGHT.get(orientation)
    return np.ascontiguousarray(turn(pixels)) if turn else pixels
