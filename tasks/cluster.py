"""The choice of the subject: which images show it, and why. Pure.

The subject of a query is what most of its images have in common. In the space of a model such as
CLIP those lie close together, and the others lie anywhere. DBSCAN (Ester et al., "A density-based
algorithm for discovering clusters", KDD 1996) finds dense groups without being told how many there
are. If ``eps`` is a number, the largest of its clusters is the subject. But no radius suits all
subjects, so ``eps="auto"`` guesses groups (``subject.guess``), corrects the guesses
(``subject.settle``), takes the group with the greatest claim (``subject.weigh``), and reports the
radius at which DBSCAN agrees best with it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Literal

import numpy as np

from tasks.arrays import Floats, Indices, Labels, Mask, Numbers, Vectors
from tasks.errors import BadRequestError
from tasks.subject.clustering import Clustering, Group, Outcome
from tasks.subject.evidence import Evidence, evidence_of
from tasks.subject.explain import distances_to, kinds_of
from tasks.subject.geometry import CLIP, Geometry
from tasks.subject.guess import best_radius, cluster_at_radii, first_guesses, one_of_each_content
from tasks.subject.neighbours import NOISE, count_neighbours, dbscan
from tasks.subject.settle import Regression, score_members, settle
from tasks.subject.weigh import is_one_subject, weigh

RIVAL_CLAIM = 0.6  # of the second group, as a share of the first one's: from here on, a rival
LEAST_ALIKE = 3  # images that are alike and so a subject, though there are no others
MAJORITY = 0.5  # of the votes: one content that has more is the subject where there is no group
IN_QUESTION = 2  # groups that are shown to people at most


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

    If ``eps`` is a number, the labels are those of scikit-learn's DBSCAN and the largest cluster is
    the subject; of equally large ones the tighter, then the one with the best rank. With ``auto``
    the choice does not depend on the order of the vectors, and weighs whatever else is given of the
    images, (n,) each: ``ranks`` on the page (1 is first), ``sources`` (pages or hosts; each has one
    vote), and ``text_similarity`` to the query. ``geometry`` says what distances mean in the
    model's space. Raises ``ValueError`` for vectors with values that are not finite numbers.
    """
    if not np.isfinite(vectors).all():
        raise ValueError("Some vectors hold values that are no finite numbers: embed them again.")
    n = len(vectors)
    if n == 0 and eps == "auto":
        eps = 0.0  # nothing suggests a radius
    if eps != "auto":
        return _by_radius(
            vectors,
            eps=eps,
            min_samples=min_samples,
            ranks=np.arange(n) if ranks is None else ranks,
            geometry=geometry,
        )
    first = np.zeros(n) if ranks is None else np.asarray(ranks)
    content = [sha256(vector.tobytes()).digest() for vector in vectors]
    order = np.array(sorted(range(n), key=lambda at: (first[at], content[at])), np.intp)
    evidence = evidence_of(ranks=ranks, sources=sources, text_similarity=text_similarity)
    found = _by_groups(
        vectors[order],
        min_samples=min_samples,
        evidence=evidence.among(order),
        geometry=geometry,
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

    Raises ``BadRequestError`` if there is no such group.
    """
    if not 1 <= number <= len(found.order):
        raise BadRequestError("no_group_of_number", number=number, n=len(found.order))
    subject = found.order[number - 1]
    members = found.labels == subject
    clusters = dbscan(vectors, eps=found.eps, min_samples=min_samples)
    counts = count_neighbours(vectors, found.eps)
    return replace(
        found,
        subject=subject,
        scores=_probabilities(score_members(vectors, members, geometry), geometry),
        distances=distances_to(vectors, _medoid(vectors, members)),
        neighbours=counts - 1,
        kinds=kinds_of(found.labels, clusters, subject=subject, is_core=counts >= min_samples),
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

    order = sorted(range(labels.max(initial=NOISE) + 1), key=claim, reverse=True)
    groups = tuple(
        _group(vectors, labels == label, claim=claim(label)[0] / len(labels))
        for label in order[:IN_QUESTION]
    )
    subject = order[0] if order else None
    scores: Floats = np.zeros(len(labels))
    if groups:
        scores = _probabilities(score_members(vectors, labels == subject, geometry), geometry)
    counts = count_neighbours(vectors, eps)
    return Clustering(
        labels=labels,
        subject=subject,
        scores=scores,
        eps=eps,
        outcome=_outcome(groups, geometry),
        groups=groups,
        order=tuple(order),
        distances=distances_to(vectors, groups[0].medoid if groups else None),
        neighbours=counts - 1,
        kinds=kinds_of(labels, labels, subject=subject, is_core=counts >= min_samples),
    )


def _by_groups(
    vectors: Vectors, *, min_samples: int, evidence: Evidence, geometry: Geometry
) -> Clustering:
    """Guess groups, correct the guesses, and take the group with the greatest claim."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    sample = one_of_each_content(unit, geometry)
    few = unit[sample]
    at_radii = cluster_at_radii(few, min_samples)
    eps = next(iter(at_radii))
    claimed: list[tuple[Floats, float]] = []  # scores (n,) and claims, the greatest first
    if len(few) >= min_samples:
        regression, ridge = Regression(few), geometry.loose_ridge_of(len(few))
        guesses = first_guesses(few, at_radii)
        memberships = settle(
            few, guesses, regression=regression, min_samples=min_samples, geometry=geometry
        )
        claims = weigh(
            few,
            memberships,
            regression=regression,
            evidence=evidence.among(sample),
            geometry=geometry,
        )
        standing = [at for at in np.argsort(-claims, kind="stable") if claims[at] > 0]
        if standing:
            eps = best_radius(at_radii, memberships[:, standing[0]] > 0.5)
        for at in standing[:IN_QUESTION]:
            if claims[at] >= geometry.least_claim:
                scores = regression.scores_of(memberships[:, at], unit, sample=sample, ridge=ridge)
                claimed.append((scores, float(claims[at])))
    if not claimed:
        claimed = _without_rest(unit, sample, evidence=evidence, geometry=geometry)
    return _taken(vectors, claimed, eps=eps, min_samples=min_samples, geometry=geometry)


def _without_rest(
    unit: Floats, sample: Indices, *, evidence: Evidence, geometry: Geometry
) -> list[tuple[Floats, float]]:
    """Return the scores and claims of what is the subject although nothing stands apart from it.

    That is all images, where they are alike, or one content that has most of the votes.
    """
    if len(unit) < LEAST_ALIKE:
        return []
    if len(sample) == 1 or is_one_subject(unit[sample], geometry):
        return [(np.ones(len(unit)), 1.0)]
    of_content = (unit @ unit[sample].T > 1 - geometry.same_content).astype(np.float64)
    votes = evidence.votes(of_content) / evidence.votes(np.ones((len(unit), 1)))
    most = int(np.argmax(votes))
    if votes[most] <= MAJORITY or of_content[:, most].sum() < LEAST_ALIKE:
        return []
    return [(of_content[:, most], float(votes[most]))]


def _taken(
    vectors: Vectors,
    claimed: Sequence[tuple[Floats, float]],
    *,
    eps: float,
    min_samples: int,
    geometry: Geometry,
) -> Clustering:
    """Take the first of some groups, of which the scores (n,) and the claims are given."""
    members = [scores >= geometry.admission for scores, _ in claimed]
    groups = tuple(
        _group(vectors, of_group, claim=claim)
        for of_group, (_, claim) in zip(members, claimed, strict=True)
    )
    subject = 0 if groups else None
    clusters = dbscan(vectors, eps=eps, min_samples=min_samples)
    labels = _numbered(members, clusters)
    counts = count_neighbours(vectors, eps)
    return Clustering(
        labels=labels,
        subject=subject,
        scores=_probabilities(claimed[0][0], geometry) if claimed else np.zeros(len(vectors)),
        eps=eps,
        outcome=_outcome(groups, geometry),
        groups=groups,
        order=tuple(range(labels.max() + 1)),
        distances=distances_to(vectors, groups[0].medoid if groups else None),
        neighbours=counts - 1,
        kinds=kinds_of(labels, clusters, subject=subject, is_core=counts >= min_samples),
    )


def _numbered(groups: Sequence[Mask], clusters: Labels) -> Labels:
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


def _reordered(found: Clustering, order: Indices) -> Clustering:
    """Undo an ordering of the images."""
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


def _group(vectors: Vectors, members: Mask, *, claim: float) -> Group:
    return Group(np.flatnonzero(members), medoid=_medoid(vectors, members), claim=claim)


def _medoid(vectors: Vectors, members: Mask) -> int:
    """Return the place of the member that is nearest to the mean of all members."""
    where = np.flatnonzero(members)
    return int(where[np.argmax(vectors[where] @ vectors[where].mean(axis=0))])


def _probabilities(scores: Floats, geometry: Geometry) -> Floats:
    odds = geometry.steepness * (scores - geometry.admission)
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


def _outcome(groups: Sequence[Group], geometry: Geometry) -> Outcome:
    if not groups:
        return Outcome.NONE
    is_faint = groups[0].claim < geometry.faint_claim
    has_rival = len(groups) > 1 and groups[1].claim >= RIVAL_CLAIM * groups[0].claim
    return Outcome.AMBIGUOUS if is_faint or has_rival else Outcome.CLEAR
