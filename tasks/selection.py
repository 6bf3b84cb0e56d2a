"""The verdict on every image of a run, and the counts of the whole.

Copies are taken out before clustering, so that an image that was posted often has one vote. The
chosen images stand in the order of the search page and end at the wanted number. What a person
decided about an image stands, whatever speaks against it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.arrays import Floats, Vector, Vectors
from tasks.cluster import choose_subject, take_group
from tasks.criteria import Criteria
from tasks.duplicates import find_copies
from tasks.images.decoder import ImageError
from tasks.records import Accepted, Reason, Rejected, Stage, Verdict, Waterfall, stage_of
from tasks.subject.clustering import Clustering, Outcome
from tasks.subject.geometry import CLIP, Geometry
from tasks.subject.neighbours import NOISE
from tasks.workspace import Workspace
from words import Message


@dataclass(frozen=True, slots=True)
class Choice:
    """How the subject was chosen; ``job.json`` and the job's row say it too."""

    outcome: Outcome
    eps: float  # the radius, in cosine distance, that was used
    group: int | None  # the number of the subject's; None where there is none
    by_hand: bool = False  # a person said which group


@dataclass(frozen=True, slots=True)
class Selection:
    """Every candidate of a run with what was decided of it, in the order of the page."""

    images: tuple[Accepted, ...]
    vectors: Vectors  # (n, d), theirs
    rejected: tuple[Rejected, ...]
    verdicts: dict[str, Verdict]  # of the images, by key
    choice: Choice
    # The one or two groups with the greatest claims; people count them from 1. In each the most
    # typical image comes first, then the others in the order of the page.
    groups: tuple[tuple[Accepted, ...], ...] = ()
    text: Vector | None = None  # (d,) that the images were compared with

    @property
    def chosen(self) -> tuple[Accepted, ...]:
        """The images that become the dataset."""
        return tuple(p for p in self.images if self.verdicts[p.key].reason is None)

    @property
    def subject_count(self) -> int:
        """How many images show the subject; 0 where no cluster was found."""
        return sum(v.reason in (None, Reason.OVER_LIMIT) for v in self.verdicts.values())

    def without(self, failed: Mapping[str, ImageError]) -> "Selection":
        """Return the same without chosen images that cannot be used, by key, and why.

        The next ones that show the subject take their places.
        """
        verdicts = self.verdicts | {
            key: replace(self.verdicts[key], reason=error.reason, notes=(error.note,))
            for key, error in failed.items()
        }
        spare = [p.key for p in self.images if verdicts[p.key].reason is Reason.OVER_LIMIT]
        for key in spare[: len(failed)]:
            verdicts[key] = replace(verdicts[key], reason=None)
        return replace(self, verdicts=verdicts)

    def waterfall(self) -> Waterfall:
        """Count what was left after each stage."""
        fallen = [r.reason for r in self.rejected]
        fallen += [v.reason for v in self.verdicts.values() if v.reason]
        at_stage = Counter(map(stage_of, fallen))
        left = len(self.images) + len(self.rejected)
        found = left
        after: list[int] = []
        for stage in Stage:
            left -= at_stage[stage]
            after.append(left)
        reasons = dict(sorted(Counter(fallen).items()))
        fetched, good, unique, subject, chosen = after
        return Waterfall(found, fetched, good, unique, subject, chosen, reasons)


def select(
    images: Sequence[Accepted],
    vectors: Vectors,
    *,
    rejected: Sequence[Rejected],
    criteria: Criteria,
    text: Vector | None = None,
    geometry: Geometry = CLIP,
) -> Selection:
    """Decide on every image; ``vectors`` (n, d) are theirs, in the same order.

    ``text`` (d,) is the vector of a text that describes the subject, ``geometry`` that of the
    model's space. Raises ``BadRequestError`` if ``criteria`` names a group that there is not.
    """
    by_rank = sorted(range(len(images)), key=lambda at: images[at].candidate.rank)
    images, vectors = [images[at] for at in by_rank], vectors[by_rank]
    similarity = None if text is None or not len(vectors) else (vectors @ text).astype(np.float64)
    copies = find_copies(images)
    places = [at for at, image in enumerate(images) if image.key not in copies]
    unique = [images[at] for at in places]
    likeness = None if similarity is None else similarity[places]
    clustering = _clustering(
        unique, vectors[places], criteria=criteria, text_similarity=likeness, geometry=geometry
    )
    verdicts = {key: Verdict(copy.reason, copy_of=copy.of) for key, copy in copies.items()}
    verdicts |= {image.key: _verdict(clustering, at) for at, image in enumerate(unique)}
    if similarity is not None:
        for image, value in zip(images, similarity, strict=True):
            verdicts[image.key] = replace(verdicts[image.key], text_similarity=float(value))
    subject = clustering.subject
    return Selection(
        images=tuple(images),
        vectors=vectors,
        rejected=tuple(sorted(rejected, key=lambda r: r.candidate.rank)),
        verdicts=_decided_by_hand(verdicts, images, criteria),
        choice=Choice(
            outcome=clustering.outcome,
            eps=clustering.eps,
            group=None if subject is None else clustering.order.index(subject) + 1,
            by_hand=criteria.group is not None,
        ),
        groups=tuple(_groups(clustering, unique)),
        text=text,
    )


def _clustering(
    unique: Sequence[Accepted],
    vectors: Vectors,
    *,
    criteria: Criteria,
    text_similarity: Floats | None,
    geometry: Geometry,
) -> Clustering:
    found = choose_subject(
        vectors,
        eps=criteria.eps,
        min_samples=criteria.min_samples,
        ranks=[image.candidate.rank for image in unique],
        # Many images of one page are one vote; one whose page is unknown is on its own.
        sources=[image.candidate.page_url or image.key for image in unique],
        text_similarity=text_similarity,
        geometry=geometry,
    )
    if criteria.group is None:
        return found
    return take_group(
        vectors,
        found,
        number=criteria.group,
        min_samples=criteria.min_samples,
        geometry=geometry,
    )


def _groups(found: Clustering, unique: Sequence[Accepted]) -> Iterator[tuple[Accepted, ...]]:
    for label, group in zip(found.order, found.groups, strict=False):
        members = np.flatnonzero(found.labels == label).tolist()
        yield tuple(unique[at] for at in sorted(members, key=lambda at: at != group.medoid))


def _verdict(found: Clustering, at: int) -> Verdict:
    """Return what the clustering says of an image, as if there were no limit."""
    reason = None
    if found.subject is None:
        reason = Reason.NO_SUBJECT
    elif found.labels[at] == NOISE:
        reason = Reason.NOISE
    elif found.labels[at] != found.subject:
        reason = Reason.OTHER_CLUSTER
    return Verdict(
        reason,
        cluster=int(found.labels[at]),
        score=float(found.scores[at]),
        notes=found.notes(at),
        group=found.group_of(at),
        distance=None if found.subject is None else float(found.distances[at]),
        neighbours=int(found.neighbours[at]),
    )


def _decided_by_hand(
    verdicts: Mapping[str, Verdict], images: Sequence[Accepted], criteria: Criteria
) -> dict[str, Verdict]:
    """Let a person's decisions stand; end at the wanted number, in the order of the page."""
    wanted = criteria.limit - len(criteria.kept)
    decided: dict[str, Verdict] = {}
    for key in (image.key for image in images):
        verdict = verdicts[key]
        if key in criteria.kept:
            verdict = replace(verdict, reason=None, by_hand="kept")
        elif key in criteria.dropped:
            verdict = replace(verdict, reason=Reason.DROPPED_BY_HAND, by_hand="dropped")
        elif verdict.reason is None and wanted <= 0:
            verdict = replace(verdict, reason=Reason.OVER_LIMIT)
        elif verdict.reason is None:
            wanted -= 1
        decided[key] = verdict
    return decided


def choose_among(
    workspace: Workspace, batches: int, *, model: str, criteria: Criteria
) -> Selection:
    """Decide on everything that the first ``batches`` batches hold; raises as ``select`` does."""
    images: list[Accepted] = []
    rejected: list[Rejected] = []
    vectors: list[Vectors] = []
    for number in range(batches):
        results = workspace.results(number) or ()
        rejected += [result for result in results if isinstance(result, Rejected)]
        part = workspace.vectors(number, model)
        if part is None or not len(part):
            continue
        is_usable = np.isfinite(part).all(axis=1) & (part.shape[1] > 0)
        for image, usable in zip(workspace.images(number), is_usable, strict=True):
            if usable:
                images.append(image)
            else:
                rejected.append(_without_vector(image))
        if is_usable.any():
            vectors.append(part[is_usable])
    together = np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)
    return select(
        images,
        together,
        rejected=rejected,
        criteria=criteria,
        text=workspace.text(model),
        geometry=workspace.geometry(),
    )


def _without_vector(image: Accepted) -> Rejected:
    return Rejected(
        image.candidate,
        Reason.NO_VECTOR,
        Message("note.no_vector"),
        attempts=image.attempts,
        source_sha256=image.source_sha256,
        measures=image.measures,
    )


@task(name="choose-subject", cache_policy=NO_CACHE)
def choose(
    workspace: Workspace,
    batches: int,
    *,
    model: str,
    criteria: Criteria,
) -> Selection:
    """Decide on everything that the first ``batches`` batches hold, as a task."""
    return choose_among(workspace, batches, model=model, criteria=criteria)
