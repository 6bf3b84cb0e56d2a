"""The bytes of pictures and of their thumbnails, drawn on demand and kept for the next request."""

import re
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageOps

from tests.naver_replica import copies, pictures
from tests.naver_replica.results import Edit, Picture

# One deep query's worth of originals (about 100 KB each) and of its tiles and viewer pictures.
KEPT_ORIGINALS = 600
KEPT_THUMBNAILS = 1500

# "a340": 340 wide; "w750": the same; "b150": cropped square; "sc960_832": fitted into that box.
SIZE = re.compile(r"(a|w|b|sc|l|ff)(\d{2,4})(?:_(\d{2,4}))?(?:_gif)?")


@lru_cache(maxsize=KEPT_ORIGINALS)
def original(picture: Picture) -> bytes:
    """Return the encoded picture; the same bytes each time."""
    enlarged = -(-pictures.MIN_SIDE_PX // min(picture.width, picture.height))
    image = pictures.draw(
        picture.kind, picture.seed, picture.width * enlarged, picture.height * enlarged
    )
    if enlarged > 1:
        image = image.resize((picture.width, picture.height), Image.Resampling.LANCZOS)
    if picture.edit is Edit.BLUR:
        image = copies.blur(image, picture.seed)
    elif picture.edit is Edit.NEAR_COPY:
        image = copies.near_copy(image, picture.seed)
    return copies.encode(image, picture.format, picture.seed)


@lru_cache(maxsize=KEPT_THUMBNAILS)
def thumbnail(picture: Picture, size: str) -> bytes | None:
    """Return the picture scaled down to one of Naver's sizes, as JPEG; None for an unknown size."""
    match = SIZE.fullmatch(size)
    if match is None:
        return None
    form, width, height = match.group(1), int(match.group(2)), match.group(3)
    with Image.open(BytesIO(original(picture))) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    box = (width, upright.height if form in ("a", "w") else int(height or width))
    if form in ("b", "l", "ff"):
        scaled = ImageOps.fit(upright, box)
    else:
        scaled = upright
        scaled.thumbnail(box)
    body = BytesIO()
    scaled.save(body, "JPEG", quality=88)
    return body.getvalue()
