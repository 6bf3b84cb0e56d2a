"""The terms of a choice: how the subject is chosen, and how many images of it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Criteria:
    """How the subject is chosen, and how many images of it are wanted."""

    limit: int
    eps: float | Literal["auto"]
    min_samples: int
    group: int | None = None  # of the subject, where a person said which
    kept: frozenset[str] = frozenset()  # by hand: the keys of images
    dropped: frozenset[str] = frozenset()
