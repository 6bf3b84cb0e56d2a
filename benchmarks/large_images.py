"""The memory that images of the largest size take while they are judged, 16 of each kind at once.

    python benchmarks/large_images.py

Prints the peak of this process and its decoders above what they had before, in MB; the shared part
counted once (the proportional set size).
"""

import io
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
from PIL import Image

from tasks.images.decoding import decode
from tasks.images.limits import MAX_PIXELS
from tasks.images.room import room_kept
from tasks.images.saving import kept_file
from tasks.quality import QualityLimits, measure

SIZE = (10_000, MAX_PIXELS // 10_000)
AT_ONCE = 16
THREADS = 6  # as a download has on two cores


def encoded(mode: str, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, SIZE, 100 if len(mode) == 1 else (100,) * len(mode)).save(
        out, file_format, **options
    )
    return out.getvalue()


def deep() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full(SIZE[::-1], 3000, np.uint16)).save(out, "PNG")
    return out.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encoded("RGB", "JPEG"),
    "JPEG, progressive": lambda: encoded("RGB", "JPEG", progressive=True),
    "JPEG, CMYK": lambda: encoded("CMYK", "JPEG"),
    "PNG, RGBA": lambda: encoded("RGBA", "PNG"),
    "PNG, grey": lambda: encoded("L", "PNG"),
    "PNG, 16 bits": deep,
    "GIF": lambda: encoded("P", "GIF"),
    "WebP, RGBA": lambda: encoded("RGBA", "WEBP", lossless=True),
}


def judge(data: bytes) -> None:
    with room_kept():
        decoded = decode(data)
        kept_file(data, decoded)
        measure(decoded, QualityLimits({"sharpness": 0}))


def used() -> int:
    me = psutil.Process()
    total = 0
    for process in (me, *me.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:  # it has ended
            continue
    return total


def peak_of(files: list[bytes]) -> tuple[float, float]:
    """Return the peak in MB above what there was, and the seconds."""
    before, peak, over = used(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.02):
            peak = max(peak, used())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(judge, files))
    seconds = time.monotonic() - started
    over.set()
    watcher.join()
    return (peak - before) / 1e6, seconds


def main() -> None:
    files = {name: make() for name, make in KINDS.items()}
    for name, data in files.items():
        megabytes, seconds = peak_of([data] * AT_ONCE)
        sys.stdout.write(f"{name:18} {megabytes:6.0f} MB {seconds:6.1f} s\n")
        sys.stdout.flush()
    every = [*files.values()] * (AT_ONCE // len(files))
    megabytes, seconds = peak_of(every)
    sys.stdout.write(f"{'all of these':18} {megabytes:6.0f} MB {seconds:6.1f} s\n")


if __name__ == "__main__":
    main()
