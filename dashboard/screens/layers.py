"""How the output of a layer is shown: maps as a mosaic, units as bars, classes as probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.colours import ColourRange, colour_range
from cnn.figures import Chart, Scale
from cnn.figures.mosaic import MOST_NUMBERS

# The axes of a volume.
VOLUME = 4


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """One layer's output for one picture, and the pass it comes from.

    `depth` is the slice of a volume (depth, height, width, channels) that is shown; without it all are,
    one below the other.
    """

    info: cnn.LayerInfo
    values: NDArray[np.float32]
    passed: cnn.ForwardPass
    depth: int | None = None

    @property
    def prediction(self) -> cnn.Prediction:
        """What the model says of the picture."""
        return self.passed.prediction

    @property
    def is_vector(self) -> bool:
        """Whether the output is one number per unit."""
        return self.values.ndim == 1

    @property
    def is_prediction(self) -> bool:
        """Whether the output is the class probabilities."""
        given = self.prediction.probabilities
        is_same = self.values.shape == given.shape and np.array_equal(self.values, given)
        return self.prediction.head.form == "softmax" and is_same

    @property
    def maps(self) -> NDArray[np.float32]:
        """The output as maps (height, width, channels)."""
        return cnn.figures.as_maps(self.values if self.depth is None else self.values[self.depth])

    @property
    def slices(self) -> tuple[int, int] | None:
        """The first slice that is shown, and how many rows one has; None of what is no volume."""
        return (self.depth or 0, self.values.shape[1]) if self.values.ndim == VOLUME else None

    @property
    def title(self) -> str:
        """What a figure of the output is called."""
        if self.is_prediction:
            return f"{self.info.name}: class probabilities"
        if self.is_vector:
            return f"{self.info.name}: {cnn.captions.counted(self.info.channels, 'unit')}"
        title = f"{self.info.name}: {cnn.captions.sides(self.values.shape)}"
        return title if self.depth is None else f"{title}, slice {self.depth}"

    @property
    def caption(self) -> cnn.captions.Caption:
        """What the picture shows and what to notice in it."""
        if self.is_prediction:
            return cnn.captions.probabilities(self.info, self.prediction)
        began = None if np.isfinite(self.values).all() else self.passed.first_not_finite
        return cnn.captions.layer_output(self.info, self.values, began=began)

    @property
    def _limits(self) -> ColourRange | None:
        """The range of the colours of a slice, which is that of all; None: that of what is shown."""
        return None if self.depth is None else colour_range(self.values)

    def chart(self, scale: Scale, *, most: int = MOST_NUMBERS) -> Chart:
        """Return the output as a chart, of maps with at most so many numbers."""
        title, caption = self.title, self.caption
        if self.is_prediction:
            names = self.prediction.class_names
            chart = cnn.figures.probabilities_chart(
                self.values, names, title=title, caption=caption
            )
        elif self.is_vector:
            chart = cnn.figures.outputs_chart(self.values, title=title, caption=caption)
        else:
            bound = self.passed.bound if scale == "network" else None
            limits = self._limits if scale == "layer" else None
            rows = cnn.figures.slice_rows_of(self.values) if self.depth is None else None
            chart = cnn.figures.maps_chart(
                self.maps, title=title, scale=scale, bound=bound, limits=limits, most=most,
                slice_rows=rows, caption=caption,
            )  # fmt: skip
        return chart.of_layer(self.info.name, slices=self.slices)


def layer_output(
    info: cnn.LayerInfo, passed: cnn.ForwardPass, depth: int | None = None
) -> LayerOutput:
    """Return the output of a layer in a pass, of a volume one slice or all."""
    return LayerOutput(info, passed.activations[info.name], passed, depth)
