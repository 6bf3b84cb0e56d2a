"""Our DBSCAN is scikit-learn's, label for label."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.cluster import DBSCAN
from sklearn.metrics.pairwise import cosine_distances

import tasks.subject.neighbours
from tasks.subject.neighbours import count_neighbours, dbscan, threads_of_one_core


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def scattered(seed: int) -> tuple[np.ndarray, float, int]:
    """Clusters of random number, tightness and size, with a radius and a number to match."""
    rng = np.random.default_rng(seed)
    n, d, clusters = int(rng.integers(2, 1500)), int(rng.choice([2, 3, 16, 64, 512])), 12
    centres = rng.normal(size=(clusters, d))
    spread = rng.uniform(0.05, 0.9, (clusters, 1))
    of = rng.integers(clusters, size=n)
    vectors = unit(centres[of] + spread[of] * rng.normal(size=(n, d)))
    return vectors, float(rng.choice([0.01, 0.05, 0.18, 0.3, 0.6])), int(rng.integers(1, 9))


def expected(vectors: np.ndarray, eps: float, min_samples: int) -> np.ndarray:
    return DBSCAN(eps=eps, min_samples=min_samples, metric="cosine").fit_predict(vectors)


@pytest.mark.parametrize("seed", range(50))
def test_random_sets_have_the_labels_of_scikit_learn(seed: int) -> None:
    vectors, eps, min_samples = scattered(seed)
    found = dbscan(vectors, eps=eps, min_samples=min_samples)
    np.testing.assert_array_equal(found, expected(vectors, eps, min_samples))


@pytest.fixture
def in_stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small sets into stripes, and multiply roughly first, as large ones are."""
    monkeypatch.setattr(tasks.subject.neighbours, "WHOLE", 0)
    monkeypatch.setattr(tasks.subject.neighbours, "STRIPE", 64)
    monkeypatch.setattr(tasks.subject.neighbours, "is_bfloat16_fast", lambda: True)


@pytest.mark.usefixtures("in_stripes")
@pytest.mark.parametrize("seed", range(50, 80))
def test_stripes_and_rough_products_change_no_label(seed: int) -> None:
    vectors, eps, min_samples = scattered(seed)
    distances = cosine_distances(vectors)
    if np.abs(distances - eps).min() < 1e-6:  # which side they fall on is up to the rounding
        eps += 3e-6
    found = dbscan(vectors, eps=eps, min_samples=min_samples)
    np.testing.assert_array_equal(found, expected(vectors, eps, min_samples))


def test_torch_uses_one_core_in_the_threads_of_a_search_and_all_others_elsewhere() -> None:
    cores = torch.get_num_threads()
    numbers = torch.ones(500, 500)
    with threads_of_one_core() as own, ThreadPoolExecutor(1) as begun_meanwhile:
        own.submit(torch.mm, numbers, numbers).result()
        assert {own.submit(torch.get_num_threads).result() for _ in range(8)} == {1}
        assert begun_meanwhile.submit(torch.get_num_threads).result() == cores
        assert torch.get_num_threads() == cores


@pytest.mark.usefixtures("in_stripes")
def test_searches_at_once_leave_torch_its_number_of_threads() -> None:
    cores = torch.get_num_threads()
    vectors, eps, min_samples = scattered(50)
    search = partial(dbscan, vectors, eps=eps, min_samples=min_samples)
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(search) for _ in range(8)]
        assert len({labels.result().tobytes() for labels in found}) == 1
    with ThreadPoolExecutor(1) as after:
        assert after.submit(torch.get_num_threads).result() == cores


def on_circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


EXACT = np.array([[1, 0, 0], [3 / 5, 4 / 5, 0], [0, 1, 0], [0, 0, 1], [0, 3 / 5, 4 / 5]])
BORDERS = {
    "nothing near": (on_circle(0, 90, 180, 270), 0.1, 2),
    "each its own core": (on_circle(0, 90, 180), 0.1, 1),
    "exactly at the radius": (EXACT, 0.4, 2),
    "just below it": (EXACT, np.nextafter(0.4, 0), 2),
    "just below it in float32": (EXACT.astype(np.float32), 0.39999997, 2),
    "exactly at it in float32": (EXACT.astype(np.float32), 0.4, 2),
    "all the same vector": (on_circle(30, 30, 30, 30), 0.01, 3),
    "the same vector, radius near 0": (on_circle(30, 30, 30, 77), 1e-12, 3),
    "one too few": (on_circle(0, 0, 90), 0.01, 3),
    "just enough": (on_circle(0, 0, 0), 0.01, 3),
    "border of two clusters": (on_circle(0, 1, 2, 8, 14, 15, 16), 0.0055, 4),
    "the same, the other cluster first": (on_circle(14, 15, 16, 8, 0, 1, 2), 0.0055, 4),
    "a chain": (on_circle(*range(0, 180, 5)), 0.004, 2),
    "opposite vectors": (on_circle(0, 180, 1, 181), 2.0, 4),
    "a radius beyond 1": (on_circle(0, 80, 160, 240), 1.2, 3),
    "a vector of zeros": (np.array([[0, 0], [1, 0], [1, 0.01]], np.float32), 0.1, 2),
    "vectors of other lengths": (3 * on_circle(0, 1, 2, 90), 0.01, 2),
    "a single vector": (on_circle(5), 0.2, 1),
}


@pytest.mark.parametrize("name", BORDERS)
def test_border_cases_have_the_labels_of_scikit_learn(name: str) -> None:
    vectors, eps, min_samples = BORDERS[name]
    found = dbscan(vectors, eps=float(eps), min_samples=min_samples)
    np.testing.assert_array_equal(found, expected(vectors, float(eps), min_samples))


def test_no_vectors_have_no_labels() -> None:
    assert dbscan(np.zeros((0, 4), np.float32), eps=0.1, min_samples=3).shape == (0,)


def test_neighbours_are_counted_with_the_vector_itself() -> None:
    assert count_neighbours(on_circle(0, 1, 2, 90), 0.001).tolist() == [3, 3, 3, 1]
