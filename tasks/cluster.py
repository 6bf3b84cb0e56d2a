"""Vectors → which pictures show the subject, and why. Pure.

What a query means is what most of its pictures have in common: in CLIP's space they lie close
together, and the rest lies anywhere. DBSCAN (Ester et al., 1996) finds dense groups without being
told how many. With a fixed radius the largest is the subject; but no radius serves all subjects.
``eps="auto"`` begins with DBSCAN at several radii, corrects what it finds (``subject.groups``),
takes the group with the greatest claim, and reports the radius whose clusters agree best with it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Literal

import numpy as np

from tasks.arrays import Counts, Floats, Indices, Labels, Mask, Numbers, Vectors
from tasks.subject.evidence import Evidence, gather
from tasks.subject.geometry import CLIP, Geometry
from tasks.subject.groups import find_groups, score_members
from tasks.subject.neighbours import NOISE, count_neighbours, dbscan

LIKE_CLAIMS = 0.6  # the lesser to the greater


class Outcome(StrEnum):
    """How sure the choice is."""

    CLEAR = "clear"
    AMBIGUOUS = "ambiguous"  # another group has a like claim, or the only claim is faint
    NONE = "none"


class Kind(StrEnum):
    """Why a picture is in the subject's group, or not."""

    CORE = "core"
    BORDER = "border"
    ADMITTED = "admitted"
    EXPELLED = "expelled"
    OTHER_GROUP = "other_group"
    ALONE = "alone"


_SENTENCES = {
    Kind.CORE: "core of the subject's group",
    Kind.BORDER: "on the border of the subject's group",
    Kind.ADMITTED: "admitted to the subject's group by similarity",
    Kind.EXPELLED: "linked to the subject's group, but unlike it",
    Kind.OTHER_GROUP: "belongs to group {group}",
    Kind.ALONE: "alone",
}


@dataclass(frozen=True, slots=True)
class Group:
    """A group that may be the subject: indices of its members and of its medoid, and its claim."""

    members: Indices
    medoid: int
    claim: float  # 0 … 1: its share of the votes, less for what stands out little


@dataclass(frozen=True, slots=True)
class Clustering:
    """What was found among n pictures.

    ``labels`` (n,), -1 is noise; ``subject`` the label of the subject's group, None where there is
    none. ``scores`` (n,) in 0 … 1: how surely a picture shows the subject. ``groups`` are the one
    or two greatest claims, the chosen first; where the outcome is ambiguous they are in question.
    ``order`` are the labels of all groups by their claims, in which people count them from 1.
    ``distances`` (n,) to the subject's medoid (NaN without one); ``neighbours`` (n,) within ``eps``
    besides the picture itself; ``kinds`` (n,).
    """

    labels: Labels
    subject: int | None
    scores: Floats
    eps: float
    outcome: Outcome
    groups: tuple[Group, ...]
    order: tuple[int, ...]
    distances: Floats
    neighbours: Counts
    kinds: tuple[Kind, ...]

    @property
    def chosen(self) -> Mask:
        """Which pictures show the subject, (n,)."""
        none = self.subject is None
        return np.zeros(len(self.labels), bool) if none else self.labels == self.subject

    def group_of(self, at: int) -> int | None:
        """Return the number of the picture's group, 1 for the greatest claim; None for noise."""
        label = int(self.labels[at])
        return None if label == NOISE else self.order.index(label) + 1

    def sentence(self, at: int) -> str:
        """Say why the picture is in the subject's group, or not."""
        why = _SENTENCES[self.kinds[at]].format(group=self.group_of(at))
        near = f"{self.neighbours[at]} pictures lie within {self.eps:.3g}"
        if np.isnan(self.distances[at]):
            return f"{why}; {near}"
        return f"{why}; {near}; {self.distances[at]:.3g} from the most typical picture"


def choose_subject(
    vectors: Vectors,
    *,
    eps: float | Literal["auto"] = "auto",
    min_samples: int = 3,
    ranks: Numbers | None = None,
    sources: Sequence[Hashable] | None = None,
    text_similarity: Numbers | None = None,
    geometry: Geometry = CLIP,
) -> Clustering:
    """Find which of the unit vectors (n, d) show the subject.

    With ``eps`` a number the labels are scikit-learn's DBSCAN's and the largest cluster is the
    subject; of equally large ones the tighter, then the one that ranks first. With ``auto`` the
    choice does not depend on the order of the vectors. What else is known of the pictures, (n,)
    each, is weighed by ``auto`` where it is given: ``ranks`` on the page (1 is first), ``sources``
    (pages or hosts; each has one vote), and ``text_similarity`` to the query. ``geometry`` says
    what distances mean in the model's space. Raises ``ValueError`` for vectors with values that
    are no finite numbers.
    """
    if not np.isfinite(vectors).all():
        raise ValueError("Some vectors hold values that are no finite numbers: embed them again.")
    n = len(vectors)
    if n == 0:
        return Clustering(
            labels=np.zeros(0, np.int64),
            subject=None,
            scores=np.zeros(0),
            eps=0.0 if eps == "auto" else eps,
            outcome=Outcome.NONE,
            groups=(),
            order=(),
            distances=np.zeros(0),
            neighbours=np.zeros(0, np.int64),
            kinds=(),
        )
    if eps != "auto":
        first = np.arange(n) if ranks is None else ranks
        return _by_radius(vectors, eps=eps, min_samples=min_samples, ranks=first, geometry=geometry)
    first = np.zeros(n) if ranks is None else np.asarray(ranks)
    content = [sha256(vector.tobytes()).digest() for vector in vectors]
    order = np.array(sorted(range(n), key=lambda at: (first[at], content[at])), np.intp)
    evidence = gather(ranks, sources, text_similarity).of(order)
    found = _by_groups(
        vectors[order], min_samples=min_samples, evidence=evidence, geometry=geometry
    )
    return _reordered(found, order)


def take_group(
    vectors: Vectors,
    found: Clustering,
    *,
    number: int,
    min_samples: int,
    geometry: Geometry = CLIP,
) -> Clustering:
    """Make the group of that number (from 1, by its claim) the subject, whatever its claim.

    Raises ``ValueError`` where there is none.
    """
    if not 1 <= number <= len(found.order):
        raise ValueError(f"There are {len(found.order)} groups, and none has the number {number}.")
    subject = found.order[number - 1]
    members = found.labels == subject
    of_choice = _group(vectors, members, float(members.mean()))
    clusters = dbscan(vectors, eps=found.eps, min_samples=min_samples)
    taken = _explained(
        vectors,
        found.labels,
        clusters=clusters,
        scores=_probability(score_members(vectors, members, geometry), geometry),
        eps=found.eps,
        min_samples=min_samples,
        groups=(of_choice,),
        subject=subject,
        geometry=geometry,
    )
    return replace(taken, outcome=found.outcome, groups=found.groups, order=found.order)


def _reordered(found: Clustering, order: Indices) -> Clustering:
    """Undo an ordering of the pictures."""
    place = np.argsort(order)
    return replace(
        found,
        labels=found.labels[place],
        scores=found.scores[place],
        groups=tuple(
            replace(group, members=np.sort(order[group.members]), medoid=int(order[group.medoid]))
            for group in found.groups
        ),
        distances=found.distances[place],
        neighbours=found.neighbours[place],
        kinds=tuple(found.kinds[at] for at in place),
    )


def _by_radius(
    vectors: Vectors, *, eps: float, min_samples: int, ranks: Numbers, geometry: Geometry
) -> Clustering:
    """Take DBSCAN's largest cluster."""
    labels = dbscan(vectors, eps=eps, min_samples=min_samples)

    def claim(label: int) -> tuple[int, float, float]:
        members = labels == label
        tightness = float(np.linalg.norm(vectors[members].mean(axis=0)))  # 1: all the same vector
        return int(members.sum()), round(tightness, 6), -float(np.asarray(ranks)[members].min())

    clusters = sorted(range(labels.max() + 1), key=claim, reverse=True)
    groups = tuple(_group(vectors, labels == c, claim(c)[0] / len(labels)) for c in clusters[:2])
    scores: Floats = np.zeros(len(labels))
    if clusters:
        scores = _probability(score_members(vectors, labels == clusters[0], geometry), geometry)
    found = _explained(
        vectors,
        labels,
        clusters=labels,
        scores=scores,
        eps=eps,
        min_samples=min_samples,
        groups=groups,
        subject=clusters[0] if clusters else None,
        geometry=geometry,
    )
    return replace(found, order=tuple(clusters))


def _by_groups(
    vectors: Vectors, *, min_samples: int, evidence: Evidence, geometry: Geometry
) -> Clustering:
    """Take the group with the greatest claim."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    findings = find_groups(
        vectors / np.maximum(lengths, 1e-12),
        min_samples=min_samples,
        evidence=evidence,
        geometry=geometry,
    )
    found = [group for group in findings.groups[:2] if group.claim >= geometry.least_claim]
    members = [group.scores >= geometry.admission for group in found]
    clusters = dbscan(vectors, eps=findings.eps, min_samples=min_samples)
    groups = tuple(_group(vectors, m, f.claim) for m, f in zip(members, found, strict=True))
    scores = _probability(found[0].scores, geometry) if found else np.zeros(len(vectors))
    return _explained(
        vectors,
        _merged(clusters, members),
        clusters=clusters,
        scores=scores,
        eps=findings.eps,
        min_samples=min_samples,
        groups=groups,
        subject=0 if found else None,
        geometry=geometry,
    )


def _probability(scores: Floats, geometry: Geometry) -> Floats:
    odds = geometry.steepness * (scores - geometry.admission)
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


def _merged(clusters: Labels, groups: Sequence[Mask]) -> Labels:
    """Number the groups first; then the clusters of which no group took more than half, by size."""
    labels = np.full(len(clusters), NOISE, np.int64)
    is_taken = np.zeros(len(clusters), bool)
    for number, members in enumerate(groups):
        labels[members & ~is_taken] = number
        is_taken |= members
    rest = [clusters == cluster for cluster in range(clusters.max(initial=NOISE) + 1)]
    rest = [members & ~is_taken for members in rest if 2 * is_taken[members].sum() <= members.sum()]
    for number, members in enumerate(sorted(rest, key=lambda m: -m.sum()), start=len(groups)):
        labels[members] = number
    return labels


def _group(vectors: Vectors, members: Mask, claim: float) -> Group:
    where = np.flatnonzero(members)
    medoid = where[np.argmax(vectors[where] @ vectors[where].mean(axis=0))]
    return Group(where, int(medoid), claim)


def _outcome(groups: Sequence[Group], geometry: Geometry) -> Outcome:
    if not groups:
        return Outcome.NONE
    is_faint = groups[0].claim < geometry.faint_claim
    has_rival = len(groups) > 1 and groups[1].claim >= LIKE_CLAIMS * groups[0].claim
    return Outcome.AMBIGUOUS if is_faint or has_rival else Outcome.CLEAR


def _explained(
    vectors: Vectors,
    labels: Labels,
    *,
    clusters: Labels,
    scores: Floats,
    eps: float,
    min_samples: int,
    groups: tuple[Group, ...],
    subject: int | None,
    geometry: Geometry,
) -> Clustering:
    """Add what explains each picture; ``clusters`` are DBSCAN's labels at ``eps``."""
    counts = count_neighbours(vectors, eps)
    distances = np.full(len(vectors), np.nan)
    chosen = np.zeros(len(vectors), bool)
    main = NOISE
    if subject is not None:
        chosen = labels == subject
        distances = np.clip(1 - vectors @ vectors[groups[0].medoid], 0, 2).astype(np.float64)
        main = int(np.bincount(clusters[chosen] + 1, minlength=2)[1:].argmax())
    is_core, is_main = counts >= min_samples, clusters == main
    kinds = np.select(
        [
            chosen & is_main & is_core,
            chosen & is_main,
            chosen,
            labels != NOISE,
            is_main & (main >= 0),
        ],
        [Kind.CORE, Kind.BORDER, Kind.ADMITTED, Kind.OTHER_GROUP, Kind.EXPELLED],
        Kind.ALONE,
    )
    return Clustering(
        labels=labels,
        subject=subject,
        scores=scores,
        eps=eps,
        outcome=_outcome(groups, geometry),
        groups=groups,
        order=tuple(range(labels.max() + 1)),
        distances=distances,
        neighbours=counts - 1,
        kinds=tuple(Kind(kind) for kind in kinds),
    )
