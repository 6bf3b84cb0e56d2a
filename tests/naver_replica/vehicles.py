"""Vehicles, each drawn into the box -1…1 in the given body colour."""

from itertools import chain

import numpy as np

from tests.naver_replica.canvas import Canvas, Rgb, arc, lit
from tests.naver_replica.colours import vivid

TYRE: Rgb = (34, 34, 38)
STEEL: Rgb = (186, 190, 196)
GLASS: Rgb = (150, 195, 220)


def _paint_wheel(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.ellipse(x, y, radius, radius, TYRE)
    canvas.ellipse(x, y, radius * 0.58, radius * 0.58, STEEL)
    canvas.ellipse(x, y, radius * 0.2, radius * 0.2, (90, 92, 96))


def paint_car(canvas: Canvas, body: Rgb, rng: np.random.Generator) -> None:
    """A saloon or hatchback car from the side."""
    roof, tail = rng.uniform(-0.5, -0.38), rng.uniform(-0.8, -0.5)
    cabin = ((tail - 0.1, -0.02), (tail + 0.2, roof), (0.25, roof), (0.58, 0.0))
    canvas.polygon(cabin, lit(body, 0.92))
    window = [(x * 0.88 - 0.02, y * 0.82 - 0.01) for x, y in cabin]
    canvas.polygon(window, GLASS)
    canvas.rectangle(-0.12, roof, -0.04, 0, lit(body, 0.92))
    canvas.blob(
        ((-1.0, -0.08), (0.55, -0.08), (1.02, 0.08), (1.02, 0.42), (-1.0, 0.42), (-1.05, 0.1)),
        body,
    )
    canvas.line(((-0.92, 0.24), (0.92, 0.24)), 0.03, lit(body, 0.6))
    canvas.line(((-0.08, 0.0), (-0.08, 0.38)), 0.02, lit(body, 0.55))
    canvas.line(((-0.28, 0.1), (-0.16, 0.1)), 0.035, STEEL)
    canvas.ellipse(0.92, 0.12, 0.08, 0.06, (250, 240, 170))
    canvas.ellipse(-0.93, 0.1, 0.05, 0.07, (205, 40, 35))
    for x in (-0.56, 0.56):
        canvas.ellipse(x, 0.42, 0.27, 0.27, lit(body, 0.4))
        _paint_wheel(canvas, x, 0.43, 0.23)


def paint_bus(canvas: Canvas, body: Rgb, rng: np.random.Generator) -> None:
    """A long, tall bus from the side: a row of windows, doors and a stripe."""
    windows = int(rng.integers(4, 7))
    canvas.rectangle(-1.0, -0.6, 1.0, 0.5, body)
    canvas.rectangle(-1.0, -0.66, 1.0, -0.56, lit(body, 1.4))
    canvas.rectangle(-0.94, -0.42, 0.94, 0.0, lit(body, 0.5))
    step = 1.84 / windows
    for n in range(windows):
        x = -0.92 + n * step
        canvas.rectangle(x + 0.03, -0.39, x + step - 0.03, -0.03, GLASS)
        canvas.line(((x + 0.06, -0.1), (x + step * 0.5, -0.36)), 0.03, (215, 232, 240))
    canvas.rectangle(-1.0, 0.12, 1.0, 0.22, vivid(rng))
    canvas.rectangle(0.66, -0.4, 0.9, 0.44, lit(body, 0.45))
    canvas.rectangle(0.69, -0.37, 0.87, 0.4, GLASS)
    canvas.line(((0.78, -0.37), (0.78, 0.42)), 0.03, lit(body, 0.45))
    canvas.ellipse(0.96, 0.36, 0.05, 0.06, (250, 240, 170))
    for x in (-0.6, 0.42):
        _paint_wheel(canvas, x, 0.52, 0.2)


def paint_bicycle(canvas: Canvas, frame: Rgb, rng: np.random.Generator) -> None:
    """A bicycle from the side, all thin lines: two spoked wheels and a diamond frame."""
    hub_rear, hub_front, pedals = (-0.58, 0.35), (0.58, 0.35), (-0.08, 0.4)
    seat, head = (-0.22, -0.3), (0.4, -0.32)
    radius, tube = 0.42, rng.uniform(0.06, 0.085)
    for x, y in (hub_rear, hub_front):
        canvas.ring(x, y, radius, radius, 0.075, TYRE)
        for turn in np.linspace(0, np.pi, 6, endpoint=False):
            dx, dy = radius * float(np.cos(turn)), radius * float(np.sin(turn))
            canvas.line(((x - dx, y - dy), (x + dx, y + dy)), 0.012, STEEL)
        canvas.ellipse(x, y, 0.06, 0.06, STEEL)
    canvas.line((pedals, hub_rear, seat, pedals, head, seat), tube, frame)
    canvas.line((hub_front, head, (0.36, -0.55)), tube, frame)
    canvas.line(((0.2, -0.6), (0.38, -0.56), (0.56, -0.62), (0.5, -0.45)), 0.06, TYRE)
    canvas.line((seat, (-0.27, -0.5)), tube, STEEL)
    canvas.blob(((-0.5, -0.6), (-0.05, -0.56), (-0.1, -0.48), (-0.48, -0.48)), TYRE)
    canvas.ring(*pedals, 0.11, 0.11, 0.04, STEEL)
    canvas.line(((-0.18, 0.58), (0.02, 0.22)), 0.045, TYRE)
    if rng.random() < 0.4:
        canvas.rectangle(0.42, -0.5, 0.8, -0.2, (170, 120, 70))


def paint_airplane(canvas: Canvas, trim: Rgb, rng: np.random.Generator) -> None:
    """An airliner seen obliquely: white fuselage, swept wings and a coloured tail."""
    hull: Rgb = (236, 238, 242)
    far = rng.uniform(0.55, 0.75)
    canvas.polygon(((0.15, -0.1), (-0.25, -far), (-0.42, -far), (-0.15, -0.1)), lit(hull, 0.78))
    canvas.polygon(((-0.6, -0.08), (-1.0, -0.62), (-0.82, -0.62), (-0.38, -0.08)), trim)
    canvas.blob(
        ((-1.02, -0.1), (0.8, -0.17), (1.06, 0.02), (0.8, 0.16), (-0.5, 0.14), (-1.0, 0.0)), hull
    )
    canvas.line(((-0.9, 0.04), (0.95, 0.06)), 0.06, trim)
    for x in np.linspace(-0.5, 0.65, 9):
        canvas.ellipse(float(x), -0.04, 0.028, 0.035, (70, 95, 125))
    canvas.polygon(((0.82, -0.1), (0.94, -0.06), (0.92, 0.0), (0.8, -0.01)), (60, 80, 105))
    canvas.polygon(((0.3, 0.08), (-0.35, 0.85), (-0.58, 0.85), (-0.18, 0.08)), lit(hull, 0.88))
    canvas.polygon(((-0.7, 0.02), (-0.98, 0.28), (-1.1, 0.28), (-0.95, 0.0)), lit(hull, 0.85))
    canvas.ellipse(0.05, 0.36, 0.14, 0.07, trim)
    canvas.ellipse(-0.13, 0.62, 0.12, 0.06, trim)


def paint_boat(canvas: Canvas, hull: Rgb, rng: np.random.Generator) -> None:
    """A sailing boat with two sails, or a motor ship with cabin and funnel, on a strip of water."""
    sea: Rgb = (52, 108, 150)
    canvas.polygon(((-0.95, 0.4), (1.0, 0.35), (0.68, 0.82), (-0.68, 0.82)), hull)
    canvas.line(((-0.9, 0.5), (0.9, 0.46)), 0.05, lit(hull, 1.6))
    if rng.random() < 0.65:
        sail = lit(vivid(rng), 1.75)
        canvas.line(((0.0, 0.4), (0.0, -1.0)), 0.06, (110, 80, 55))
        canvas.polygon(((0.06, -0.92), (0.06, 0.25), (0.85, 0.25)), sail)
        canvas.polygon(((-0.06, -0.75), (-0.06, 0.25), (-0.65, 0.25)), lit(sail, 0.85))
        canvas.polygon(((0.0, -1.02), (0.24, -0.94), (0.0, -0.86)), vivid(rng))
    else:
        canvas.rectangle(-0.6, 0.0, 0.55, 0.4, (240, 240, 236))
        canvas.rectangle(-0.35, -0.32, 0.35, 0.02, (226, 228, 226))
        for x in np.linspace(-0.45, 0.4, 5):
            canvas.ellipse(float(x), 0.2, 0.07, 0.07, (60, 90, 120))
        canvas.rectangle(-0.12, -0.85, 0.16, -0.3, vivid(rng))
        canvas.rectangle(-0.12, -0.85, 0.16, -0.72, TYRE)
    for y in (0.84, 0.95):
        tops = [
            arc(x, y, 0.17, 0.07, 180, 360)[::8] for x in (-0.83, -0.5, -0.17, 0.16, 0.49, 0.82)
        ]
        canvas.line(list(chain.from_iterable(tops)), 0.07, lit(sea, 0.9 + (y > 0.9) * 0.35))
