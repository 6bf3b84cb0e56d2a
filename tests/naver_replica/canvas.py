"""Draw antialiased shapes in unit coordinates onto a NumPy picture.

A `Canvas` is a pixel array and the affine map from its own coordinates (x right, y down, the box
-1…1) to pixels. `Canvas.at` returns the same pixels under a moved, turned, mirrored or scaled map,
so that a painter writes its shape once and the composition decides where and how it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]
Points = Sequence[tuple[float, float]]

# Coordinates are handed to OpenCV in sixteenths of a pixel.
SUBPIXEL_BITS = 4
ELLIPSE_CORNERS = 40


@dataclass(frozen=True, slots=True)
class Canvas:
    """Pixels, uint8 (h, w, 3) or premultiplied (h, w, 4), and the map to them, float64 (2, 3)."""

    pixels: NDArray[np.uint8]
    matrix: NDArray[np.float64]

    @classmethod
    def full_frame(cls, pixels: NDArray[np.uint8]) -> "Canvas":
        """Stretch the box -1…1 over the whole picture."""
        height, width = pixels.shape[:2]
        half_w, half_h = width / 2, height / 2
        return cls(pixels, np.array([[half_w, 0.0, half_w], [0.0, half_h, half_h]]))

    @classmethod
    def centred(cls, pixels: NDArray[np.uint8]) -> "Canvas":
        """Fit the box -1…1 to the central square of the picture, undistorted."""
        height, width = pixels.shape[:2]
        half = min(width, height) / 2
        return cls(pixels, np.array([[half, 0.0, width / 2], [0.0, half, height / 2]]))

    def at(
        self,
        x: float,
        y: float,
        *,
        scale: float = 1.0,
        angle_deg: float = 0.0,
        stretch: float = 1.0,
        mirrored: bool = False,
    ) -> "Canvas":
        """Return the canvas whose origin is (x, y) of this one; `stretch` widens x over y."""
        turn = np.deg2rad(angle_deg)
        sx = scale * stretch * (-1 if mirrored else 1)
        sy = scale / stretch
        inner = np.array(
            [
                [np.cos(turn) * sx, -np.sin(turn) * sy, x],
                [np.sin(turn) * sx, np.cos(turn) * sy, y],
                [0.0, 0.0, 1.0],
            ]
        )
        return Canvas(self.pixels, self.matrix @ inner)

    @property
    def pixels_per_unit(self) -> float:
        """How many pixels one unit spans, averaged over both directions."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def polygon(self, points: Points | NDArray[np.float64], colour: Rgb) -> None:
        """Fill a closed polygon."""
        cv2.fillPoly(
            self.pixels, [self._placed(points)], (*colour, 255), cv2.LINE_AA, SUBPIXEL_BITS
        )

    def blob(self, points: Points, colour: Rgb) -> None:
        """Fill a closed polygon with its corners rounded off."""
        self.polygon(rounded(points), colour)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Rgb) -> None:
        """Fill the rectangle between two corners."""
        self.polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), colour)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Rgb, angle_deg: float = 0.0
    ) -> None:
        """Fill an ellipse with radii rx and ry."""
        self.polygon(arc(x, y, rx, ry, 0, 360, angle_deg), colour)

    def sector(
        self, x: float, y: float, rx: float, ry: float, span_deg: tuple[float, float], colour: Rgb
    ) -> None:
        """Fill the slice of an ellipse between two angles, clockwise from the right."""
        self.polygon([(x, y), *arc(x, y, rx, ry, *span_deg)], colour)

    def ring(self, x: float, y: float, rx: float, ry: float, width: float, colour: Rgb) -> None:
        """Stroke an ellipse."""
        self.line(arc(x, y, rx, ry, 0, 360), width, colour)

    def line(self, points: Points, width: float, colour: Rgb) -> None:
        """Stroke a line through the points, never thinner than one pixel."""
        thickness = max(1, round(width * self.pixels_per_unit))
        cv2.polylines(
            self.pixels,
            [self._placed(points)],
            isClosed=False,
            color=(*colour, 255),
            thickness=thickness,
            lineType=cv2.LINE_AA,
            shift=SUBPIXEL_BITS,
        )

    def _placed(self, points: Points | NDArray[np.float64]) -> NDArray[np.int32]:
        corners = np.asarray(points, dtype=np.float64)  # (n, 2)
        pixels = corners @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.rint(pixels * (1 << SUBPIXEL_BITS)).astype(np.int32)


def arc(
    x: float,
    y: float,
    rx: float,
    ry: float,
    start_deg: float,
    end_deg: float,
    angle_deg: float = 0.0,
) -> list[tuple[float, float]]:
    """Return points along an ellipse, clockwise from `start_deg`, the ellipse turned by `angle`."""
    turn = np.deg2rad(np.linspace(start_deg, end_deg, ELLIPSE_CORNERS))
    tilt = np.deg2rad(angle_deg)
    xs, ys = rx * np.cos(turn), ry * np.sin(turn)
    across = x + xs * np.cos(tilt) - ys * np.sin(tilt)
    down = y + xs * np.sin(tilt) + ys * np.cos(tilt)
    return list(zip(across.tolist(), down.tolist(), strict=True))


def rounded(points: Points, rounds: int = 3) -> NDArray[np.float64]:
    """Cut the corners of a closed polygon (Chaikin 1974), which doubles its points each round."""
    corners = np.asarray(points, dtype=np.float64)
    for _ in range(rounds):
        following = np.roll(corners, -1, axis=0)
        cut = np.stack((0.75 * corners + 0.25 * following, 0.25 * corners + 0.75 * following), 1)
        corners = cut.reshape(-1, 2)
    return corners


def lit(colour: Rgb, factor: float) -> Rgb:
    """Darken (factor < 1) or lighten towards white (factor > 1) a colour."""
    if factor <= 1:
        return _rgb(np.array(colour) * factor)
    return _rgb(255 - (255 - np.array(colour)) * (2 - min(factor, 2)))


def mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    """Return the colour that is `share` of the way from one to the other."""
    return _rgb(np.array(one) * (1 - share) + np.array(other) * share)


def _rgb(values: NDArray[np.float64]) -> Rgb:
    red, green, blue = (int(v) for v in np.clip(np.rint(values), 0, 255))
    return red, green, blue
