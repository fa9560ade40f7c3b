"""The same layer twice, in one range of colours, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption
from cnn.colours import ColourRange, colour_range, difference_range
from cnn.figures.chart import Chart
from cnn.figures.mosaic import MOST_TOGETHER, as_maps, maps_chart, slice_rows_of, units_chart


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

    def charts(
        self,
        titles: tuple[str, str, str],
        captions: tuple[Caption, Caption, Caption],
        own: str = "right minus left",
    ) -> tuple[Chart, Chart, Chart]:
        """Return three heatmaps: left, right, and the difference, whose numbers are called `own`."""
        same = "value, one range for both"
        return (
            _chart(self.left, titles[0], self.limits, same, captions[0]),
            _chart(self.right, titles[1], self.limits, same, captions[1]),
            _chart(self.difference, titles[2], self.spread, own, captions[2]),
        )


def _chart(
    values: NDArray[np.float32], title: str, limits: ColourRange, label: str, caption: Caption
) -> Chart:
    if values.ndim == 1:
        return units_chart(values, title=title, limits=limits, label=label, caption=caption)
    return maps_chart(
        as_maps(values),
        title=title,
        limits=limits,
        label=label,
        most=MOST_TOGETHER // 4,
        slice_rows=slice_rows_of(values),
        caption=caption,
    )
