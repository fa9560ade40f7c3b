"""The same layer twice, in one range of colours, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnn.figures.mosaic import (
    Cells,
    Mosaic,
    as_maps,
    colour_range,
    feature_maps,
    units,
    vector_grid,
)


@dataclass(frozen=True, eq=False)
class Pair:
    """A layer's output before and after, float32 (height, width, channels) or (units,)."""

    before: NDArray[np.float32]
    after: NDArray[np.float32]

    @property
    def difference(self) -> NDArray[np.float32]:
        """After minus before."""
        return np.subtract(self.after, self.before, dtype=np.float32)

    @property
    def limits(self) -> tuple[float, float]:
        """The range of colours that serves both."""
        return colour_range(np.stack([self.before, self.after]))

    @property
    def spread(self) -> tuple[float, float]:
        """The range of the difference, symmetric about zero."""
        most = float(np.abs(self.difference).max(initial=0)) or 1.0
        return -most, most

    @property
    def cells(self) -> tuple[Cells, Cells, Cells]:
        """What the three heatmaps show: before, after, and the difference."""
        (low, high), (least, most) = self.limits, self.spread
        return (
            Cells(_tiled(self.before), low, high),
            Cells(_tiled(self.after), low, high),
            Cells(_tiled(self.difference), least, most),
        )

    def figures(self, titles: tuple[str, str, str]) -> tuple[go.Figure, go.Figure, go.Figure]:
        """Return the three heatmaps with their titles."""
        same, own = "value, one range for both moments", "after minus before"
        return (
            _figure(self.before, titles[0], self.limits, same),
            _figure(self.after, titles[1], self.limits, same),
            _figure(self.difference, titles[2], self.spread, own),
        )


def _tiled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if values.ndim == 1:
        return vector_grid(values).tile(values[None, None])
    maps = as_maps(values)
    return Mosaic.of(maps.shape).tile(maps)


def _figure(
    values: NDArray[np.float32], title: str, limits: tuple[float, float], label: str
) -> go.Figure:
    if values.ndim == 1:
        return units(values, title=title, limits=limits, label=label)
    return feature_maps(as_maps(values), title=title, limits=limits, label=label)
