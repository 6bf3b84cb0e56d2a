"""Files to vectors, ours against the plain ways: equality and speed.

    python benchmarks/embed.py [--photos DIR] [--pictures 500] [--repeats 3] [--device auto]
                               [--model DIR]

Without ``--photos`` the pictures are drawn ones, as the replica of Naver shows them.
``one by one`` opens, prepares with the stock processor and embeds one picture at a time in float32;
``batches of 32`` does the same in batches, as clip-retrieval and sentence-transformers do. Without
``--model`` all embed with an untrained model of the exact size of CLIP ViT-B/32, its weights
seeded. Loading is timed apart, on a warm disk. ``forward`` is the model's share of ours: crops on
the host to vectors on the host.

``min_cosine`` is the least over all photographs, and greyscale, extremely long and tiny ones made
of them, of ours to the plain way: in the precision of this machine, and in float32. For it both see
the same upright sRGB pixels; the plain way by itself ignores colour profiles.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from transformers import AutoImageProcessor, AutoModel, CLIPConfig, CLIPImageProcessorPil, CLIPModel
from transformers.utils import logging as transformers_logging

sys.path.insert(0, str(Path(__file__).parents[1]))

from tasks.embedder import Embedder, Prepared, _load, load
from tasks.quality import decode
from tests.naver_replica.pictures import SUBJECTS, draw

PLAIN_BATCH = 32
SIZES = ((640, 480), (480, 640), (1280, 960), (800, 800))


def vit_b_32(folder: Path) -> Path:
    """Save an untrained model of the exact size, with the stock processor's settings."""
    torch.manual_seed(0)
    CLIPModel(CLIPConfig()).save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)
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


def drawn(folder: Path) -> Path:
    """Draw pictures of the sizes of photographs on the web."""
    folder.mkdir()
    for number, (kind, size) in enumerate(zip(cycle(SUBJECTS), SIZES * 20, strict=False)):
        draw(kind, number, *size).save(folder / f"{number:03d}.jpg", quality=90)
    return folder


def odd_pictures(files: Sequence[Path], folder: Path) -> list[Path]:
    """Make greyscale, extremely long and tiny pictures of the first photographs."""
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
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model")
    arguments = parser.parse_args()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.photos or drawn(Path(temporary) / "photos")
        photos = sorted(file for file in folder.iterdir() if file.is_file())
        files = list(islice(cycle(photos), arguments.pictures))
        model = arguments.model or str(vit_b_32(Path(temporary) / "model"))
        network = AutoModel.from_pretrained(model, dtype=torch.float32).eval()
        processor = AutoImageProcessor.from_pretrained(model)
        load(model, arguments.device)  # the disk is warm, and the imports are done
        _load.cache_clear()
        started = time.perf_counter()
        embedder = load(model, arguments.device)
        load_s = time.perf_counter() - started
        network = network.to(embedder.devices[0])
        crops = [embedder.prepare(decode(file.read_bytes())[1]) for file in photos]

        def forward() -> np.ndarray:
            many = list(islice(cycle(crops), arguments.pictures))
            return embedder.embed(many)

        ways: dict[str, Callable[[], np.ndarray]] = {
            "ours": lambda: ours(embedder, files),
            "forward": forward,
            "batches of 32": lambda: plain(network, processor, files, PLAIN_BATCH),
            "one by one": lambda: plain(network, processor, files, 1),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        ours(embedder, files[: embedder.batch])
        for _ in range(arguments.repeats):
            for name, way in ways.items():
                started = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - started)
        every = [*photos, *odd_pictures(photos, Path(temporary))]
        reference = plain(network, processor, every, 1, decoded)
        cosine = least_cosine(ours(embedder, every), reference)
        exact = replace(
            embedder, networks=(network,), devices=embedder.devices[:1], dtype=torch.float32
        )
        cosine_float32 = least_cosine(ours(exact, every), reference)
    rate = {name: arguments.pictures / statistics.median(s) for name, s in seconds.items()}
    table = Table("way", "pictures/s: median", "least", "most", title="files to vectors")
    for name, taken in seconds.items():
        figures = (rate[name], arguments.pictures / max(taken), arguments.pictures / min(taken))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    Console().print(table)
    result = {
        "stage": "embed",
        "ours": round(rate["ours"], 1),
        "peer": round(rate["one by one"], 1),
        "unit": "pictures/s",
        "ratio": round(rate["ours"] / rate["one by one"], 2),
        "ratio_batched": round(rate["ours"] / rate["batches of 32"], 2),
        "forward": round(rate["forward"], 1),
        "load_s": round(load_s, 2),
        "min_cosine": round(cosine, 6),
        "min_cosine_float32": round(cosine_float32, 7),
        "pictures": arguments.pictures,
        "batch": embedder.batch,
        "device": str(embedder.devices[0]),
        "dtype": str(embedder.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
