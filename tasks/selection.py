"""All pictures of a run → a verdict on each, and the counts of the whole.

Copies are taken out before clustering, so that a picture that was posted often has one vote. The
chosen stand in the order of the search page, and end at the wanted number.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.cluster import Outcome, choose_subject
from tasks.duplicates import find_copies
from tasks.neighbours import NOISE
from tasks.records import Picture, Reason, Rejected, Stage, Verdict
from tasks.workspace import Vectors, Workspace


@dataclass(frozen=True, slots=True)
class Criteria:
    """How the subject is chosen, and how many pictures of it are wanted."""

    limit: int
    eps: float | Literal["auto"]
    min_samples: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How many candidates were left after each stage; ``reasons`` counts those that fell out.

    ``found == chosen + sum(reasons.values())``, always.
    """

    found: int
    fetched: int
    good: int
    unique: int
    subject: int
    chosen: int
    reasons: dict[Reason, int]


@dataclass(frozen=True, slots=True)
class Selection:
    """Every candidate of a run with what was decided of it, in the order of the page."""

    pictures: tuple[Picture, ...]
    rejected: tuple[Rejected, ...]
    verdicts: dict[str, Verdict]  # of the pictures, by key
    outcome: Outcome
    eps: float  # the radius, in cosine distance, that was used

    @property
    def chosen(self) -> tuple[Picture, ...]:
        """The pictures that become the dataset."""
        return tuple(p for p in self.pictures if self.verdicts[p.key].reason is None)

    @property
    def subject_count(self) -> int:
        """How many pictures show the subject; 0 where no cluster was found."""
        return sum(v.reason in (None, Reason.OVER_LIMIT) for v in self.verdicts.values())

    def waterfall(self) -> Waterfall:
        """Count what was left after each stage."""
        fallen = [r.reason for r in self.rejected]
        fallen += [v.reason for v in self.verdicts.values() if v.reason]
        at_stage = Counter(reason.stage for reason in fallen)
        left = len(self.pictures) + len(self.rejected)
        found = left
        after: list[int] = []
        for stage in Stage:
            left -= at_stage[stage]
            after.append(left)
        reasons = dict(sorted(Counter(fallen).items()))
        fetched, good, unique, subject, chosen = after
        return Waterfall(found, fetched, good, unique, subject, chosen, reasons)


def select(
    pictures: Sequence[Picture],
    vectors: Vectors,
    rejected: Sequence[Rejected],
    criteria: Criteria,
) -> Selection:
    """Decide on every picture; ``vectors`` (n, d) are theirs, in the same order."""
    copies = find_copies(pictures)
    unique = [i for i, picture in enumerate(pictures) if picture.key not in copies]
    clustering = choose_subject(
        vectors[unique],
        eps=criteria.eps,
        min_samples=criteria.min_samples,
        ranks=[pictures[i].candidate.rank for i in unique],
        # Many pictures of one page are one vote; one whose page is unknown is on its own.
        sources=[pictures[i].candidate.page_url or pictures[i].key for i in unique],
    )
    verdicts = {key: Verdict(copy.reason, copy_of=copy.of) for key, copy in copies.items()}
    wanted = criteria.limit
    order = sorted(range(len(unique)), key=lambda at: pictures[unique[at]].candidate.rank)
    for at in order:
        label, score = int(clustering.labels[at]), float(clustering.scores[at])
        reason = None
        if clustering.subject is None:
            reason = Reason.NO_SUBJECT
        elif label == NOISE:
            reason = Reason.NOISE
        elif label != clustering.subject:
            reason = Reason.OTHER_CLUSTER
        elif wanted == 0:
            reason = Reason.OVER_LIMIT
        else:
            wanted -= 1
        verdicts[pictures[unique[at]].key] = Verdict(
            reason, cluster=label, score=score, why=clustering.sentence(at)
        )
    return Selection(
        tuple(sorted(pictures, key=lambda p: p.candidate.rank)),
        tuple(sorted(rejected, key=lambda r: r.candidate.rank)),
        verdicts,
        clustering.outcome,
        clustering.eps,
    )


@task(name="choose-subject", cache_policy=NO_CACHE)
def choose(workspace: Workspace, batches: int, model: str, criteria: Criteria) -> Selection:
    """Decide on everything that the first ``batches`` batches hold."""
    pictures: list[Picture] = []
    rejected: list[Rejected] = []
    vectors: list[Vectors] = []
    for number in range(batches):
        for result in workspace.results(number) or ():
            if isinstance(result, Picture):
                pictures.append(result)
            else:
                rejected.append(result)
        part = workspace.vectors(number, model)
        if part is not None and len(part):
            vectors.append(part)
    together = np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)
    return select(pictures, together, rejected, criteria)
