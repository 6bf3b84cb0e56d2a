"""Buildings and household things, each drawn into the box -1…1 in the given colour."""

import numpy as np

from tests.naver_replica.canvas import Canvas, Rgb, arc, lit
from tests.naver_replica.colours import vivid

INK: Rgb = (30, 30, 34)
WOOD: Rgb = (140, 92, 52)
GLASS: Rgb = (165, 205, 228)


def paint_house(canvas: Canvas, walls: Rgb, rng: np.random.Generator) -> None:
    """A house with a pitched roof, a door, windows and a chimney."""
    roof: Rgb = ((165, 60, 45), (80, 85, 100), (110, 70, 50))[rng.integers(3)]
    eaves = rng.uniform(-0.22, -0.05)
    canvas.rectangle(0.4, -0.9, 0.62, -0.2, lit(roof, 0.75))
    canvas.rectangle(-0.8, eaves, 0.8, 0.95, walls)
    canvas.polygon(((-1.0, eaves + 0.02), (0, -0.98), (1.0, eaves + 0.02)), roof)
    for y in np.linspace(-0.7, float(eaves) - 0.1, 4):
        half = (float(y) + 0.98) * 0.95
        canvas.line(((-half, float(y)), (half, float(y))), 0.02, lit(roof, 0.75))
    door = rng.uniform(-0.3, 0.3)
    canvas.rectangle(door - 0.17, 0.35, door + 0.17, 0.95, WOOD)
    canvas.ellipse(door + 0.1, 0.65, 0.03, 0.03, (230, 200, 90))
    for x in (-0.55, 0.55):
        canvas.rectangle(x - 0.2, 0.12, x + 0.2, 0.52, (245, 245, 240))
        canvas.rectangle(x - 0.16, 0.16, x + 0.16, 0.48, GLASS)
        canvas.line(((x, 0.16), (x, 0.48)), 0.035, (245, 245, 240))
        canvas.line(((x - 0.16, 0.32), (x + 0.16, 0.32)), 0.035, (245, 245, 240))
    canvas.ellipse(0, -0.42, 0.13, 0.13, GLASS)


def paint_clock(canvas: Canvas, rim: Rgb, rng: np.random.Generator) -> None:
    """A round clock face with twelve marks and two hands, sometimes with alarm bells."""
    if rng.random() < 0.35:
        for side in (-1, 1):
            canvas.ellipse(side * 0.55, -0.82, 0.3, 0.2, lit(rim, 0.8), side * 35)
            canvas.line(((side * 0.5, 0.7), (side * 0.7, 1.0)), 0.12, lit(rim, 0.7))
    canvas.ellipse(0, 0, 0.95, 0.95, rim)
    canvas.ellipse(0, 0, 0.8, 0.8, (246, 244, 236))
    for hour in range(12):
        turn = np.deg2rad(hour * 30)
        x, y = float(np.cos(turn)), float(np.sin(turn))
        width = 0.07 if hour % 3 == 0 else 0.035
        canvas.line(((0.62 * x, 0.62 * y), (0.74 * x, 0.74 * y)), width, INK)
    minute, hour = rng.uniform(0, 2 * np.pi, 2)
    for turn, length, width in ((minute, 0.6, 0.05), (hour, 0.4, 0.08)):
        tip = (length * float(np.cos(turn)), length * float(np.sin(turn)))
        canvas.line(((-0.15 * tip[0], -0.15 * tip[1]), tip), width, INK)
    canvas.ellipse(0, 0, 0.07, 0.07, (200, 50, 45))


def paint_cup(canvas: Canvas, glaze: Rgb, rng: np.random.Generator) -> None:
    """A mug or a tapering teacup with its handle, drink and saucer or steam."""
    foot = rng.uniform(0.38, 0.62)
    if rng.random() < 0.5:
        canvas.ellipse(-0.1, 0.86, 0.95, 0.16, lit(glaze, 1.3))
        canvas.ellipse(-0.1, 0.83, 0.7, 0.1, lit(glaze, 0.8))
    canvas.ring(0.62, 0.12, 0.3, 0.34, 0.13, lit(glaze, 0.85))
    canvas.polygon(
        ((-0.8, -0.42), (0.6, -0.42), (foot - 0.1, 0.84), (-foot - 0.1, 0.84)),
        glaze,
    )
    canvas.polygon(((-0.68, -0.35), (-0.5, -0.35), (-0.42, 0.75), (-0.52, 0.75)), lit(glaze, 1.5))
    canvas.ellipse(-0.1, -0.42, 0.7, 0.17, lit(glaze, 1.3))
    drink: Rgb = ((70, 42, 26), (150, 95, 40), (200, 165, 125))[rng.integers(3)]
    canvas.ellipse(-0.1, -0.4, 0.61, 0.125, drink)
    if rng.random() < 0.5:
        for x in (-0.35, -0.1, 0.15):
            steam = [(x + 0.07 * float(np.sin(t)), -0.6 - t * 0.07) for t in np.linspace(0, 6, 9)]
            canvas.line(steam, 0.045, (232, 234, 236))
    else:
        canvas.ellipse(-0.1, 0.2, 0.22, 0.22, vivid(rng))


def paint_guitar(canvas: Canvas, wood: Rgb, rng: np.random.Generator) -> None:
    """An acoustic guitar standing upright."""
    canvas.rectangle(-0.07, -0.8, 0.07, 0.1, lit(WOOD, 0.6))
    canvas.polygon(((-0.12, -1.0), (0.12, -1.0), (0.09, -0.76), (-0.09, -0.76)), INK)
    waist = rng.uniform(0.26, 0.34)
    half = ((0.0, -0.12), (0.4, -0.1), (waist, 0.22), (0.62, 0.6), (0.45, 1.0), (0.0, 1.0))
    outline = (*half, *((-x, y) for x, y in half[::-1]))
    canvas.blob(outline, lit(wood, 0.55))
    canvas.blob([(x * 0.9, 0.45 + (y - 0.45) * 0.92) for x, y in outline], wood)
    canvas.ellipse(0, 0.3, 0.17, 0.17, INK)
    canvas.rectangle(-0.24, 0.68, 0.24, 0.75, INK)
    for x in (-0.04, 0.0, 0.04):
        canvas.line(((x, -0.8), (x, 0.7)), 0.012, (225, 220, 205))


def paint_chair(canvas: Canvas, seat: Rgb, rng: np.random.Generator) -> None:
    """A four-legged chair with a slatted or padded back, turned a little."""
    leg = lit(seat, 0.6)
    for x in (-0.42, 0.62):
        canvas.line(((x, 0.1), (x, 0.8)), 0.09, lit(leg, 0.8))
    canvas.line(((-0.6, -0.98), (-0.6, 0.98)), 0.1, leg)
    canvas.line(((0.4, -0.98), (0.4, 0.98)), 0.1, leg)
    if rng.random() < 0.5:
        for y in (-0.9, -0.6, -0.3):
            canvas.rectangle(-0.6, y, 0.4, y + 0.16, seat)
    else:
        canvas.rectangle(-0.56, -0.95, 0.36, -0.12, seat)
        canvas.ring(-0.1, -0.54, 0.28, 0.26, 0.04, lit(seat, 0.7))
    canvas.polygon(((-0.66, 0.24), (0.44, 0.24), (0.72, 0.04), (-0.4, 0.04)), lit(seat, 1.2))
    canvas.polygon(((-0.66, 0.24), (0.44, 0.24), (0.44, 0.36), (-0.66, 0.36)), leg)


def paint_umbrella(canvas: Canvas, cloth: Rgb, rng: np.random.Generator) -> None:
    """An open umbrella with a hooked handle and panels in two tones."""
    canvas.line(((0, -0.9), (0, 0.75)), 0.06, WOOD)
    canvas.line(arc(-0.15, 0.75, 0.15, 0.2, 0, 180), 0.07, WOOD)
    other = vivid(rng) if rng.random() < 0.4 else lit(cloth, 0.75)
    edges = np.linspace(-1, 1, 7)
    for n in range(6):
        left, right = float(edges[n]), float(edges[n + 1])
        dome = [
            (float(x), 0.05 - 0.9 * float(np.sqrt(max(0.0, 1 - x * x))))
            for x in np.linspace(left, right, 8)
        ]
        hem = arc((left + right) / 2, 0.05, (right - left) / 2, 0.1, 0, -180)
        canvas.polygon((*dome, *hem), other if n % 2 else cloth)
    canvas.line(((0, -0.85), (0, -1.0)), 0.05, INK)
