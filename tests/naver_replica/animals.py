"""Animals, each drawn into the box -1…1 in the given coat colour."""

import numpy as np

from tests.naver_replica.canvas import Canvas, Rgb, arc, lit, mixed
from tests.naver_replica.colours import vivid

INK: Rgb = (28, 24, 26)
PINK: Rgb = (225, 140, 145)


def paint_cat(canvas: Canvas, coat: Rgb, rng: np.random.Generator) -> None:
    """A cat: its face from the front, or the whole animal sitting with its tail aside."""
    if rng.random() < 0.5:
        _paint_cat_face(canvas, coat, rng)
        return
    tail = arc(0.45, 0.45, 0.42, 0.5, 80, -100)
    canvas.line(tail, 0.15, lit(coat, 0.85))
    canvas.blob(((-0.3, -0.2), (0.3, -0.2), (0.62, 0.95), (-0.62, 0.95)), coat)
    canvas.ellipse(0, 0.4, 0.24, 0.38, lit(coat, 1.35))
    for side in (-1, 1):
        canvas.ellipse(side * 0.2, 0.72, 0.12, 0.26, lit(coat, 0.9))
        canvas.ellipse(side * 0.22, 0.93, 0.17, 0.08, lit(coat, 1.2))
    _paint_cat_face(canvas.at(0, -0.42, scale=0.56), coat, rng)


def _paint_cat_face(canvas: Canvas, coat: Rgb, rng: np.random.Generator) -> None:
    tip = rng.uniform(0.62, 0.78)
    for side in (-1, 1):
        ear = ((side * 0.88, -0.1), (side * tip, -1.0), (side * 0.12, -0.55))
        canvas.polygon(ear, coat)
        canvas.polygon([(x * 0.9 + side * 0.02, y * 0.85) for x, y in ear], PINK)
    canvas.ellipse(0, 0.1, 0.88, 0.74, coat)
    if rng.random() < 0.6:
        for x in (-0.22, 0.0, 0.22):
            canvas.line(((x, -0.6), (x * 0.8, -0.28)), 0.09, lit(coat, 0.55))
        for side in (-1, 1):
            for y in (0.1, 0.3):
                canvas.line(((side * 0.86, y), (side * 0.6, y + 0.03)), 0.08, lit(coat, 0.55))
    canvas.ellipse(0, 0.45, 0.36, 0.27, lit(coat, 1.5))
    iris = ((150, 190, 60), (225, 185, 60), (90, 160, 210))[rng.integers(3)]
    for side in (-1, 1):
        canvas.ellipse(side * 0.38, 0.02, 0.2, 0.17, iris, side * 12)
        canvas.ellipse(side * 0.38, 0.02, rng.uniform(0.05, 0.1), 0.16, INK)
        canvas.ellipse(side * 0.38 + 0.05, -0.05, 0.035, 0.035, (250, 250, 250))
        for y in (0.35, 0.47, 0.58):
            end = (side * 1.15, y * 1.3 - 0.16)
            canvas.line(((side * 0.3, 0.42), end), 0.02, (245, 245, 240))
    canvas.polygon(((-0.1, 0.3), (0.1, 0.3), (0, 0.42)), PINK)
    canvas.line(((0, 0.42), (0, 0.52), (-0.15, 0.6)), 0.03, INK)
    canvas.line(((0, 0.52), (0.15, 0.6)), 0.03, INK)


def paint_dog(canvas: Canvas, coat: Rgb, rng: np.random.Generator) -> None:
    """A dog standing in profile: long snout, hanging ear, four legs, a collar."""
    dark, swing = lit(coat, 0.7), rng.uniform(-0.1, 0.1)
    tail = ((-0.62, -0.02), (-0.85, -0.25), (-0.9 + swing, -0.6))
    canvas.line(tail, 0.12, coat)
    for x in (-0.42, 0.3):
        canvas.line(((x, 0.2), (x - swing, 0.9)), 0.17, dark)
    for x in (-0.56, 0.16):
        canvas.line(((x, 0.2), (x + swing, 0.92)), 0.18, coat)
        canvas.ellipse(x + swing + 0.05, 0.93, 0.14, 0.07, coat)
    canvas.blob(((-0.75, -0.15), (0.45, -0.2), (0.5, 0.35), (0, 0.45), (-0.75, 0.4)), coat)
    canvas.polygon(((0.1, 0.05), (0.25, -0.62), (0.62, -0.45), (0.42, 0.2)), coat)
    canvas.line(((0.17, -0.12), (0.5, -0.02)), 0.1, vivid(rng))
    canvas.blob(((0.15, -0.95), (0.6, -0.95), (0.7, -0.4), (0.2, -0.35)), coat)
    canvas.blob(((0.5, -0.75), (1.05, -0.62), (1.05, -0.36), (0.45, -0.34)), lit(coat, 1.2))
    canvas.ellipse(0.98, -0.58, 0.09, 0.08, INK)
    canvas.line(((0.98, -0.42), (0.66, -0.42)), 0.025, INK)
    canvas.ellipse(0.55, -0.7, 0.06, 0.06, INK)
    if rng.random() < 0.5:
        canvas.ellipse(-0.25, 0.02, 0.3, 0.2, dark, 15)
    canvas.ellipse(0.22, -0.52, 0.15, 0.33, dark, 15)
    if rng.random() < 0.5:
        canvas.ellipse(0.82, -0.28, 0.06, 0.12, PINK)


def paint_fish(canvas: Canvas, scales: Rgb, rng: np.random.Generator) -> None:
    """A fish in profile with a forked tail and, often, stripes."""
    fin, belly = lit(scales, 0.72), rng.uniform(0.4, 0.58)
    canvas.polygon(((0.5, 0), (1.0, -0.5), (0.86, 0), (1.0, 0.5)), fin)
    canvas.blob(((-0.4, -0.25), (0.1, -belly - 0.3), (0.4, -0.2)), fin)
    canvas.blob(((-0.2, 0.25), (0.2, belly + 0.25), (0.3, 0.2)), fin)
    canvas.polygon(arc(-0.15, 0, 0.8, belly, 0, 360), scales)
    canvas.polygon(arc(-0.15, 0.04, 0.72, belly * 0.86, 15, 165), lit(scales, 1.4))
    if rng.random() < 0.6:
        for x in (-0.3, 0.0, 0.3):
            half = belly * 0.85 * float(np.sqrt(1 - ((x + 0.15) / 0.8) ** 2))
            canvas.line(((x, -half), (x + 0.06, 0), (x, half)), 0.11, lit(scales, 0.55))
    else:
        for row in range(4):
            for column in range(5):
                x, y = -0.3 + column * 0.18, -0.24 + row * 0.16
                canvas.line(arc(x, y, 0.08, 0.08, -80, 80), 0.025, lit(scales, 0.6))
    canvas.line(arc(-0.55, 0, 0.18, belly * 0.6, -70, 70), 0.04, lit(scales, 0.5))
    canvas.blob(((-0.15, 0), (0.2, -0.12), (0.2, 0.28)), fin)
    canvas.ellipse(-0.66, -0.12, 0.1, 0.1, (250, 250, 245))
    canvas.ellipse(-0.68, -0.12, 0.055, 0.055, INK)
    canvas.line(((-0.94, 0.08), (-0.8, 0.12)), 0.04, INK)


def paint_bird(canvas: Canvas, feathers: Rgb, rng: np.random.Generator) -> None:
    """A small bird in profile, perched on a twig or with a wing raised."""
    dark = lit(feathers, 0.65)
    beak: Rgb = (235, 160, 40)
    canvas.polygon(((-0.35, 0.15), (-1.0, 0.35), (-0.98, 0.6), (-0.3, 0.45)), dark)
    for x in (-0.02, 0.18):
        canvas.line(((x, 0.45), (x + 0.03, 0.88)), 0.05, beak)
    if rng.random() < 0.6:
        canvas.line(((-0.8, 0.95), (0.1, 0.87), (0.9, 0.92)), 0.1, (95, 65, 45))
    canvas.blob(((-0.7, 0.3), (0, -0.55), (0.6, -0.3), (0.55, 0.5), (-0.1, 0.75)), feathers)
    canvas.blob(((0.1, 0.0), (0.62, -0.2), (0.5, 0.5), (0.0, 0.7)), lit(feathers, 1.55))
    canvas.polygon(((0.78, -0.66), (1.06, -0.5), (0.76, -0.42)), beak)
    canvas.ellipse(0.5, -0.52, 0.35, 0.33, feathers)
    canvas.ellipse(0.6, -0.6, 0.07, 0.07, (250, 250, 250))
    canvas.ellipse(0.61, -0.6, 0.045, 0.045, INK)
    if rng.random() < 0.4:
        canvas.blob(((-0.05, 0.1), (0.2, 0.05), (-0.25, -1.0), (-0.6, -0.85)), dark)
    else:
        canvas.blob(((-0.75, 0.4), (-0.2, -0.25), (0.25, 0.0), (0.1, 0.4)), dark)
    for y in (0.1, 0.22):
        canvas.line(((-0.5, y + 0.18), (-0.05, y)), 0.035, lit(dark, 0.6))


def paint_butterfly(canvas: Canvas, wings: Rgb, rng: np.random.Generator) -> None:
    """A butterfly from above with its four wings open."""
    edge, spot = lit(wings, 0.35), mixed(lit(wings, 1.6), vivid(rng), 0.4)
    spread = rng.uniform(0.8, 1.0)
    for side in (-1, 1):
        half = canvas.at(0, 0, mirrored=side < 0, stretch=spread)
        upper = ((0.02, -0.1), (0.4, -0.95), (1.05, -0.9), (0.95, -0.1), (0.3, 0.15))
        lower = ((0.02, 0.05), (0.7, 0.0), (0.85, 0.6), (0.45, 0.98), (0.15, 0.5))
        for wing, centre in ((lower, (0.45, 0.42)), (upper, (0.58, -0.45))):
            half.blob(wing, edge)
            half.blob(
                [
                    (centre[0] + (x - centre[0]) * 0.8, centre[1] + (y - centre[1]) * 0.8)
                    for x, y in wing
                ],
                wings,
            )
            half.ellipse(*centre, 0.14, 0.12, spot)
        half.ellipse(0.78, -0.62, 0.08, 0.08, spot)
        half.line(((0, -0.4), (0.12, -0.75), (0.25, -0.9)), 0.03, INK)
    canvas.ellipse(0, 0.08, 0.075, 0.52, INK)
    canvas.ellipse(0, -0.44, 0.1, 0.1, INK)
