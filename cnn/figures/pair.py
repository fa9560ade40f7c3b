"""The same layer twice, in one range of colours, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnn.colours import ColourRange, colour_range, difference_range
from cnn.figures.mosaic import Cells, Mosaic, as_maps, feature_maps, units, vector_grid


@dataclass(frozen=True, eq=False)
class Pair:
    """A layer's output twice, side by side, float32 (height, width, channels) or (units,)."""

    left: NDArray[np.float32]
    right: NDArray[np.float32]

    @property
    def difference(self) -> NDArray[np.float32]:
        """Right minus left."""
        return np.subtract(self.right, self.left, dtype=np.float32)

    @property
    def limits(self) -> ColourRange:
        """The range of colours that serves both."""
        return colour_range(self.left, self.right)

    @property
    def spread(self) -> ColourRange:
        """The range of the difference, symmetric about zero."""
        return difference_range(self.difference)

    @property
    def cells(self) -> tuple[Cells, Cells, Cells]:
        """What the three heatmaps show: left, right, and the difference."""
        return (
            Cells(_tiled(self.left), *self.limits),
            Cells(_tiled(self.right), *self.limits),
            Cells(_tiled(self.difference), *self.spread),
        )

    def figures(self, titles: tuple[str, str, str]) -> tuple[go.Figure, go.Figure, go.Figure]:
        """Return the three heatmaps with their titles."""
        same, own = "value, one range for both", "right minus left"
        return (
            _figure(self.left, titles[0], self.limits, same),
            _figure(self.right, titles[1], self.limits, same),
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
