"""The images of a run → unit vectors, batch by batch, while others are still downloaded."""

import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.arrays import Vector, Vectors
from tasks.images.decoder import ImageError
from tasks.images.decoding import decode
from tasks.images.fate import its_fate
from tasks.images.room import room_kept
from tasks.model.embedder import Embedder, Prepared, load
from tasks.model.text import describe, reads
from tasks.model.vector_cache import VectorCache
from tasks.process import progress, stopping
from tasks.process.concurrency import GPU, slot
from tasks.process.retries import is_worth_retrying
from tasks.records import Accepted
from tasks.settings import Settings
from tasks.spans import covered_s
from tasks.workspace import Times, Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run's record says of its model."""

    family: str
    revision: str
    text: str | None  # that the images are compared with; None where the model reads none


def load_model(
    workspace: Workspace,
    model: str,
    *,
    device: str,
    query: str,
    description: str | None = None,
) -> Loaded:
    """Load the model ahead of its first use, and with it the vector of a text.

    The text is the description, or the query where the model reads its language.
    """
    embedder = load(model, device)
    if embedder.crop:
        workspace.set_crop(embedder.crop)
    if description and not reads(model, description):
        log.warning(
            "%s has no words for %r: how like it images are says little.", model, description
        )
    text = description or (query if reads(model, query) else None)
    workspace.set_text(model, describe(model, text) if text else None)
    workspace.set_geometry(embedder.family.geometry)
    return Loaded(family=embedder.family.name, revision=embedder.revision, text=text)


def embed_batch(workspace: Workspace, number: int, *, model: str, device: str) -> int:
    """Embed the good images of a batch and store their vectors; return the batch's number."""
    images = workspace.images(number)
    progress.report("embed", expected=len(images))
    if workspace.vectors(number, model) is None:
        embedder = load(model, device)
        with slot(GPU if embedder.devices[0].type == "cuda" else None):
            began_at = time.time()
            workspace.save_vectors(number, model, _embedded(workspace, images, embedder))
            ready_at = workspace.ready_at(number)
            workspace.save_times(number, Times(ready_at, began_at, time.time()))
        for image in images:
            if embedder.crop:
                workspace.drop_crop(embedder.crop, image.source_sha256)
    else:
        progress.report("embed", done=len(images))
    return number


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a run embedded, and how long images only waited for it to begin."""

    seconds: float
    wait_s: float


def stage_time(workspace: Workspace) -> StageTime:
    """Add up the time of all batches; what several took at the same time counts once."""
    times = workspace.times()
    at_work = covered_s((batch.began_at, batch.ended_at) for batch in times)
    ready = covered_s((batch.ready_at, batch.ended_at) for batch in times)
    return StageTime(round(at_work, 2), round(ready - at_work, 2))


def _embedded(workspace: Workspace, images: Sequence[Accepted], embedder: Embedder) -> Vectors:
    """Embed images (n, d), while the next ones are read; NaN where one cannot be."""
    cache = VectorCache(Settings().data_dir / "vectors.sqlite")

    def prepared(image: Accepted) -> Prepared | None:
        name = image.source_sha256
        if embedder.crop and (kept := workspace.kept_crop(embedder.crop, name)) is not None:
            return {"pixel_values": kept}
        try:
            with its_fate(image.candidate), room_kept():
                pixels = decode(workspace.image_path(name).read_bytes()).pixels
                return embedder.prepare(pixels)
        except ImageError as error:
            log.warning("The image of %s has no vector: %s", image.candidate.url, error)
            return None

    vectors: list[Vector | None] = []
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="prepare") as pool:
        coming = pool.map(prepared, images)
        while group := list(islice(coming, embedder.batch)):
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
    """Return the vectors of prepared images; only what is new is embedded."""
    keys = [embedder.key(image) if image else None for image in group]
    known = cache.get([key for key in keys if key])
    new = {
        key: image
        for key, image in zip(keys, group, strict=True)
        if key and image and key not in known
    }
    if new:
        made = dict(zip(new, embedder.embed(list(new.values())), strict=True))
        cache.put({key: vector for key, vector in made.items() if np.isfinite(vector).all()})
        known |= made
    return [known[key] if key else None for key in keys]


load_model_task = task(name="load-model", cache_policy=NO_CACHE)(load_model)

embed_batch_task = task(
    name="embed",
    task_run_name="embed-{number}",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=is_worth_retrying,
    cache_policy=NO_CACHE,
)(embed_batch)
