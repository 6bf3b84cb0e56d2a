"""First guesses, corrected until they stand still. Pure.

A guess is corrected by expectation and maximisation (Dempster, Laird and Rubin, 1977), all guesses
at once. An image's membership of a group lies between 0 and 1. Each round gives every image a score
that says how well it fits the group, made without that image (leave-one-out), so that none can vote
for itself. The scores of the group and those of all other images are described by two normal
distributions, and the membership becomes the probability that the score is of the first. The rounds
end when no membership moves.

There are three such scores. The cosine to the group's mean cannot be led to a loose group. A ridge
regression of the memberships on the vectors (Hoerl and Kennard, 1970) with a strong ridge finds a
subject that differs from the other images in a few directions only. Each guess is settled by both,
separately, since each misses what the other finds. A regression with a loose ridge then tells the
last few images apart.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tasks.arrays import Floats, Indices, Mask
from tasks.subject.geometry import Geometry
from tasks.subject.guess import SHARES, neighbourhoods

Score = Callable[[Floats], Floats]  # memberships (n, k) → scores (n, k)

ROUNDS, LAST_ROUNDS = 30, 12  # at most; the last are those with the loose ridge
STILL = 0.01  # a membership that changes by less stands still
PRIOR = 3  # images' worth of the pooled variance that each variance starts from


def settle(
    vectors: Floats,
    guesses: Floats,
    *,
    regression: "Regression",
    min_samples: int,
    geometry: Geometry,
) -> Floats:
    """Correct guesses (n, k) among unit vectors (n, d); return memberships (n, k'), all different.

    The neighbourhoods of nearly all images join only for the last rounds, which they reach as they
    are. Groups with fewer than ``min_samples`` members are left out.
    """

    def score(ridge: float) -> Score:
        return lambda memberships: regression.without_each(memberships, ridge)

    n = len(vectors)
    compact = _settled(guesses, lambda m: _cosines_without_each(vectors, m), ROUNDS)
    apart = _settled(guesses, score(geometry.strong_ridge * n), ROUNDS)
    nearly_all = neighbourhoods(vectors, SHARES[-1:]).astype(vectors.dtype)
    groups = np.concatenate([compact, apart, nearly_all], axis=1)
    groups = _settled(groups, score(geometry.loose_ridge_of(n)), LAST_ROUNDS)
    return groups[:, (groups > 0.5).sum(axis=0) >= min_samples]


def _settled(guesses: Floats, score: Score, rounds: int) -> Floats:
    """Correct guesses (n, k) by one score; those that come to nothing, or to all, are left out."""
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
    """Leave out groups with the same members as another, with fewer than 3, and with all."""
    members = groups > 0.5
    size = members.sum(axis=0)
    first = {members[:, at].tobytes(): at for at in reversed(range(len(size)))}
    kept = [at for at in sorted(first.values()) if 3 <= size[at] < len(members)]
    return groups[:, kept]


def _memberships(scores: Floats, memberships: Floats) -> Floats:
    """Judge the images anew by their scores, (n, k).

    A score beyond the mean of the group or of the others counts as that mean: an image does not
    leave a group by being too typical of it.
    """
    fit = TwoNormals.of(scores, memberships)
    between = np.clip(scores, np.minimum(fit.low, fit.high), np.maximum(fit.low, fit.high))
    odds = (between - fit.low) ** 2 / fit.variance_out - (between - fit.high) ** 2 / fit.variance_in
    odds = odds / 2 + np.log(fit.variance_out / fit.variance_in) / 2
    odds = odds + np.log((fit.inside + 1) / (fit.outside + 1))
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


@dataclass(frozen=True, slots=True)
class TwoNormals:
    """Normal distributions of the scores in each of k groups and of all others, (k,) each."""

    inside: Floats  # sums of memberships
    outside: Floats
    high: Floats  # mean score in the group
    low: Floats  # mean score of the others
    variance_in: Floats
    variance_out: Floats

    @classmethod
    def of(cls, scores: Floats, memberships: Floats) -> "TwoNormals":
        """Fit them to scores (n, k), weighed by memberships (n, k)."""
        inside, outside = memberships.sum(axis=0), (1 - memberships).sum(axis=0)
        high = (scores * memberships).sum(axis=0) / inside
        low = (scores * (1 - memberships)).sum(axis=0) / outside
        spread_in = (memberships * (scores - high) ** 2).sum(axis=0)
        spread_out = ((1 - memberships) * (scores - low) ** 2).sum(axis=0)
        pooled = PRIOR * (spread_in + spread_out) / len(scores)
        return cls(
            inside=inside,
            outside=outside,
            high=high,
            low=low,
            variance_in=(spread_in + pooled) / (inside + PRIOR) + 1e-5,
            variance_out=(spread_out + pooled) / (outside + PRIOR) + 1e-5,
        )

    @property
    def separation(self) -> Floats:
        """How many standard deviations lie between each group and the others, (k,)."""
        return np.asarray(
            (self.high - self.low) / np.sqrt((self.variance_out + self.variance_in) / 2)
        )


def _cosines_without_each(vectors: Floats, memberships: Floats) -> Floats:
    """Return the cosine of each vector to the mean of each group without that vector, (n, k)."""
    sums = vectors.T @ memberships
    products = vectors @ sums
    squares = (sums**2).sum(axis=0) - 2 * memberships * products + memberships**2
    return np.asarray((products - memberships) / np.sqrt(np.maximum(squares, 1e-9)))


class Regression:
    """Ridge regressions of memberships on the same vectors (n, d); what they share is kept."""

    def __init__(self, vectors: Floats) -> None:
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
        """Predict the memberships (m,) of other vectors (m, d) from all of these (n,)."""
        around = membership - membership.mean()
        weights = (self.basis.T @ around) / (self.energy + ridge)
        coefficients = self.centred.T @ (self.basis @ weights)
        return np.asarray((vectors - self.mean) @ coefficients + membership.mean())

    def scores_of(
        self, membership: Floats, vectors: Floats, *, sample: Indices, ridge: float
    ) -> Floats:
        """Score all vectors (n, d), of which those of the regression are a sample; return (n,).

        ``membership`` is the sample's. 0 is the mean score of the images outside the group, 1 that
        of those in it.
        """
        group = membership[:, np.newaxis]
        known = self.without_each(group, ridge)
        fit = TwoNormals.of(known, group)
        low, high = float(fit.low[0]), float(fit.high[0])
        scores = self.elsewhere(membership, ridge, vectors)
        scores[sample] = known[:, 0]
        return np.asarray((scores - low) / (high - low))


def score_members(vectors: Floats, members: Mask, geometry: Geometry) -> Floats:
    """Score all vectors (n, d) against a group that is given, as ``Regression.scores_of`` does."""
    if members.all():
        return np.ones(len(vectors))
    everyone = np.arange(len(vectors))
    ridge = geometry.loose_ridge_of(len(vectors))
    group = members.astype(np.float64)
    return Regression(vectors).scores_of(group, vectors, sample=everyone, ridge=ridge)
