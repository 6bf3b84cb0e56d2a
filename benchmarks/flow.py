"""The whole job, query to folder, against the way of the program this one succeeds.

    python benchmarks/flow.py [--repeats 2] [--limit 250] [--latency-ms 100] [--model DIR]

Both search the local replica of Naver with the same browser code and embed with the same CLIP. The
peer works as the earlier program did: one download at a time, one image through CLIP at a time, the
largest cluster of DBSCAN at 0.18, every image encoded anew. The replica's image hosts answer
``latency-ms`` late, as hosts do that are not on this machine.

All run in turn, and each is compared with its turn's own, as the speed of a shared machine drifts.
``overhead`` is what the flow takes longer than the same task functions on a plain thread pool, less
``prefect_start_s``, what Prefect takes for a flow of nothing at all; its server is up before any
clock starts. ``first_download_s`` is the time from the command line to the first image on disk,
with a temporary Prefect server, and with one that runs already beside the database, as under
``make up``; five runs of each.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import requests
from PIL import Image
from prefect import flow
from prefect.settings import PREFECT_API_URL
from rich.console import Console
from rich.table import Table
from sklearn.cluster import DBSCAN

sys.path.insert(0, str(Path(__file__).parents[1]))  # the replica is no part of the package

from flows.batches import TASKS_AT_ONCE
from flows.collect import BATCH, CANDIDATES_PER_IMAGE, collect
from flows.prefect_console import quiet_prefect
from flows.request import CollectRequest
from flows.temporary_server import use_prefect_server
from tasks.database.jobs_table import Jobs
from tasks.dataset import write_dataset
from tasks.download import download_batch
from tasks.embed import embed_batch
from tasks.ledger import JobRecord
from tasks.model.embedder import load
from tasks.search import Search
from tasks.selection import choose_among
from tasks.settings import Settings
from tasks.sources.listed import source_named
from tasks.sources.naver import search
from tasks.sources.query import SearchQuery
from tasks.workspace import Workspace
from tests.naver_replica.serving import serve

QUERY = "사과 500"
EARLIER_EPS = 0.18
FIRST_TIMES = 5
Result = TypeVar("Result")
COLLECT = Path(__file__).parents[1] / "flows" / "collect.py"


def ours(request: CollectRequest) -> int:
    """Run the flow; return how many images were saved."""
    return collect(request).waterfall.chosen


@flow
def nothing() -> None:
    """Do nothing, in a flow."""


def without_prefect(request: CollectRequest) -> int:
    """Run the same task functions, as much at once, on a plain thread pool."""
    assert request.out_dir
    workspace = Workspace(request.out_dir / ".work")
    target, found = request.limit * CANDIDATES_PER_IMAGE, 0
    embedding: list[Future[int]] = []

    def process(number: int) -> int:
        download_batch(workspace, number, limits=request.quality)
        return embed_batch(workspace, number, model=request.model, device=request.device)

    with (
        ThreadPoolExecutor(TASKS_AT_ONCE) as pool,
        Search(source_named(request.source), SearchQuery(request.query), Settings()) as candidates,
    ):
        while found < target and (page := candidates.take(min(BATCH, target - found))):
            found += len(page)
            embedding.append(pool.submit(process, workspace.add_batch(page)))
        for batch in embedding:
            batch.result()
    selection = choose_among(
        workspace, len(embedding), model=request.model, criteria=request.criteria
    )
    counts = selection.waterfall()
    record = JobRecord(id="0", query=request.query, counts=counts)
    write_dataset(workspace, request.out_dir, selection, record)
    return len(selection.chosen)


def the_earlier_way(request: CollectRequest) -> int:
    """Search, then one image after the other."""
    assert request.out_dir
    embedder = load(request.model, request.device)
    images: list[Image.Image] = []
    vectors: list[np.ndarray] = []
    candidates = []
    with closing(search(SearchQuery(request.query), Settings())) as pages:
        for page in pages:
            candidates += page
            if len(candidates) >= request.limit * CANDIDATES_PER_IMAGE:
                break
    for candidate in candidates[: request.limit * CANDIDATES_PER_IMAGE]:
        try:
            answer = requests.get(candidate.url, timeout=10)
            image = Image.open(BytesIO(answer.content)).convert("RGB")
        except (requests.RequestException, OSError):
            continue
        grey = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
        if min(image.size) < request.min_side:
            continue
        if cv2.Laplacian(grey, cv2.CV_64F).var() < request.min_sharpness:
            continue
        images.append(image)
        vectors.append(embedder.embed([embedder.prepare(np.asarray(image))])[0])
    dbscan = DBSCAN(eps=EARLIER_EPS, min_samples=request.min_samples, metric="cosine")
    labels = dbscan.fit_predict(np.stack(vectors))
    subject = np.bincount(labels[labels >= 0]).argmax()
    chosen = [image for image, label in zip(images, labels, strict=True) if label == subject]
    request.out_dir.mkdir(parents=True)
    for number, image in enumerate(chosen[: request.limit], start=1):
        image.save(request.out_dir / f"img_{number:04d}.jpg", quality=95)
    return len(chosen[: request.limit])


def timed(work: Callable[..., Result], *arguments: object) -> tuple[float, Result]:
    """Return the seconds that a call takes, and its result."""
    started = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - started, result


def first_download(out_dir: Path, model: str, prefect_api: str) -> float:
    """Return the seconds from the command line to the first image on disk."""
    started = time.perf_counter()
    command = [sys.executable, str(COLLECT), QUERY, "--limit", "10", "--model", model]
    process = subprocess.Popen(
        [*command, "--out-dir", str(out_dir)],
        env=os.environ | {"PREFECT_API_URL": prefect_api},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    images = out_dir / ".work" / "images"
    while process.poll() is None and not (images.exists() and any(images.glob("[0-9a-f]*"))):
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    if process.wait():
        raise SystemExit("The command that is timed failed.")
    return round(seconds, 2)


def first_downloads(folder: Path, model: str, prefect_api: str) -> list[float]:
    """Return what ``first_download`` does, time after time."""
    return [first_download(folder / str(n), model, prefect_api) for n in range(FIRST_TIMES)]


def _middle_ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of what was timed one after the other."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--limit", type=int, default=250)
    parser.add_argument("--latency-ms", type=float, default=100.0)
    parser.add_argument("--model", default="tests/tiny_clip")
    arguments = parser.parse_args()
    ways: dict[str, Callable[[CollectRequest], int]] = {
        "ours": ours,
        "without Prefect": without_prefect,
        "the earlier way": the_earlier_way,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    images: dict[str, int] = {}
    with (
        serve(latency_s=arguments.latency_ms / 1000) as replica,
        tempfile.TemporaryDirectory() as folder,
    ):
        os.environ |= replica.environment() | {"DATA_DIR": folder}
        quiet_prefect()
        with use_prefect_server():
            load(arguments.model, "auto")
        nothing()
        start = statistics.median(timed(nothing)[0] for _ in range(5))

        def request(name: str) -> CollectRequest:
            out_dir = Path(folder) / name
            return CollectRequest(
                query=QUERY, limit=arguments.limit, model=arguments.model, out_dir=out_dir
            )

        ours(request("warm-up"))  # the replica draws its images once
        for repeat in range(arguments.repeats):
            for name, way in ways.items():
                (Path(folder) / "vectors.sqlite").unlink(missing_ok=True)  # embed everything anew
                taken, images[name] = timed(way, request(f"{name}-{repeat}"))
                seconds[name].append(taken)
        first = {"temporary": first_downloads(Path(folder) / "temporary", arguments.model, "")}
        with Jobs.open(Settings()):  # keeps the database up
            api = str(PREFECT_API_URL.value())
            first["running"] = first_downloads(Path(folder) / "running", arguments.model, api)
    table = Table("way", "images", "seconds: median", "least", "most", title="query to folder")
    for name, each in seconds.items():
        figures = (statistics.median(each), min(each), max(each))
        table.add_row(name, str(images[name]), *(f"{figure:.2f}" for figure in figures))
    Console().print(table)
    own, plain, earlier = seconds.values()
    result = {
        "stage": "flow",
        "ours": round(statistics.median(own), 3),
        "peer": round(statistics.median(earlier), 3),
        "unit": "seconds",
        "ratio": round(_middle_ratio(earlier, own), 3),
        "overhead": round(_middle_ratio([each - start for each in own], plain) - 1, 3),
        "prefect_start_s": round(start, 2),
        "candidates": CANDIDATES_PER_IMAGE * arguments.limit,
        "latency_ms": arguments.latency_ms,
        "first_download_s": first,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
