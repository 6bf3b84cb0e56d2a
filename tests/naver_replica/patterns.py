"""Pictures without an object: patterns, textures and abstract art, each filling the frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.naver_replica.backgrounds import cloud, fill_cloud, fill_gradient, fill_smoothly
from tests.naver_replica.canvas import Canvas, arc, lit
from tests.naver_replica.colours import anything, vivid


def paint_stripes(canvas: Canvas, rng: np.random.Generator) -> None:
    """Slanted stripes in three colours."""
    colours = [vivid(rng) for _ in range(3)]
    band, lean = rng.uniform(0.12, 0.35), rng.uniform(-1, 1)
    for n, x in enumerate(np.arange(-2.2, 2.2, band)):
        left = float(x)
        stripe = ((left, -1), (left + band, -1), (left + band + lean, 1), (left + lean, 1))
        canvas.polygon(stripe, colours[n % 3])


def paint_checkerboard(canvas: Canvas, rng: np.random.Generator) -> None:
    """A checkerboard."""
    count = int(rng.integers(5, 11))
    side, pair = 2 / count, (lit(vivid(rng), 0.6), lit(vivid(rng), 1.6))
    for row in range(count):
        for column in range(count):
            x, y = -1 + column * side, -1 + row * side
            canvas.rectangle(x, y, x + side, y + side, pair[(row + column) % 2])


def paint_dots(canvas: Canvas, rng: np.random.Generator) -> None:
    """Polka dots."""
    canvas.pixels[:] = vivid(rng)
    dot, step = vivid(rng), rng.uniform(0.22, 0.4)
    for row, y in enumerate(np.arange(-1, 1.2, step)):
        for x in np.arange(-1 + (row % 2) * step / 2, 1.2, step):
            canvas.ellipse(float(x), float(y), step * 0.3, step * 0.3, dot)


def paint_zigzag(canvas: Canvas, rng: np.random.Generator) -> None:
    """Rows of zigzag lines."""
    canvas.pixels[:] = lit(anything(rng), 1.4)
    colours, step = [vivid(rng) for _ in range(2)], rng.uniform(0.2, 0.32)
    for n, y in enumerate(np.arange(-1.2, 1.2, step)):
        line = [
            (float(x), float(y) + (0.12 if k % 2 else -0.12))
            for k, x in enumerate(np.linspace(-1.1, 1.1, 14))
        ]
        canvas.line(line, step * 0.4, colours[n % 2])


def paint_plaid(canvas: Canvas, rng: np.random.Generator) -> None:
    """Woven tartan."""
    across, down = np.zeros((96, 3), np.float32), np.zeros((96, 3), np.float32)
    for threads in (across, down):
        threads[:] = vivid(rng)
        for _ in range(5):
            start, width = rng.integers(0, 80), rng.integers(4, 16)
            threads[start : start + width] = vivid(rng)
    woven = np.asarray((across[:, None] + down[None]) / 2, np.float32)
    height, width = canvas.pixels.shape[:2]
    canvas.pixels[:] = cv2.resize(woven, (width, height), interpolation=cv2.INTER_NEAREST)


def paint_hexagons(canvas: Canvas, rng: np.random.Generator) -> None:
    """A honeycomb of hexagons in shades of one colour."""
    base, size = vivid(rng), rng.uniform(0.15, 0.28)
    canvas.pixels[:] = lit(base, 0.3)
    for row, y in enumerate(np.arange(-1.1, 1.2, size * 1.5)):
        for x in np.arange(-1.1 + (row % 2) * size * 0.87, 1.2, size * 1.73):
            tone = lit(base, float(rng.uniform(0.6, 1.6)))
            hexagon = arc(float(x), float(y), size * 0.92, size * 0.92, 30, 390)
            canvas.polygon([hexagon[round(n * 6.5)] for n in range(6)], tone)


def paint_mosaic(canvas: Canvas, rng: np.random.Generator) -> None:
    """Large pixels of random colours."""
    cells = rng.integers(0, 256, (int(rng.integers(8, 20)), int(rng.integers(8, 20)), 3))
    height, width = canvas.pixels.shape[:2]
    blocks = cells.astype(np.uint8)
    canvas.pixels[:] = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)


def paint_rings(canvas: Canvas, rng: np.random.Generator) -> None:
    """Concentric rings around a point of the picture."""
    x, y = rng.uniform(-0.4, 0.4, 2)
    colours = [vivid(rng) for _ in range(int(rng.integers(2, 4)))]
    for n, radius in enumerate(np.arange(1.9, 0.05, -rng.uniform(0.12, 0.22))):
        canvas.ellipse(x, y, float(radius), float(radius), colours[n % len(colours)])


def paint_spiral(canvas: Canvas, rng: np.random.Generator) -> None:
    """One thick spiral."""
    canvas.pixels[:] = lit(vivid(rng), 1.5)
    turns, phase = rng.uniform(4, 7), rng.uniform(0, 6)
    points = [
        (
            t * float(np.cos(2 * np.pi * turns * t + phase)),
            t * float(np.sin(2 * np.pi * turns * t + phase)),
        )
        for t in np.linspace(0, 1.4, 260)
    ]
    canvas.line(points, 0.09, lit(vivid(rng), 0.5))


def paint_maze(canvas: Canvas, rng: np.random.Generator) -> None:
    """A labyrinth of diagonal walls."""
    canvas.pixels[:] = lit(anything(rng), 1.7)
    ink, count = lit(anything(rng), 0.3), int(rng.integers(9, 15))
    side = 2 / count
    for row in range(count):
        for column in range(count):
            x, y = -1 + column * side, -1 + row * side
            ends = (
                ((x, y), (x + side, y + side))
                if rng.random() < 0.5
                else ((x + side, y), (x, y + side))
            )
            canvas.line(ends, side * 0.25, ink)


def paint_marble(canvas: Canvas, rng: np.random.Generator) -> None:
    """Veined marble."""
    noise = cloud(rng)
    veins = np.abs(np.sin(noise * rng.uniform(9, 16))) ** 0.4
    fill_cloud(
        canvas, np.asarray(veins, np.float32), lit(anything(rng), 0.4), lit(anything(rng), 1.8)
    )


def paint_smoke(canvas: Canvas, rng: np.random.Generator) -> None:
    """Soft clouds of two colours."""
    fill_cloud(canvas, cloud(rng, (2, 4, 8)), lit(vivid(rng), 0.35), lit(vivid(rng), 1.3))


def paint_crystals(canvas: Canvas, rng: np.random.Generator) -> None:
    """Triangles of a broken plane, each in its own tone."""
    grid = np.linspace(-1.2, 1.2, 8)
    shift = rng.uniform(-0.13, 0.13, (8, 8, 2))
    base, other = vivid(rng), vivid(rng)
    corners: NDArray[np.float64] = np.stack(np.meshgrid(grid, grid), axis=-1) + shift
    for row in range(7):
        for column in range(7):
            a, b = corners[row, column], corners[row, column + 1]
            c, d = corners[row + 1, column], corners[row + 1, column + 1]
            for triangle in ((a, b, c), (b, c, d)):
                tone = base if rng.random() < 0.5 else other
                canvas.polygon(np.array(triangle), lit(tone, float(rng.uniform(0.6, 1.5))))


def paint_brush_strokes(canvas: Canvas, rng: np.random.Generator) -> None:
    """Broad strokes of thick paint."""
    canvas.pixels[:] = lit(anything(rng), 1.5)
    for _ in range(34):
        start, bend, end = rng.uniform(-1.2, 1.2, (3, 2))
        stroke = [
            tuple(((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end).tolist())
            for t in np.linspace(0, 1, 10)
        ]
        canvas.line(stroke, float(rng.uniform(0.06, 0.2)), vivid(rng))


def paint_confetti(canvas: Canvas, rng: np.random.Generator) -> None:
    """Many small paper scraps."""
    fill_gradient(canvas, lit(anything(rng), 1.6), lit(anything(rng), 1.6))
    for x, y, turn in rng.uniform(-1, 1, (170, 3)):
        canvas.at(x, y, angle_deg=turn * 180).rectangle(-0.045, -0.02, 0.045, 0.02, vivid(rng))


def paint_rainbow(canvas: Canvas, rng: np.random.Generator) -> None:
    """A smooth spectrum of hues."""
    start, span = rng.uniform(0, 180), rng.uniform(90, 180)
    hues = (start + np.linspace(0, span, 12)) % 180
    hsv = np.stack((hues, np.full(12, 210.0), np.full(12, 230.0)), axis=-1).astype(np.uint8)
    strip = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB).astype(np.float32)  # (1, 12, 3)
    fill_smoothly(
        canvas, strip.repeat(2, 0) if rng.random() < 0.5 else strip.transpose(1, 0, 2).repeat(2, 1)
    )


def paint_static(canvas: Canvas, rng: np.random.Generator) -> None:
    """The snow of a television without a signal."""
    height, width = canvas.pixels.shape[:2]
    grain = rng.integers(0, 256, (40, 64), dtype=np.uint8)
    noise = cv2.resize(grain, (width, height), interpolation=cv2.INTER_NEAREST)
    canvas.pixels[:] = noise[..., None]
    for y in rng.uniform(-1, 1, 3):
        canvas.rectangle(-1, y, 1, y + 0.05, (230, 230, 230))
