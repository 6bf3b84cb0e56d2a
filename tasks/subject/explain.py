"""The reasons why images are in the subject's group, or not. Pure.

The group is not one of DBSCAN's clusters, but people know those: so an image is explained by its
place in the cluster that most of the group is in, the main cluster.
"""

import numpy as np

from tasks.arrays import Floats, Labels, Mask
from tasks.subject.clustering import Kind
from tasks.subject.neighbours import NOISE


def kinds_of(
    labels: Labels, clusters: Labels, *, subject: int | None, is_core: Mask
) -> tuple[Kind, ...]:
    """Return the kind of each image.

    ``labels`` (n,) are of the groups, ``subject`` among them; ``clusters`` (n,) and ``is_core``
    (n,) are DBSCAN's.
    """
    main = NOISE
    chosen = np.zeros(len(labels), bool)
    if subject is not None:
        chosen = labels == subject
        main = int(np.bincount(clusters[chosen] + 1, minlength=2)[1:].argmax())
    is_main = clusters == main
    kinds = np.select(
        [
            chosen & is_main & is_core,
            chosen & is_main,
            chosen,
            labels != NOISE,
            is_main & (main != NOISE),
        ],
        [Kind.CORE, Kind.BORDER, Kind.ADMITTED, Kind.OTHER_GROUP, Kind.EXPELLED],
        Kind.ALONE,
    )
    return tuple(Kind(kind) for kind in kinds)


def distances_to(vectors: Floats, medoid: int | None) -> Floats:
    """Return the cosine distances (n,) to one of the unit vectors (n, d); NaN without one."""
    if medoid is None:
        return np.full(len(vectors), np.nan)
    return np.asarray(np.clip(1 - vectors @ vectors[medoid], 0, 2), np.float64)
