"""The claims of groups to be the subject. Pure.

What most of the images have in common is the subject, so a claim begins as a share of the votes:
one for each image, or for each page where those are known. A group keeps all its votes only if it
stands out. Its images are to be nearer to each other than to the others (the contrast), and its
scores far from theirs (the separation). What else is known, such as the order of the result page,
raises or lowers the claim (``evidence``).

Two rules then decide between groups that overlap. A group that consists of another one and of
images from the background is ruled out. Of groups that share more than half of the smaller one,
only that with the greatest claim remains.
"""

import numpy as np

from tasks.arrays import Floats
from tasks.subject.evidence import Evidence
from tasks.subject.geometry import Geometry
from tasks.subject.settle import Regression, TwoNormals

# When a group lies inside another one of similar claim, the inner one may be the subject.
WITHIN = 0.9  # share of the inner group that lies in the outer one
LEAST_PART = 0.25  # share of the outer group that the inner one fills at least
SIMILAR_CLAIM = 0.65  # of the inner group, at least: its claim divided by that of the outer one
SHARED = 0.5  # of the smaller of two groups: if they share more, they are one group


def weigh(
    vectors: Floats,
    memberships: Floats,
    *,
    regression: Regression,
    evidence: Evidence,
    geometry: Geometry,
) -> Floats:
    """Return the claims (k,) of groups among unit vectors (n, d); 0 for a group that is ruled out.

    The groups are given by ``memberships`` (n, k), ``regression`` is that on the vectors.
    """
    if not memberships.shape[1]:
        return np.zeros(0)
    members = (memberships > 0.5).astype(np.float64)
    scores = regression.without_each(memberships, geometry.loose_ridge_of(len(vectors)))
    claims = _claims(
        vectors,
        members,
        separation=TwoNormals.of(scores, memberships).separation,
        evidence=evidence,
        geometry=geometry,
    )
    claims[diluted(vectors, members, claims=claims, geometry=geometry)] = 0
    is_apart = np.zeros(len(claims), bool)
    is_apart[_disjoint(members, claims)] = True
    return np.where(is_apart, claims, 0)


def is_one_subject(vectors: Floats, geometry: Geometry) -> bool:
    """Say whether all the vectors (n, d) are as alike as those of one subject."""
    inside = _distances(vectors, np.ones((len(vectors), 1)))[0]
    return bool(inside[0] < geometry.same_subject)


def _claims(
    vectors: Floats,
    members: Floats,
    *,
    separation: Floats,
    evidence: Evidence,
    geometry: Geometry,
) -> Floats:
    """Return the groups' shares of the votes, as far as they stand out: (k,), 0 … 1."""
    inside, across, beyond = _distances(vectors, members)
    contrast = across / inside / np.where(beyond < inside, geometry.background_discount, 1)
    contrast[across < geometry.same_subject] = 1  # the others show the same subject
    excess = np.maximum(np.log(contrast / geometry.least_contrast), 0)
    stands_out = 1 - np.exp(-excess / geometry.contrast_scale)
    stands_out *= np.sqrt(np.clip(separation / geometry.full_separation, 0, 1))
    votes = evidence.votes(members) / evidence.votes(np.ones((len(members), 1)))
    return np.asarray(votes * stands_out * evidence.favour(members))


def _distances(vectors: Floats, members: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean distances for groups (n, k): within each, to the others, within the others."""
    size, sums = members.sum(axis=0), vectors.T @ members
    rest, others = len(vectors) - size, vectors.sum(axis=0)[:, np.newaxis] - sums
    inside = 1 - ((sums**2).sum(axis=0) - size) / (size * (size - 1))
    across = 1 - (sums * others).sum(axis=0) / np.maximum(size * rest, 1)
    beyond = 1 - ((others**2).sum(axis=0) - rest) / np.maximum(rest * (rest - 1), 1)
    return inside, across, np.where(rest > 2, beyond, np.inf)


def diluted(vectors: Floats, members: Floats, *, claims: Floats, geometry: Geometry) -> list[int]:
    """Return the groups (n, k) that are another one of similar claim plus background images.

    The images that the outer group has besides the inner one show the same subject if they lie
    nearer to the inner group than to the background, by the least contrast that a subject has.
    """

    def is_mixed(outer: int, inner: int) -> bool:
        part = (members[:, outer] * members[:, inner]) > 0
        beyond = (members[:, outer] > 0) & ~part
        is_part = part.sum() >= max(WITHIN * members[:, inner].sum(), LEAST_PART * size[outer])
        if not is_part or beyond.sum() < 3 or claims[inner] < SIMILAR_CLAIM * claims[outer]:
            return False
        middle = vectors[beyond].mean(axis=0)
        near = 1 - middle @ vectors[part].mean(axis=0)
        far = 1 - np.median(vectors[members[:, outer] == 0] @ middle)
        return bool(near * geometry.least_contrast > far)

    size = members.sum(axis=0)
    standing = np.flatnonzero(claims > 0).tolist()
    with_rest = [at for at in standing if size[at] <= len(members) - 3]
    return [outer for outer in with_rest if any(is_mixed(outer, inner) for inner in standing)]


def _disjoint(members: Floats, claims: Floats) -> list[int]:
    """Return the groups (n, k) that share little with any group of a greater claim."""
    kept: list[int] = []
    for at in np.argsort(-claims, kind="stable"):
        size = members[:, at].sum()
        shared = [members[:, at] @ members[:, k] / min(size, members[:, k].sum()) for k in kept]
        if claims[at] > 0 and max(shared, default=0) <= SHARED:
            kept.append(int(at))
    return kept
