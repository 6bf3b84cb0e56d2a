"""Tables of images and what is to become of them."""

import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tasks.images.decoder import ImageError
from tasks.images.decoding import decode
from tasks.images.limits import MAX_PIXELS
from tasks.measures.measure import View
from tasks.measures.sharpness import sharpness
from tasks.quality import QualityLimits, perceptual_hash
from tasks.records import Reason
from tests.support.flawed_files import SWAPPED
from tests.support.images import examine


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def image(width: int, height: int, file_format: str = "PNG") -> bytes:
    return encoded(Image.fromarray(noise(width, height)), file_format)


def flat(width: int, height: int) -> bytes:
    return encoded(Image.new("RGB", (width, height), "grey"), "PNG")


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels behind it."""
    data = bytearray(encoded(Image.new("1", (1, 1)), "PNG"))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    crc = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    data[29:33] = crc
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.NOT_AN_IMAGE),
        (b"<html>404</html>", Reason.NOT_AN_IMAGE),
        (b"%PDF-1.7", Reason.NOT_AN_IMAGE),
        (b"\xff\xd8\xff\xe0", Reason.UNDECODABLE),
        (image(400, 400)[:2000], Reason.UNDECODABLE),
        (image(400, 400, "JPEG")[:-3000], Reason.UNDECODABLE),
        (image(400, 400, "WEBP")[:-3000], Reason.UNDECODABLE),
        (png_header(20_000, 20_000), Reason.TOO_MANY_PIXELS),
        (image(299, 1000), "too_small"),
        (image(1000, 299), "too_small"),
        (flat(300, 300), "blurred"),
    ],
)
def test_a_bad_image_has_its_own_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        examine(data, QualityLimits())
    assert caught.value.reason == reason
    assert str(caught.value.note)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
def test_every_format_is_read(file_format: str) -> None:
    found, measures = examine(image(301, 420, file_format), QualityLimits())
    assert found == file_format
    assert (measures.width, measures.height) == (301, 420)


@pytest.mark.parametrize(
    "data",
    [
        encoded(Image.new("RGB", (400, 400)), "PPM"),
        encoded(Image.new("RGB", (40, 40)), "TIFF"),
        encoded(Image.new("RGB", (40, 40)), "JPEG2000"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x1cftypheic\0\0\0\0mif1heic",
    ],
)
def test_formats_that_are_not_read_are_told_from_what_is_no_image(data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert caught.value.reason == Reason.UNSUPPORTED_FORMAT
    assert str(caught.value.note)


def test_the_limits_are_what_is_asked() -> None:
    _, measures = examine(image(40, 40), QualityLimits({"short_side": 40}))
    with pytest.raises(ImageError, match="less than 41"):
        examine(image(40, 40), QualityLimits({"short_side": 41}))
    sharpness_found = measures.values["sharpness"]
    exactly = QualityLimits({"short_side": 40, "sharpness": sharpness_found})
    assert examine(image(40, 40), exactly)[1] == measures
    more = QualityLimits({"short_side": 40, "sharpness": sharpness_found + 0.1})
    with pytest.raises(ImageError, match="sharpness"):
        examine(image(40, 40), more)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_image_is_turned_upright(orientation: int) -> None:
    turned_back = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
        5: lambda a: np.transpose(a, (1, 0, 2)), 6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(np.transpose(a, (1, 0, 2)), 2), 8: lambda a: np.rot90(a, -1),
    }  # fmt: skip
    upright = noise(30, 20)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turned_back[orientation](upright)))
    pixels = decode(encoded(stored, "PNG", exif=exif)).pixels
    np.testing.assert_array_equal(pixels, upright)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (200, 100, 0, 255), (200, 100, 0)),
        ("LA", (10, 255), (10, 10, 10)),
        ("L", 77, (77, 77, 77)),
        ("I;16", 0x8040, (0x80, 0x80, 0x80)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb_on_white(
    mode: str, colour: int | tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    pixels = decode(encoded(Image.new(mode, (4, 4), colour), "PNG")).pixels
    assert tuple(pixels[0, 0]) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
def test_a_jpeg_has_the_pixels_that_pillow_gives(
    orientation: int, mode: str, options: dict[str, object]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(noise(31, 22)).convert(mode)
    data = encoded(image, "JPEG", exif=exif, **options)
    by_pillow = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")
    np.testing.assert_array_equal(decode(data).pixels, np.asarray(by_pillow))


def test_a_jpeg_with_a_flaw_that_pillow_passes_over_is_read() -> None:
    data = image(40, 40, "JPEG")
    flawed = data[:-2] + b"\0\0\0" + data[-2:]  # bytes that mean nothing before the end
    np.testing.assert_array_equal(decode(flawed).pixels, decode(data).pixels)


COLOURS = [(200, 40, 30), (30, 180, 60), (250, 250, 250), (10, 10, 10)]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("kind", ["CMYK", "YCCK"])
def test_a_jpeg_of_printing_colours_is_read(kind: str, colour: tuple[int, int, int]) -> None:
    if kind == "CMYK":
        data = encoded(Image.new("RGB", (16, 16), colour).convert("CMYK"), "JPEG", quality=95)
    else:  # Adobe's: Y, Cb, Cr of the inks, 255 for all, beside a K of none, and all inverted
        inks = tuple(255 - value for value in colour)
        luma = Image.new("RGB", (16, 16), inks).convert("YCbCr").split()
        channels = [band.point(lambda value: 255 - value) for band in luma]
        planes = Image.merge("CMYK", [*channels, Image.new("L", (16, 16), 0)])
        data = encoded(planes, "JPEG", quality=95)
        at = data.index(b"Adobe") + 11  # the colour transform (ITU T.872, 6.5.3): 2 is YCCK
        data = data[:at] + b"\2" + data[at + 1 :]
    assert Image.open(BytesIO(data)).mode == "CMYK"
    assert np.abs(decode(data).pixels[8, 8].astype(int) - colour).max() <= 4


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_colours_are_measured_in_srgb(file_format: str) -> None:
    image = Image.new("RGB", (16, 16), (255, 0, 0))
    data = encoded(image, file_format, quality=100, icc_profile=SWAPPED)
    assert np.abs(decode(data).pixels[8, 8].astype(int) - (0, 0, 255)).max() <= 6
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (plain, b"no profile", SWAPPED[:200]):
        data = encoded(image, file_format, quality=100, icc_profile=profile)
        assert np.abs(decode(data).pixels[8, 8].astype(int) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize(
    ("file_format", "expected"), [("GIF", True), ("WEBP", True), ("PNG", True), ("AVIF", True)]
)
def test_of_an_animation_the_first_frame_counts_and_it_is_noted(
    file_format: str, expected: bool
) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "lime")]
    data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:])
    decoded = decode(data)
    assert decoded.is_animated is expected
    assert np.abs(decoded.pixels[8, 8].astype(int) - (255, 0, 0)).max() <= 6
    assert decode(encoded(frames[0], file_format)).is_animated is False


def test_a_transparent_palette_lies_on_white() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    pixels = decode(encoded(image, "PNG", transparency=1)).pixels
    assert tuple(pixels[0, 0]) == (255, 255, 255)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    grey = noise(50, 40)[..., 0].copy()
    view = View(np.dstack([grey] * 3), grey)
    assert sharpness(view) == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F).var())


def test_the_hash_survives_scaling_and_tells_images_apart() -> None:
    smooth = cv2.resize(noise(9, 9, seed=1)[..., 0], (640, 480), interpolation=cv2.INTER_CUBIC)
    other = cv2.resize(noise(9, 9, seed=2)[..., 0], (640, 480), interpolation=cv2.INTER_CUBIC)
    scaled = cv2.resize(smooth, (320, 240), interpolation=cv2.INTER_AREA)

    def distance(a: np.ndarray, b: np.ndarray) -> int:
        return (int(perceptual_hash(a), 16) ^ int(perceptual_hash(b), 16)).bit_count()

    assert distance(smooth, scaled) <= 2
    assert distance(smooth, other) >= 16


def test_an_image_of_the_largest_size_is_allowed() -> None:
    with pytest.raises(ImageError) as caught:
        decode(png_header(10_000, MAX_PIXELS // 10_000))
    assert caught.value.reason == Reason.UNDECODABLE  # past the limit's check: no pixels there
