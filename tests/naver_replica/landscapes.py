"""Wide views without one object in their middle, each filling the frame."""

import numpy as np

from tests.naver_replica.backgrounds import cloud, fill_cloud, fill_gradient
from tests.naver_replica.canvas import Canvas, Rgb, lit, mixed
from tests.naver_replica.colours import anything, jittered, vivid


def paint_mountains(canvas: Canvas, rng: np.random.Generator) -> None:
    """Ridges behind each other, paler with distance."""
    haze = jittered((200, 210, 225), rng, 25)
    near = jittered((50, 75, 80), rng, 25)
    fill_gradient(canvas, jittered((130, 170, 215), rng, 30), haze)
    for n, base in enumerate(np.linspace(-0.25, 0.65, 4)):
        heights = base + rng.uniform(-0.35, 0.12, 9)
        ridge = list(zip(np.linspace(-1.1, 1.1, 9).tolist(), heights.tolist(), strict=True))
        canvas.polygon([*ridge, (1.1, 1.1), (-1.1, 1.1)], mixed(haze, near, (n + 1) / 4))


def paint_sunset(canvas: Canvas, rng: np.random.Generator) -> None:
    """A low sun over the sea."""
    fill_gradient(canvas, jittered((70, 40, 95), rng), jittered((250, 160, 70), rng))
    x, horizon = rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.4)
    canvas.ellipse(x, horizon - 0.1, 0.22, 0.25, (255, 225, 140))
    canvas.rectangle(-1, horizon, 1, 1, (60, 40, 70))
    for y in np.linspace(horizon + 0.04, 0.95, 9):
        half = rng.uniform(0.06, 0.26)
        canvas.line(((x - half, float(y)), (x + half, float(y))), 0.03, (245, 170, 90))


def paint_stars(canvas: Canvas, rng: np.random.Generator) -> None:
    """A night sky full of stars and a thin moon."""
    fill_gradient(canvas, (8, 10, 30), jittered((30, 30, 70), rng, 10))
    for x, y, size in rng.uniform(-1, 1, (150, 3)):
        canvas.ellipse(x, y, 0.008 + 0.006 * size, 0.008 + 0.006 * size, (245, 245, 225))
    x, y = rng.uniform(-0.7, 0.7, 2)
    canvas.ellipse(x, y, 0.2, 0.2, (245, 240, 205))
    canvas.ellipse(x + 0.08, y - 0.03, 0.19, 0.19, (14, 16, 40))


def paint_skyline(canvas: Canvas, rng: np.random.Generator) -> None:
    """Tower blocks with lit windows."""
    fill_gradient(canvas, jittered((60, 70, 120), rng, 30), jittered((200, 150, 130), rng, 40))
    for left in np.linspace(-1.1, 0.9, 9):
        top, tone = rng.uniform(-0.8, 0.2), jittered((50, 52, 70), rng)
        canvas.rectangle(float(left), top, float(left) + 0.24, 1, tone)
        for y in np.arange(top + 0.08, 0.95, 0.14):
            for x in (0.04, 0.11, 0.18):
                if rng.random() < 0.6:
                    pane = (float(left) + x, float(y), float(left) + x + 0.04, float(y) + 0.06)
                    canvas.rectangle(*pane, (250, 220, 130))


def paint_desert(canvas: Canvas, rng: np.random.Generator) -> None:
    """Dunes under an empty sky."""
    fill_gradient(canvas, jittered((110, 170, 220), rng), jittered((235, 215, 180), rng))
    sand = jittered((220, 165, 95), rng)
    for n, y in enumerate((0.05, 0.35, 0.65)):
        phase, swell = rng.uniform(0, 6), rng.uniform(0.1, 0.2)
        crest = [
            (x, y + swell * float(np.sin(2.2 * x + phase))) for x in np.linspace(-1.1, 1.1, 24)
        ]
        canvas.polygon([*crest, (1.1, 1.1), (-1.1, 1.1)], lit(sand, 1.15 - 0.17 * n))


def paint_waves(canvas: Canvas, rng: np.random.Generator) -> None:
    """The open sea from above: rows of crests."""
    sea = jittered((35, 95, 130), rng, 25)
    fill_cloud(canvas, cloud(rng), lit(sea, 0.6), lit(sea, 1.2))
    for y in np.linspace(-1, 1, 15):
        phase = rng.uniform(0, 6)
        crest = [(x, y + 0.04 * float(np.sin(9 * x + phase))) for x in np.linspace(-1, 1, 30)]
        canvas.line(crest, 0.02, lit(sea, float(rng.uniform(1.3, 1.7))))


def paint_fireworks(canvas: Canvas, rng: np.random.Generator) -> None:
    """Bursts of sparks over a dark sky."""
    fill_gradient(canvas, (10, 10, 24), (28, 22, 44))
    for x, y in rng.uniform(-0.7, 0.7, (4, 2)):
        spark, reach = lit(vivid(rng), 1.3), rng.uniform(0.3, 0.6)
        for turn in np.linspace(0, 2 * np.pi, 18, endpoint=False):
            dx, dy = reach * float(np.cos(turn)), reach * float(np.sin(turn))
            canvas.line(((x + dx * 0.25, y + dy * 0.25), (x + dx, y + dy)), 0.02, spark)
            canvas.ellipse(x + dx, y + dy, 0.03, 0.03, spark)


def paint_rain(canvas: Canvas, rng: np.random.Generator) -> None:
    """Rain drops and streaks on a window."""
    fill_cloud(canvas, cloud(rng, (2, 4)), (70, 80, 92), jittered((150, 160, 170), rng, 25))
    for x, y, length in rng.uniform(-1, 1, (70, 3)):
        canvas.line(((x, y), (x + 0.01, y + 0.12 + 0.1 * length)), 0.012, (200, 208, 215))
        canvas.ellipse(x, y + 0.14 + 0.1 * length, 0.025, 0.03, (222, 228, 232))


def paint_road(canvas: Canvas, rng: np.random.Generator) -> None:
    """An empty road running to the horizon."""
    fill_gradient(canvas, jittered((120, 165, 210), rng), jittered((215, 222, 225), rng))
    bend, horizon = rng.uniform(-0.4, 0.4), rng.uniform(-0.2, 0.1)
    canvas.rectangle(-1, horizon, 1, 1, jittered((120, 130, 70), rng, 30))
    canvas.polygon(
        ((bend - 0.05, horizon), (bend + 0.05, horizon), (0.85, 1), (-0.85, 1)), (72, 74, 78)
    )
    for share in np.linspace(0.05, 0.9, 6):
        y, x = horizon + (1 - horizon) * float(share), bend * (1 - float(share))
        width = 0.01 + 0.05 * float(share)
        canvas.rectangle(x - width / 2, y, x + width / 2, y + 0.09 * float(share), (240, 240, 230))


def paint_field(canvas: Canvas, rng: np.random.Generator) -> None:
    """Ploughed furrows or rows of a crop meeting at the horizon."""
    fill_gradient(canvas, jittered((150, 190, 230), rng), (235, 238, 235))
    one = lit(anything(rng), 0.8)
    other: Rgb = jittered((150, 120, 60), rng, 30)
    canvas.rectangle(-1, -0.3, 1, 1, other)
    vanish = rng.uniform(-0.5, 0.5)
    for foot in np.arange(-4, 4, 0.5):
        canvas.polygon(((vanish, -0.3), (float(foot), 1), (float(foot) + 0.25, 1)), one)
