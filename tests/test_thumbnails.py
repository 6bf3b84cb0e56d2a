"""Small images for people to look at."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from tasks.images.decoder import ImageError
from tasks.images.thumbnails import thumbnail
from tests.support.images import image_file

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(1600, 800, (320, 160)), (400, 900, (142, 320)), (200, 100, (200, 100)), (3000, 3, (320, 1))],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_thumbnail_is_as_large_as_asked_and_never_enlarged(
    width: int, height: int, expected: tuple[int, int], file_format: str
) -> None:
    small = Image.open(BytesIO(thumbnail(image_file(width, height, file_format), 320)))
    assert (small.format, small.mode) == ("JPEG", "RGB")
    assert small.size == expected


def test_a_thumbnail_stands_upright_and_carries_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a secret camera"
    data = thumbnail(image_file(640, 320, exif=exif, comment=b"a secret", icc_profile=PROFILE), 320)
    small = Image.open(BytesIO(data))
    assert small.size == (160, 320)
    assert not small.getexif()
    assert b"secret" not in data
    assert small.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_what_is_transparent_is_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(out, "PNG")
    assert Image.open(BytesIO(thumbnail(out.getvalue(), 160))).getpixel((25, 25)) == (255,) * 3


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff", image_file(400, 400)[:900]])
def test_what_is_no_image_is_an_error_of_its_own(data: bytes) -> None:
    with pytest.raises(ImageError):
        thumbnail(data, 320)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        thumbnail(tmp_path / "no.jpg", 320)
