"""First guesses of the groups that may be the subject. Pure.

No radius and no size suits every subject, so guesses are made in two ways that fail in different
cases. DBSCAN (Ester et al., 1996) at several radii taken from the data finds groups of any shape,
but merges or splits them where the radius does not suit. The neighbourhoods of the images in the
densest regions need no radius, but have a size that is set beforehand: one of several shares of all
images. A guess need not be right: ``settle`` corrects it, and ``weigh`` decides between them.
"""

import numpy as np

from tasks.arrays import Floats, Indices, Labels, Mask
from tasks.subject.geometry import Geometry
from tasks.subject.neighbours import NOISE, dbscan

SAMPLE = 800  # images among which groups are sought; a group's score is then known of all images
RADII = 8  # at which DBSCAN runs
LARGEST = 3  # clusters of each radius that become guesses
SHARES = (0.08, 0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9)  # of all images, in a neighbourhood
CENTRES = 8  # neighbourhoods of each share


def one_of_each_content(vectors: Floats, geometry: Geometry) -> Indices:
    """Return the places of images that differ in content, among the first ``SAMPLE``.

    Reposts of one image would otherwise look like the tightest group of all. Of images with the
    same content the one with the most copies stays.
    """
    first = vectors[:SAMPLE]
    is_copy = first @ first.T > 1 - geometry.same_content
    is_left = np.ones(len(first), bool)
    kept = []
    for at in np.argsort(-is_copy.sum(axis=1), kind="stable"):
        if is_left[at]:
            kept.append(at)
            is_left &= ~is_copy[at]
    return np.sort(np.array(kept, np.intp))


def cluster_at_radii(vectors: Floats, min_samples: int) -> dict[float, Labels]:
    """Run DBSCAN at radii that the data suggest; return the labels by radius.

    At the least radius a quarter of the images have ``min_samples`` neighbours, at the greatest
    half of all pairs are neighbours.
    """
    distances = 1 - vectors @ vectors.T
    nth = min(min_samples, len(vectors) - 1)
    least = float(np.quantile(np.partition(distances, nth, axis=1)[:, nth], 0.25))
    most = float(np.median(distances))
    radii = np.geomspace(max(least, 1e-3), max(most, 2e-3), RADII).tolist()
    return {eps: dbscan(vectors, eps=eps, min_samples=min_samples) for eps in radii}


def first_guesses(vectors: Floats, at_radii: dict[float, Labels]) -> Floats:
    """Return guesses (n, k) among unit vectors (n, d): 1 for the members of each, 0 for others."""
    guesses = [neighbourhoods(vectors, SHARES), *map(_largest_clusters, at_radii.values())]
    return np.concatenate(guesses, axis=1).astype(vectors.dtype)


def neighbourhoods(vectors: Floats, shares: tuple[float, ...]) -> Floats:
    """Return the images nearest to the centres of the densest regions, (n, k).

    A centre is the image whose neighbourhood of that size is the tightest. The nearer half of the
    neighbourhood cannot be the next centre.
    """
    n = len(vectors)
    cosines = vectors @ vectors.T
    order = np.argsort(-cosines, axis=1, kind="stable")
    running = np.cumsum(np.take_along_axis(cosines, order, axis=1), axis=1)
    guesses = []
    for share in shares:
        size = max(3, round(share * n))
        density = running[:, size - 1].copy()
        for _ in range(CENTRES):
            centre = density.argmax()
            if np.isneginf(density[centre]):
                break
            guess = np.zeros(n)
            guess[order[centre, :size]] = 1
            guesses.append(guess)
            density[order[centre, : max(2, size // 2)]] = -np.inf
    return np.array(guesses).T


def _largest_clusters(labels: Labels) -> Floats:
    """Return the largest clusters at one radius, but for tiny ones, (n, k)."""
    sizes = np.bincount(labels[labels != NOISE], minlength=1)
    largest = np.argsort(-sizes, kind="stable")[:LARGEST]
    largest = largest[sizes[largest] >= SHARES[0] * len(labels)]
    return np.asarray(labels[:, np.newaxis] == largest, np.float64)


def best_radius(at_radii: dict[float, Labels], members: Mask) -> float:
    """Return the radius at which DBSCAN has the cluster most like a group, by Jaccard's index."""

    def likeness(eps: float) -> float:
        labels = at_radii[eps] + 1  # 0 is noise
        shared = np.bincount(labels[members], minlength=labels.max() + 1)[1:]
        size = np.bincount(labels, minlength=labels.max() + 1)[1:]
        return float((shared / (size + members.sum() - shared)).max(initial=0))

    return max(at_radii, key=likeness)
