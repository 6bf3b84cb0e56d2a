"""Groups of vectors, as a model gives them of images that are alike."""

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def group(centre: int, count: int, spread: float, seed: int) -> np.ndarray:
    """Unit vectors around one axis of 64."""
    around = np.random.default_rng(seed).normal(0, spread, (count, 64))
    around[:, centre] += 1
    return unit(around)
