"""The pairs of vectors within a radius, found exactly, and DBSCAN on them.

``dbscan`` gives the labels of ``sklearn.cluster.DBSCAN(metric="cosine")``. Up to ``WHOLE`` vectors
it takes all pairs in one matrix, as scikit-learn does, and agrees with it to the last bit. Beyond
that it works in stripes, some rows against all vectors before and among them, so that the memory it
needs grows with n alone. There scikit-learn's own result depends on how it cuts the rows, and pairs
nearer than 1e-6 to the radius may fall on either side.

On a CPU that multiplies bfloat16 fast, a stripe is first multiplied in bfloat16. That leaves open
only the pairs whose distance differs from the radius by less than the rounding. Those of them that
matter are computed again as scikit-learn does: ``1 - x @ y <= eps``, in the precision of the input.

Nothing is kept between calls. A call on many vectors has threads of its own for the stripes, and
torch uses one core in each of them; elsewhere in the process it uses as many as before.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import ThreadpoolController

from tasks.arrays import Bits, Counts, Floats, Indices, Labels, Mask
from tasks.process.cpu import is_bfloat16_fast

if TYPE_CHECKING:  # torch takes seconds to import, so only what needs it does
    import torch

NOISE = -1
STRIPE = 256  # rows; times n: the pairs that are looked at together
AHEAD = 2  # stripes that are computed while one is looked at
PAIRS = 16_384  # that are computed one by one in the same step
WHOLE = 11_585  # vectors; scikit-learn multiplies up to 1 GiB of 8 bytes a pair at once
# What a product loses besides the rounding of its factors: it becomes bfloat16 itself, whose 8
# significant bits move a number by 2^-8 of it at most, and is a sum in float32.
OF_A_NUMBER, OF_SUMS = 2.0**-8, 1e-5
MOST_ROUGH = 0.9  # up to this radius all products in question are positive in spite of that


class Neighbourhood:
    """The relation "at most ``eps`` apart (cosine)" among vectors (n, d)."""

    def __init__(self, vectors: Floats, eps: float) -> None:
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        lengths[lengths == 0] = 1
        self.unit = vectors / lengths[:, np.newaxis]
        self.eps = eps
        self._whole = self._of_all_pairs() if len(vectors) <= WHOLE else None
        self._rough: torch.Tensor | None = None
        if self._whole is None and eps < MOST_ROUGH and is_bfloat16_fast():
            self._rough = _rounded(self.unit)
            lost = max(
                float(np.linalg.norm(exact - rough.float().numpy(), axis=1).max())
                for exact, rough in zip(_cut(self.unit), _cut(self._rough), strict=True)
            )
            self._doubt = 2 * lost + lost**2 + OF_A_NUMBER * (1 - eps) + OF_SUMS

    def near(self, rows: slice | Indices, columns: slice | Indices) -> Mask:
        """Return a mask (rows, columns) of the pairs within the radius; it is exact."""
        if self._whole is not None:
            return self._whole[rows][:, columns]
        distances = self.unit[rows] @ self.unit[columns].T
        np.subtract(1, distances, out=distances)
        np.clip(distances, 0, 2, out=distances)
        return np.asarray(distances <= self.eps)

    def are_near(self, first: Indices, second: Indices) -> Mask:
        """Return which of the pairs (k,), (k,) are within the radius; it is exact."""
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

    def stripes(
        self, rows: Indices, columns: Indices | None = None
    ) -> Iterator[tuple[Indices, Mask, Mask]]:
        """Yield the rows stripe by stripe, each with masks of the columns near: surely, and maybe.

        Without ``columns``, those of a stripe are the vectors before and in it. While the caller
        looks at one stripe, other threads compute the next ones.
        """
        parts = _cut(rows)
        coming: deque[Future[tuple[Mask, Mask]]] = deque()
        with self._threads() as threads:
            for number, part in enumerate(parts):
                until = slice(part[-1] + 1) if columns is None else columns
                coming.append(threads.submit(self._surely_and_maybe_near, part, until))
                if len(coming) > AHEAD:
                    yield parts[number - AHEAD], *coming.popleft().result()
            for part, found in zip(parts[len(parts) - len(coming) :], coming, strict=True):
                yield part, *found.result()

    def _threads(self) -> ThreadPoolExecutor:
        """Return threads for the stripes. Numpy's products use all cores; torch's one in each."""
        return ThreadPoolExecutor(1) if self._rough is None else threads_of_one_core()

    def _surely_and_maybe_near(self, rows: Indices, columns: slice | Indices) -> tuple[Mask, Mask]:
        if self._rough is None:
            near = self.near(rows, columns)
            return near, near
        rough = _bits_of(self._rough[rows] @ self._rough[columns].T)
        surely = rough > _bits(1 - self.eps + self._doubt)
        return surely, rough >= _bits(1 - self.eps - self._doubt)


def threads_of_one_core() -> ThreadPoolExecutor:
    """Return threads in each of which torch uses one core.

    ``torch.set_num_threads`` would also hold of all threads that begin later, wherever in the
    process; OpenMP's own number is the calling thread's alone.
    """
    import torch

    openmp = ThreadpoolController().select(user_api="openmp")

    def use_one_core() -> None:
        torch.get_num_threads()  # or the first product would still take the general number
        openmp.limit(limits=1)

    return ThreadPoolExecutor(min(torch.get_num_threads(), AHEAD + 1), "near", use_one_core)


def _cut(whole: Any) -> list[Any]:
    """Return the stripes of an array or a tensor, in order."""
    return [whole[at : at + STRIPE] for at in range(0, len(whole), STRIPE)]


def _rounded(matrix: Floats) -> "torch.Tensor":
    import torch

    return torch.from_numpy(matrix).bfloat16()


def _bits_of(rounded: "torch.Tensor") -> Bits:
    import torch

    bits: Bits = rounded.view(torch.int16).numpy()
    return bits


def _bits(number: float) -> int:
    """Return the bits of a positive bfloat16, rounded down; they order like the numbers."""
    return int(np.float32(number).view(np.uint32)) >> 16


def count_neighbours(vectors: Floats, eps: float) -> Counts:
    """Count for each vector (n, d) those at most ``eps`` away, itself included; it is exact."""
    everyone, counts = Neighbourhood(vectors, eps), np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), STRIPE):
        rows = slice(start, start + STRIPE)
        counts[rows] = np.count_nonzero(everyone.near(rows, slice(None)), axis=1)
    return counts


def dbscan(vectors: Floats, *, eps: float, min_samples: int) -> Labels:
    """Return DBSCAN's labels (n,), -1 for noise, of vectors (n, d) by cosine distance.

    They are those of scikit-learn: clusters are numbered by their first core, and a vector that
    borders on several clusters belongs to the first. Above ``WHOLE`` vectors, at most about
    20 ``STRIPE`` n bytes are held besides the vectors and their copies of unit length.
    """
    n = len(vectors)
    hood = Neighbourhood(vectors, eps)
    least, most = np.zeros((2, n), np.int64)  # neighbours for sure, and with those that may be
    is_core, is_connected = np.zeros((2, n), bool)
    component = np.arange(n)  # of each core: the first core known to be connected with it
    for rows, surely, maybe in hood.stripes(np.arange(n)):
        until = slice(0, rows[-1] + 1)
        _count(surely, rows, least)
        most = least if surely is maybe else _count(maybe, rows, most)
        is_core[until] = least[until] >= min_samples
        is_connected[rows] = is_core[rows]
        place, cores = np.flatnonzero(is_core[rows]), np.flatnonzero(is_core)
        among = np.ix_(place, cores)
        near = surely[among]
        may_be_near = near if surely is maybe else maybe[among]
        _connect(hood, rows[place], cores, component, near, may_be_near)
    unsure = np.flatnonzero(~is_core & (most >= min_samples))
    for rows, surely, maybe in hood.stripes(unsure, np.arange(n)):
        is_core[rows] = _has_enough(hood, rows, surely, maybe, min_samples)
    cores = np.flatnonzero(is_core)
    late = cores[~is_connected[cores]]  # became cores by what came after them
    for rows, surely, maybe in hood.stripes(late, cores):
        _connect(hood, rows, cores, component, surely, maybe)
    labels = np.full(n, NOISE, np.int64)
    firsts, numbers = np.unique(component[is_core], return_inverse=True)
    labels[is_core] = numbers
    if len(firsts):
        _label_border(hood, np.flatnonzero(~is_core & (most > 1)), labels)
    return labels


def _count(near: Mask, rows: Indices, counts: Counts) -> Counts:
    """Count the pairs of rows and of what comes before and among them, for both of each pair."""
    counts[rows] += [np.count_nonzero(row) for row in near]
    of_pairs = near[:, : rows[0]].view(np.uint8)
    for start in range(0, len(rows), 255):  # a byte counts no further: 4 times as fast as int32
        counts[: rows[0]] += np.add.reduce(of_pairs[start : start + 255], axis=0, dtype=np.uint8)
    return counts


def _pairs(mask: Mask) -> tuple[Indices, Indices]:
    """Return the rows and columns that are true, as ``np.nonzero``, but several times as fast."""
    rows, columns = np.divmod(np.flatnonzero(mask), max(1, mask.shape[1]))
    return rows, columns


def _has_enough(
    hood: Neighbourhood, rows: Indices, surely: Mask, maybe: Mask, min_samples: int
) -> Mask:
    """Return which of the rows have ``min_samples`` neighbours."""
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
    """Join the components of those cores that are near some rows, which are cores too.

    The masks are (rows, cores).
    """
    for mask in (surely,) if surely is maybe else (surely, maybe):
        names = component[cores]
        order = np.argsort(names, kind="stable")
        starts = np.flatnonzero(np.diff(names[order], prepend=-1))
        met = np.logical_or.reduceat(mask[:, order], starts, axis=1)
        at, other = _pairs(met)
        first, second = component[rows[at]], names[order][starts][other]
        if mask is not surely:
            is_new = first != second
            at, first, second = at[is_new], first[is_new], second[is_new]
            holds = _touch(hood, rows, at, second, mask ^ surely, (cores, names))
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
    """Return which of ``own[asked]`` (k,) are near a core of another component (k,); k is small."""
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
    """Give each of the others that is near a core the lowest label of the cores near it."""
    nobody = np.iinfo(np.int64).max
    cores = np.flatnonzero(labels != NOISE)
    of_core = labels[cores]
    for rows, surely, maybe in hood.stripes(others, cores):
        if surely is not maybe:
            at, column = _pairs(maybe ^ surely)
            holds = hood.are_near(rows[at], cores[column])
            surely[at[holds], column[holds]] = True
        at, column = _pairs(surely)
        lowest = np.full(len(rows), nobody)
        np.minimum.at(lowest, at, of_core[column])
        labels[rows] = np.where(lowest < nobody, lowest, NOISE)
