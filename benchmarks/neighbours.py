"""DBSCAN by our own neighbour computation against scikit-learn's, on the same vectors.

    python benchmarks/neighbours.py [--n 40000] [--d 512] [--repeats 2] [--alone]

The vectors are 40 subjects of different tightness in 60 % noise. Both run in turn, each in a
process of its own, whose greatest memory less that before the run is what a way costs; torch is
imported before, as by the embedding that precedes it. ``--alone`` leaves scikit-learn out, for more
vectors than it can take.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.cluster import DBSCAN

sys.path.insert(0, str(Path(__file__).parents[1]))

from tasks.arrays import Labels, Vectors
from tasks.subject.neighbours import dbscan

EPS, MIN_SAMPLES = 0.18, 3
SUBJECTS, NOISE_SHARE = 40, 0.6


def make_vectors(n: int, d: int) -> Vectors:
    """Draw unit vectors whose subjects have median distances from 0.1 to 0.35, as CLIP's have."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(SUBJECTS, d))
    spread = np.sqrt(rng.uniform(0.1, 0.5, SUBJECTS))
    of = rng.integers(SUBJECTS, size=n)
    vectors = centres[of] + spread[of, np.newaxis] * rng.normal(size=(n, d))
    is_noise = rng.random(n) < NOISE_SHARE
    vectors[is_noise] = rng.normal(size=(int(is_noise.sum()), d)) + 0.8 * rng.normal(size=d)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def ours(vectors: Vectors) -> Labels:
    """Cluster with our own neighbours."""
    return dbscan(vectors, eps=EPS, min_samples=MIN_SAMPLES)


def scikit_learn(vectors: Vectors) -> Labels:
    """Cluster with scikit-learn."""
    labels = DBSCAN(eps=EPS, min_samples=MIN_SAMPLES, metric="cosine").fit_predict(vectors)
    return np.asarray(labels, np.int64)


def _greatest_memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _run(way: Callable[[Vectors], Labels], n: int, d: int) -> tuple[float, float, Labels]:
    vectors = make_vectors(n, d)
    import torch  # noqa: F401 - where images are embedded, it is there already

    way(vectors[:3000])  # warms up
    Path("/proc/self/clear_refs").write_text(
        "5", "utf-8"
    )  # the greatest memory is counted from here
    before = _greatest_memory_mb()
    started = time.perf_counter()
    labels = way(vectors)
    return time.perf_counter() - started, _greatest_memory_mb() - before, labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=40_000)
    parser.add_argument("--d", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--alone", action="store_true")
    arguments = parser.parse_args()
    ways = (ours,) if arguments.alone else (ours, scikit_learn)
    runs: dict[str, list[tuple[float, float, Labels]]] = {way.__name__: [] for way in ways}
    for _ in range(arguments.repeats):
        for way in ways:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                runs[way.__name__].append(pool.apply(_run, (way, arguments.n, arguments.d)))
    table = Table(
        "way", "seconds: median", "least", "MB above the input", "clusters", "noise",
        title=f"DBSCAN, n = {arguments.n:,}, d = {arguments.d}",
    )  # fmt: skip
    median = {name: statistics.median(run[0] for run in done) for name, done in runs.items()}
    memory = {name: max(run[1] for run in done) for name, done in runs.items()}
    for name, done in runs.items():
        labels = done[0][2]
        least = min(run[0] for run in done)
        counts = (str(labels.max() + 1), f"{(labels < 0).sum():,}")
        table.add_row(name, f"{median[name]:.2f}", f"{least:.2f}", f"{memory[name]:.0f}", *counts)
    Console().print(table)
    result: dict[str, object] = {
        "stage": "neighbours",
        "ours": round(median["ours"], 3),
        "unit": "s",
        "peak_mb": round(memory["ours"]),
        "n": arguments.n,
    }
    if not arguments.alone:
        result["peer"] = round(median["scikit_learn"], 3)
        result["ratio"] = round(median["scikit_learn"] / median["ours"], 2)
        result["peer_peak_mb"] = round(memory["scikit_learn"])
        found, expected = runs["ours"][0][2], runs["scikit_learn"][0][2]
        result["same_labels"] = bool(np.array_equal(found, expected))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
