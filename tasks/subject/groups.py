"""Vectors → the groups among them that might be a subject, the likeliest first. Pure.

First guesses are DBSCAN's clusters at several radii and the neighbourhoods of the densest pictures.
Each guess is corrected by expectation and maximisation (Dempster, Laird and Rubin, 1977): all
pictures get a score from what the guess says of the others (leave-one-out), and two normal
distributions of these scores, of the group and of the rest, give each picture its membership anew,
until nothing moves. The score is first the cosine to the group's mean, which cannot be fooled into
a loose group, or a strongly held ridge regression, which sees a subject that differs from the rest
in a few directions only; then a regression held loosely, which tells the last few apart.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tasks.arrays import Floats, Indices, Labels, Mask
from tasks.subject.evidence import Evidence
from tasks.subject.geometry import CLIP, Geometry
from tasks.subject.neighbours import NOISE, dbscan

Score = Callable[[Floats], Floats]  # memberships (n, k) → scores (n, k)

SAMPLE = 800  # pictures among which groups are found; they are then known in all
RADII = 8
SHARES = (0.08, 0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9)  # of the pictures in one guess
CENTRES = 8  # guesses of each share
STILL = 0.01  # a change of membership that is none
# Of two groups of like claims the one within the other may be the subject, the rest of the outer
# one not: of each, how much lies in the outer, and how much of that it is at least.
WITHIN, LEAST_PART, LIKE_CLAIM = 0.9, 0.25, 0.65


@dataclass(frozen=True, slots=True)
class Found:
    """A group: the score of each picture (n,), 0 is the rest's mean, 1 the group's; its claim."""

    scores: Floats
    claim: float  # the share of the votes, less for what stands out little


@dataclass(frozen=True, slots=True)
class Findings:
    """Disjoint groups, the greatest claim first, and the radius at which DBSCAN sees the first."""

    groups: tuple[Found, ...]
    eps: float


def find_groups(
    vectors: Floats, *, min_samples: int, evidence: Evidence, geometry: Geometry
) -> Findings:
    """Find the groups among unit vectors (n, d)."""
    sample = _distinct(vectors, min(SAMPLE, len(vectors)), geometry)
    few = vectors[sample]
    clusterings = _clusterings(few, min_samples)
    if len(few) < min_samples:
        return Findings((), next(iter(clusterings)))
    regression = Regression(few, geometry)
    guesses = np.concatenate([_neighbourhoods(few, SHARES), _clusters(clusterings)], axis=1)
    guesses = guesses.astype(vectors.dtype)
    groups = _settled_groups(
        few, regression, guesses, min_samples=min_samples, evidence=evidence.of(sample)
    )
    if not groups:
        return Findings(_everything(few, len(vectors), geometry), next(iter(clusterings)))
    found = tuple(
        Found(_scores_of_all(regression, group, vectors, sample), claim) for group, claim in groups
    )
    return Findings(found, _radius(clusterings, groups[0][0] > 0.5))


def _distinct(vectors: Floats, count: int, geometry: Geometry) -> Indices:
    """Of the first ``count`` pictures, one of each content."""
    is_near = vectors[:count] @ vectors[:count].T > 1 - geometry.same_content
    is_left = np.ones(count, bool)
    kept = []
    for at in np.argsort(-is_near.sum(axis=1), kind="stable"):
        if is_left[at]:
            kept.append(at)
            is_left &= ~is_near[at]
    return np.sort(np.array(kept, np.intp))


def _everything(few: Floats, n: int, geometry: Geometry) -> tuple[Found, ...]:
    """Where nothing stands apart from the rest: all, if they are as alike as one subject."""
    inside = _distances(few, np.ones((len(few), 1)))[0]
    return (Found(np.ones(n), 1.0),) if inside[0] < geometry.same_subject else ()


class Regression:
    """Ridge regressions of memberships on the vectors (n, d); what all of them share is kept."""

    def __init__(self, vectors: Floats, geometry: Geometry) -> None:
        self.geometry = geometry
        self.mean = vectors.mean(axis=0)
        self.centred = vectors - self.mean
        wide = len(vectors) < vectors.shape[1]
        values, axes = np.linalg.eigh(
            self.centred @ self.centred.T if wide else self.centred.T @ self.centred
        )
        is_real = values > 1e-6 * values[-1]
        self.energy, axes = values[is_real], axes[:, is_real]
        self.basis = axes if wide else self.centred @ axes / np.sqrt(self.energy)  # (n, r)

    def without_each(self, memberships: Floats, ridge: float) -> Floats:
        """Predict each membership (n, k) from all the others."""
        kept = self.energy / (self.energy + ridge)
        leverage = (self.basis**2 * kept).sum(axis=1)[:, np.newaxis] + 1 / len(self.basis)
        mean = memberships.mean(axis=0)
        around = memberships - mean
        fitted = self.basis @ (kept[:, np.newaxis] * (self.basis.T @ around))
        return np.asarray((fitted - leverage * around) / (1 - leverage) + mean)

    def elsewhere(self, membership: Floats, ridge: float, vectors: Floats) -> Floats:
        """Predict the membership of other vectors from all these, (n,)."""
        around = membership - membership.mean()
        weights = (self.basis.T @ around) / (self.energy + ridge)
        coefficients = self.centred.T @ (self.basis @ weights)
        return np.asarray((vectors - self.mean) @ coefficients + membership.mean())


def _scores_of_all(
    regression: Regression, group: Floats, vectors: Floats, sample: Indices
) -> Floats:
    ridge = regression.geometry.loose_ridge_of(len(sample))
    known = regression.without_each(group[:, np.newaxis], ridge)
    _, _, low, high, _, _ = (float(figure[0]) for figure in _moments(known, group[:, np.newaxis]))
    scores = regression.elsewhere(group, ridge, vectors)
    scores[sample] = known[:, 0]
    return np.asarray((scores - low) / (high - low))


def score_members(vectors: Floats, members: Mask, geometry: Geometry) -> Floats:
    """Score all vectors (n, d) against a given group: 0 is the rest's mean, 1 the group's."""
    if members.all():
        return np.ones(len(vectors))
    group = members.astype(np.float64)
    return _scores_of_all(Regression(vectors, geometry), group, vectors, np.arange(len(vectors)))


def _cosines_without_each(vectors: Floats, memberships: Floats) -> Floats:
    """The cosine of each vector to the mean of each group without it."""
    sums = vectors.T @ memberships
    products = vectors @ sums
    squares = (sums**2).sum(axis=0) - 2 * memberships * products + memberships**2
    return np.asarray((products - memberships) / np.sqrt(np.maximum(squares, 1e-9)))


def _moments(scores: Floats, memberships: Floats) -> tuple[Floats, ...]:
    """Weight, mean and variance of the scores: (rest's, group's) of each, for k groups.

    Each variance leans on the pooled one with the weight of 3 pictures.
    """
    inside, outside = memberships.sum(axis=0), (1 - memberships).sum(axis=0)
    high = (scores * memberships).sum(axis=0) / inside
    low = (scores * (1 - memberships)).sum(axis=0) / outside
    spread_in = (memberships * (scores - high) ** 2).sum(axis=0)
    spread_out = ((1 - memberships) * (scores - low) ** 2).sum(axis=0)
    pooled = 3 * (spread_in + spread_out) / len(scores)
    variance_in = (spread_in + pooled) / (inside + 3) + 1e-5
    variance_out = (spread_out + pooled) / (outside + 3) + 1e-5
    return outside, inside, low, high, variance_out, variance_in


def _memberships(scores: Floats, memberships: Floats) -> Floats:
    """Judge the pictures anew by their scores; beyond the means nothing changes."""
    outside, inside, low, high, variance_out, variance_in = _moments(scores, memberships)
    between = np.clip(scores, np.minimum(low, high), np.maximum(low, high))
    odds = (between - low) ** 2 / variance_out - (between - high) ** 2 / variance_in
    odds = odds / 2 + np.log(variance_out / variance_in) / 2 + np.log((inside + 1) / (outside + 1))
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


def _settle(guesses: Floats, score: Score, rounds: int) -> Floats:
    """Correct the guesses (n, k) until they stand still; those that vanish are left out."""
    settled = _different(guesses).copy()
    moving = np.arange(settled.shape[1])
    for _ in range(rounds):
        before = settled[:, moving]
        after = _memberships(score(before), before)
        size = after.sum(axis=0)
        lives = (size > 2) & (size < len(after) - 0.5)
        settled[:, moving] = np.where(lives, after, 0)
        moving = moving[lives & (np.abs(after - before).max(axis=0) > STILL)]
        if not len(moving):
            break
    return _different(settled)


def _different(groups: Floats) -> Floats:
    """Leave out groups with the same members as another, with almost none, and with all."""
    members = groups > 0.5
    size = members.sum(axis=0)
    first = {members[:, at].tobytes(): at for at in reversed(range(len(size)))}
    kept = [at for at in sorted(first.values()) if 3 <= size[at] < len(members)]
    return groups[:, kept]


def _clusterings(vectors: Floats, min_samples: int) -> dict[float, Labels]:
    """Run DBSCAN from where a few pictures have neighbours to where half of all pairs are ones."""
    distances = 1 - vectors @ vectors.T
    nth = min(min_samples, len(vectors) - 1)
    least = float(np.quantile(np.partition(distances, nth, axis=1)[:, nth], 0.25))
    most = float(np.median(distances))
    radii = np.geomspace(max(least, 1e-3), max(most, 2e-3), RADII).tolist()
    return {eps: dbscan(vectors, eps=eps, min_samples=min_samples) for eps in radii}


def _clusters(clusterings: dict[float, Labels]) -> Floats:
    """Return the three largest clusters at each radius, as far as they are not tiny, (n, k)."""
    guesses: list[Floats] = []
    for labels in clusterings.values():
        sizes = np.bincount(labels[labels != NOISE], minlength=1)
        largest = np.argsort(-sizes, kind="stable")[:3]
        largest = largest[sizes[largest] >= SHARES[0] * len(labels)]
        guesses.append((labels[:, np.newaxis] == largest).astype(np.float64))
    return np.concatenate(guesses, axis=1)


def _radius(clusterings: dict[float, Labels], members: Mask) -> float:
    """Return the radius with the cluster most like the group."""

    def likeness(eps: float) -> float:
        labels = clusterings[eps] + 1
        shared = np.bincount(labels[members], minlength=labels.max() + 1)[1:]
        size = np.bincount(labels, minlength=labels.max() + 1)[1:]
        return float((shared / (size + members.sum() - shared)).max(initial=0))

    return max(clusterings, key=likeness)


def _neighbourhoods(vectors: Floats, shares: tuple[float, ...]) -> Floats:
    """What is nearest to the centres of the densest regions, (n, k)."""
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


def _settled_groups(
    vectors: Floats,
    regression: Regression,
    guesses: Floats,
    *,
    min_samples: int,
    evidence: Evidence,
) -> list[tuple[Floats, float]]:
    """Correct guesses (n, k): memberships (n,) and claims, the greatest first, disjoint."""

    def score(ridge: float) -> Score:
        return lambda memberships: regression.without_each(memberships, ridge)

    n, geometry = len(vectors), regression.geometry
    compact = _settle(guesses, lambda m: _cosines_without_each(vectors, m), 30)
    apart = _settle(guesses, score(geometry.strong_ridge * n), 30)
    most = _neighbourhoods(vectors, SHARES[-1:]).astype(vectors.dtype)
    groups = np.concatenate([compact, apart, most], axis=1)
    groups = _settle(groups, score(geometry.loose_ridge_of(n)), 12)
    groups = groups[:, (groups > 0.5).sum(axis=0) >= min_samples]
    if not groups.shape[1]:
        return []
    members = (groups > 0.5).astype(np.float64)
    scores = regression.without_each(groups, geometry.loose_ridge_of(n))
    claims = _claims(
        vectors,
        members,
        separation=_separation(scores, groups),
        evidence=evidence,
        geometry=geometry,
    )
    claims[hold_more(vectors, members, claims, geometry)] = 0
    found = [(groups[:, at], float(claims[at])) for at in _disjoint(members, claims)]
    return sorted(found, key=lambda group: -group[1])


def _separation(scores: Floats, groups: Floats) -> Floats:
    """How many standard deviations lie between each group and the rest."""
    _, _, low, high, variance_out, variance_in = _moments(scores, groups)
    return np.asarray((high - low) / np.sqrt((variance_out + variance_in) / 2))


def _distances(vectors: Floats, members: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean distances of groups (n, k): inside each, from each to the rest, inside the rest."""
    size, sums = members.sum(axis=0), vectors.T @ members
    rest, others = len(vectors) - size, vectors.sum(axis=0)[:, np.newaxis] - sums
    inside = 1 - ((sums**2).sum(axis=0) - size) / (size * (size - 1))
    across = 1 - (sums * others).sum(axis=0) / np.maximum(size * rest, 1)
    beyond = 1 - ((others**2).sum(axis=0) - rest) / np.maximum(rest * (rest - 1), 1)
    return inside, across, np.where(rest > 2, beyond, np.inf)


def _claims(
    vectors: Floats,
    members: Floats,
    *,
    separation: Floats,
    evidence: Evidence,
    geometry: Geometry,
) -> Floats:
    """Weigh groups (n, k): their votes, as far as they stand out, 0 … 1."""
    inside, across, beyond = _distances(vectors, members)
    contrast = across / inside / np.where(beyond < inside, geometry.background_discount, 1)
    contrast[across < geometry.same_subject] = 1  # the rest is the same subject
    excess = np.maximum(np.log(contrast / geometry.least_contrast), 0)
    stands_out = 1 - np.exp(-excess / geometry.contrast_scale)
    stands_out *= np.sqrt(np.clip(separation / geometry.full_separation, 0, 1))
    votes = evidence.votes(members) / evidence.votes(np.ones((len(members), 1)))
    return np.asarray(votes * stands_out * evidence.favour(members))


def hold_more(
    vectors: Floats, members: Floats, claims: Floats, geometry: Geometry = CLIP
) -> list[int]:
    """Return which groups (n, k) are another one of a like claim, and more of the rest.

    What a group has beyond a part of it shows the same subject if it lies nearer to that part than
    to what is outside, by the contrast that a subject has at least.
    """

    def is_mixed(outer: int, inner: int) -> bool:
        part = (members[:, outer] * members[:, inner]) > 0
        beyond = (members[:, outer] > 0) & ~part
        is_part = part.sum() >= max(WITHIN * members[:, inner].sum(), LEAST_PART * size[outer])
        if not is_part or beyond.sum() < 3 or claims[inner] < LIKE_CLAIM * claims[outer]:
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
    """Of groups (n, k) that share more than half of the smaller one, keep the greatest claim."""
    kept: list[int] = []
    for at in np.argsort(-claims, kind="stable"):
        size = members[:, at].sum()
        shared = [members[:, at] @ members[:, k] / min(size, members[:, k].sum()) for k in kept]
        if claims[at] > 0 and max(shared, default=0) <= 0.5:
            kept.append(int(at))
    return kept
