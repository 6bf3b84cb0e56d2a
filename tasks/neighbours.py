"""Which vectors lie within a radius of which, exactly, without ever holding all pairs. Pure.

``dbscan`` gives the labels of ``sklearn.cluster.DBSCAN(metric="cosine")``. It works in stripes:
some rows against all vectors before and among them, so that what it holds besides its input is
bounded. Where the processor multiplies bfloat16 fast, a stripe is multiplied so first; that leaves
open only what lies within the rounding of the radius, and what of this matters is computed again
as scikit-learn does: ``1 - x @ y <= eps``, in the precision of the input. As long as scikit-learn
takes all pairs in one matrix, so is it done here: to the last bit. Above, its result too depends
on how the rows are cut, and pairs nearer than 1e-6 to the radius may fall on either side.
"""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # torch takes seconds to import, so only what needs it does
    import torch

NOISE = -1
STRIPE = 1024  # rows; times n: the numbers held at once
PAIRS = 16_384  # computed one by one at once
WHOLE = 11_585  # vectors; scikit-learn multiplies up to 1 GiB of 8 bytes a pair at once
# bfloat16 has 8 significant bits: a number moves by 2^-8 of it at most when it is rounded so.
OF_A_NUMBER, OF_SUMS = 2.0**-8, 1e-5
MOST_ROUGH = 0.9  # the radius up to which all products in question are positive, in spite of that

Matrix = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Labels = npt.NDArray[np.int64]


class Neighbourhood:
    """The relation "at most ``eps`` apart (cosine)" among vectors (n, d)."""

    def __init__(self, vectors: Matrix, eps: float) -> None:
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        lengths[lengths == 0] = 1
        self.unit = vectors / lengths[:, np.newaxis]
        self.eps = eps
        self._whole = self._of_all_pairs() if len(vectors) <= WHOLE else None
        self._rough: torch.Tensor | None = None
        if self._whole is None and eps < MOST_ROUGH and _is_bfloat16_fast():
            self._rough = _rounded(self.unit)
            lost = np.linalg.norm(self.unit - self._rough.float().numpy(), axis=1).max()
            self._doubt = float(2 * lost + lost**2) + OF_A_NUMBER * (1 - eps) + OF_SUMS

    def near(self, rows: slice | Indices, columns: slice) -> Mask:
        """Return a mask (rows, columns) of the pairs within the radius, exactly."""
        if self._whole is not None:
            return self._whole[rows, columns]
        distances = self.unit[rows] @ self.unit[columns].T
        np.subtract(1, distances, out=distances)
        np.clip(distances, 0, 2, out=distances)
        return np.asarray(distances <= self.eps)

    def are_near(self, first: Indices, second: Indices) -> Mask:
        """Return which of the pairs (k,), (k,) are within the radius, exactly."""
        near = np.empty(len(first), bool)
        for start in range(0, len(first), PAIRS):
            some = slice(start, start + PAIRS)
            products = np.einsum("ij,ij->i", self.unit[first[some]], self.unit[second[some]])
            near[some] = 1 - products <= self.eps
        return near

    def _of_all_pairs(self) -> Mask:
        distances = self.unit @ self.unit.T
        np.subtract(1, distances, out=distances)
        np.clip(distances, 0, 2, out=distances)
        np.fill_diagonal(distances, 0)
        return np.asarray(distances <= self.eps)

    def surely_and_maybe_near(self, rows: slice | Indices, columns: slice) -> tuple[Mask, Mask]:
        """Return which pairs are within the radius for sure, and which may be."""
        if self._rough is None:
            near = self.near(rows, columns)
            return near, near
        rough = _bits_of(self._rough[rows] @ self._rough[columns].T)
        surely = rough > _bits(1 - self.eps + self._doubt)
        return surely, rough >= _bits(1 - self.eps - self._doubt)


def _rounded(matrix: Matrix) -> "torch.Tensor":
    import torch

    return torch.from_numpy(matrix).bfloat16()


def _bits_of(rounded: "torch.Tensor") -> npt.NDArray[np.int16]:
    import torch

    bits: npt.NDArray[np.int16] = rounded.view(torch.int16).numpy()
    return bits


def _bits(number: float) -> int:
    """The bits of a positive bfloat16, rounded down; they order like the numbers."""
    return int(np.float32(number).view(np.uint32)) >> 16


@cache
def _is_bfloat16_fast() -> bool:
    """Whether this processor multiplies bfloat16 at least half as fast again as float32."""
    import torch

    def seconds(matrix: torch.Tensor) -> float:
        taken = []
        for _ in range(3):
            started = time.perf_counter()
            _ = matrix @ matrix.T
            taken.append(time.perf_counter() - started)
        return min(taken)

    matrix = torch.ones(768, 512)
    return seconds(matrix.bfloat16()) * 1.5 < seconds(matrix)


def count_neighbours(vectors: Matrix, eps: float) -> Labels:
    """Count for each vector those at most ``eps`` away, itself included; (n,), exact."""
    everyone, counts = Neighbourhood(vectors, eps), np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), STRIPE):
        rows = slice(start, start + STRIPE)
        counts[rows] = np.count_nonzero(everyone.near(rows, slice(None)), axis=1)
    return counts


def dbscan(vectors: Matrix, *, eps: float, min_samples: int) -> Labels:
    """Return DBSCAN's labels (n,), -1 for noise, of vectors (n, d) by cosine distance.

    They are those of scikit-learn: clusters are numbered by their first core, and what borders on
    several clusters belongs to the first. Beside the vectors and a copy in unit length, at most
    about 10 ``STRIPE`` n bytes are held.
    """
    n = len(vectors)
    hood = Neighbourhood(vectors, eps)
    least, most = np.zeros((2, n), np.int64)  # neighbours for sure, and with those that may be
    is_core, is_connected = np.zeros((2, n), bool)
    component = np.arange(n)  # of each core: the first core known to be connected with it
    for start in range(0, n, STRIPE):
        until = slice(0, start + STRIPE)
        rows = np.arange(start, min(start + STRIPE, n))
        surely, maybe = hood.surely_and_maybe_near(rows, until)
        _count(surely, rows, least)
        most = least if surely is maybe else _count(maybe, rows, most)
        is_core[until] = least[until] >= min_samples
        is_connected[rows] = is_core[rows]
        _connect(hood, rows, np.flatnonzero(is_core), component, surely, maybe)
    for rows in _stripes(np.flatnonzero(~is_core & (most >= min_samples))):
        surely, maybe = hood.surely_and_maybe_near(rows, slice(None))
        is_core[rows] = _has_enough(hood, rows, surely, maybe, min_samples)
    cores = np.flatnonzero(is_core)
    for rows in _stripes(cores[~is_connected[cores]]):  # known as cores too late
        surely, maybe = hood.surely_and_maybe_near(rows, slice(None))
        _connect(hood, rows, cores, component, surely, maybe)
    labels = np.full(n, NOISE, np.int64)
    firsts, numbers = np.unique(component[is_core], return_inverse=True)
    labels[is_core] = numbers
    if len(firsts):
        _label_border(hood, np.flatnonzero(~is_core & (most > 1)), labels)
    return labels


def _stripes(rows: Indices) -> list[Indices]:
    return [rows[at : at + STRIPE] for at in range(0, len(rows), STRIPE)]


def _count(near: Mask, rows: Indices, counts: Labels) -> Labels:
    """Count the pairs of rows and of what comes before and among them, for both of each pair."""
    counts[rows] += np.count_nonzero(near, axis=1)
    counts[: rows[0]] += near[:, : rows[0]].sum(axis=0, dtype=np.int32)
    return counts


def _pairs(mask: Mask) -> tuple[Indices, Indices]:
    """The rows and columns that are true: ``np.nonzero``, several times as fast."""
    rows, columns = np.divmod(np.flatnonzero(mask), max(1, mask.shape[1]))
    return rows, columns


def _has_enough(
    hood: Neighbourhood, rows: Indices, surely: Mask, maybe: Mask, min_samples: int
) -> Mask:
    """Which of the rows have ``min_samples`` neighbours."""
    counts = np.count_nonzero(surely, axis=1)
    if surely is not maybe:
        few = np.flatnonzero(counts < min_samples)
        at, column = _pairs((maybe ^ surely)[few])
        holds = hood.are_near(rows[few[at]], column)
        np.add.at(counts, few[at[holds]], 1)
    return np.asarray(counts >= min_samples)


def _connect(
    hood: Neighbourhood,
    rows: Indices,
    cores: Indices,
    component: Labels,
    surely: Mask,
    maybe: Mask,
) -> None:
    """Join the components of the cores so far that have neighbours among the rows' cores."""
    place = np.flatnonzero(np.isin(rows, cores, assume_unique=True))
    own = rows[place]
    if not len(own):
        return
    for mask in (surely,) if surely is maybe else (surely, maybe):
        names = component[cores]
        order = np.argsort(names, kind="stable")
        starts = np.flatnonzero(np.diff(names[order], prepend=-1))
        met = np.logical_or.reduceat(mask[np.ix_(place, cores[order])], starts, axis=1)
        at, other = _pairs(met)
        first, second = component[own[at]], names[order][starts][other]
        if mask is not surely:
            is_new = first != second
            at, first, second = at[is_new], first[is_new], second[is_new]
            doubtful = (mask ^ surely)[np.ix_(place, cores)]
            holds = _touch(hood, own, at, second, doubtful, (cores, names))
            first, second = first[holds], second[holds]
        _merge(component, cores, first, second)


def _touch(
    hood: Neighbourhood,
    own: Indices,
    asked: Indices,
    others: Labels,
    doubtful: Mask,
    known: tuple[Indices, Labels],
) -> Mask:
    """Which of ``own[asked]`` (k,) are near a core of the other component (k,); few are asked."""
    cores, names = known
    holds = np.zeros(len(asked), bool)
    for number, (at, other) in enumerate(zip(asked, others, strict=True)):
        candidates = cores[doubtful[at] & (names == other)]
        holds[number] = hood.are_near(np.full(len(candidates), own[at]), candidates).any()
    return holds


def _merge(component: Labels, cores: Indices, first: Labels, second: Labels) -> None:
    """Give all components that touch the lowest of their names."""
    root = np.arange(len(component))
    while len(first):
        lower, upper = np.minimum(first, second), np.maximum(first, second)
        np.minimum.at(root, upper, lower)
        while (shorter := root[root]).tobytes() != root.tobytes():
            root = shorter
        first, second = root[lower], root[upper]
        is_open = first != second
        first, second = first[is_open], second[is_open]
    component[cores] = root[component[cores]]


def _label_border(hood: Neighbourhood, others: Indices, labels: Labels) -> None:
    """Give those of the others that have a core in reach the lowest label of such cores."""
    nobody = np.iinfo(np.int64).max
    of_core = np.where(labels == NOISE, nobody, labels)
    cores = np.flatnonzero(labels != NOISE)
    for rows in np.array_split(others, len(others) // STRIPE + 1):
        surely, maybe = hood.surely_and_maybe_near(rows, slice(None))
        if surely is not maybe:
            at, column = _pairs((maybe ^ surely)[:, cores])
            holds = hood.are_near(rows[at], cores[column])
            surely[at[holds], cores[column[holds]]] = True
        at, column = _pairs(surely[:, cores])
        lowest = np.full(len(rows), nobody)
        np.minimum.at(lowest, at, of_core[cores[column]])
        labels[rows] = np.where(lowest < nobody, lowest, NOISE)
