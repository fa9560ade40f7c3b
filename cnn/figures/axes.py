"""The axis that a curve's values stand on: from zero up, or logarithmic where they span decades.

Ranges are given and not left to plotly.js, which puts a constant of 0.001 between -1 and 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_DECADES_APART = 100
_FEW = 0.1
_MOST_DECADES_DIVIDED = 2
_MOST_POWERS = 5
_ROOM = 0.04
_LEAST_SPAN_OF_SHARES = 0.01
_COARSE_SPAN_OF_SHARES = 0.05
_TITLE_PIXELS = 11


def spans_decades(values: ArrayLike) -> bool:
    """Whether the largest is at least a hundred times what a tenth of the positive ones stay below.

    So a few very small values, such as the end of a cosine, do not count, and an explosion does.
    """
    positive = _positive(values)
    if not positive.size:
        return False
    return bool(positive.max() >= _DECADES_APART * np.quantile(positive, _FEW))


def amounts(values: ArrayLike, quantity: str) -> dict[str, Any]:
    """Return the axis of values that are not negative, logarithmic where they span decades."""
    return logarithmic(values, quantity) if spans_decades(values) else from_zero(values, quantity)


def from_zero(values: ArrayLike, quantity: str) -> dict[str, Any]:
    """Return a linear axis from zero to a little above the largest value."""
    positive = _positive(values)
    top = float(positive.max()) if positive.size else 1.0
    return {
        "type": "linear", "range": [0, (1 + _ROOM) * top], "tickformat": "~g",
        "title": _title(quantity),
    }  # fmt: skip


def logarithmic(values: ArrayLike, quantity: str) -> dict[str, Any]:
    """Return a logarithmic axis that says so; what is not positive has no place on it."""
    positive = _positive(values)
    decades = np.log10(positive.max() / positive.min()) if positive.size else 0
    few = decades <= _MOST_DECADES_DIVIDED
    return {
        "type": "log", "dtick": "D2" if few else int(np.ceil(decades / _MOST_POWERS)),
        "tickformat": "~g", "title": _title(f"{quantity}, logarithmic axis"),
    }  # fmt: skip


def shares(values: ArrayLike, quantity: str) -> dict[str, Any]:
    """Return the axis of shares, 0 to 1, in percent: as wide as they are apart, or a little more."""
    known = _finite(values)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    span = max(high - low, _LEAST_SPAN_OF_SHARES)
    middle, half = (low + high) / 2, (0.5 + _ROOM) * span
    form = ".0%" if span > _COARSE_SPAN_OF_SHARES else ".1%"
    return {
        "type": "linear", "range": [middle - half, middle + half], "tickformat": form,
        "title": _title(quantity),
    }  # fmt: skip


def _title(text: str) -> dict[str, Any]:
    # Small, so that it is not longer than the axis is high on a phone.
    return {"text": text, "font": {"size": _TITLE_PIXELS}}


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    known = np.asarray(values, np.float64).ravel()
    return known[np.isfinite(known)]


def _positive(values: ArrayLike) -> NDArray[np.float64]:
    known = _finite(values)
    return known[known > 0]
