"""Addresses to measured images on disk, against img2dataset.

    python benchmarks/download.py [--photos DIR] [--images 5000] [--repeats 3] [--long 20000]

Both fetch the same JPEGs from one server on this machine and refuse those below 300 px; ours
measures sharpness and hashes besides. ``--photos`` names a folder of JPEGs, which are cut and
compressed anew into as many different ones as wanted; without it the replica of Naver draws them.
img2dataset is installed into a virtual environment of its own (``build/img2dataset``) at the first
run, and works with a process for each core, 32 threads in each, and leaves the files as they came.

A run is timed from its first request to its end, so no start of an interpreter counts. Memory is
that of all processes of a run together, at its peak. ``limit`` is how many images a second all
cores examine (decode, sharpness, hash) when the bytes are in memory already. ``long`` are the
megabytes after each quarter of a run over so many images.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import requests
from PIL import Image
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))  # the replica is no part of the package

from flows.collect import BATCH
from flows.runners import TASKS_AT_ONCE
from tasks.download import download_batch
from tasks.politeness import politeness
from tasks.quality import QualityLimits, examine
from tasks.records import Address, Candidate, Picture
from tasks.workspace import Workspace
from tests.naver_replica.pictures import SUBJECTS, draw

PEER = "img2dataset==1.47.0"
PEER_DIR = Path(__file__).parents[1] / "build" / "img2dataset"
LIMITS = QualityLimits(min_sharpness=0)  # img2dataset refuses none for that
SIDES = (0.85, 1.0)  # of what is cut out of a photo
CORES = os.cpu_count() or 1

_PEER_PROGRAM = """
import sys, time
from img2dataset import download
if __name__ == "__main__":
    list_of_urls, folder, processes = sys.argv[1:]
    download(
        url_list=list_of_urls, input_format="txt", output_folder=folder, output_format="files",
        processes_count=int(processes), thread_count=32, number_sample_per_shard=1000,
        resize_mode="no", skip_reencode=True, min_image_size=300, retries=0, timeout=10,
        disallowed_header_directives=["noai", "noimageai", "noindex", "noimageindex"],
    )
    print(time.monotonic())
"""


def make_pictures(folder: Path, count: int, photos: Path | None) -> None:
    """Write ``count`` different JPEGs into a folder, named by number."""
    if photos:
        sources = [path.read_bytes() for path in sorted(photos.glob("*.jpg"))]
    else:
        kinds = list(SUBJECTS)
        sources = []
        for number in range(60):
            out = BytesIO()
            draw(kinds[number % len(kinds)], 1_000_000 + number, 640, 480).save(out, "JPEG")
            sources.append(out.getvalue())

    def make(number: int) -> None:
        rng = random.Random(number)  # noqa: S311 — the same pictures each time
        with Image.open(BytesIO(sources[number % len(sources)])) as photo:
            share = rng.uniform(*SIDES)
            width, height = (max(310, round(side * share)) for side in photo.size)
            left, top = (rng.uniform(0, 1 - share) * side for side in photo.size)
            part = photo.convert("RGB").resize(
                (width, height), box=(left, top, left + share * photo.width,
                                      top + share * photo.height),
            )  # fmt: skip
            part.save(folder / f"{number}.jpg", quality=rng.randint(94, 98))

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(make, range(count)))


def serve(folder: str, ready: Any) -> None:
    """Serve the files of a folder; /began gives when the first of them was asked for."""
    began = 0.0

    class Files(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.asked = transport, b""

        def data_received(self, data: bytes) -> None:
            nonlocal began
            *requests, self.asked = (self.asked + data).split(b"\r\n\r\n")
            for request in requests:
                name = request.split(b" ", 2)[1].decode()
                if name == "/began":
                    body, began = repr(began).encode(), 0.0
                else:
                    began = began or time.monotonic()
                    body = Path(folder + name.partition("?")[0]).read_bytes()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}"
                self.transport.writelines([head.encode(), b"\r\n\r\n", body])  # type: ignore[attr-defined]

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Files, "127.0.0.1", 0, backlog=1000)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def ours(urls: list[str], folder: str, result: Any) -> None:
    """Download in this process; send when it ended and how many images there are."""
    workspace = Workspace(Path(folder))
    candidates = [Candidate((Address(url),), rank, "files") for rank, url in enumerate(urls)]
    numbers = [
        workspace.add_batch(candidates[at : at + BATCH]) for at in range(0, len(urls), BATCH)
    ]
    with ThreadPoolExecutor(TASKS_AT_ONCE) as pool:
        list(pool.map(lambda n: download_batch.fn(workspace, n, LIMITS), numbers))
    ended = time.monotonic()
    results = [r for number in numbers for r in workspace.results(number) or ()]
    result.send((ended, sum(isinstance(r, Picture) for r in results)))


def run_ours(urls: list[str], folder: Path) -> tuple[float, int, list[float]]:
    """Return when it ended, how many images came, and the memory (MB) every 0.1 s."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=ours, args=(urls, str(folder), there))
    process.start()
    with Memory(process.pid or 0) as memory:
        ended, images = here.recv()
        process.join()
    return ended, images, memory.megabytes


def run_peer(urls: list[str], folder: Path) -> tuple[float, int, list[float]]:
    """Return the same of img2dataset."""
    folder.mkdir()
    listed, program = folder / "urls.txt", folder / "peer.py"
    listed.write_text("\n".join(urls))
    program.write_text(_PEER_PROGRAM)
    process = subprocess.Popen(  # noqa: S603 — our own text
        [str(PEER_DIR / "bin" / "python"), str(program), str(listed), str(folder / "out"),
         str(CORES)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1", "WANDB_MODE": "disabled"},
    )  # fmt: skip
    with Memory(process.pid) as memory:
        out, _ = process.communicate()
    if process.returncode:
        raise SystemExit("img2dataset failed.")
    return float(out.split()[-1]), len(list((folder / "out").rglob("*.jpg"))), memory.megabytes


class Memory:
    """Measures the memory of a process and its children (PSS, so shared pages count once)."""

    def __init__(self, pid: int) -> None:
        self.megabytes: list[float] = []
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._measure)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _measure(self) -> None:
        while not self._ended.wait(0.2):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                if held := sum(p.memory_full_info().pss for p in family):  # none: it has just ended
                    self.megabytes.append(held / 1e6)
            except psutil.Error:  # one of them ended meanwhile
                continue


def install_peer() -> None:
    """Install img2dataset where it is not yet."""
    if (PEER_DIR / "bin" / "img2dataset").exists():
        return
    Console(stderr=True).print(f"Installing {PEER} into {PEER_DIR} …")
    venv.create(PEER_DIR, with_pip=True, clear=True)
    command = [str(PEER_DIR / "bin" / "pip"), "install", "--quiet", PEER]
    if subprocess.run(command, check=False).returncode:  # noqa: S603
        raise SystemExit(f"{PEER} cannot be installed; there is nothing to compare with.")


def examine_limit(folder: Path, count: int) -> float:
    """Return the images a second that all cores examine, their bytes in memory."""
    bodies = [(folder / f"{number}.jpg").read_bytes() for number in range(min(count, 1000))]
    started = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(lambda body: examine(body, LIMITS), bodies))
    return len(bodies) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--long", type=int, default=20_000)
    arguments = parser.parse_args()
    install_peer()
    ways: dict[str, Callable[[list[str], Path], tuple[float, int, list[float]]]] = {
        "ours": run_ours, "img2dataset": run_peer,
    }  # fmt: skip
    rates: dict[str, list[float]] = {name: [] for name in ways}
    peaks: dict[str, float] = dict.fromkeys(ways, 0.0)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "pictures"
        folder.mkdir()
        make_pictures(folder, arguments.images, arguments.photos)
        size = sum(path.stat().st_size for path in folder.iterdir()) / arguments.images
        here, there = context.Pipe()
        server = context.Process(target=serve, args=(str(folder), there), daemon=True)
        server.start()
        host = f"127.0.0.1:{here.recv()}"
        os.environ |= {
            "DOWNLOAD_ALLOW_HOSTS": host,
            "DOWNLOAD_REQUESTS_PER_S": "0",  # politeness is for other people's hosts
            "DOWNLOAD_AT_ONCE_PER_HOST": "64",  # as many as img2dataset's threads
        }
        politeness.cache_clear()
        urls = [f"http://{host}/{number}.jpg" for number in range(arguments.images)]

        def measured(name: str, urls: list[str], run: str) -> tuple[float, list[float]]:
            ended, images, megabytes = ways[name](urls, Path(temporary) / f"{name}-{run}")
            if images != len(urls):
                raise SystemExit(f"{name} saved {images} of {len(urls)} images.")
            began = float(requests.get(f"http://{host}/began", timeout=10).text)
            return len(urls) / (ended - began), megabytes

        limit = examine_limit(folder, arguments.images)
        for repeat in range(arguments.repeats):
            for name in ways:
                rate, megabytes = measured(name, urls, str(repeat))
                rates[name].append(rate)
                peaks[name] = max(peaks[name], *megabytes)
        long_urls = [f"{url}?{n}" for n in range(-(-arguments.long // len(urls))) for url in urls]
        _, megabytes = measured("ours", long_urls[: arguments.long], "long")
        quarters = [megabytes[len(megabytes) * n // 4 - 1] for n in range(1, 5)]
        server.terminate()
    table = Table("", "images/s: median", "least", "most", "peak MB", title="addresses to images")
    for name, figures in rates.items():
        table.add_row(
            name, *(f"{f:.0f}" for f in (statistics.median(figures), min(figures), max(figures))),
            f"{peaks[name]:.0f}",
        )  # fmt: skip
    Console().print(table)
    median = {name: statistics.median(figures) for name, figures in rates.items()}
    result = {
        "stage": "download",
        "ours": round(median["ours"]),
        "peer": round(median["img2dataset"]),
        "unit": "images/s",
        "ratio": round(median["ours"] / median["img2dataset"], 3),
        "limit": round(limit),
        "images": arguments.images,
        "bytes_per_image": round(size),
        "peak_mb": round(peaks["ours"]),
        "peer_peak_mb": round(peaks["img2dataset"]),
        "long": {"images": arguments.long, "mb": [round(mb) for mb in quarters]},
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
