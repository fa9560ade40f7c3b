"""How the output of a layer is shown: maps as a mosaic, units as bars, classes as probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.figures import Chart, Scale
from cnn.figures.mosaic import MOST_NUMBERS


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """One layer's output for one picture, and the pass it comes from."""

    info: cnn.LayerInfo
    values: NDArray[np.float32]
    passed: cnn.ForwardPass

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
        return cnn.figures.as_maps(self.values)

    @property
    def title(self) -> str:
        """What a figure of the output is called."""
        if self.is_prediction:
            return f"{self.info.name}: class probabilities"
        if self.is_vector:
            return f"{self.info.name}: {cnn.captions.counted(self.info.channels, 'unit')}"
        return f"{self.info.name}: {cnn.captions.sides(self.values.shape)}"

    @property
    def caption(self) -> cnn.captions.Caption:
        """What the picture shows and what to notice in it."""
        if self.is_prediction:
            return cnn.captions.probabilities(self.info, self.prediction)
        began = None if np.isfinite(self.values).all() else self.passed.first_not_finite
        return cnn.captions.layer_output(self.info, self.values, began=began)

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
            chart = cnn.figures.maps_chart(
                self.maps, title=title, scale=scale, bound=bound, most=most, caption=caption
            )
        return chart.of_layer(self.info.name)


def layer_output(info: cnn.LayerInfo, passed: cnn.ForwardPass) -> LayerOutput:
    """Return the output of a layer in a pass."""
    return LayerOutput(info, passed.activations[info.name], passed)
