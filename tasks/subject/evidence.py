"""Evidence besides the vectors, such as an image's rank, and what it says of groups. Pure."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tasks.arrays import Floats, Indices, Numbers

SIGNIFICANT = 2.0  # standard errors: what deviates by less says nothing
RANK_WEIGHT, TEXT_WEIGHT = 1.0, 2.0  # exponents: the text decides more than the result page does
# A model may misread a text. What stands out becomes doubtful by it at most, not nothing.
LEAST_FAVOUR = 0.25


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of n images: numbers that are high for the subject, and who has a vote."""

    leanings: tuple[tuple[Floats, float], ...] = ()  # the numbers (n,), each with its weight
    sources: Indices | None = None  # (n,): the number of each image's page; None: not known

    def among(self, places: Indices) -> "Evidence":
        """Return the evidence of some of the images, in this order."""
        sources = None if self.sources is None else self.sources[places]
        return Evidence(tuple((v[places], weight) for v, weight in self.leanings), sources)

    def votes(self, members: Floats) -> Floats:
        """Count the votes in groups (n, k): one for each image, or for each source if known."""
        if self.sources is None:
            return np.asarray(members.sum(axis=0))
        of_source = np.zeros((self.sources.max() + 1, members.shape[1]))
        np.add.at(of_source, self.sources, members)
        return np.asarray((of_source > 0).sum(axis=0), np.float64)

    def favour(self, members: Floats) -> Floats:
        """Return how much speaks for groups (n, k): above 1 for them, below 1 against, (k,).

        For each of the numbers, take the chance that a member has a higher one than another image
        (Mann and Whitney, "On a test of whether one of two random variables is stochastically
        larger than the other", 1947). Its ratio to one half, to the power of the weight, is the
        factor, if it deviates significantly. The product is ``LEAST_FAVOUR`` at least.
        """
        n, size = len(members), members.sum(axis=0)
        pairs = np.maximum(size * (n - size), 1)
        favour = np.ones(members.shape[1])
        for values, weight in self.leanings:
            standing = _mean_ranks(values)
            above = (standing @ members - size * (size + 1) / 2) / pairs
            error = np.sqrt((n + 1) / 12 / pairs)
            is_significant = np.abs(above - 0.5) > SIGNIFICANT * error
            favour *= np.where(is_significant, (2 * above) ** weight, 1)
        return np.maximum(favour, LEAST_FAVOUR)


def evidence_of(
    *,
    ranks: Numbers | None,
    sources: Sequence[Hashable] | None,
    text_similarity: Numbers | None,
) -> Evidence:
    """Bring together what is known of n images, (n,) each; None is unknown."""
    known = (
        (ranks, -1, RANK_WEIGHT),  # 1 is first on the page
        (text_similarity, 1, TEXT_WEIGHT),
    )
    leanings = tuple(
        (np.asarray(values, np.float64) * sign, weight)
        for values, sign, weight in known
        if values is not None
    )
    if sources is None:
        return Evidence(leanings)
    numbers = {source: number for number, source in enumerate(dict.fromkeys(sources))}
    return Evidence(leanings, np.array([numbers[source] for source in sources], np.intp))


def _mean_ranks(values: Floats) -> Floats:
    """Rank from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])
