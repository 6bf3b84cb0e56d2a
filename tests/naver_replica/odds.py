"""Objects nobody searches the replica for, each drawn into the box -1…1 in the given colour."""

import numpy as np

from tests.naver_replica.canvas import Canvas, Rgb, arc, lit
from tests.naver_replica.colours import vivid

INK: Rgb = (30, 30, 34)
STEEL: Rgb = (180, 184, 190)
WHITE: Rgb = (244, 245, 248)


def paint_key(canvas: Canvas, metal: Rgb, rng: np.random.Generator) -> None:
    """A door key."""
    canvas.ring(-0.62, 0, 0.3, 0.34, 0.14, metal)
    canvas.line(((-0.3, 0), (0.95, 0)), 0.14, metal)
    for x in (0.5, 0.68, 0.86):
        canvas.rectangle(x, 0, x + 0.1, rng.uniform(0.2, 0.45), metal)


def paint_balloons(canvas: Canvas, colour: Rgb, rng: np.random.Generator) -> None:
    """Three balloons on strings."""
    for x, y, tone in ((-0.45, -0.3, vivid(rng)), (0.45, -0.35, vivid(rng)), (0, -0.5, colour)):
        canvas.line(((x, y + 0.4), (x * 0.3, 0.5), (0, 1.0)), 0.025, INK)
        canvas.ellipse(x, y, 0.36, 0.45, tone)
        canvas.ellipse(x - 0.12, y - 0.17, 0.07, 0.12, lit(tone, 1.7), 25)


def paint_snowman(canvas: Canvas, scarf: Rgb, rng: np.random.Generator) -> None:
    """A snowman with a hat, scarf and carrot."""
    for side in (-1, 1):
        hand = rng.uniform(-0.4, 0.0)
        canvas.line(((side * 0.3, 0.05), (side * 0.95, hand)), 0.05, (95, 65, 40))
    for y, radius in ((0.55, 0.45), (-0.05, 0.34), (-0.5, 0.27)):
        canvas.ellipse(0, y, radius, radius, lit(WHITE, 0.85))
        canvas.ellipse(-0.03, y - 0.03, radius * 0.9, radius * 0.9, WHITE)
    canvas.rectangle(-0.3, -0.3, 0.3, -0.2, scarf)
    canvas.rectangle(-0.4, -0.74, 0.4, -0.66, INK)
    canvas.rectangle(-0.24, -1.0, 0.24, -0.7, INK)
    canvas.polygon(((0, -0.5), (0.32, -0.42), (0, -0.42)), (235, 125, 40))
    for x, y in ((-0.1, -0.58), (0.1, -0.58), (0, 0), (0, 0.4), (0, 0.65)):
        canvas.ellipse(x, y, 0.04, 0.04, INK)


def paint_mushroom(canvas: Canvas, cap: Rgb, rng: np.random.Generator) -> None:
    """A toadstool with white spots."""
    canvas.blob(((-0.25, -0.1), (0.25, -0.1), (0.4, 0.98), (-0.4, 0.98)), (238, 228, 208))
    canvas.polygon(arc(0, 0.0, 0.98, 0.85, 180, 360), cap)
    canvas.ellipse(0, 0.02, 0.95, 0.14, lit(cap, 0.6))
    for _ in range(7):
        turn, reach = rng.uniform(3.6, 5.8), rng.uniform(0.3, 0.8)
        x, y = float(0.9 * reach * np.cos(turn)), float(0.75 * reach * np.sin(turn))
        canvas.ellipse(x, y, 0.12, 0.09, WHITE)


def paint_book(canvas: Canvas, cover: Rgb, rng: np.random.Generator) -> None:
    """A closed book seen obliquely."""
    canvas.polygon(((-0.7, -0.9), (0.55, -0.95), (0.75, -0.8), (-0.5, -0.72)), lit(cover, 0.6))
    canvas.polygon(((0.55, -0.95), (0.78, -0.8), (0.78, 0.95), (0.55, 0.85)), (235, 230, 215))
    canvas.polygon(((-0.7, -0.9), (0.58, -0.92), (0.58, 0.88), (-0.7, 0.92)), cover)
    canvas.rectangle(-0.7, -0.9, -0.52, 0.9, lit(cover, 0.7))
    canvas.rectangle(-0.35, -0.6, 0.4, -0.2, lit(cover, 1.6))
    for y in (-0.5, -0.34):
        canvas.line(((-0.25, y), (rng.uniform(0.1, 0.32), y)), 0.05, INK)


def paint_traffic_light(canvas: Canvas, case: Rgb, rng: np.random.Generator) -> None:
    """A traffic light with one lamp lit."""
    canvas.rectangle(-0.08, 0.4, 0.08, 1.0, (90, 92, 96))
    canvas.rectangle(-0.38, -1.0, 0.38, 0.55, lit(case, 0.35))
    lit_one = rng.integers(3)
    for n, lamp in enumerate(((225, 45, 40), (240, 190, 45), (50, 180, 90))):
        tone = lamp if n == lit_one else lit(lamp, 0.35)
        canvas.ellipse(0, -0.72 + n * 0.5, 0.22, 0.21, tone)


def paint_cactus(canvas: Canvas, pot: Rgb, rng: np.random.Generator) -> None:
    """A cactus in a pot."""
    green: Rgb = (70, 130, 75)
    canvas.line(((0, 0.5), (0, -0.75)), 0.42, green)
    for side in (-1, 1):
        y = rng.uniform(-0.3, 0.2)
        canvas.line(((0, y), (side * 0.55, y), (side * 0.55, y - 0.45)), 0.22, green)
    for x in (-0.1, 0.0, 0.1):
        canvas.line(((x, 0.45), (x, -0.8)), 0.02, lit(green, 1.6))
    canvas.polygon(((-0.5, 0.4), (0.5, 0.4), (0.36, 1.0), (-0.36, 1.0)), pot)
    canvas.rectangle(-0.56, 0.36, 0.56, 0.52, lit(pot, 0.8))


def paint_pencil(canvas: Canvas, coat: Rgb, rng: np.random.Generator) -> None:
    """A sharpened pencil lying aslant."""
    aslant = canvas.at(0, 0, angle_deg=float(rng.uniform(-50, -20)))
    aslant.rectangle(-1.0, -0.15, -0.82, 0.15, (225, 130, 140))
    aslant.rectangle(-0.84, -0.15, -0.7, 0.15, STEEL)
    for y, tone in ((-0.15, 1.2), (-0.05, 1.0), (0.05, 0.8)):
        aslant.rectangle(-0.7, y, 0.6, y + 0.1, lit(coat, tone))
    aslant.polygon(((0.6, -0.15), (1.0, 0), (0.6, 0.15)), (232, 200, 155))
    aslant.polygon(((0.87, -0.05), (1.0, 0), (0.87, 0.05)), INK)


def paint_dice(canvas: Canvas, face: Rgb, rng: np.random.Generator) -> None:
    """A die as a cube with three visible faces."""
    sides = (
        ((-0.8, -0.4), (0, -0.9), (0.8, -0.4), (0, 0.1)),
        ((-0.8, -0.4), (0, 0.1), (0, 1.0), (-0.8, 0.5)),
        ((0.8, -0.4), (0, 0.1), (0, 1.0), (0.8, 0.5)),
    )
    pip = INK if sum(face) > 300 else WHITE
    for side, tone in zip(sides, (1.2, 0.9, 0.65), strict=True):
        canvas.polygon(side, lit(face, tone))
        a, b, _, d = (np.array(corner) for corner in side)
        for u, v in rng.permutation([(0.25, 0.25), (0.75, 0.75), (0.5, 0.5), (0.25, 0.75)])[:3]:
            x, y = (a + u * (b - a) + v * (d - a)).tolist()
            canvas.ellipse(x, y, 0.08, 0.07, pip)


def paint_envelope(canvas: Canvas, paper: Rgb, rng: np.random.Generator) -> None:
    """A sealed envelope."""
    canvas.rectangle(-0.98, -0.62, 0.98, 0.62, lit(paper, 1.2))
    canvas.line(((-0.98, 0.62), (-0.1, 0.0)), 0.03, lit(paper, 0.7))
    canvas.line(((0.98, 0.62), (0.1, 0.0)), 0.03, lit(paper, 0.7))
    canvas.polygon(((-0.98, -0.62), (0.98, -0.62), (0, rng.uniform(0.1, 0.25))), lit(paper, 0.85))
    canvas.ellipse(0, 0.1, 0.14, 0.14, (185, 40, 45))


def paint_lamp(canvas: Canvas, shade: Rgb, rng: np.random.Generator) -> None:
    """A table lamp with a conical shade."""
    foot = rng.uniform(0.35, 0.55)
    canvas.line(((0, -0.1), (0, 0.9)), 0.1, (120, 90, 60))
    canvas.ellipse(0, 0.92, foot, 0.1, (100, 75, 50))
    canvas.polygon(((-0.35, -0.95), (0.35, -0.95), (0.85, 0.05), (-0.85, 0.05)), shade)
    canvas.polygon(((-0.1, -0.95), (0.1, -0.95), (0.3, 0.05), (-0.3, 0.05)), lit(shade, 1.5))
    canvas.ellipse(0, 0.05, 0.85, 0.08, lit(shade, 1.75))


def paint_star(canvas: Canvas, colour: Rgb, rng: np.random.Generator) -> None:
    """A five-pointed star."""
    inner = rng.uniform(0.36, 0.5)
    points = [
        (reach * float(np.sin(n * np.pi / 5)), -reach * float(np.cos(n * np.pi / 5)))
        for n in range(10)
        for reach in (inner if n % 2 else 1.0,)
    ]
    canvas.polygon(points, lit(colour, 0.7))
    canvas.polygon([(0.82 * x, 0.82 * y) for x, y in points], colour)


def paint_heart(canvas: Canvas, colour: Rgb, rng: np.random.Generator) -> None:
    """A heart."""
    outline = [
        (float(np.sin(t)) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t)) / 16)
        for t in np.linspace(0, 2 * np.pi, 60)
    ]
    canvas.polygon([(float(x), float(y)) for x, y in outline], colour)
    canvas.ellipse(-0.45, -0.45, 0.16, rng.uniform(0.08, 0.12), lit(colour, 1.7), -40)


def paint_ladder(canvas: Canvas, wood: Rgb, rng: np.random.Generator) -> None:
    """A leaning ladder."""
    lean = rng.uniform(0.0, 0.3)
    for side in (-1, 1):
        canvas.line(((side * 0.42 - lean, 1.0), (side * 0.36 + lean, -1.0)), 0.1, wood)
    for y in np.linspace(0.8, -0.8, 7):
        x = -float(y) * lean
        canvas.line(((x - 0.4, float(y)), (x + 0.4, float(y))), 0.07, lit(wood, 0.75))


def paint_glasses(canvas: Canvas, frame: Rgb, rng: np.random.Generator) -> None:
    """A pair of spectacles."""
    high = rng.uniform(0.28, 0.42)
    for side in (-1, 1):
        canvas.ellipse(side * 0.5, 0, 0.4, high, (205, 222, 232))
        canvas.ring(side * 0.5, 0, 0.4, high, 0.1, frame)
        canvas.line(((side * 0.88, -0.08), (side * 1.05, -0.3)), 0.08, frame)
    canvas.line(arc(0, 0.0, 0.14, 0.14, 190, 350), 0.09, frame)


def paint_ball(canvas: Canvas, colour: Rgb, rng: np.random.Generator) -> None:
    """A beach ball in gores of several colours."""
    other, turn = vivid(rng), float(rng.uniform(0, 60))
    for n in range(6):
        tone = colour if n % 2 else (WHITE if n % 4 else other)
        canvas.sector(-0.1, -0.15, 1.0, 1.0, (turn + n * 60, turn + n * 60 + 62), tone)
    canvas.ellipse(-0.1, -0.15, 0.13, 0.13, WHITE)
