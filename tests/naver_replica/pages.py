"""Pictures of pages and screens: charts, documents, screenshots, codes, each filling the frame."""

from itertools import pairwise

import cv2
import numpy as np

from tests.naver_replica.canvas import Canvas, Rgb, arc, lit, mixed
from tests.naver_replica.colours import vivid

INK: Rgb = (40, 42, 48)
PAPER: Rgb = (248, 248, 244)


def _lines_of_text(
    canvas: Canvas, rng: np.random.Generator, box: tuple[float, float, float, float], rows: int
) -> None:
    """Draw words as bars into the box (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = box
    step = (y1 - y0) / rows
    for row in range(rows):
        x, y = x0, y0 + (row + 0.5) * step
        while x < x1 - 0.05:
            word = min(rng.uniform(0.05, 0.2), x1 - x)
            canvas.line(((x, y), (x + word, y)), step * 0.35, INK)
            x += word + 0.05
            if rng.random() < 0.06:
                break


def paint_bar_chart(canvas: Canvas, rng: np.random.Generator) -> None:
    """A bar chart with its axes."""
    canvas.pixels[:] = PAPER
    bars, colour = int(rng.integers(4, 9)), vivid(rng)
    for n, height in enumerate(rng.uniform(0.2, 1.5, bars)):
        x = -0.75 + n * 1.6 / bars
        canvas.rectangle(x, 0.75 - height, x + 1.1 / bars, 0.75, colour)
    for y in np.linspace(-0.7, 0.5, 5):
        canvas.line(((-0.8, float(y)), (0.9, float(y))), 0.008, (190, 190, 195))
    canvas.line(((-0.8, -0.85), (-0.8, 0.75), (0.92, 0.75)), 0.02, INK)


def paint_pie_chart(canvas: Canvas, rng: np.random.Generator) -> None:
    """A pie chart."""
    canvas.pixels[:] = mixed(PAPER, vivid(rng), 0.1)
    cuts = np.concatenate(([0], np.sort(rng.uniform(30, 330, int(rng.integers(3, 6)))), [360]))
    for start, end in pairwise(cuts.tolist()):
        canvas.sector(0, 0.05, 0.72, 0.8, (start, end), vivid(rng))


def paint_line_chart(canvas: Canvas, rng: np.random.Generator) -> None:
    """Two or three jagged curves on squared paper."""
    canvas.pixels[:] = PAPER
    for at in np.linspace(-0.9, 0.9, 10):
        canvas.line(((float(at), -0.95), (float(at), 0.95)), 0.008, (205, 210, 220))
        canvas.line(((-0.95, float(at)), (0.95, float(at))), 0.008, (205, 210, 220))
    for _ in range(int(rng.integers(2, 4))):
        heights = np.clip(np.cumsum(rng.normal(0, 0.22, 16)), -0.85, 0.85)
        curve = list(zip(np.linspace(-0.9, 0.9, 16).tolist(), heights.tolist(), strict=True))
        canvas.line(curve, 0.035, lit(vivid(rng), 0.8))


def paint_scatter_plot(canvas: Canvas, rng: np.random.Generator) -> None:
    """A scatter plot of two groups of points."""
    canvas.pixels[:] = PAPER
    canvas.line(((-0.85, -0.9), (-0.85, 0.85), (0.95, 0.85)), 0.02, INK)
    for _ in range(2):
        colour, (x, y) = vivid(rng), rng.uniform(-0.4, 0.4, 2)
        for dx, dy in rng.normal(0, 0.25, (45, 2)):
            canvas.ellipse(x + dx, y + dy, 0.03, 0.03, colour)


def paint_heat_map(canvas: Canvas, rng: np.random.Generator) -> None:
    """A matrix of cells between blue and yellow."""
    cells = cv2.GaussianBlur(rng.random((9, 12)).astype(np.float32), (3, 3), 0)[..., None]
    share = (cells - cells.min()) / (cells.max() - cells.min())
    colours = np.array((60, 20, 100)) * (1 - share) + np.array((245, 225, 60)) * share
    height, width = canvas.pixels.shape[:2]
    canvas.pixels[:] = cv2.resize(
        colours.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )


def paint_document(canvas: Canvas, rng: np.random.Generator) -> None:
    """A page of text under a heading."""
    canvas.pixels[:] = PAPER
    canvas.line(((-0.75, -0.82), (rng.uniform(-0.2, 0.6), -0.82)), 0.1, INK)
    _lines_of_text(canvas, rng, (-0.8, -0.65, 0.8, 0.92), int(rng.integers(16, 26)))


def paint_newspaper(canvas: Canvas, rng: np.random.Generator) -> None:
    """A newspaper page: masthead, three columns and a grey picture."""
    canvas.pixels[:] = (226, 222, 210)
    canvas.rectangle(-0.9, -0.95, 0.9, -0.72, INK)
    for x in (-0.9, -0.28, 0.34):
        _lines_of_text(canvas, rng, (x, -0.6, x + 0.55, 0.95), 26)
    y = rng.uniform(-0.5, 0.2)
    canvas.rectangle(-0.28, y, 0.9, y + 0.6, (120, 120, 118))


def paint_chat(canvas: Canvas, rng: np.random.Generator) -> None:
    """A screenshot of a chat with bubbles left and right."""
    canvas.pixels[:] = (178, 200, 217)
    canvas.rectangle(-1, -1, 1, -0.84, (70, 90, 110))
    for n, y in enumerate(np.arange(-0.75, 0.9, 0.24)):
        mine = bool(rng.random() < 0.5)
        length = rng.uniform(0.4, 1.1)
        x = 0.9 - length if mine else -0.7
        fill: Rgb = (254, 229, 80) if mine else (255, 255, 255)
        canvas.rectangle(x, float(y), x + length, float(y) + 0.17, fill)
        _lines_of_text(canvas, rng, (x + 0.05, float(y) + 0.03, x + length - 0.05, y + 0.15), 2)
        if not mine:
            canvas.ellipse(-0.84, float(y) + 0.08, 0.08, 0.08, lit(vivid(rng), 1.0 + n % 2 * 0.3))


def paint_terminal(canvas: Canvas, rng: np.random.Generator) -> None:
    """Program text in colours on black."""
    canvas.pixels[:] = (24, 26, 32)
    for y in np.linspace(-0.92, 0.92, 20):
        x = -0.92 + 0.12 * int(rng.integers(0, 4))
        for _ in range(int(rng.integers(1, 6))):
            word = rng.uniform(0.06, 0.25)
            canvas.line(((x, float(y)), (x + word, float(y))), 0.035, lit(vivid(rng), 1.35))
            x += word + 0.05


def paint_spreadsheet(canvas: Canvas, rng: np.random.Generator) -> None:
    """A table of numbers with a green header row."""
    canvas.pixels[:] = (255, 255, 255)
    canvas.rectangle(-1, -1, 1, -0.82, (60, 130, 80))
    columns = int(rng.integers(4, 7))
    for row in range(12):
        y = -0.82 + row * 0.155
        canvas.line(((-1, y), (1, y)), 0.008, (150, 155, 160))
        for column in range(columns):
            x = -0.95 + column * 2 / columns
            _lines_of_text(canvas, rng, (x, y + 0.04, x + rng.uniform(0.1, 0.25), y + 0.12), 1)
    for x in np.linspace(-1, 1, columns + 1):
        canvas.line(((float(x), -1), (float(x), 1)), 0.008, (150, 155, 160))


def paint_qr_code(canvas: Canvas, rng: np.random.Generator) -> None:
    """A square of black and white modules with three finder marks."""
    canvas.pixels[:] = (250, 250, 250)
    side = 1.6 / 25
    for row, column in np.argwhere(rng.random((25, 25)) < 0.48).tolist():
        x, y = -0.8 + column * side, -0.8 + row * side
        canvas.rectangle(x, y, x + side, y + side, INK)
    for x, y in ((-0.8, -0.8), (0.8 - 7 * side, -0.8), (-0.8, 0.8 - 7 * side)):
        for inset, colour in ((0, INK), (1, PAPER), (2, INK)):
            near, far = inset * side, (7 - inset) * side
            canvas.rectangle(x + near, y + near, x + far, y + far, colour)


def paint_barcode(canvas: Canvas, rng: np.random.Generator) -> None:
    """Black bars of many widths above a row of digits."""
    canvas.pixels[:] = PAPER
    x = -0.85
    while x < 0.82:
        bar = float(rng.choice((0.02, 0.04, 0.06)))
        canvas.rectangle(x, -0.7, x + bar, 0.55, INK)
        x += bar + float(rng.choice((0.02, 0.04, 0.05)))
    _lines_of_text(canvas, rng, (-0.7, 0.6, 0.7, 0.8), 1)


def paint_calendar(canvas: Canvas, rng: np.random.Generator) -> None:
    """A month's sheet: a coloured head and seven columns of days."""
    head = vivid(rng)
    canvas.pixels[:] = (252, 252, 250)
    canvas.rectangle(-1, -1, 1, -0.6, head)
    for row in range(5):
        for column in range(7):
            x, y = -0.9 + column * 0.27, -0.5 + row * 0.3
            canvas.rectangle(x, y, x + 0.23, y + 0.25, (228, 230, 234))
            number: Rgb = (205, 50, 45) if column == 0 else INK
            canvas.line(((x + 0.05, y + 0.08), (x + 0.11, y + 0.08)), 0.06, number)
    x, y = -0.785 + 0.27 * int(rng.integers(7)), -0.375 + 0.3 * int(rng.integers(5))
    canvas.ring(x, y, 0.14, 0.14, 0.03, head)


def paint_music_score(canvas: Canvas, rng: np.random.Generator) -> None:
    """Staves with notes."""
    canvas.pixels[:] = (250, 247, 236)
    for top in (-0.8, -0.25, 0.3):
        for line in range(5):
            y = top + line * 0.09
            canvas.line(((-0.95, y), (0.95, y)), 0.01, INK)
        for x in np.linspace(-0.7, 0.85, int(rng.integers(7, 12))):
            y = top + rng.uniform(0, 0.36)
            canvas.ellipse(float(x), y, 0.055, 0.04, INK, -20)
            canvas.line(((float(x) + 0.05, y), (float(x) + 0.05, y - 0.28)), 0.014, INK)


def paint_advertisement(canvas: Canvas, rng: np.random.Generator) -> None:
    """A sale banner: a starburst with big letters on loud colours."""
    canvas.pixels[:] = vivid(rng)
    centre = rng.uniform(-0.15, 0.15)
    burst = [
        (centre + reach * float(np.cos(turn)), reach * float(np.sin(turn)) * 0.8)
        for n, turn in enumerate(np.linspace(0, 2 * np.pi, 33))
        for reach in (0.9 if n % 2 else 0.72,)
    ]
    canvas.polygon(burst, lit(vivid(rng), 1.2))
    height, width = canvas.pixels.shape[:2]
    words = ("SALE", "50%", "1+1", "NEW")[rng.integers(4)]
    size = min(width, height) / 130
    place = (int(width * 0.26), int(height * 0.55))
    font = cv2.FONT_HERSHEY_SIMPLEX
    stroke = max(2, round(size * 4))
    cv2.putText(canvas.pixels, words, place, font, size, INK, stroke, cv2.LINE_AA)
    canvas.line(((-0.6, 0.8), (0.6, 0.8)), 0.12, PAPER)


def paint_piano(canvas: Canvas, rng: np.random.Generator) -> None:
    """The keys of a piano from above."""
    canvas.pixels[:] = (250, 248, 240)
    keys = int(rng.integers(8, 15))
    canvas.rectangle(-1, -1, 1, rng.uniform(-0.75, -0.45), (60, 30, 25))
    for n in range(keys + 1):
        x = -1 + n * 2 / keys
        canvas.line(((x, -0.7), (x, 1)), 0.015, INK)
        if n % 7 not in (0, 3):
            canvas.rectangle(x - 0.6 / keys, -0.6, x + 0.6 / keys, 0.3, INK)
    canvas.line(arc(0, 1.0, 1.4, 0.05, 180, 360), 0.04, (120, 118, 112))
