"""Damage image files at random and decode, judge and keep them; nothing may crash, hang or lie.

    python benchmarks/fuzz.py [--files 200000] [--seconds 3600] [--seed 0]

Every file is one of the flawed ones of the tests, or one larger of each format, with some of its
bytes changed, cut out, put in twice, or exchanged with those of another. What is accepted has to be
kept as an RGB JPEG that Pillow reads, of the size that was measured, and has to make a thumbnail.
The last line says what became of how many, and the slowest; exit code 1 where something is wrong.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import takewhile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests are no part of the package

from tasks.images.decoder import ImageError
from tasks.images.decoding import decode
from tasks.images.limits import DECODE_CPU_S
from tasks.images.saving import kept_file, saved_bytes
from tasks.images.thumbnails import thumbnail
from tests.naver_replica.pictures import draw
from tests.support.flawed_files import AS_SHOWN, CUT_SHORT, WHOLE, encoded

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF")
THREADS = 2


def damaged(chance: random.Random, files: list[bytes]) -> bytes:
    """Return one of the files with up to eight wounds."""
    data = bytearray(chance.choice(files))
    for _ in range(chance.randint(1, 8)):
        if not data:
            break
        at = chance.randrange(min(len(data), chance.choice((64, 1_000, len(data)))))
        length = chance.choice((1, 1, 2, 4, 16, 300))
        wound = chance.choice(("change", "change", "zero", "cut", "double", "graft", "end"))
        if wound == "change":
            data[at : at + length] = chance.randbytes(length)
        elif wound == "zero":
            data[at : at + length] = bytes(chance.choice((b"\0", b"\xff"))) * length
        elif wound == "cut":
            del data[at : at + length]
        elif wound == "double":
            data[at:at] = data[at : at + length]
        elif wound == "graft":
            other = chance.choice(files)
            start = chance.randrange(max(1, len(other)))
            data[at:at] = other[start : start + length]
        elif chance.random() < 0.2:
            del data[at:]
    return bytes(data)


def fate(data: bytes) -> tuple[str, float]:
    """Return what becomes of a file, and how long that takes; ``wrong: …`` for what may not be."""
    started = time.monotonic()
    try:
        decoded = decode(data)
        kept = kept_file(data, decoded)
        with Image.open(BytesIO(kept)) as image:
            image.load()
            is_right = (image.format, image.mode) == ("JPEG", "RGB")
            is_right &= image.size == decoded.pixels.shape[1::-1]
        if not is_right or saved_bytes(kept) != kept or not thumbnail(kept, 160):
            return "wrong: kept otherwise than it was judged", time.monotonic() - started
        return "accepted", time.monotonic() - started
    except ImageError as error:
        return error.reason, time.monotonic() - started
    except Exception as error:
        return f"wrong: {type(error).__name__}: {error}"[:200], time.monotonic() - started


def main() -> int:
    """Damage, judge, and say what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=3_600)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311 — nothing secret
    large = [encoded(name, draw("cat", 1, 320, 300)) for name in FORMATS]
    files = [*AS_SHOWN.values(), *CUT_SHORT.values(), *WHOLE.values(), *large]
    until = time.monotonic() + asked.seconds
    counts: Counter[str] = Counter()
    slowest = 0.0
    batches = takewhile(lambda _: time.monotonic() < until, range(0, asked.files, 1_000))
    with ThreadPoolExecutor(THREADS) as threads:
        for at in batches:
            number = min(1_000, asked.files - at)
            for found, seconds in threads.map(
                fate, [damaged(chance, files) for _ in range(number)]
            ):
                counts[found] += 1
                slowest = max(slowest, seconds)
    wrong = {name: count for name, count in counts.items() if name.startswith("wrong")}
    report = {
        "files": counts.total(), "seed": asked.seed, "slowest_s": round(slowest, 2),
        "fates": dict(counts.most_common()), "wrong": wrong,
    }  # fmt: skip
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return int(bool(wrong) or slowest > DECODE_CPU_S * THREADS * 2)


if __name__ == "__main__":
    sys.exit(main())
