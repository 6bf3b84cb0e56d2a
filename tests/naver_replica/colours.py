"""The colours that pictures are painted in, each with its word in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tests.naver_replica.canvas import Rgb


@dataclass(frozen=True, slots=True)
class Colour:
    """A named colour; `korean` is the word as it stands before a noun."""

    name: str
    korean: str
    rgb: Rgb


COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        colour.name: colour
        for colour in (
            Colour("red", "빨간", (200, 35, 40)),
            Colour("orange", "주황색", (232, 130, 35)),
            Colour("yellow", "노란", (238, 208, 52)),
            Colour("green", "초록색", (70, 150, 62)),
            Colour("blue", "파란", (45, 95, 190)),
            Colour("purple", "보라색", (125, 65, 165)),
            Colour("pink", "분홍색", (235, 130, 170)),
            Colour("brown", "갈색", (135, 85, 48)),
            Colour("black", "검은", (45, 44, 48)),
            Colour("white", "하얀", (238, 236, 230)),
            Colour("gray", "회색", (135, 138, 142)),
        )
    }
)

ANY_COLOUR = tuple(COLOURS)
JITTER = 18  # how far a channel may stray from the named colour


def jittered(rgb: Rgb, rng: np.random.Generator, by: int = JITTER) -> Rgb:
    """Return a colour near the given one."""
    red, green, blue = (
        int(np.clip(channel + rng.integers(-by, by + 1), 0, 255)) for channel in rgb
    )
    return red, green, blue


def vivid(rng: np.random.Generator) -> Rgb:
    """Return one of the named colours, jittered."""
    return jittered(COLOURS[ANY_COLOUR[rng.integers(len(ANY_COLOUR))]].rgb, rng)


def anything(rng: np.random.Generator) -> Rgb:
    """Return any colour at all."""
    red, green, blue = (int(v) for v in rng.integers(20, 236, 3))
    return red, green, blue
