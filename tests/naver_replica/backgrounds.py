"""The background of a picture: plain grounds, textures and small scenes.

Each painter fills the whole frame of a canvas (`Canvas.full_frame`) and takes its own random
choices; `BACKGROUNDS` names them, with the words a caption needs in both languages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.naver_replica.canvas import Canvas, Rgb, lit, mixed
from tests.naver_replica.colours import anything, jittered, vivid

Paint = Callable[[Canvas, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Background:
    """One kind of surroundings; the phrases stand after or before the subject in a caption."""

    name: str
    english: str
    korean: str
    paint: Paint


def fill_smoothly(canvas: Canvas, colours: NDArray[np.float32]) -> None:
    """Spread a small grid of colours, float32 (rows, columns, 3), smoothly over the frame."""
    height, width = canvas.pixels.shape[:2]
    spread = cv2.resize(colours, (width, height), interpolation=cv2.INTER_LINEAR)
    canvas.pixels[:] = cv2.convertScaleAbs(spread)


def fill_gradient(canvas: Canvas, top: Rgb, bottom: Rgb) -> None:
    """Fill the frame from one colour above to another below."""
    fill_smoothly(canvas, np.array([[top], [bottom]], dtype=np.float32).repeat(2, axis=1))


def cloud(
    rng: np.random.Generator, octaves: tuple[int, ...] = (3, 6, 12, 24)
) -> NDArray[np.float32]:
    """Return smooth value noise, float32 (128, 128) in 0…1, of the given grid sizes."""
    total = np.zeros((128, 128), np.float32)
    for n, size in enumerate(octaves):
        grid = rng.random((size, size), dtype=np.float32)
        total += cv2.resize(grid, (128, 128), interpolation=cv2.INTER_CUBIC) / 2**n
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / (high - low), dtype=np.float32)


def fill_cloud(canvas: Canvas, noise: NDArray[np.float32], one: Rgb, other: Rgb) -> None:
    """Fill the frame with noise in 0…1, (rows, columns), as a blend of two colours."""
    share = noise[..., None]
    fill_smoothly(
        canvas, np.asarray(np.array(one) * (1 - share) + np.array(other) * share, np.float32)
    )


def _plain(canvas: Canvas, rng: np.random.Generator) -> None:
    colour = mixed(vivid(rng), (235, 235, 235), rng.uniform(0.2, 0.9))
    fill_smoothly(
        canvas,
        np.array(
            [[lit(colour, f) for f in rng.uniform(0.8, 1.2, 3)] for _ in range(3)], np.float32
        ),
    )


def _studio(canvas: Canvas, rng: np.random.Generator) -> None:
    tone = anything(rng)
    fill_gradient(canvas, lit(tone, 0.7), lit(tone, 1.25))
    floor = rng.uniform(0.2, 0.7)
    canvas.polygon(((-1, floor), (1, floor), (1, 1), (-1, 1)), lit(tone, 0.9))


def _sky(canvas: Canvas, rng: np.random.Generator) -> None:
    blue = jittered((95, 155, 220), rng, 30)
    fill_cloud(canvas, cloud(rng) ** 2, blue, (245, 247, 250))


def _grass(canvas: Canvas, rng: np.random.Generator) -> None:
    green = jittered((85, 140, 60), rng, 25)
    fill_gradient(canvas, lit(green, 1.2), lit(green, 0.75))
    for x, y, lean, tone in rng.uniform(-1, 1, (260, 4)):
        blade = ((x, y), (x + lean * 0.04, y - 0.1))
        canvas.line(blade, 0.012, lit(green, 1 + tone * 0.4))


def _wood(canvas: Canvas, rng: np.random.Generator) -> None:
    plank = jittered((165, 115, 70), rng, 30)
    for n, y in enumerate(np.linspace(-1, 1, int(rng.integers(4, 8)), endpoint=False)):
        tone = lit(plank, float(rng.uniform(0.8, 1.15)))
        canvas.rectangle(-1, float(y), 1, 1, tone)
        canvas.line(((-1, float(y)), (1, float(y))), 0.02, lit(plank, 0.45))
        for _ in range(5):
            grain = float(y) + rng.uniform(0.02, 0.3)
            wave = [(x, grain + 0.02 * float(np.sin(3 * x + n))) for x in np.linspace(-1, 1, 12)]
            canvas.line(wave, 0.006, lit(tone, 0.75))


def _bricks(canvas: Canvas, rng: np.random.Generator) -> None:
    brick = jittered((170, 85, 65), rng, 30)
    canvas.pixels[:] = lit(brick, 1.5)
    rows = int(rng.integers(7, 13))
    height, width = 2 / rows, 4 / rows
    for row in range(rows):
        for column in range(-1, rows):
            x, y = -1 + (column + 0.5 * (row % 2)) * width, -1 + row * height
            tone = lit(brick, float(rng.uniform(0.75, 1.15)))
            canvas.rectangle(x + 0.01, y + 0.012, x + width - 0.01, y + height - 0.012, tone)


def _lights(canvas: Canvas, rng: np.random.Generator) -> None:
    night = jittered((30, 30, 50), rng)
    fill_gradient(canvas, night, lit(night, 1.25))
    for x, y in rng.uniform(-1, 1, (26, 2)):
        lamp = lit(vivid(rng), 1.3)
        radius = rng.uniform(0.04, 0.16)
        canvas.ellipse(x, y, radius, radius, mixed(night, lamp, rng.uniform(0.3, 0.8)))


def _beach(canvas: Canvas, rng: np.random.Generator) -> None:
    horizon, shore = rng.uniform(-0.4, 0.0), rng.uniform(0.15, 0.5)
    fill_gradient(canvas, (120, 180, 230), (225, 235, 240))
    canvas.rectangle(-1, horizon, 1, 1, jittered((50, 130, 165), rng))
    canvas.polygon(
        ((-1, shore), (1, shore - 0.15), (1, 1), (-1, 1)), jittered((225, 200, 150), rng)
    )
    for y in np.linspace(horizon, shore, 6):
        x = rng.uniform(-1, 0.5)
        canvas.line(((x, float(y)), (x + 0.4, float(y))), 0.015, (215, 235, 240))


def _snow(canvas: Canvas, rng: np.random.Generator) -> None:
    fill_gradient(canvas, jittered((150, 170, 200), rng), (235, 240, 246))
    for x, y, size in rng.uniform(-1, 1, (90, 3)):
        canvas.ellipse(x, y, 0.012 + 0.008 * size, 0.012 + 0.008 * size, (250, 252, 255))


def _tiles(canvas: Canvas, rng: np.random.Generator) -> None:
    one, other = mixed(vivid(rng), (230, 230, 230), 0.6), lit(anything(rng), 1.4)
    count = int(rng.integers(4, 9))
    side = 2 / count
    for row in range(count):
        for column in range(count):
            x, y = -1 + column * side, -1 + row * side
            tone = lit(one if (row + column) % 2 else other, float(rng.uniform(0.93, 1.07)))
            canvas.rectangle(x + 0.01, y + 0.01, x + side - 0.01, y + side - 0.01, tone)


def _cloth(canvas: Canvas, rng: np.random.Generator) -> None:
    one, other = lit(vivid(rng), 1.3), (240, 238, 232)
    canvas.pixels[:] = one
    for x in np.arange(-1.5, 1.5, float(rng.uniform(0.15, 0.35))):
        lean = 0.0 if rng.random() < 0.9 else 0.2
        stripe = ((x, -1), (x + 0.08, -1), (x + 0.08 + lean, 1), (x + lean, 1))
        canvas.polygon(stripe, other)


def _room(canvas: Canvas, rng: np.random.Generator) -> None:
    wall, floor = mixed(vivid(rng), (225, 220, 210), 0.7), jittered((150, 110, 80), rng, 30)
    skirting = rng.uniform(0.25, 0.55)
    canvas.pixels[:] = wall
    canvas.rectangle(-1, skirting, 1, 1, floor)
    canvas.rectangle(-1, skirting - 0.05, 1, skirting, (240, 240, 236))
    x, y = rng.uniform(-0.9, 0.5), rng.uniform(-0.95, -0.6)
    canvas.rectangle(x, y, x + 0.4, y + 0.5, (120, 85, 60))
    canvas.rectangle(x + 0.03, y + 0.03, x + 0.37, y + 0.47, vivid(rng))


def _leaves(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.pixels[:] = (35, 60, 35)
    for x, y, turn in rng.uniform(-1.1, 1.1, (110, 3)):
        tone = lit(jittered((60, 120, 55), rng), float(rng.uniform(0.6, 1.3)))
        canvas.ellipse(x, y, 0.16, 0.07, tone, turn * 180)


BACKGROUNDS: Mapping[str, Background] = MappingProxyType(
    {
        background.name: background
        for background in (
            Background("plain", "on a plain background", "단색 배경의", _plain),
            Background("studio", "in a studio", "스튜디오의", _studio),
            Background("sky", "in front of the sky", "하늘 앞의", _sky),
            Background("grass", "on grass", "풀밭 위의", _grass),
            Background("wood", "on wooden boards", "나무판 위의", _wood),
            Background("bricks", "in front of a brick wall", "벽돌 벽 앞의", _bricks),
            Background("lights", "at night with lights", "밤 불빛 속의", _lights),
            Background("beach", "on the beach", "해변의", _beach),
            Background("snow", "in the snow", "눈 속의", _snow),
            Background("tiles", "on tiles", "타일 위의", _tiles),
            Background("cloth", "on striped cloth", "줄무늬 천 위의", _cloth),
            Background("room", "in a room", "방 안의", _room),
            Background("leaves", "among leaves", "나뭇잎 사이의", _leaves),
        )
    }
)
