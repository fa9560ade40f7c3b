"""How the output of a layer is shown: maps as a mosaic, units as bars, classes as probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.figures import Scale
from dashboard.screens import repaint
from dashboard.screens.values import Asked


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """One layer's output for one picture, and the pass it comes from."""

    info: cnn.LayerInfo
    values: NDArray[np.float32]
    prediction: cnn.Prediction
    bound: float

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
        return cnn.captions.layer_output(self.info, self.values)

    @property
    def size(self) -> dict[str, str]:
        """The size of its figure, for the style sheet."""
        if self.is_vector:
            return {"height": "50cqw"}
        return cnn.figures.heatmap_size(cnn.figures.Mosaic.of(self.maps.shape).shape)

    def kind(self, scale: Scale) -> str:
        """Return what a painted figure must have in common with this one to be repainted."""
        form = "classes" if self.is_prediction else "units" if self.is_vector else "maps"
        relative = scale == "channel" and form == "maps"
        return f"{form}{self.values.shape}{scale if form == 'maps' else ''}{relative}"

    def figure(self, scale: Scale) -> Any:
        """Return the whole figure."""
        if self.is_prediction:
            names = self.prediction.class_names
            return cnn.figures.probabilities(self.values, names, title=self.title)
        if self.is_vector:
            return cnn.figures.outputs(self.values, title=self.title)
        return cnn.figures.feature_maps(self.maps, title=self.title, scale=scale, bound=self.bound)

    def repaint(self, scale: Scale) -> Any:
        """Return the change that brings a painted figure of this kind up to date."""
        if self.is_prediction:
            return repaint.bars(self.values, told=cnn.figures.shares_told(self.values))
        if self.is_vector:
            return repaint.bars(self.values)
        return repaint.heatmap(self.cells(scale))

    def cells(self, scale: Scale) -> cnn.figures.Cells:
        """Return what the heatmap of its maps shows."""
        return cnn.figures.cells(self.maps, scale=scale, bound=self.bound)

    def live(self, asked: Asked, figure: Any) -> dict[str, Any]:
        """Return what repaints the figure while a pen moves."""
        if self.is_vector:
            return asked.bars(figure, self.values)
        return asked.cells(figure, self.cells(asked.view.scale))


def layer_outputs(model: Any, passed: cnn.ForwardPass) -> dict[str, LayerOutput]:
    """Return the output of every layer by name; their common bound leaves out the picture itself."""
    infos = {info.name: info for info in cnn.layer_infos(model)}
    computed = [passed.activations[name] for name, info in infos.items() if info.inputs]
    bound = cnn.figures.largest_magnitude(computed)
    return {
        name: LayerOutput(info, passed.activations[name], passed.prediction, bound)
        for name, info in infos.items()
    }
