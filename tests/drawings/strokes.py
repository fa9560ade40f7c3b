"""How people write the digits, as strokes of a mouse over the drawing area.

A form is a way to write a digit, a style how it is drawn: large, in a corner, slanted. Everything
random is seeded, so that the set is always the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIDE = 280
PER_STYLE = 2

# A stroke is a list of smooth pieces that meet in corners; a piece goes through its points (x, y).
# A digit is one high, from y 0 at the top to 1 at the bottom, and about 0.6 wide.
Piece = list[tuple[float, float]]
Stroke = list[Piece]

_BELLY = [
    (0.08, 0.42),
    (0.27, 0.36),
    (0.49, 0.45),
    (0.58, 0.67),
    (0.48, 0.9),
    (0.26, 1.0),
    (0.03, 0.92),
]
_FLAG: Stroke = [
    [(0.07, 0.27), (0.21, 0.15), (0.34, 0.0)],
    [(0.34, 0.0), (0.34, 0.5), (0.32, 1.0)],
]
_SEVEN: Stroke = [
    [(0.02, 0.03), (0.3, 0.02), (0.6, 0.0)],
    [(0.6, 0.0), (0.41, 0.42), (0.26, 1.0)],
]
_NINE = [
    (0.54, 0.17), (0.37, 0.0), (0.13, 0.07), (0.04, 0.28), (0.15, 0.49), (0.37, 0.46), (0.52, 0.28),
    (0.56, 0.1),
]  # fmt: skip

FORMS: dict[int, dict[str, list[Stroke]]] = {
    0: {
        "oval": [[[
            (0.37, 0.02), (0.16, 0.08), (0.03, 0.32), (0.02, 0.62), (0.14, 0.91), (0.33, 1.0),
            (0.52, 0.88), (0.62, 0.6), (0.58, 0.28), (0.45, 0.07), (0.29, 0.03),
        ]]],
        "round": [[[
            (0.42, 0.0), (0.16, 0.12), (0.02, 0.4), (0.08, 0.74), (0.32, 0.98), (0.6, 0.94),
            (0.82, 0.68), (0.84, 0.34), (0.66, 0.07), (0.38, 0.02),
        ]]],
        "slim": [[[
            (0.24, 0.0), (0.09, 0.12), (0.02, 0.4), (0.03, 0.74), (0.14, 0.97), (0.28, 0.98),
            (0.42, 0.78), (0.44, 0.42), (0.36, 0.11), (0.22, 0.0), (0.18, 0.05),
        ]]],
    },
    1: {
        "bare": [[[(0.32, 0.0), (0.3, 0.5), (0.27, 1.0)]]],
        "flag": [_FLAG],
        "foot": [_FLAG, [[(0.08, 1.0), (0.34, 0.99), (0.6, 1.0)]]],
    },
    2: {
        "plain": [[
            [(0.04, 0.24), (0.12, 0.07), (0.31, 0.0), (0.51, 0.09), (0.55, 0.29), (0.42, 0.55),
             (0.21, 0.8), (0.02, 1.0)],
            [(0.02, 1.0), (0.3, 0.98), (0.62, 0.99)],
        ]],
        "loop": [[[
            (0.06, 0.22), (0.16, 0.05), (0.36, 0.0), (0.53, 0.12), (0.52, 0.34), (0.38, 0.62),
            (0.22, 0.88), (0.1, 0.97), (0.02, 0.9), (0.09, 0.79), (0.24, 0.84), (0.43, 0.97),
            (0.64, 0.93),
        ]]],
    },
    3: {
        "round": [[
            [(0.06, 0.14), (0.2, 0.01), (0.4, 0.02), (0.52, 0.16), (0.48, 0.34), (0.35, 0.44),
             (0.2, 0.47)],
            [(0.2, 0.47), (0.42, 0.5), (0.57, 0.64), (0.56, 0.84), (0.38, 0.99), (0.16, 0.98),
             (0.02, 0.86)],
        ]],
        "flat": [[
            [(0.05, 0.02), (0.3, 0.0), (0.55, 0.01)],
            [(0.55, 0.01), (0.42, 0.2), (0.26, 0.4)],
            [(0.26, 0.4), (0.48, 0.45), (0.6, 0.65), (0.53, 0.88), (0.32, 1.0), (0.1, 0.96),
             (0.01, 0.85)],
        ]],
    },
    4: {
        "open": [
            [[(0.12, 0.0), (0.08, 0.3), (0.03, 0.58)], [(0.03, 0.58), (0.3, 0.6), (0.66, 0.57)]],
            [[(0.48, 0.06), (0.48, 0.5), (0.46, 1.0)]],
        ],
        "closed": [
            [[(0.46, 0.0), (0.22, 0.36), (0.0, 0.66)], [(0.0, 0.66), (0.3, 0.67), (0.68, 0.66)]],
            [[(0.46, 0.01), (0.46, 0.5), (0.44, 1.0)]],
        ],
    },
    5: {
        "hat": [
            [[(0.12, 0.02), (0.1, 0.22), (0.08, 0.42)], _BELLY],
            [[(0.11, 0.02), (0.32, 0.02), (0.57, 0.0)]],
        ],
        "one stroke": [[
            [(0.55, 0.0), (0.34, 0.02), (0.13, 0.02)],
            [(0.13, 0.02), (0.11, 0.2), (0.08, 0.42)],
            _BELLY,
        ]],
    },
    6: {
        "curved": [[[
            (0.49, 0.02), (0.26, 0.14), (0.09, 0.4), (0.03, 0.7), (0.12, 0.93), (0.32, 1.0),
            (0.52, 0.9), (0.56, 0.7), (0.43, 0.54), (0.23, 0.56), (0.06, 0.74),
        ]]],
        "straight": [[[
            (0.42, 0.0), (0.23, 0.28), (0.07, 0.58), (0.04, 0.82), (0.2, 0.99), (0.44, 0.96),
            (0.58, 0.76), (0.48, 0.56), (0.27, 0.54), (0.08, 0.7),
        ]]],
    },
    7: {
        "plain": [_SEVEN],
        "bar": [_SEVEN, [[(0.18, 0.52), (0.4, 0.5), (0.58, 0.5)]]],
        "serif": [[[(0.03, 0.15), (0.03, 0.02)], *_SEVEN]],
    },
    8: {
        "one curve": [[[
            (0.5, 0.13), (0.32, 0.0), (0.12, 0.09), (0.12, 0.3), (0.33, 0.48), (0.55, 0.66),
            (0.55, 0.88), (0.32, 1.0), (0.09, 0.9), (0.07, 0.69), (0.27, 0.5), (0.48, 0.32),
            (0.52, 0.12), (0.42, 0.03),
        ]]],
        "two circles": [
            [[(0.36, 0.01), (0.16, 0.06), (0.1, 0.26), (0.24, 0.46), (0.43, 0.42), (0.52, 0.23),
              (0.43, 0.05), (0.3, 0.01)]],
            [[(0.32, 0.46), (0.1, 0.55), (0.03, 0.76), (0.16, 0.97), (0.42, 0.99), (0.58, 0.78),
              (0.52, 0.56), (0.29, 0.47)]],
        ],
    },
    9: {
        "straight": [[_NINE, [(0.56, 0.1), (0.55, 0.5), (0.51, 1.0)]]],
        "curved": [[_NINE, [(0.56, 0.1), (0.57, 0.45), (0.5, 0.8), (0.32, 0.98), (0.08, 0.92)]]],
    },
}  # fmt: skip


# Ones with a flag and no foot, as much of Europe writes them. The forms are other than those of
# `cnn.training.handwriting`, which the bundled classifier was trained with.
FLAGGED_ONES: dict[str, list[Stroke]] = {
    "long flag": [[
        [(0.0, 0.42), (0.21, 0.2), (0.4, 0.0)],
        [(0.4, 0.0), (0.41, 0.5), (0.4, 1.0)],
    ]],
    "low flag": [[
        [(0.0, 0.29), (0.2, 0.16), (0.41, 0.0)],
        [(0.41, 0.0), (0.4, 0.5), (0.39, 1.0)],
    ]],
    "steep flag": [[
        [(0.0, 0.5), (0.13, 0.24), (0.28, 0.0)],
        [(0.28, 0.0), (0.27, 0.5), (0.28, 1.0)],
    ]],
    "bent flag": [[
        [(0.0, 0.4), (0.16, 0.32), (0.29, 0.17), (0.36, 0.0)],
        [(0.36, 0.0), (0.37, 0.5), (0.36, 1.0)],
    ]],
    "flag last": [
        [[(0.36, 0.0), (0.35, 0.5), (0.35, 1.0)]],
        [[(0.38, 0.02), (0.2, 0.19), (0.02, 0.33)]],
    ],
    "leaning": [[
        [(0.0, 0.38), (0.22, 0.19), (0.43, 0.0)],
        [(0.43, 0.0), (0.38, 0.5), (0.32, 1.0)],
    ]],
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a digit is drawn; lengths in pixels of the drawing area.

    `slant` is in degrees to the right, `width` a factor, `step` the way of the mouse between two
    events, `tremor` a share of the height. `places` are tried in turn: shares of the room left.
    """

    height: float = 170
    brush: int = 24
    slant: float = 0
    width: float = 1
    step: float = 6
    tremor: float = 0.006
    places: tuple[tuple[float, float], ...] = ((0.5, 0.5),)


STYLES = {
    "normal": Style(),
    "large": Style(height=246),
    "small": Style(height=70, brush=14, step=3, places=((0.5, 0.5), (0.4, 0.6))),
    "off-centre": Style(height=112, brush=18, places=((0, 0), (1, 0), (0, 1), (1, 1))),
    "thin": Style(brush=8),
    "thick": Style(height=190, brush=42),
    "slanted left": Style(slant=-17),
    "slanted right": Style(slant=18),
    "narrow": Style(width=0.62),
    "wide": Style(width=1.4),
    "wobbly": Style(step=22, tremor=0.03),
}


@dataclass(frozen=True)
class Drawing:
    """A digit to be drawn; each stroke is a list of whole (x, y) within the drawing area."""

    digit: int
    form: str
    style: str
    brush: int
    strokes: list[list[tuple[int, int]]] = field(repr=False)


def drawings() -> list[Drawing]:
    """Return the whole set: every digit `PER_STYLE` times in every style, its forms in turn, then
    every flagged one in every style.
    """
    of_each_digit = [
        draw(digit, form, style, place)
        for digit, forms in FORMS.items()
        for form, style, place in _combinations(list(forms), digit)
    ]
    flagged = [
        draw(1, form, style, place) for form in FLAGGED_ONES for place, style in enumerate(STYLES)
    ]
    return [*of_each_digit, *flagged]


def _combinations(forms: list[str], first: int) -> Iterator[tuple[str, str, int]]:
    for row, style in enumerate(STYLES):
        for column in range(PER_STYLE):
            yield forms[(row + column) % len(forms)], style, first + PER_STYLE * row + column


def draw(digit: int, form: str, style: str, place: int) -> Drawing:
    """Return a digit as one hand draws it once: no two are the same, but each is seeded."""
    look = STYLES[style]
    rng = np.random.default_rng([digit, place, *map(zlib.crc32, (form.encode(), style.encode()))])
    forms = {**FORMS[digit], **(FLAGGED_ONES if digit == 1 else {})}
    curves = [_curve(stroke, rng) for stroke in forms[form]]
    curves = _placed(_slanted(curves, look, rng), look, look.places[place % len(look.places)])
    shaken = [_shaken(curve, look, rng) for curve in curves]
    return Drawing(digit, form, style, look.brush, [_events(curve) for curve in shaken])


def _curve(stroke: Stroke, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the points of a stroke (n, 2), close to each other; no hand meets its aims exactly."""
    pieces = [np.array(piece) for piece in stroke]
    for piece in pieces:
        piece += rng.normal(0, 0.018, piece.shape)
    for before, after in pairwise(pieces):
        after[0] = before[-1]
    return np.concatenate([_smooth(piece) for piece in pieces])


def _smooth(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a Catmull-Rom spline through the points, 40 to a part."""
    ends = 2 * points[[0, -1]] - points[[1, -2]]
    a, b, c, d = (
        np.concatenate([ends[:1], points, ends[1:]])[i:][: len(points) - 1] for i in range(4)
    )
    t = np.linspace(0, 1, 40)[:, None, None]
    parts = b + t * (c - a) / 2 + t**2 * (a - 2.5 * b + 2 * c - d / 2)
    parts = parts + t**3 * (1.5 * (b - c) + (d - a) / 2)
    return parts.swapaxes(0, 1).reshape(-1, 2)


def _slanted(
    curves: list[NDArray[np.float64]], look: Style, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Return the curves in the width and slant of a style, turned by some degrees."""
    turn, lean = np.radians([rng.normal(0, 2.5), look.slant + rng.normal(0, 1.5)])
    width = look.width * rng.uniform(0.93, 1.07)
    shape = np.array([[width, 0], [-np.tan(lean), 1]])
    turned = shape @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    return [curve @ turned for curve in curves]


def _placed(
    curves: list[NDArray[np.float64]], look: Style, place: tuple[float, float]
) -> list[NDArray[np.float64]]:
    """Return the curves in pixels, in the height of a style, no wider than the drawing area."""
    points = np.concatenate(curves)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    most = SIDE - look.brush - 8
    scale = min(look.height / extent[1], most / extent[0])
    room = SIDE - scale * extent - look.brush - 8
    corner = look.brush / 2 + 4 + np.array(place) * room
    return [corner + scale * (curve - low) for curve in curves]


def _shaken(
    curve: NDArray[np.float64], look: Style, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the points (n, 2) where a trembling mouse is seen, about a step apart."""
    way = np.concatenate([[0], np.hypot(*np.diff(curve, axis=0).T).cumsum()])
    count = max(3, round(way[-1] / look.step))
    at = np.linspace(0, way[-1], count + 1)
    at[1:-1] += rng.uniform(-0.3, 0.3, count - 1) * way[-1] / count
    seen = np.stack([np.interp(at, way, side) for side in curve.T], axis=1)
    waves = max(4, round(way[-1] / 40))
    for axis in (0, 1):
        knots = rng.normal(0, look.tremor * look.height, waves)
        seen[:, axis] += np.interp(at, np.linspace(0, way[-1], waves), knots)
    return seen


def _events(curve: NDArray[np.float64]) -> list[tuple[int, int]]:
    inside = np.clip(curve.round().astype(int), 0, SIDE - 1)
    return [(int(x), int(y)) for x, y in inside]
