"""New values for a figure that stays on the screen, sent without the rest of it."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from dash import Patch
from numpy.typing import NDArray

from cnn.figures import Cells, colour_scale, style


def encoded(array: NDArray[np.float32]) -> dict[str, str]:
    """Return an array as the typed data that plotly reads; inside a Patch nothing else does it."""
    data = np.ascontiguousarray(array, np.float32)
    return {
        "dtype": "f4",
        "bdata": base64.b64encode(data.tobytes()).decode("ascii"),
        "shape": ", ".join(str(side) for side in data.shape),
    }


def heatmap(shown: Cells, *, title: str | None = None, hover: str | None = None) -> Patch:
    """Return the change of a heatmap's values, range and colours.

    `title`, and `hover`, what is said of a cell that is pointed at, are changed if they are given.
    """
    patch = Patch()
    trace = patch["data"][0]
    trace["z"] = encoded(shown.z)
    trace["zmin"], trace["zmax"] = shown.low, shown.high
    trace["colorscale"] = colour_scale(shown)
    if shown.values is not None:
        trace["text"] = encoded(shown.values)
    if hover is not None:
        trace["hovertemplate"] = hover
    return _titled(patch, title)


def bars(values: NDArray[np.float32], *, told: Sequence[str] = ()) -> Patch:
    """Return the change of the heights of a figure's bars, and of what is `told` of each."""
    patch = Patch()
    patch["data"][0]["y"] = encoded(values)
    if told:
        patch["data"][0]["customdata"] = list(told)
    return patch


def _titled(patch: Patch, title: str | None) -> Patch:
    if title is not None:
        patch["layout"]["title"]["text"] = style.plain(title)
    return patch
