"""Files to vectors, ours against the plain ways and sentence-transformers: equality, speed, memory.

    python benchmarks/embed.py [--photos DIR] [--images 500] [--repeats 3] [--device auto]
                               [--model DIR] [--memory 20000]

Without ``--photos`` the images are drawn ones, as the replica of Naver shows them.
``one by one`` opens, prepares with the stock processor and embeds one image at a time in float32;
``batches of 32`` does the same in batches. ``sentence-transformers`` is its own ``encode`` of the
opened images in batches of 32, in float32; it is installed into ``build/sentence-transformers``
at the first run, beside the torch and transformers of the project, and left out where that fails.
``ours, float32`` is ours as on CPUs without bfloat16. ``forward`` is the model's share of ours:
crops on the host to vectors on the host; ``share_of_peak`` is its operations a second, of what the
best of large matrix products reaches in the same precision (``peak_tflops``). Without ``--model``
all embed with an untrained model of the exact size of CLIP ViT-B/32, its weights seeded. Loading is
timed apart, on a warm disk. All ways take their turn in each repeat; ``ratio`` is the median of the
repeats' own ratios.

``min_cosine`` is the least over all photographs, and greyscale, extremely long and tiny ones made
of them, of ours to the plain way: in the precision of this machine, and in float32. For it both see
the same upright sRGB pixels; the plain way by itself ignores colour profiles.

``memory`` is that of the flow's stage over so many different images (none: 0), in a process of
its own: in batches of 64, their crops kept on disk as the download keeps them. ``loaded_mb`` is it
with the model loaded, ``beside_mb`` the peak above that in each quarter of the time.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
)
from transformers.utils import logging as transformers_logging

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.memory import Memory
from flows.collect import BATCH
from tasks.embed import embed_batch, load_model
from tasks.images.decoding import decode
from tasks.model.clip import image_tower
from tasks.model.embedder import Embedder, Prepared, _load, load
from tasks.model.weights import checkpoint
from tasks.records import Accepted, Address, Candidate, Measures
from tasks.workspace import Workspace
from tests.conftest import TINY_CLIP
from tests.naver_replica.pictures import SUBJECTS, draw

PLAIN_BATCH = 32
PEER = "sentence-transformers==6.2.0"
PEER_DIR = Path(__file__).parents[1] / "build" / "sentence-transformers"
SIZES = ((640, 480), (480, 640), (1280, 960), (800, 800))


def vit_b_32(folder: Path) -> Path:
    """Save an untrained model of the exact size, with the stock processor's settings."""
    torch.manual_seed(0)
    CLIPModel(CLIPConfig()).save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)
    AutoTokenizer.from_pretrained(TINY_CLIP).save_pretrained(folder)  # any: nothing is read
    return folder


def ours(embedder: Embedder, files: Sequence[Path]) -> np.ndarray:
    """Decode and crop in threads, as the download stage does; embed what is ready."""

    def prepared(file: Path) -> Prepared:
        return embedder.prepare(decode(file.read_bytes())[1])

    parts = []
    with ThreadPoolExecutor() as pool:
        coming = pool.map(prepared, files)
        while group := list(islice(coming, embedder.batch)):
            parts.append(embedder.embed(group))
    return np.concatenate(parts)


def opened(file: Path) -> Image.Image:
    return Image.open(file).convert("RGB")


def decoded(file: Path) -> Image.Image:
    return Image.fromarray(decode(file.read_bytes()).pixels)


def plain(
    network: Any,
    processor: Any,
    files: Sequence[Path],
    batch: int,
    read: Callable[[Path], Image.Image] = opened,
) -> np.ndarray:
    """Do it as the documentation of transformers does."""
    parts = []
    for start in range(0, len(files), batch):
        images = [read(file) for file in files[start : start + batch]]
        inputs = processor(images=images, return_tensors="pt").to(network.device)
        with torch.inference_mode():
            parts.append(network.get_image_features(**inputs).pooler_output.cpu())
    vectors = torch.cat(parts).numpy()
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def sentence_transformers(
    model: str, device: torch.device
) -> Callable[[Sequence[Path]], np.ndarray] | None:
    """Load the peer with the same weights; None where it cannot be installed."""
    if not PEER_DIR.is_dir():
        Console(stderr=True).print(f"Installing {PEER} into {PEER_DIR} …")
        # Without what it depends on: the project has all of that.
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        if subprocess.run([*command, "--target", PEER_DIR, PEER], check=False).returncode:
            return None
    sys.path.append(str(PEER_DIR))
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer

    network = SentenceTransformer(modules=[Transformer(model)], device=str(device))

    def encode(files: Sequence[Path]) -> np.ndarray:
        return np.asarray(
            network.encode(
                [opened(file) for file in files],
                batch_size=PLAIN_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        )

    return encode


def embed_many(model: str, device: str, photos: Sequence[Path], count: int, result: Any) -> None:
    """Embed images by the flow's stage; send the memory (MB) before the first, and a last word.

    They are the crops of photographs, moved by some lines: none has a vector already.
    """
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["DATA_DIR"] = temporary
        workspace = Workspace(Path(temporary) / ".work")
        load_model(workspace, model, device=device, query="cat")
        crop = workspace.crop()
        assert crop, "The processor of this model does more than to cut."
        crops = [crop(decode(file.read_bytes()).pixels) for file in photos]
        result.send(psutil.Process().memory_full_info().pss / 1e6)
        for start in range(0, count, BATCH):
            images = []
            for n in range(start, min(start + BATCH, count)):
                candidate = Candidate((Address(f"https://example.com/{n}.jpg"),), n + 1, "files")
                name = sha256(candidate.key.encode()).hexdigest()
                workspace.save_crop(crop, name, np.roll(crops[n % len(crops)], n // len(crops), 0))
                measures = Measures(*crop.kept, phash="0" * 16, values={})
                images.append(Accepted(candidate, (), "JPEG", name, measures))
            number = workspace.add_batch([image.candidate for image in images])
            workspace.save_results(number, images)
            embed_batch(workspace, number, model=model, device=device)
        vectors = [workspace.vectors(n, model) for n in range(workspace.batch_count())]
        assert sum(len(v) for v in vectors if v is not None) == count
        result.send("done")


def stage_memory(model: str, device: str, photos: Sequence[Path], count: int) -> dict[str, Any]:
    """Measure the memory of ``embed_many`` in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=embed_many, args=(model, device, photos, count, there))
    process.start()
    there.close()  # so that a process that dies is an error here
    loaded = here.recv()
    with Memory(process.pid or 0) as memory:
        here.recv()
    process.join()
    figures = memory.megabytes
    quarters = [max(figures[len(figures) * n // 4 : len(figures) * (n + 1) // 4]) for n in range(4)]
    return {
        "images": count,
        "loaded_mb": round(loaded),
        "beside_mb": [round(peak - loaded) for peak in quarters],
    }


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Measure the operations a second of a large matrix product, the best of ten."""
    side = 8192 if device.type == "cuda" else 2048
    one = torch.randn(side, side, device=device, dtype=dtype)
    times = []
    for _ in range(11):
        started = time.perf_counter()
        product = one @ one
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
        del product
    return 2 * side**3 / min(times[1:])


def flops_of(embedder: Embedder, crop: Prepared) -> int:
    """Count the operations of the matrix products for one image."""
    with FlopCounterMode(display=False) as counter:
        embedder.embed([crop])
    return int(counter.get_total_flops())


def drawn(folder: Path) -> Path:
    """Draw images of the sizes of photographs on the web."""
    folder.mkdir()
    for number, (kind, size) in enumerate(zip(cycle(SUBJECTS), SIZES * 20, strict=False)):
        draw(kind, number, *size).save(folder / f"{number:03d}.jpg", quality=90)
    return folder


def odd_images(files: Sequence[Path], folder: Path) -> list[Path]:
    """Make greyscale, extremely long and tiny images of the first photographs."""
    made = []
    for number, file in enumerate(files[:4]):
        image = Image.open(file).convert("RGB")
        for size in (None, (2000, 20), (20, 2000), (3, 2), (1, 1)):
            odd = image.resize(size) if size else image.convert("L")
            made.append(folder / f"odd-{number}-{len(made)}.png")
            odd.save(made[-1])
    return made


def least_cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float((one.astype(np.float64) * other.astype(np.float64)).sum(axis=1).min())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model")
    parser.add_argument("--memory", type=int, default=20_000)
    arguments = parser.parse_args()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.photos or drawn(Path(temporary) / "photos")
        photos = sorted(file for file in folder.iterdir() if file.is_file())
        files = list(islice(cycle(photos), arguments.images))
        model = arguments.model or str(vit_b_32(Path(temporary) / "model"))
        memory = (
            stage_memory(model, arguments.device, photos, arguments.memory)
            if arguments.memory
            else None
        )
        network = AutoModel.from_pretrained(model, dtype=torch.float32).eval()
        processor = AutoImageProcessor.from_pretrained(model)
        load(model, arguments.device)  # the disk is warm, and the imports are done
        _load.cache_clear()
        started = time.perf_counter()
        embedder = load(model, arguments.device)
        load_s = time.perf_counter() - started
        network = network.to(embedder.devices[0])
        exact = replace(
            embedder,
            networks=(image_tower(checkpoint(model), torch.float32).to(embedder.devices[0]),),
            devices=embedder.devices[:1],
            dtype=torch.float32,
        )
        crops = [embedder.prepare(decode(file.read_bytes())[1]) for file in photos]

        def forward() -> np.ndarray:
            many = list(islice(cycle(crops), arguments.images))
            return embedder.embed(many)

        ways: dict[str, Callable[[], np.ndarray]] = {
            "ours": lambda: ours(embedder, files),
            "forward": forward,
            "ours, float32": lambda: ours(exact, files),
            "batches of 32": lambda: plain(network, processor, files, PLAIN_BATCH),
            "one by one": lambda: plain(network, processor, files, 1),
        }
        if encode := sentence_transformers(model, embedder.devices[0]):
            ways["sentence-transformers"] = lambda: encode(files)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        ours(embedder, files[: embedder.batch])
        for _ in range(arguments.repeats):
            for name, way in ways.items():
                started = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - started)
        peak = peak_flops(embedder.devices[0], embedder.dtype) * len(embedder.devices)
        flops = flops_of(embedder, crops[0])
        every = [*photos, *odd_images(photos, Path(temporary))]
        reference = plain(network, processor, every, 1, decoded)
        cosine = least_cosine(ours(embedder, every), reference)
        cosine_float32 = least_cosine(ours(exact, every), reference)

    def ratio(one: str, other: str) -> float:
        return statistics.median(
            theirs / own for own, theirs in zip(seconds[one], seconds[other], strict=True)
        )

    rate = {name: arguments.images / statistics.median(s) for name, s in seconds.items()}
    table = Table(
        "way", "images/s: median", "least", "most", "ours is × as fast", title="files to vectors"
    )
    for name, taken in seconds.items():
        figures = (rate[name], arguments.images / max(taken), arguments.images / min(taken))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures), f"{ratio('ours', name):.2f}")
    Console().print(table)
    result = {
        "stage": "embed",
        "ours": round(rate["ours"], 1),
        "peer": round(rate["one by one"], 1),
        "unit": "images/s",
        "ratio": round(ratio("ours", "one by one"), 2),
        "ratios": {name: round(ratio("ours", name), 2) for name in ways},
        "ratios_float32": {name: round(ratio("ours, float32", name), 2) for name in ways},
        "forward": round(rate["forward"], 1),
        "share_of_peak": round(rate["forward"] * flops / peak, 3),
        "peak_tflops": round(peak / 1e12, 2),
        "load_s": round(load_s, 2),
        "min_cosine": round(cosine, 6),
        "min_cosine_float32": round(cosine_float32, 7),
        "memory": memory,
        "images": arguments.images,
        "batch": embedder.batch,
        "device": str(embedder.devices[0]),
        "dtype": str(embedder.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
