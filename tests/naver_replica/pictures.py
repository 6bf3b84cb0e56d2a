"""Draw any of the replica's pictures, the same for the same kind and seed on every machine.

`compose` decides what a picture shows (colour, background, how many), `draw` paints it at a size.
The pictures stand in for photographs: objects vary in shape, colour, pose and light before varied
backgrounds, and film grain keeps every one of them sharp by the variance of its Laplacian.
"""

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.naver_replica.backgrounds import BACKGROUNDS, Background
from tests.naver_replica.canvas import Canvas
from tests.naver_replica.colours import COLOURS, Colour, jittered, vivid
from tests.naver_replica.subjects import KINDS, STRAYS, SUBJECTS, Scene, Subject

__all__ = ["KINDS", "STRAYS", "SUBJECTS", "Composition", "Subject", "compose", "draw"]

MIN_SIDE_PX, MAX_SIDE_PX = 200, 1600
# Where up to three objects stand in the central square, and how large (half its side is 1).
PLACES = {
    1: ((0.0, 0.0),),
    2: ((-0.46, 0.08), (0.46, -0.08)),
    3: ((-0.5, -0.38), (0.5, -0.28), (0.0, 0.45)),
}
SIZES = {1: (0.62, 0.95), 2: (0.46, 0.6), 3: (0.44, 0.54)}
GRAIN = 10  # ± levels; a variance of 20·GRAIN²/3 in the Laplacian, far above what counts as blurred


@dataclass(frozen=True, slots=True)
class Composition:
    """What one picture shows; a scene has neither colour nor background and counts as one."""

    kind: Subject | Scene
    colour: Colour | None
    background: Background | None
    count: int


def generator(*key: str | int) -> np.random.Generator:
    """Return a random stream that depends on the words and numbers of the key alone."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def compose(kind: str, seed: int) -> Composition:
    """Decide what the picture of this kind and seed shows."""
    thing = KINDS[kind]
    if isinstance(thing, Scene):
        return Composition(thing, None, None, 1)
    rng = generator("compose", kind, seed)
    colour = COLOURS[thing.colours[rng.integers(len(thing.colours))]]
    background = tuple(BACKGROUNDS.values())[rng.integers(len(BACKGROUNDS))]
    return Composition(thing, colour, background, int(rng.choice((1, 2, 3), p=(0.86, 0.09, 0.05))))


def draw(kind: str, seed: int, width: int, height: int) -> Image.Image:
    """Draw the picture of a kind (a key of `KINDS`) and seed, RGB, of the given size in pixels.

    Raises KeyError for an unknown kind and ValueError for a side outside 200…1600.
    """
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (width, height)):
        message = f"A picture of {width} by {height} px is outside {MIN_SIDE_PX}…{MAX_SIDE_PX}."
        raise ValueError(message)
    rng = generator("draw", kind, seed)
    composition = compose(kind, seed)
    pixels = np.zeros((height, width, 3), np.uint8)
    if isinstance(composition.kind, Scene):
        zoom, turned = rng.uniform(1.0, 1.3), bool(rng.random() < 0.5)
        x, y = rng.uniform(1 - zoom, zoom - 1, 2)
        frame = Canvas.full_frame(pixels).at(x, y, scale=zoom, mirrored=turned)
        composition.kind.paint(frame, rng)
    else:
        _paint_background(pixels, composition, rng)
        pixels = _set_objects(pixels, composition, rng)
    return Image.fromarray(_exposed(pixels, rng))


def _paint_background(
    pixels: NDArray[np.uint8], composition: Composition, rng: np.random.Generator
) -> None:
    canvas = Canvas.full_frame(pixels)
    if composition.background is not None:
        composition.background.paint(canvas, rng)
    if rng.random() < 0.35:  # clutter
        for x, y, turn in rng.uniform(-1, 1, (int(rng.integers(3, 9)), 3)):
            corners = rng.uniform(-0.16, 0.16, (int(rng.integers(3, 6)), 2)).tolist()
            canvas.at(x, y, angle_deg=turn * 180).blob(corners, vivid(rng))
    if rng.random() < 0.4:  # out of focus, as behind a near object
        height, width = pixels.shape[:2]
        strength = int(rng.integers(10, 30))
        small = cv2.resize(
            pixels, (width // strength + 2, height // strength + 2), interpolation=cv2.INTER_AREA
        )
        cv2.resize(small, (width, height), dst=pixels, interpolation=cv2.INTER_LINEAR)


def _set_objects(
    pixels: NDArray[np.uint8], composition: Composition, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the pixels with shaded objects and their shadow laid over them."""
    thing, colour = composition.kind, composition.colour
    if not isinstance(thing, Subject) or colour is None:
        return pixels
    height, width = pixels.shape[:2]
    layer = np.zeros((height, width, 4), np.uint8)
    frame = Canvas.centred(layer)
    for x, y in PLACES[composition.count]:
        slack = 0.4 if rng.random() < 0.1 else 0.14  # a few reach out of the frame
        dx, dy = rng.uniform(-slack, slack, 2) / composition.count
        canvas = frame.at(
            x + dx,
            y + dy,
            scale=rng.uniform(*SIZES[composition.count]),
            angle_deg=rng.uniform(-thing.tilt_deg, thing.tilt_deg),
            stretch=rng.uniform(0.93, 1.07),
            mirrored=bool(rng.random() < 0.5),
        )
        thing.paint(canvas, jittered(colour.rgb, rng), rng)
    alpha = layer[..., 3]
    shade = rng.integers(85, 150, (2, 2), dtype=np.uint8)
    objects = _times(np.ascontiguousarray(layer[..., :3]), shade, 1 / 128)
    ground = _times(pixels, _shadow(alpha, rng), 1 / 255)
    uncovered = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB)
    ground = np.asarray(cv2.multiply(ground, uncovered, scale=1 / 255), np.uint8)
    return np.asarray(cv2.add(ground, objects), np.uint8)


def _shadow(alpha: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return how much light reaches the ground, 0…255, on a grid of 64 by 64."""
    small = cv2.resize(alpha, (64, 64), interpolation=cv2.INTER_AREA)
    dx, dy = rng.uniform(-4, 4), rng.uniform(1, 5)
    moved = cv2.warpAffine(small, np.array([[1, 0, dx], [0, 1, dy]]), (64, 64))
    soft = cv2.GaussianBlur(moved, (0, 0), rng.uniform(1, 2.5))
    return np.asarray(255 - soft * rng.uniform(0.2, 0.65), np.uint8)


def _exposed(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light the picture unevenly, keep it off pure black and white, and add film grain."""
    height, width = pixels.shape[:2]
    gain = rng.uniform(0.75, 1.12)
    light = np.clip(128 * gain * rng.uniform(0.86, 1.14, (3, 3)), 0, 255).astype(np.uint8)
    lighted = cv2.convertScaleAbs(_times(pixels, light, 1 / 128), alpha=0.9, beta=GRAIN + 2)
    grain = rng.integers(-GRAIN, GRAIN + 1, (height, width), dtype=np.int8)
    return np.asarray(cv2.add(lighted, cv2.merge((grain, grain, grain)), dtype=cv2.CV_8U), np.uint8)


def _times(pixels: NDArray[np.uint8], factor: NDArray[np.uint8], unit: float) -> NDArray[np.uint8]:
    """Multiply a picture by a small grid of factors spread over it, each in steps of `unit`."""
    height, width = pixels.shape[:2]
    spread = cv2.resize(factor, (width, height), interpolation=cv2.INTER_LINEAR)
    spread = cv2.cvtColor(spread, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.multiply(pixels, spread, scale=unit), np.uint8)
