"""Small pictures for people to look at: JPEG, upright, on white, without metadata.

A run keeps what it fetched and refused, in ``<out_dir>/.refused/<key>.jpg``, so that somebody can
see later what was refused, and why. Of what was not good enough that is a small picture; the rest
may be chosen yet, and is kept as it would be saved.
"""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from PIL import Image

from tasks.images.saving import saved_bytes
from tasks.process import stopping
from tasks.quality import FORMATS, MAX_PIXELS, upright_rgb
from tasks.records import Picture
from tasks.workspace import Result, Workspace, writing

REFUSED = ".refused"
REFUSED_SIDE_PX = 320
_QUALITY = 80

log = logging.getLogger(__name__)


class ThumbnailError(ValueError):
    """The file holds no picture that can be shown."""


def thumbnail(image: Path | bytes, max_side_px: int) -> bytes:
    """Return a JPEG of the picture, neither side longer than ``max_side_px``.

    A smaller picture keeps its size. Raises ``ThumbnailError``, and ``OSError`` where there is no
    such file.
    """
    data = image if isinstance(image, bytes) else image.read_bytes()
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ThumbnailError(f"more than {MAX_PIXELS // 1_000_000} megapixels")
            # A JPEG is decoded at an eighth, a quarter or half its size where that is enough.
            opened.draft("RGB", (max_side_px, max_side_px))
            small = upright_rgb(opened)
        small.thumbnail((max_side_px, max_side_px), reducing_gap=2)
        small.info.clear()  # Pillow would write the original's comment again
        out = BytesIO()
        small.save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()
    except ThumbnailError:
        raise
    except Exception as error:  # decoders raise anything on hostile bytes; it is one image's fate
        raise ThumbnailError(f"{type(error).__name__}: {error}") from error


def keep_refused(workspace: Workspace, out_dir: Path, refused: Iterable[Result]) -> int:
    """Keep every refused picture whose bytes are in the workspace: whole if it may be chosen yet.

    What an earlier run of the job kept stays, unless its picture was chosen since. Returns how many
    there are now. Raises ``OutputError``.
    """
    folder = out_dir / REFUSED
    images = {result.key: result for result in refused if result.source_sha256}
    earlier = {path.stem for path in folder.glob("*.jpg")}
    for key in earlier - images.keys():
        (folder / f"{key}.jpg").unlink(missing_ok=True)

    def keep(key: str, result: Result) -> bool:
        stopping.check()
        image = workspace.image_path(result.source_sha256 or "")
        try:
            if isinstance(result, Picture):
                data = saved_bytes(image.read_bytes())
            else:
                data = thumbnail(image, REFUSED_SIDE_PX)
        except (ThumbnailError, OSError) as error:  # one picture that nobody wanted ends no run
            log.debug("No picture of %s: %s", key, error)
            return False
        with writing(folder / f"{key}.jpg") as file:
            file.write(data)
        return True

    new = [(key, result) for key, result in images.items() if key not in earlier]
    with ThreadPoolExecutor(thread_name_prefix="thumbnails") as pool:
        made = sum(pool.map(keep, *zip(*new, strict=True))) if new else 0
    return made + len(earlier & images.keys())
