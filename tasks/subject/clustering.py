"""The result of choosing: the groups among the images, and the place of each image. Pure."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tasks.arrays import Counts, Floats, Indices, Labels, Mask
from tasks.subject.neighbours import NOISE
from words import Message


class Outcome(StrEnum):
    """How sure the choice is."""

    CLEAR = "clear"
    AMBIGUOUS = "ambiguous"  # another group has a similar claim, or the only claim is faint
    NONE = "none"


class Kind(StrEnum):
    """Why an image is in the subject's group, or not."""

    CORE = "core"  # in the group, and a core of the main cluster
    BORDER = "border"  # in the group, and on the border of the main cluster
    ADMITTED = "admitted"  # in the group, though not in the main cluster
    EXPELLED = "expelled"  # not in the group, though in the main cluster
    OTHER_GROUP = "other_group"
    ALONE = "alone"


_CODES = {
    Kind.CORE: "note.subject_core",
    Kind.BORDER: "note.subject_border",
    Kind.ADMITTED: "note.subject_admitted",
    Kind.EXPELLED: "note.subject_expelled",
    Kind.OTHER_GROUP: "note.other_group",
    Kind.ALONE: "note.alone",
}


@dataclass(frozen=True, slots=True)
class Group:
    """A group that may be the subject."""

    members: Indices
    medoid: int  # the most typical member
    claim: float  # 0 … 1: its share of the votes, reduced where it stands out little


@dataclass(frozen=True, slots=True)
class Clustering:
    """The groups among n images, the one that is the subject, and the place of each image."""

    labels: Labels  # the group of each image; -1 is noise
    subject: int | None  # the label of the subject's group
    scores: Floats  # (n,), 0 … 1: how surely an image shows the subject
    eps: float  # the radius in cosine distance
    outcome: Outcome
    groups: tuple[Group, ...]  # at most two, the greatest claim first: in question if ambiguous
    order: tuple[int, ...]  # the labels of all groups by their claims; people count them from 1
    distances: Floats  # (n,), cosine, to the subject's medoid; NaN without a subject
    neighbours: Counts  # other images within ``eps``
    kinds: tuple[Kind, ...]

    @property
    def chosen(self) -> Mask:
        """Which images show the subject, (n,)."""
        none = self.subject is None
        return np.zeros(len(self.labels), bool) if none else self.labels == self.subject

    def group_of(self, at: int) -> int | None:
        """Return the number of the image's group, 1 for the greatest claim; None for noise."""
        label = int(self.labels[at])
        return None if label == NOISE else self.order.index(label) + 1

    def notes(self, at: int) -> tuple[Message, ...]:
        """Say why the image is in the subject's group, or not."""
        group = {"group": self.group_of(at)} if self.kinds[at] is Kind.OTHER_GROUP else {}
        near = {"count": int(self.neighbours[at]), "eps": _in_short(self.eps)}
        notes = (Message(_CODES[self.kinds[at]], group), Message("note.neighbours", near))
        if np.isnan(self.distances[at]):
            return notes
        return (*notes, Message("note.from_medoid", {"distance": _in_short(self.distances[at])}))


def _in_short(distance: float) -> float:
    return float(f"{distance:.3g}")
