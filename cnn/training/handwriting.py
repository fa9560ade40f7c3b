"""Ones with a flag and no foot, as much of Europe writes them: MNIST has hardly any."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cnn.images.digits import centre_digit

Points = NDArray[np.float64]

_SIDE = 256
_HEIGHT = 150
_FLAG_DEGREES = (28, 68)
_FLAG_LENGTH = (0.26, 0.62)
_LEAN = (-0.36, 0.2)
_BOW = 0.03
_TREMOR = 0.012
_PEN = (0.05, 0.2)
_POINTS = 12


def flagged_ones(count: int, *, seed: int = 0) -> NDArray[np.uint8]:
    """Return ones drawn by a pen, uint8 (count, 28, 28, 1), framed as MNIST frames a digit.

    Each has an upright stem and, on the left of its top, a flag that points down by 28 to 68
    degrees. The same seed gives the same ones.
    """
    random = np.random.default_rng(seed)
    drawn = [centre_digit(_drawn(random)) for _ in range(count)]
    return np.stack(drawn) if drawn else np.zeros((0, 28, 28, 1), np.uint8)


def _drawn(random: np.random.Generator) -> NDArray[np.uint8]:
    """Return one of them, white ink on black, uint8 (256, 256)."""
    angle = np.radians(random.uniform(*_FLAG_DEGREES))
    length, top = random.uniform(*_FLAG_LENGTH), np.zeros(2)
    foot = np.array([random.uniform(*_LEAN), 1.0])
    flag = length * np.array([-np.cos(angle), np.sin(angle)])
    line = np.concatenate([_stroke(flag, top, random), _stroke(top, foot, random)])
    width = round(random.uniform(*_PEN) * _HEIGHT)
    corner = np.array([_SIDE / 2, (_SIDE - _HEIGHT) / 2])
    return _inked(corner + _HEIGHT * line, width)


def _stroke(start: Points, end: Points, random: np.random.Generator) -> Points:
    """Return points (n, 2) from start to end, a little bowed and shaken."""
    share = np.linspace(0, 1, _POINTS)[:, None]
    across = np.array([start[1] - end[1], end[0] - start[0]])
    bow = random.normal(0, _BOW) * 4 * share * (1 - share) * across
    shaken = random.normal(0, _TREMOR, (_POINTS, 2)) * (4 * share * (1 - share))
    line: Points = start + share * (end - start) + bow + shaken
    return line


def _inked(line: Points, width: int) -> NDArray[np.uint8]:
    """Return a line (n, 2) in pixels (x, y) as a round pen of that width draws it."""
    picture = Image.new("L", (_SIDE, _SIDE))
    pen = ImageDraw.Draw(picture)
    points = [(float(x), float(y)) for x, y in line]
    pen.line(points, fill=255, width=width)
    for x, y in points:
        pen.circle((x, y), width / 2, fill=255)
    return np.asarray(picture)
