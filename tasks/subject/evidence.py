"""What is known of pictures besides their vectors, and what it says of groups of them. Pure."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tasks.arrays import Floats, Indices, Numbers

SIGNIFICANT = 2.0  # standard deviations
RANK_WEIGHT, TEXT_WEIGHT = 1.0, 2.0
LEAST_FAVOUR = 0.25  # a text may be misread: what is clear to the eye becomes doubtful, not nothing


@dataclass(frozen=True, slots=True)
class Evidence:
    """Numbers (n,) that are high for the subject, each with its weight, and who has a vote."""

    leanings: tuple[tuple[Floats, float], ...] = ()
    sources: Indices | None = None

    def of(self, pictures: Indices) -> "Evidence":
        """Return the evidence of some of the pictures, in this order."""
        sources = None if self.sources is None else self.sources[pictures]
        return Evidence(tuple((v[pictures], weight) for v, weight in self.leanings), sources)

    def votes(self, members: Floats) -> Floats:
        """Count the votes in groups (n, k): one for each picture, or for each source."""
        if self.sources is None:
            return np.asarray(members.sum(axis=0))
        of_source = np.zeros((self.sources.max() + 1, members.shape[1]))
        np.add.at(of_source, self.sources, members)
        return np.asarray((of_source > 0).sum(axis=0), np.float64)

    def favour(self, members: Floats) -> Floats:
        """Say how much speaks for groups (n, k): above 1 for, below against, what is significant.

        It is the chance that a member stands above another picture (Mann and Whitney, 1947), as a
        multiple of one half, to the power of the weight; ``LEAST_FAVOUR`` at least.
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


def gather(
    ranks: Numbers | None,
    sources: Sequence[Hashable] | None,
    text_similarity: Numbers | None,
) -> Evidence:
    """Bring together what is known, (n,) each; None is unknown."""
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
