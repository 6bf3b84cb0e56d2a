"""Vectors → which pictures show the subject. Pure.

What a query means is what most of its pictures have in common: in CLIP's space they lie close
together, and the rest lies anywhere. DBSCAN (Ester et al., 1996) finds the dense groups without
being told how many; the largest is the subject.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.cluster import DBSCAN

from tasks.workspace import Vectors

NOISE = -1


@dataclass(frozen=True, slots=True)
class Clustering:
    """What DBSCAN found.

    ``labels`` (n,) int, -1 is noise; ``subject`` the label of the subject's cluster, None where
    there is no cluster; ``scores`` (n,) in 0 … 1: the cosine to the subject's centre.
    """

    labels: npt.NDArray[np.int64]
    subject: int | None
    scores: npt.NDArray[np.float64]


def choose_subject(vectors: Vectors, *, eps_cosine: float, min_samples: int) -> Clustering:
    """Cluster unit vectors (n, d) by cosine distance and take the largest cluster.

    Of equally large clusters the tighter one is taken, then the one that begins first.
    """
    if len(vectors) == 0:
        return Clustering(np.zeros(0, np.int64), None, np.zeros(0))
    dbscan = DBSCAN(eps=eps_cosine, min_samples=min_samples, metric="cosine")
    labels = dbscan.fit_predict(vectors).astype(np.int64)
    clusters = [int(label) for label in np.unique(labels) if label != NOISE]
    if not clusters:
        return Clustering(labels, None, np.zeros(len(vectors)))

    def claim(label: int) -> tuple[int, float, int]:
        members = vectors[labels == label]
        tightness = float(np.linalg.norm(members.mean(axis=0)))  # 1: all the same vector
        return len(members), tightness, -label  # labels count up by first member

    subject = max(clusters, key=claim)
    centre = vectors[labels == subject].mean(axis=0)
    scores = np.clip(vectors @ (centre / np.linalg.norm(centre)), 0.0, 1.0).astype(np.float64)
    return Clustering(labels, subject, scores)
