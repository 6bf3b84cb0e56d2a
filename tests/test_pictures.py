"""The replica's pictures: repeatable, sharp, varied, and saved as the web saves them."""

import hashlib
import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps
from PIL.ExifTags import IFD, Base

from tests.naver_replica.copies import Format, blur, encode, near_copy, sharpness
from tests.naver_replica.pictures import KINDS, STRAYS, SUBJECTS, compose, draw

SEED = 1_000_000
SHARP_FROM, BLURRED_BELOW = 120, 25

FINGERPRINT = """
import hashlib
from tests.naver_replica.pictures import draw
print(hashlib.sha256(draw("cat", 1_000_007, 320, 240).tobytes()).hexdigest())
"""


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two pictures at 32 by 32, in levels."""
    small = [np.asarray(image.resize((32, 32)), np.float32) for image in (one, other)]
    return float(np.abs(small[0] - small[1]).mean())


def read(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def test_a_picture_is_the_same_in_another_process() -> None:
    there = subprocess.run(
        [sys.executable, "-c", FINGERPRINT], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert hashlib.sha256(draw("cat", 1_000_007, 320, 240).tobytes()).hexdigest() == there


def test_there_are_enough_subjects_and_strays_and_they_do_not_overlap() -> None:
    assert len(SUBJECTS) >= 14
    assert len(STRAYS) >= 30
    assert not SUBJECTS.keys() & STRAYS.keys()
    words = [kind.korean for kind in KINDS.values()]
    assert len(set(words)) == len(words)
    assert {"사과", "고양이", "자동차", "집"} <= {s.korean for s in SUBJECTS.values()}


@pytest.mark.parametrize("size", [(200, 200), (1600, 200), (333, 501)])
def test_a_picture_has_the_size_asked_for(size: tuple[int, int]) -> None:
    image = draw("house", SEED, *size)
    assert (image.size, image.mode) == (size, "RGB")


def test_a_picture_too_small_or_too_large_is_refused() -> None:
    for size in ((199, 400), (400, 1601)):
        with pytest.raises(ValueError, match="outside 200"):
            draw("house", SEED, *size)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_sharp_and_each_seed_differs(kind: str) -> None:
    images = [draw(kind, SEED + n, 320, 260) for n in range(3)]
    assert all(sharpness(image) >= SHARP_FROM for image in images)
    assert min(difference(images[0], other) for other in images[1:]) > 4


@pytest.mark.parametrize("kind", ["cat", "umbrella", "smoke", "QR code"])
def test_sharpness_lasts_at_the_largest_size_and_blurring_ends_it(kind: str) -> None:
    image = draw(kind, SEED, 1600, 1200)
    assert sharpness(image) >= SHARP_FROM
    assert sharpness(read(encode(image, "JPEG", SEED))) >= SHARP_FROM
    assert sharpness(blur(image, SEED)) < BLURRED_BELOW


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_blurred(kind: str) -> None:
    image = draw(kind, SEED, 320, 260)
    blurred = blur(image, SEED)
    assert blurred.size == image.size
    assert sharpness(blurred) < BLURRED_BELOW


def test_a_near_copy_is_smaller_and_nearly_the_same() -> None:
    for seed in range(SEED, SEED + 8):
        image = draw("bird", seed, 600, 500)
        copy = near_copy(image, seed)
        assert 0.79 < copy.width / image.width < 0.96
        assert 0 < difference(image, copy) < 10


def test_a_composition_says_what_the_picture_shows() -> None:
    compositions = [compose("apple", seed) for seed in range(SEED, SEED + 200)]
    assert {c.colour.name for c in compositions if c.colour} == {"red", "green", "yellow"}
    assert {c.count for c in compositions} == {1, 2, 3}
    assert len({c.background.name for c in compositions if c.background}) > 10
    assert compose("sunset", SEED).background is None


@pytest.mark.parametrize(("fmt", "tolerance"), [("JPEG", 6), ("PNG", 0), ("WEBP", 6)])
def test_an_encoded_picture_reads_back_upright(fmt: Format, tolerance: int) -> None:
    image = draw("car", SEED, 400, 260)
    for seed in range(24):
        back = read(encode(image, fmt, seed))
        assert back.size == image.size
        assert np.asarray(ImageChops.difference(image, back)).mean() <= tolerance


def test_files_vary_as_on_the_web() -> None:
    image = draw("car", SEED, 400, 260)
    jpegs = [Image.open(BytesIO(encode(image, "JPEG", seed))) for seed in range(80)]
    turns = {jpeg.getexif().get(Base.Orientation, 1) for jpeg in jpegs}
    assert len(turns) >= 6
    assert 5 < sum(bool(jpeg.getexif().get_ifd(IFD.GPSInfo)) for jpeg in jpegs) < 40
    assert 5 < sum("progressive" in jpeg.info for jpeg in jpegs) < 50
    modes = {Image.open(BytesIO(encode(image, "PNG", seed))).mode for seed in range(20)}
    assert modes == {"RGB", "RGBA"}
