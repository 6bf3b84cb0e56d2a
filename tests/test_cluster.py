"""The largest dense group is the subject."""

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from tasks.cluster import choose_subject


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def group(centre: int, count: int, spread: float, seed: int) -> np.ndarray:
    """Unit vectors around one axis of 64."""
    around = np.random.default_rng(seed).normal(0, spread, (count, 64))
    around[:, centre] += 1
    return unit(around)


def choose(vectors: np.ndarray, eps: float = 0.18, min_samples: int = 3):
    return choose_subject(vectors, eps_cosine=eps, min_samples=min_samples)


def test_no_vectors_have_no_subject() -> None:
    found = choose(np.zeros((0, 0), np.float32))
    assert found.subject is None
    assert found.labels.shape == found.scores.shape == (0,)


def test_scattered_vectors_have_no_subject() -> None:
    found = choose(np.eye(64, dtype=np.float32))
    assert found.subject is None
    assert set(found.labels) == {-1}
    assert not found.scores.any()


def test_the_largest_group_is_the_subject_whatever_the_order() -> None:
    vectors = np.concatenate(
        [group(0, 8, 0.03, 1), group(1, 20, 0.04, 2), np.eye(64, dtype=np.float32)[10:30]]
    )
    is_subject = np.repeat([False, True, False], [8, 20, 20])
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(vectors))
        found = choose(vectors[order])
        np.testing.assert_array_equal(found.labels == found.subject, is_subject[order])


def test_of_equal_groups_the_tighter_is_the_subject() -> None:
    vectors = np.concatenate([group(0, 10, 0.05, 1), group(1, 10, 0.01, 2)])
    found = choose(vectors)
    assert set(found.labels[10:]) == {found.subject}


def test_the_labels_are_those_of_scikit_learn() -> None:
    vectors = np.concatenate([group(0, 30, 0.06, 1), group(1, 30, 0.08, 2), group(2, 30, 0.2, 3)])
    for eps in (0.05, 0.18, 0.4):
        expected = DBSCAN(eps=eps, min_samples=4, metric="cosine").fit_predict(vectors)
        np.testing.assert_array_equal(choose(vectors, eps, 4).labels, expected)


def test_scores_fall_with_the_distance_from_the_subject() -> None:
    vectors = np.concatenate([group(0, 20, 0.03, 1), -group(0, 1, 0.03, 2), group(1, 1, 0.03, 3)])
    scores = choose(vectors).scores
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert scores[:20].min() > 0.8
    assert scores[20] == 0
    assert scores[21] == pytest.approx(0, abs=0.15)
