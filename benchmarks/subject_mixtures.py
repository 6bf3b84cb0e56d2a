"""The images a search might find, as vectors: a subject among what has nothing to do with it.

Subjects come from the real CLIP vectors of the shared folder, as they are and changed along real
directions: tighter (one corner of a subject), looser (more of the scene in every image), of two
views, and in the midst of other photographs (as animals and furniture are, whose images share
everything but their object). ``TUNED`` names those on which the method was made; all others were
measured only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.arrays import Counts, Floats, Mask, Vectors

Pools = dict[str, Floats]  # float64 (n, 512)

SETS = ("fashion", "phone", "watch", "unrelated")
TUNED = (
    "fashion", "fashion tight", "fashion loose", "phone", "phone views", "scene 1", "scene 2",
)  # fmt: skip
PRECISIONS = (0.3, 0.5, 0.7, 0.9)
SIZES = (60, 200, 600)
KINDS = ("plain", "reposts", "rival", "rank helpful", "rank useless")
POOL = 700
RIVAL_SHARE = 0.4  # of the subject's images
REPOST_SHARE = 1 / 3  # of the noise


@dataclass(frozen=True, slots=True)
class Trial:
    """One search: vectors (n, d) in random order, the truth, and what else is known of them.

    ``text_similarity`` is simulated: the shared vectors are of images only.
    """

    subject: str
    kind: str
    precision: float
    size: int
    vectors: Vectors
    is_subject: Mask
    ranks: Counts
    sources: tuple[str, ...]
    text_similarity: Floats


def unit(vectors: Floats) -> Floats:
    """Bring vectors to unit length."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def load_sets(folder: Path) -> Pools:
    """Read the real vectors of ``folder``."""
    missing = [name for name in SETS if not (folder / f"{name}.npz").is_file()]
    if missing:
        raise SystemExit(f"{folder} has no {missing[0]}.npz; name the right folder with --data.")
    return {
        name: unit(np.load(folder / f"{name}.npz")["vectors"].astype(np.float64)) for name in SETS
    }


def median_distance(vectors: Floats) -> float:
    """Return the median cosine distance of pairs, of at most 300 vectors."""
    some = vectors[:300]
    return float(np.median((1 - some @ some.T)[np.triu_indices(len(some), 1)]))


def _real_directions(unrelated: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Draw directions that vary as photographs do: random sums of images less their mean."""
    residuals = unrelated - unrelated.mean(axis=0)
    return rng.normal(size=(count, len(residuals))) @ residuals / np.sqrt(len(residuals))


def _at_median(make: Callable[[float], Floats], wanted: float) -> Floats:
    """Find the strength, by halving, at which ``make`` gives the wanted median distance."""
    low, high = 0.0, 4.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if median_distance(make(middle)) < wanted else (low, middle)
    return make(high)


def _tight(real: Floats, share: float, rng: np.random.Generator) -> Floats:
    nearness = real @ real[rng.integers(len(real))]
    return real[np.argsort(-nearness)[: round(share * len(real))]]


def _loose(real: Floats, unrelated: Floats, median: float, rng: np.random.Generator) -> Floats:
    base = rng.permutation(real)[:POOL]
    more = _real_directions(unrelated, len(base), rng)
    return _at_median(lambda strength: unit(base + strength * more), median)


def _views(real: Floats, unrelated: Floats, median: float, rng: np.random.Generator) -> Floats:
    base = rng.permutation(real)[:POOL]
    turn = _real_directions(unrelated, 1, rng)
    is_turned = rng.random((len(base), 1)) < 0.5
    return _at_median(lambda strength: unit(base + strength * is_turned * turn), median)


def _scene(real: Floats, unrelated: Floats, median: float, rng: np.random.Generator) -> Floats:
    """A subject whose images lie as near to unrelated ones as those do to each other."""
    centre = unrelated.mean(axis=0) + 0.6 * _real_directions(unrelated, 1, rng)
    base = rng.permutation(real)[:POOL]
    spread = _real_directions(unrelated, len(base), rng) + (base - base.mean(axis=0))
    return _at_median(lambda strength: unit(centre + strength * spread), median)


def make_subjects(sets: Pools) -> Pools:
    """Return the pools of all subjects by name; the same at every call."""
    unrelated = sets["unrelated"]

    def rng(seed: int) -> np.random.Generator:
        return np.random.default_rng([6, seed])

    return {
        "fashion": sets["fashion"],
        "fashion tight": _tight(sets["fashion"], 0.5, rng(1)),
        "fashion loose": _loose(sets["fashion"], unrelated, 0.30, rng(2)),
        "phone": sets["phone"],
        "phone views": _views(sets["phone"], unrelated, 0.275, rng(3)),
        "scene 1": _scene(sets["fashion"], unrelated, 0.30, rng(4)),
        "scene 2": _scene(sets["phone"], unrelated, 0.28, rng(5)),
        "watch": sets["watch"],
        "watch tight": _tight(sets["watch"], 0.5, rng(6)),
        "watch loose": _loose(sets["watch"], unrelated, 0.30, rng(7)),
        "watch looser": _loose(sets["watch"], unrelated, 0.34, rng(8)),
        "fashion views": _views(sets["fashion"], unrelated, 0.26, rng(9)),
        "scene 3": _scene(sets["watch"], unrelated, 0.30, rng(10)),
        "scene 4": _scene(sets["watch"], unrelated, 0.32, rng(11)),
    }


def _draw(pool: Floats, count: int, rng: np.random.Generator) -> Floats:
    return rng.permutation(pool)[:count]


def _repost(image: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Copies of one image with small changes, at most 0.04 apart."""
    change = np.sqrt(rng.uniform(0.002, 0.04) / image.size)
    return unit(image + change * rng.normal(size=(count, image.size)))


def _rival_of(subject: str, subjects: Pools, rng: np.random.Generator) -> Floats:
    """Another subject's pool: of the same half (tuned on, held out), from another real set."""
    base = subject.split()[0]
    like = [n for n in subjects if n.split()[0] != base and (n in TUNED) == (subject in TUNED)]
    return subjects[str(rng.choice(like))]


def make_trial(
    subject: str,
    kind: str,
    precision: float,
    size: int,
    subjects: Pools,
    unrelated: Floats,
    rng: np.random.Generator,
) -> Trial:
    """Draw one mixture; where a pool is too small for the size, all parts shrink alike."""
    pool = subjects[subject] if precision else unrelated[:0]
    fits = min(1.0, len(pool) / (precision * size) if precision else 1.0)
    fits = min(fits, len(unrelated) / ((1 - precision) * size))
    wanted, others = round(fits * precision * size), round(fits * (1 - precision) * size)
    parts = [_draw(pool, wanted, rng)]
    pages = [f"page {n}" for n in range(wanted)]
    if kind == "rival":
        rivals = _draw(
            _rival_of(subject, subjects, rng), min(others, round(RIVAL_SHARE * wanted)), rng
        )
        parts.append(rivals)
        pages += [f"rival {n}" for n in range(len(rivals))]
        others -= len(rivals)
    if kind == "reposts":
        repeated = round(REPOST_SHARE * others)
        parts.append(_repost(unrelated[rng.integers(len(unrelated))], repeated, rng))
        pages += ["shop"] * repeated
        others -= repeated
    parts.append(_draw(unrelated, others, rng))
    pages += [f"other {n}" for n in range(others)]
    vectors = np.concatenate(parts).astype(np.float32)
    is_subject = np.arange(len(vectors)) < wanted
    appeal = rng.normal(size=len(vectors)) + (1.5 * is_subject if kind == "rank helpful" else 0)
    ranks = np.argsort(np.argsort(-appeal)) + 1
    text = rng.normal(0.20, 0.025, len(vectors)) + 0.06 * is_subject  # as of CLIP's own text tower
    order = rng.permutation(len(vectors))
    return Trial(
        subject, kind, precision, size, vectors[order], is_subject[order], ranks[order],
        tuple(pages[at] for at in order), text[order],
    )  # fmt: skip


def trials_of(sets: Pools, per_cell: int) -> Iterator[Trial]:
    """Yield every cell's trials: subject × kind × precision × size × ``per_cell``."""
    subjects = make_subjects(sets)
    for number, subject in enumerate(subjects):
        for kind_number, kind in enumerate(KINDS):
            for precision in PRECISIONS:
                for size in SIZES:
                    for repeat in range(per_cell):
                        seed = [number, kind_number, round(10 * precision), size, repeat]
                        rng = np.random.default_rng(seed)
                        yield make_trial(
                            subject, kind, precision, size, subjects, sets["unrelated"], rng
                        )


def unrelated_trials(sets: Pools, count: int) -> Iterator[Trial]:
    """Yield mixtures without a subject, of all sizes, half of them with reposts."""
    for number in range(count):
        kind, size = ("plain", "reposts")[number % 2], SIZES[number % len(SIZES)]
        rng = np.random.default_rng([99, number])
        yield make_trial("none", kind, 0.0, size, {}, sets["unrelated"], rng)
