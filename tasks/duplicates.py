"""Images that are copies of one another, and the copy that stays. Pure.

Exact copies have the same bytes. Near copies (reposts that were scaled, encoded anew or slightly
cropped) have perceptual hashes that differ in a few bits. The largest of a group stays; of equally
large ones the one that stands first on the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.records import Accepted, Reason

NEAR_BITS = 6  # of 64


@dataclass(frozen=True, slots=True)
class Copy:
    """An image that another one stands for."""

    reason: Reason
    of: str  # the key of the image that stays


def find_copies(images: Sequence[Accepted]) -> dict[str, Copy]:
    """Return the copies among images, by key; those that stay are not in it."""
    order = sorted(images, key=_preference)
    if not order:
        return {}
    hashes = np.array([int(p.measures.phash, 16) for p in order], np.uint64)
    copies: dict[str, Copy] = {}
    kept = np.zeros(len(order), bool)
    for i, image in enumerate(order):
        near = np.flatnonzero(kept & (np.bitwise_count(hashes ^ hashes[i]) <= NEAR_BITS))
        if len(near):
            original = order[near[0]]
            is_exact = original.source_sha256 == image.source_sha256
            copies[image.key] = Copy(
                Reason.EXACT_COPY if is_exact else Reason.NEAR_COPY, original.key
            )
        else:
            kept[i] = True
    return copies


def _preference(image: Accepted) -> tuple[int, int]:
    return -image.measures.width * image.measures.height, image.candidate.rank
