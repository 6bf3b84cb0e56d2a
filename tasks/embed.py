"""Pictures → unit vectors, by any CLIP-family checkpoint that transformers loads.

The model is named by hub name or folder. It is loaded once per process, at first use, and of it
only the image tower. No code of a checkpoint is run, and no weights but safetensors are read.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks import progress, stopping
from tasks.crops import Crop
from tasks.errors import ModelError
from tasks.quality import Pixels, QualityError, decode
from tasks.records import Picture
from tasks.retries import is_worth_retrying
from tasks.settings import Settings
from tasks.slots import slot
from tasks.vector_cache import Vector, VectorCache
from tasks.weights import Checkpoint, checkpoint
from tasks.workspace import Vectors, Workspace

if TYPE_CHECKING:
    import torch

BATCH = 32  # pictures per forward pass: on a CPU larger ones gain nothing and report more rarely
DEFAULT_MODEL = "openai/clip-vit-base-patch32"

Prepared = Mapping[str, npt.NDArray[Any]]  # a model's inputs for one picture, by name

_loading, _embedding = Lock(), Lock()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Embedder:
    """A loaded image tower and how its pictures are made."""

    network: Any
    processor: Any
    crop: Crop | None  # None where the processor does more than to resize, cut and normalise
    device: "torch.device"
    dtype: "torch.dtype"
    name: str  # of the model, as it was asked for
    revision: str

    def prepare(self, pixels: Pixels) -> Prepared:
        """Make of an RGB picture, uint8 (height, width, 3), what the model takes."""
        if self.crop:
            return {"pixel_values": self.crop(pixels)}
        inputs = self.processor(images=[Image.fromarray(pixels)], return_tensors="np")
        return {name: values[0] for name, values in inputs.items()}

    def key(self, prepared: Prepared) -> bytes:
        """Name the vector that a prepared picture has: equal for equal pixels, model, revision."""
        whole = sha256(f"{self.name}\n{self.revision}\n".encode())
        for name, values in sorted(prepared.items()):
            whole.update(f"{name} {values.shape} {values.dtype}\n".encode() + values.tobytes())
        return whole.digest()

    def embed(self, prepared: Sequence[Prepared]) -> Vectors:
        """Embed prepared pictures: float32 (n, d), unit length, in their order.

        A row is NaN where the model gives no direction.
        """
        import torch

        inputs = {
            name: torch.from_numpy(np.stack([picture[name] for picture in prepared]))
            for name in prepared[0]
        }
        # One at a time: each use of the model takes all cores, or the whole device.
        with _embedding, torch.inference_mode():
            there = {name: values.to(self.device) for name, values in inputs.items()}
            if self.crop:
                there["pixel_values"] = self._normalised(there["pixel_values"])
            there["pixel_values"] = there["pixel_values"].to(self.dtype)
            projected = self.network.get_image_features(**there).pooler_output.float()
            vectors: Vectors = (projected / projected.norm(dim=-1, keepdim=True)).cpu().numpy()
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


def load(model: str, device: str) -> Embedder:
    """Load a checkpoint once per process; later calls return the same one.

    ``device`` is auto, cpu or cuda. Raises ``ModelError``.
    """
    with _loading:  # two threads that come first at once would load it twice
        return _load(model, device)


@lru_cache(maxsize=1)
def _load(model: str, device: str) -> Embedder:
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("There is no CUDA device here: leave --device at auto, or say cpu.")
    where = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    found = checkpoint(model)
    log.info("Loading %s.", model)
    dtype = _precision(where)
    processor = _image_processor(found)
    network = _image_tower(found, dtype).to(where)
    return Embedder(network, processor, _crop_of(processor), where, dtype, model, found.revision)


def _precision(device: "torch.device") -> "torch.dtype":
    """Return the fastest type of number here; its vectors have a cosine to float32's ≥ 0.999."""
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    able = torch.cpu.get_capabilities()
    is_fast = able.get("avx512_bf16") or able.get("amx_bf16")
    return torch.bfloat16 if is_fast else torch.float32


def _image_processor(found: Checkpoint) -> Any:
    """Load the settings of the checkpoint's own processor, in the one implementation with Pillow.

    There is another, taken where torchvision is installed, which resizes a little differently.
    """
    from transformers import AutoImageProcessor

    with found.errors():
        return AutoImageProcessor.from_pretrained(
            found.folder, backend="pil", local_files_only=True, trust_remote_code=False
        )


def _crop_of(processor: Any) -> Crop | None:
    from transformers.image_processing_backends import PilBackend

    kind = type(processor)
    steps = ("_preprocess", "resize", "center_crop", "rescale", "normalize")
    is_standard = all(getattr(kind, step) is getattr(PilBackend, step) for step in steps)
    does_all = processor.do_resize and processor.do_rescale and processor.do_normalize
    if not (is_standard and does_all) or processor.do_pad:
        return None
    size = processor.size
    resized = size.shortest_edge or (size.height, size.width)
    smallest = (resized, resized) if isinstance(resized, int) else resized
    kept = smallest
    if processor.do_center_crop:
        kept = (processor.crop_size.height, processor.crop_size.width)
    elif isinstance(resized, int):
        return None  # pictures of many shapes
    if size.longest_edge or None in kept or None in smallest:
        return None
    if kept[0] > smallest[0] or kept[1] > smallest[1]:
        return None  # it pads
    return Crop(resized, kept, int(processor.resample))


def _image_tower(found: Checkpoint, dtype: "torch.dtype") -> Any:
    """Load the model without its text tower. Raises ``ModelError``."""
    from transformers import MODEL_MAPPING, AutoConfig

    with found.errors():
        config = AutoConfig.from_pretrained(
            found.folder, local_files_only=True, trust_remote_code=False
        )
        whole: Any = MODEL_MAPPING.get(type(config), None)
        if not (hasattr(whole, "get_image_features") and hasattr(whole, "get_text_features")):
            raise ModelError(
                f"{found.name} is a model of the kind {config.model_type}, which is not of the "
                "CLIP family: name another with --model."
            )

        network, told = _without_text(whole).from_pretrained(
            found.folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    if missing := sorted(told["missing_keys"]):
        raise ModelError(
            f"The weights of {found.name} are not whole: {len(missing)} tensors are missing, the "
            f"first is {missing[0]}. Name another checkpoint with --model."
        )
    return network.eval()


def _without_text(whole: Any) -> Any:
    """Return the class of a model whose text tower is taken away before any weights are read."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        whole.__init__(self, *args, **kwargs)
        self.text_model = None

    # Transformers looks up by name and module how the tensors of older files are called today.
    return type(whole.__name__, (whole,), {"__init__": __init__, "__module__": whole.__module__})


@task(name="load-model", cache_policy=NO_CACHE)
def load_model(workspace: Workspace, model: str, device: str) -> str:
    """Load the model ahead of its first use; return the revision that was loaded."""
    embedder = load(model, device)
    if embedder.crop:
        workspace.set_crop(embedder.crop)
    return embedder.revision


@task(
    name="embed",
    task_run_name="embed-{number}",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=is_worth_retrying,
    cache_policy=NO_CACHE,
)
def embed_batch(workspace: Workspace, number: int, model: str, device: str) -> int:
    """Embed the good pictures of a batch and store their vectors; return the batch's number."""
    pictures = workspace.pictures(number)
    progress.report("embed", expected=len(pictures))
    if workspace.vectors(number, model) is None:
        embedder = load(model, device)
        with slot("gpu" if embedder.device.type == "cuda" else None):
            workspace.save_vectors(number, model, _embedded(workspace, pictures, embedder))
        for picture in pictures:
            if embedder.crop:
                workspace.drop_crop(embedder.crop, picture.source_sha256)
    else:
        progress.report("embed", done=len(pictures))
    return number


def _embedded(workspace: Workspace, pictures: Sequence[Picture], embedder: Embedder) -> Vectors:
    """Embed pictures (n, d), while the next ones are read; NaN where one cannot be."""
    cache = VectorCache(Settings().data_dir / "vectors.sqlite")

    def prepared(picture: Picture) -> Prepared | None:
        name = picture.source_sha256
        if embedder.crop and (kept := workspace.kept_crop(embedder.crop, name)) is not None:
            return {"pixel_values": kept}
        try:
            return embedder.prepare(decode(workspace.image_path(name).read_bytes())[1])
        except QualityError as error:
            log.warning("The image of %s does not decode again: %s", picture.candidate.url, error)
            return None

    vectors: list[Vector | None] = []
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="prepare") as pool:
        coming = pool.map(prepared, pictures)
        while group := list(islice(coming, BATCH)):
            stopping.check()
            vectors += _looked_up(group, embedder, cache)
            progress.report("embed", done=len(group))
    size = max((len(vector) for vector in vectors if vector is not None), default=0)
    nothing = np.full(size, np.nan, np.float32)
    together = [nothing if vector is None else vector for vector in vectors]
    return np.stack(together) if together else np.zeros((0, 0), np.float32)


def _looked_up(
    group: Sequence[Prepared | None], embedder: Embedder, cache: VectorCache
) -> list[Vector | None]:
    """Return the vectors of prepared pictures; only what is new is embedded."""
    keys = [embedder.key(picture) if picture else None for picture in group]
    known = cache.get([key for key in keys if key])
    new = {
        key: picture
        for key, picture in zip(keys, group, strict=True)
        if key and picture and key not in known
    }
    if new:
        made = dict(zip(new, embedder.embed(list(new.values())), strict=True))
        cache.put({key: vector for key, vector in made.items() if np.isfinite(vector).all()})
        known |= made
    return [known[key] if key else None for key in keys]
