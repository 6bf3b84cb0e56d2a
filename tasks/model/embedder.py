"""A loaded model that makes unit vectors of images.

It is named by hub name or folder and loaded once per process, at first use, in the way of its
family. It works on all cores, or on all GPUs, in batches that their memory holds.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from tasks.arrays import Anything, Pixels, Vectors
from tasks.errors import ModelError
from tasks.images.crops import Crop
from tasks.model.families import family_of
from tasks.model.family import Family
from tasks.model.image_processor import crop_of, image_processor
from tasks.model.weights import checkpoint
from tasks.process import stopping
from tasks.process.cpu import is_bfloat16_fast

if TYPE_CHECKING:
    import torch

BATCH = 32  # images per forward pass: on a CPU larger ones gain nothing and report more rarely
GPU_BATCH = 1024  # at the most

Prepared = Mapping[str, Anything]  # a model's inputs for one image, by name

T = TypeVar("T")
R = TypeVar("R")

_loading, _embedding = Lock(), Lock()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Embedder:
    """A loaded model and how its images are prepared."""

    family: Family
    networks: tuple[Any, ...]  # the same on each device
    processor: Any  # the checkpoint's image processor
    crop: Crop | None  # None where that does more than to resize, cut and normalise
    devices: "tuple[torch.device, ...]"  # the CPU, or every GPU
    dtype: "torch.dtype"
    batch: int  # images per forward pass
    name: str  # of the model, as it was asked for
    revision: str

    def prepare(self, pixels: Pixels) -> Prepared:
        """Make of an RGB image, uint8 (height, width, 3), what the model takes."""
        if self.crop:
            return {"pixel_values": self.crop(pixels)}
        inputs = self.processor(images=[Image.fromarray(pixels)], return_tensors="np")
        return {name: values[0] for name, values in inputs.items()}

    def key(self, prepared: Prepared) -> bytes:
        """Name the vector that a prepared image has: equal for equal pixels, model, revision."""
        whole = sha256(f"{self.name}\n{self.revision}\n".encode())
        for name, values in sorted(prepared.items()):
            whole.update(f"{name} {values.shape} {values.dtype}\n".encode() + values.tobytes())
        return whole.digest()

    def embed(self, prepared: Sequence[Prepared]) -> Vectors:
        """Embed prepared images: float32 (n, d), unit length, in their order.

        A row is NaN where the model gives no direction.
        """
        with _embedding:  # one at a time: each use of the model takes all cores, or all GPUs
            if len(self.devices) == 1:
                return self._on(0, prepared)
            share = -(-len(prepared) // len(self.devices))
            shares = [prepared[at : at + share] for at in range(0, len(prepared), share)]
            with ThreadPoolExecutor(len(shares), thread_name_prefix="gpu") as pool:
                return np.concatenate(list(pool.map(self._on, range(len(shares)), shares)))

    def _on(self, place: int, prepared: Sequence[Prepared]) -> Vectors:
        """Embed on one device. On a GPU nothing waits for a batch before the last one."""
        import torch

        def forward(group: Sequence[Prepared]) -> torch.Tensor:
            inputs = {name: _stacked([image[name] for image in group], device) for name in group[0]}
            there = {name: t.to(device, non_blocking=True) for name, t in inputs.items()}
            if self.crop:
                there["pixel_values"] = self._normalised(there["pixel_values"])
            there["pixel_values"] = there["pixel_values"].to(self.dtype)
            projected = self.family.features(self.networks[place], there).float()
            unit: torch.Tensor = projected / projected.norm(dim=-1, keepdim=True)
            return unit

        device = self.devices[place]
        with torch.inference_mode():
            vectors: Vectors = torch.cat(in_batches(forward, prepared, self.batch)).cpu().numpy()
        return vectors

    def _normalised(self, crops: "torch.Tensor") -> "torch.Tensor":
        """Make of crops, uint8 (n, height, width, 3), float32 (n, 3, height, width)."""
        import torch

        mean, deviation = (
            torch.tensor(values, device=crops.device).view(3, 1, 1)
            for values in (self.processor.image_mean, self.processor.image_std)
        )
        scale = float(self.processor.rescale_factor)
        return (crops.permute(0, 3, 1, 2).float() * scale - mean) / deviation


def in_batches(work: Callable[[Sequence[T]], R], items: Sequence[T], size: int) -> list[R]:
    """Do ``work`` on so many items at a time, half as many whenever a GPU's memory runs out."""
    import torch

    done: list[R] = []
    at = 0
    while at < len(items):
        try:
            done.append(work(items[at : at + size]))
            at += size
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            size //= 2
            log.warning("The GPU's memory ran out: going on with %d images at a time.", size)
            torch.cuda.empty_cache()
    return done


def _stacked(values: Sequence[Anything], device: "torch.device") -> "torch.Tensor":
    """Stack inputs; those for a GPU in memory that it reads by itself, while others are made."""
    import torch

    stacked = torch.empty(
        (len(values), *values[0].shape),
        dtype=torch.from_numpy(np.empty(0, values[0].dtype)).dtype,
        pin_memory=device.type == "cuda",
    )
    np.stack(values, out=stacked.numpy())
    return stacked


def load(model: str, device: str) -> Embedder:
    """Load a checkpoint once per process; later calls return the same one.

    ``device`` is auto, cpu or cuda. Raises ``ModelError``.
    """
    with _loading:  # two threads that come first at once would load it twice
        return _load(model, device)


@lru_cache(maxsize=1)
def _load(model: str, device: str) -> Embedder:
    stopping.check()  # each step takes a second or more, and cannot be broken off
    import torch

    stopping.check()
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("no_cuda")
    devices: tuple[torch.device, ...] = (torch.device("cpu"),)
    if device != "cpu" and torch.cuda.is_available():
        devices = tuple(torch.device("cuda", n) for n in range(torch.cuda.device_count()))
    found = checkpoint(model)
    log.info("Loading %s.", model)
    dtype = _precision(devices[0])
    family = family_of(found)
    processor = image_processor(found)
    stopping.check()
    embedder = Embedder(
        family=family,
        networks=tuple(family.load(found, dtype).to(where) for where in devices),
        processor=processor,
        crop=crop_of(processor),
        devices=devices,
        dtype=dtype,
        batch=BATCH,
        name=model,
        revision=found.revision,
    )
    return replace(embedder, batch=_batch(embedder)) if devices[0].type == "cuda" else embedder


def _precision(device: "torch.device") -> "torch.dtype":
    """Return the fastest type of number here; its vectors have a cosine to float32's ≥ 0.999."""
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if is_bfloat16_fast() else torch.float32


def _batch(embedder: Embedder) -> int:
    """Return how many images half of a GPU's free memory holds, by what a few of them take."""
    import torch

    device = embedder.devices[0]
    image = embedder.prepare(np.zeros((224, 224, 3), np.uint8))
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    embedder.embed([image] * len(embedder.devices) * BATCH)
    each = (torch.cuda.max_memory_allocated(device) - before) // BATCH + 1
    free, _ = torch.cuda.mem_get_info(device)
    return int(min(max(free // 2 // each, 1), GPU_BATCH))
