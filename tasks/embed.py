"""Pictures → unit vectors, by any CLIP-family checkpoint that transformers loads.

The model is named by hub name or folder. It is loaded once per process, at first use.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks import progress, stopping
from tasks.errors import ModelError
from tasks.quality import decode
from tasks.retries import is_worth_retrying
from tasks.settings import Settings
from tasks.slots import slot
from tasks.workspace import Vectors, Workspace

if TYPE_CHECKING:
    import torch

BATCH = 16  # pictures per forward pass: larger ones gain nothing on a CPU and report more rarely
DEFAULT_MODEL = "openai/clip-vit-base-patch32"

_loading = Lock()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Embedder:
    """A loaded image tower. ``revision`` is the hub commit, or empty for a folder."""

    model: Any
    processor: Any
    device: "torch.device"
    revision: str

    def embed(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Embed RGB pictures: float32 of shape (n, d), unit length, in their order."""
        import torch

        inputs = self.processor(images=list(pictures), return_tensors="pt").to(self.device)
        with torch.inference_mode():
            features = self.model.get_image_features(**inputs)
        # transformers 5 wraps the projected features in an output object; 4 gave them bare.
        projected = getattr(features, "pooler_output", features).float()
        unit = projected / projected.norm(dim=-1, keepdim=True)
        vectors: Vectors = unit.cpu().numpy()
        return vectors


def load(model: str, device: str) -> Embedder:
    """Load a checkpoint once per process; later calls return the same one.

    ``device`` is auto, cpu or cuda. Raises ``ModelError``.
    """
    with _loading:  # two threads that come first at once would load it twice
        return _load(model, device)


@lru_cache(maxsize=1)
def _load(model: str, device: str) -> Embedder:
    import torch
    from huggingface_hub.utils import logging as hub_logging
    from transformers import AutoImageProcessor, AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    hub_logging.set_verbosity_error()
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("There is no CUDA device here: leave --device at auto, or say cpu.")
    where = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    home = Settings().hf_home
    cache = str(home / "hub") if home else None
    is_folder = Path(model).is_dir()
    log.info("Loading %s%s.", model, "" if is_folder else " (downloaded at its first use)")
    try:
        network = AutoModel.from_pretrained(model, cache_dir=cache, dtype=torch.float32)
        processor = AutoImageProcessor.from_pretrained(model, cache_dir=cache)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        raise ModelError(_what_is_wrong_with(model, error)) from error
    if not hasattr(network, "get_image_features"):
        raise ModelError(
            f"{model} is a {type(network).__name__}, which embeds no images: "
            "name a CLIP-family checkpoint."
        )
    revision = getattr(network.config, "_commit_hash", None) or ""
    return Embedder(network.eval().to(where), processor, where, revision)


def _what_is_wrong_with(model: str, error: Exception) -> str:
    if Path(model).is_dir():
        first_line = str(error).strip().partition("\n")[0]
        return f"The folder {model} holds no CLIP checkpoint that loads: {first_line}"
    return (
        f"The CLIP weights {model} cannot be had: no folder of that name is here, and the model "
        "hub does not give them. Check the name and the network once, or pass --model with a "
        "folder that holds config.json, model.safetensors and preprocessor_config.json."
    )


@task(name="load-model", cache_policy=NO_CACHE)
def load_model(model: str, device: str) -> str:
    """Load the model ahead of its first use; return the revision that was loaded."""
    return load(model, device).revision


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
        parts: list[Vectors] = []
        with slot("gpu" if embedder.device.type == "cuda" else None):
            for start in range(0, len(pictures), BATCH):
                stopping.check()
                part = pictures[start : start + BATCH]
                files = [workspace.image_path(p.source_sha256).read_bytes() for p in part]
                parts.append(embedder.embed([Image.fromarray(decode(data)[1]) for data in files]))
                progress.report("embed", done=len(part))
        workspace.save_vectors(
            number, model, np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
        )
    else:
        progress.report("embed", done=len(pictures))
    return number
