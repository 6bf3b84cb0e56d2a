"""Fruit, flowers and trees, each drawn into the box -1…1 in the given colour."""

import numpy as np

from tests.naver_replica.canvas import Canvas, Rgb, arc, lit
from tests.naver_replica.colours import jittered

BARK: Rgb = (92, 64, 42)
LEAF: Rgb = (72, 140, 60)


def paint_apple(canvas: Canvas, skin: Rgb, rng: np.random.Generator) -> None:
    """A whole apple with stem and leaf, or one cut in half."""
    width = rng.uniform(0.88, 1.05)
    body = ((0, -0.5), (-0.5, -0.72), (-0.98, -0.4), (-0.9, 0.45), (-0.45, 0.98), (0, 0.85))
    outline = [(x * width, y) for x, y in (*body, *((-x, y) for x, y in reversed(body[1:-1])))]
    canvas.blob(outline, skin)
    if rng.random() < 0.2:
        canvas.blob([(x * 0.88, y * 0.88 + 0.03) for x, y in outline], (244, 232, 190))
        for side in (-1, 1):
            canvas.ellipse(side * 0.12, 0.15, 0.07, 0.15, (70, 42, 28), side * 15)
    else:
        canvas.ellipse(0.3, 0.2, 0.45, 0.6, lit(skin, 0.86), 20)
        canvas.ellipse(-0.42, -0.2, 0.13, 0.26, lit(skin, 1.65), 25)
        canvas.ellipse(0, -0.5, 0.22, 0.08, lit(skin, 0.55))
    canvas.line(((0, -0.48), (0.03, -0.75), (rng.uniform(-0.1, 0.15), -0.98)), 0.08, BARK)
    if rng.random() < 0.8:
        leaf = jittered(LEAF, rng)
        canvas.blob(((0.04, -0.72), (0.3, -1.02), (0.72, -0.9), (0.4, -0.62)), leaf)
        canvas.line(((0.1, -0.75), (0.5, -0.86)), 0.025, lit(leaf, 0.6))


def paint_banana(canvas: Canvas, peel: Rgb, rng: np.random.Generator) -> None:
    """One banana or a bunch of up to three, curved and dark at both ends."""
    fruits = rng.integers(1, 4)
    for n in range(fruits):
        one = canvas.at(0, -0.25 + 0.2 * n, angle_deg=float(12 * (n - 1)))
        shade = lit(peel, 0.86 + 0.07 * n)
        inner = arc(0, -0.62, 0.78, 0.85, 15, 165)
        outer = arc(0, -0.72, 1.0, 1.35, 165, 15)
        one.polygon((*inner, *outer), shade)
        one.line(arc(0, -0.68, 0.9, 1.12, 25, 155), 0.04, lit(shade, 0.8))
        one.polygon((*arc(0, -0.62, 0.8, 0.9, 15, 24), *arc(0, -0.72, 1.0, 1.35, 24, 15)), BARK)
        one.line(((-0.86, -0.38), (-0.98, -0.66)), 0.14, lit(shade, 0.65))
        for _ in range(rng.integers(0, 5)):
            turn = np.deg2rad(rng.uniform(40, 140))
            spot = (0.88 * np.cos(turn), -0.68 + 1.1 * np.sin(turn))
            one.ellipse(float(spot[0]), float(spot[1]), 0.04, 0.025, (110, 75, 35))


def paint_flower(canvas: Canvas, petals: Rgb, rng: np.random.Generator) -> None:
    """A daisy-like flower, filling the box or standing on a stem with leaves."""
    head, radius = canvas, 1.0
    if rng.random() < 0.6:
        bend = rng.uniform(-0.15, 0.15)
        green = jittered(LEAF, rng)
        canvas.line(((0, -0.3), (bend, 0.3), (0, 1.0)), 0.08, green)
        canvas.blob(((bend, 0.55), (0.5, 0.2), (0.62, 0.35), (0.2, 0.75)), green)
        canvas.blob(((bend, 0.7), (-0.5, 0.4), (-0.6, 0.55), (-0.2, 0.88)), lit(green, 0.85))
        head = canvas.at(0, -0.36, scale=0.62)
    count = int(rng.integers(5, 13))
    width = min(0.3, 1.5 / count)
    for n in range(count):
        turn = 360 * n / count
        x, y = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
        tone = lit(petals, 0.88 if n % 2 else 1.0)
        head.ellipse(0.58 * x, 0.58 * y, 0.42 * radius, width, tone, turn)
        head.line(((0.35 * x, 0.35 * y), (0.8 * x, 0.8 * y)), 0.025, lit(petals, 0.7))
    heart: Rgb = ((235, 190, 50), (110, 70, 40), (240, 220, 120))[rng.integers(3)]
    head.ellipse(0, 0, 0.3, 0.3, lit(heart, 0.8))
    head.ellipse(-0.03, -0.03, 0.24, 0.24, heart)


def paint_tree(canvas: Canvas, crown: Rgb, rng: np.random.Generator) -> None:
    """A tree with a round leafy crown, or a conifer in tiers."""
    trunk = rng.uniform(0.09, 0.15)
    canvas.polygon(((-trunk, 0.2), (trunk, 0.2), (trunk * 1.6, 1.0), (-trunk * 1.6, 1.0)), BARK)
    if rng.random() < 0.35:
        for n, (top, half) in enumerate(((-0.1, 0.75), (-0.5, 0.6), (-0.98, 0.44))):
            tier = ((0, top), (half, top + 0.72), (-half, top + 0.72))
            canvas.polygon(tier, lit(crown, 0.8 + 0.12 * n))
            canvas.polygon(((0, top), (half, top + 0.72), (0.1, top + 0.72)), lit(crown, 0.7))
        return
    for side in (-1, 1):
        canvas.line(((0, 0.45), (side * 0.35, 0.0)), trunk, BARK)
    puffs = int(rng.integers(9, 15))
    for n in range(puffs):
        turn, reach = n * 2.4, 0.55 * float(np.sqrt(n / puffs))
        x, y = reach * np.cos(turn), -0.38 + 0.75 * reach * np.sin(turn)
        size = rng.uniform(0.26, 0.4)
        tone = lit(crown, 1.05 - 0.35 * (y + 0.8) + rng.uniform(-0.08, 0.08))
        canvas.ellipse(float(x), float(y), size, size * 0.85, tone)
    for _ in range(24):
        x, y = rng.normal(0, 0.32), rng.normal(-0.4, 0.22)
        canvas.ellipse(x, y, 0.05, 0.035, lit(crown, rng.uniform(0.7, 1.35)))
