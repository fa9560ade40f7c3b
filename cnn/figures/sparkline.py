"""A curve as small as a word."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from urllib.parse import quote

from cnn.colours import BLUE

WIDTH, HEIGHT = 96, 24
_ROOM = 2


def sparkline(values: Sequence[float]) -> str:
    """Return the values, from left to right, as the address of an SVG picture of 96×24 pixels.

    The lowest value lies at the bottom; values that are no numbers are left out.
    """
    points = [(i, value) for i, value in enumerate(values) if isfinite(value)]
    low, high = min((v for _, v in points), default=0), max((v for _, v in points), default=0)
    across = (WIDTH - 2 * _ROOM) / max(1, len(values) - 1)
    up = (HEIGHT - 2 * _ROOM) / ((high - low) or 1)
    places = [(_ROOM + across * i, HEIGHT - _ROOM - up * (value - low)) for i, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dot = f'<circle cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="2"/>' if places else ""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'fill="{BLUE}"><polyline points="{line}" fill="none" stroke="{BLUE}" '
        f'stroke-width="1.5"/>{dot}</svg>'
    )
    return f"data:image/svg+xml,{quote(svg)}"
