"""Metadata goes, pixels stay: on JPEG files of every kind, and on broken ones."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tasks.images import jpeg as jpegs
from tasks.images.jpeg import JpegError

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(noise).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def with_everything(mode: str = "RGB", **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    exif.get_ifd(0x8825)[2] = (37.0, 33.0, 36.0)  # GPS latitude
    return jpeg(
        mode, exif=exif, comment=b"a secret comment", icc_profile=PROFILE,
        xmp=b"<x:xmpmeta>a secret</x:xmpmeta>", **options,
    )  # fmt: skip


def strip_metadata(data: bytes) -> bytes:
    return jpegs.read(data).plain


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"optimize": True}]
)
def test_the_pixels_stay_bit_for_bit(mode: str, options: dict[str, object]) -> None:
    before = with_everything(mode, **options)
    after = strip_metadata(before)
    np.testing.assert_array_equal(np.asarray(opened(after)), np.asarray(opened(before)))
    assert opened(after).mode == mode


def test_only_the_colour_profile_stays() -> None:
    after = strip_metadata(with_everything())
    assert b"secret" not in after
    image = opened(after)
    assert not image.getexif()
    assert "comment" not in image.info
    assert "xmp" not in image.info
    assert image.info["icc_profile"] == PROFILE


def test_a_clean_file_stays_as_it_is() -> None:
    assert strip_metadata(jpeg()) == jpeg()


def test_what_follows_the_image_goes() -> None:
    assert strip_metadata(jpeg() + b"a film that the phone took besides") == jpeg()


def test_fill_bytes_between_segments_are_no_fault() -> None:
    plain = jpeg()
    filled = plain[:2] + b"\xff\xff" + plain[2:]
    np.testing.assert_array_equal(
        np.asarray(opened(strip_metadata(filled))), np.asarray(opened(plain))
    )


def test_an_end_that_is_missing_is_added() -> None:
    assert strip_metadata(jpeg()[:-2]) == jpeg()
    assert not jpegs.read(jpeg()[:-2]).is_ended


def test_what_is_no_segment_is_passed_over() -> None:
    plain = jpeg()
    assert strip_metadata(plain[:2] + b"\x12\x34\0" + plain[2:]) == plain
    assert strip_metadata(plain[:2] + b"\xff\xe5\0\0" + plain[2:]) == plain


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"\x89PNG", jpeg()[:100], b"\xff\xd8\xff\xe1\xff\xff\x00"],
)
def test_a_broken_file_is_refused(data: bytes) -> None:
    with pytest.raises(JpegError):
        strip_metadata(data)


@given(st.binary(max_size=200), st.integers(0, 700))
def test_no_bytes_make_it_fail_otherwise(patch: bytes, at: int) -> None:
    data = bytearray(with_everything())
    data[at : at + len(patch)] = patch
    try:
        strip_metadata(bytes(data))
    except JpegError:
        return
