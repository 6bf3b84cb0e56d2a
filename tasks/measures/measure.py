"""The form of a quality measure. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tasks.arrays import Grey, Pixels


class View(NamedTuple):
    """What a measure sees of an image: upright, in sRGB, at its full size."""

    pixels: Pixels  # (h, w, 3)
    grey: Grey  # (h, w)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is measured of every image, and the least of it that is accepted.

    Its words are ``note.<name>_below`` (with the places ``<name>`` and ``least``),
    ``measure.<name>``, ``option.<option>``, ``reason.<reason>`` and ``reason.<reason>.why``.
    """

    name: str  # the key of the number in a decision's row
    unit: str
    of: Callable[[View], float]
    option: str  # of a request, for the least that is accepted
    least: float  # if the request says nothing; an int where only whole numbers make sense
    lowest: float  # that may be asked for
    highest: float
    reason: str  # why an image is rejected that has less
    is_recorded: bool = True  # False where other keys of the row say it already
