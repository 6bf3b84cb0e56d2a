"""Addresses to measured images on disk, against img2dataset.

    python benchmarks/download.py [--photos DIR] [--images 5000] [--repeats 3] [--long 20000]

Both fetch the same JPEGs from one server on this machine and refuse those below 300 px; ours
measures sharpness and hashes besides. ``--photos`` names a folder of JPEGs, which are cut and
compressed anew into as many different ones as wanted; without it the replica of Naver draws them.
img2dataset is installed into a virtual environment of its own (``build/img2dataset``) at the first
run, and works with a process for each core, 32 threads in each, and leaves the files as they came.

A run is timed from its first request to its end, so no start of an interpreter counts. Memory is
that of all processes of a run together, at its peak. ``limit`` is how many images a second all
cores examine (decode, sharpness, hash) when the bytes are in memory already. ``cpu_ms`` says where
the time goes: the milliseconds of a core for one image in all, the median of our runs, and what its
steps take on a thread that is alone. ``long`` are the megabytes after each quarter of a run over so
many images.
"""

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import requests
from PIL import Image
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))  # the replica is no part of the package

from benchmarks.memory import Memory
from flows.batches import TASKS_AT_ONCE
from flows.collect import BATCH
from tasks.download import download_batch
from tasks.fetching.politeness import politeness
from tasks.images.crops import Crop
from tasks.images.decoder import Decoded, decode
from tasks.images.saving import kept_file
from tasks.quality import QualityLimits, measure
from tasks.records import OK, Accepted, Address, AddressKind, Attempt, Candidate
from tasks.workspace import Workspace
from tests.naver_replica.pictures import SUBJECTS, draw

PEER = "img2dataset==1.47.0"
PEER_DIR = Path(__file__).parents[1] / "build" / "img2dataset"
LIMITS = QualityLimits({"sharpness": 0})  # img2dataset refuses none for that
CROP = Crop(224, (224, 224), Image.Resampling.BICUBIC)  # of CLIP ViT-B/32
SIDES = (0.85, 1.0)  # of what is cut out of a photo
CORES = os.cpu_count() or 1
Result = TypeVar("Result")

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


def make_images(folder: Path, count: int, photos: Path | None) -> None:
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
        rng = random.Random(number)  # noqa: S311 — the same images each time
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
                self.transport.writelines([head.encode(), b"\r\n\r\n", body])

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Files, "127.0.0.1", 0, backlog=1000)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def ours(urls: list[str], folder: str, result: Any) -> None:
    """Download in this process; send when it ended, how many images there are, and the CPU time."""
    workspace = Workspace(Path(folder))
    candidates = [Candidate((Address(url),), rank, "files") for rank, url in enumerate(urls)]
    numbers = [
        workspace.add_batch(candidates[at : at + BATCH]) for at in range(0, len(urls), BATCH)
    ]
    cpu_before_s = time.process_time()
    with ThreadPoolExecutor(TASKS_AT_ONCE) as pool:
        list(pool.map(lambda n: download_batch(workspace, n, limits=LIMITS), numbers))
    ended, cpu_s = time.monotonic(), time.process_time() - cpu_before_s
    results = [r for number in numbers for r in workspace.results(number) or ()]
    result.send((ended, sum(isinstance(r, Accepted) for r in results), cpu_s))


class Run(NamedTuple):
    """When a way ended, how many images came, and what it took."""

    ended: float  # by the monotonic clock
    images: int
    megabytes: list[float]  # every 0.2 s
    cpu_s: float = math.nan  # of ours alone


def run_ours(urls: list[str], folder: Path) -> Run:
    """Download in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=ours, args=(urls, str(folder), there))
    process.start()
    with Memory(process.pid or 0) as memory:
        ended, images, cpu_s = here.recv()
        process.join()
    return Run(ended, images, memory.megabytes, cpu_s)


def run_peer(urls: list[str], folder: Path) -> Run:
    """Do the same with img2dataset."""
    folder.mkdir()
    listed, program = folder / "urls.txt", folder / "peer.py"
    listed.write_text("\n".join(urls), "utf-8")
    program.write_text(_PEER_PROGRAM, "utf-8")
    process = subprocess.Popen(
        [str(PEER_DIR / "bin" / "python"), str(program), str(listed), str(folder / "out"),
         str(CORES)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1", "WANDB_MODE": "disabled"},
    )  # fmt: skip
    with Memory(process.pid) as memory:
        out, _ = process.communicate()
    if process.returncode:
        raise SystemExit("img2dataset failed.")
    images = len(list((folder / "out").rglob("*.jpg")))
    return Run(float(out.split()[-1]), images, memory.megabytes)


def install_peer() -> None:
    """Install img2dataset where it is not yet."""
    if (PEER_DIR / "bin" / "img2dataset").exists():
        return
    Console(stderr=True).print(f"Installing {PEER} into {PEER_DIR} …")
    venv.create(PEER_DIR, with_pip=True, clear=True)
    command = [str(PEER_DIR / "bin" / "pip"), "install", "--quiet", PEER]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"{PEER} cannot be installed; there is nothing to compare with.")


def examine_limit(folder: Path, count: int) -> float:
    """Return the images a second that all cores examine, their bytes in memory."""
    bodies = [(folder / f"{number}.jpg").read_bytes() for number in range(min(count, 1000))]
    started = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(lambda body: measure(decode(body), LIMITS), bodies))
    return len(bodies) / (time.perf_counter() - started)


def crop_by_pillow(decoded: Decoded) -> Image.Image:
    """Resize as CROP does."""
    sides = decoded.pixels.shape[1::-1]
    width, height = (224 * side // min(sides) for side in sides)
    return Image.fromarray(decoded.pixels).resize((width, height), CROP.resample)


def step_costs(folder: Path, count: int) -> dict[str, float]:
    """Return the milliseconds of CPU that each step takes for an image, on this thread alone."""
    bodies = [(folder / f"{number}.jpg").read_bytes() for number in range(min(count, 1000))]
    candidates = [Candidate((Address(str(n)),), n, "files") for n in range(len(bodies))]
    attempts = (Attempt("", AddressKind.ORIGINAL, OK),)
    milliseconds: dict[str, float] = {}

    def each(step: str, work: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
        started = time.thread_time()
        results = list(map(work, *arguments))
        milliseconds[step] = round((time.thread_time() - started) / len(bodies) * 1000, 2)
        return results

    with tempfile.TemporaryDirectory() as temporary:
        workspace = Workspace(Path(temporary))
        batch = workspace.add_batch(candidates)
        decoded = each("decode", decode, bodies)
        measured = each("grey, sharpness, hash", lambda d: measure(d, LIMITS), decoded)
        names = each("SHA-256, file", workspace.save_image, bodies, map(kept_file, bodies, decoded))
        images = [
            Accepted(candidate, attempts, "JPEG", name, measures)
            for candidate, name, measures in zip(candidates, names, measured, strict=True)
        ]
        each("record", lambda image: workspace.add_result(batch, image), images)
        CROP(decoded[0].pixels)  # imports
        each("crop, with a model", lambda d: CROP(d.pixels), decoded)
        each("crop by Pillow", crop_by_pillow, decoded)
    return milliseconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--long", type=int, default=20_000)
    arguments = parser.parse_args()
    install_peer()
    ways = {"ours": run_ours, "img2dataset": run_peer}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    peaks: dict[str, float] = dict.fromkeys(ways, 0.0)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "images"
        folder.mkdir()
        make_images(folder, arguments.images, arguments.photos)
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

        def measured(name: str, urls: list[str], turn: str) -> tuple[float, Run]:
            run = ways[name](urls, Path(temporary) / f"{name}-{turn}")
            if run.images != len(urls):
                raise SystemExit(f"{name} saved {run.images} of {len(urls)} images.")
            began = float(requests.get(f"http://{host}/began", timeout=10).text)
            return len(urls) / (run.ended - began), run

        limit = examine_limit(folder, arguments.images)
        steps = step_costs(folder, arguments.images)
        in_all: list[float] = []
        for repeat in range(arguments.repeats):
            for name in ways:
                rate, run = measured(name, urls, str(repeat))
                rates[name].append(rate)
                peaks[name] = max(peaks[name], *run.megabytes)
                if name == "ours":
                    in_all.append(run.cpu_s / len(urls) * 1000)
        long_urls = [f"{url}?{n}" for n in range(-(-arguments.long // len(urls))) for url in urls]
        megabytes = measured("ours", long_urls[: arguments.long], "long")[1].megabytes
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
        "cpu_ms": {"in all": round(statistics.median(in_all), 2), **steps},
        "images": arguments.images,
        "bytes_per_image": round(size),
        "peak_mb": round(peaks["ours"]),
        "peer_peak_mb": round(peaks["img2dataset"]),
        "long": {"images": arguments.long, "mb": [round(mb) for mb in quarters]},
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
