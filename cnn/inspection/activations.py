"""What every layer makes of one picture, in one compiled pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.predictions import Prediction
from cnn.models import graph, heads
from cnn.models.compilation import compiled_once
from cnn.models.layers import is_large, layer_info
from cnn.models.orientation import channels_first, read
from cnn.models.preparing import prepare

if TYPE_CHECKING:
    import keras

_PASS = "_cnn_pass"
Activations = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """Everything that one pass of a picture through the model computed."""

    activations: Activations
    prediction: Prediction

    @cached_property
    def first_not_finite(self) -> str | None:
        """The first layer that gives NaN or infinity; None where all numbers are finite."""
        layers = self.activations.items()
        return next((name for name, values in layers if not np.isfinite(values).all()), None)


def _all_layers(model: keras.Model, batch: Any) -> tuple[dict[str, Any], Any, Any]:
    """Return the output of every layer by name, the probabilities, and the logits or None."""
    import tensorflow as tf

    visits: list[tuple[str, Any, list[Any], Any]] = []
    final = graph.run(model, batch, lambda *visit: visits.append(visit))
    first = channels_first(model)
    layers = {name: tf.cast(read(output, name, first), tf.float32) for name, _, _, output in visits}
    return layers, *heads.read(heads.head_of(model), final, visits)


def forward(model: keras.Model, image: Any) -> ForwardPass:
    """Return the outputs of all layers for a picture, and the prediction, from one compiled pass."""
    compiled = compiled_once(
        model, _PASS, lambda batch: _all_layers(model, batch), of_batches=is_large(model)
    )
    layers, probabilities, logits = compiled(prepare(image, model))
    prediction = Prediction.of(model, probabilities, logits)
    return ForwardPass({name: value.numpy()[0] for name, value in layers.items()}, prediction)


def activations(
    model: keras.Model, image: Any, *, layers: Iterable[str] | None = None
) -> Activations:
    """Return the output of each layer for a picture, float32 without the batch axis, by name.

    Channels stand on the last axis, also where a layer computes with them on the first. `image` is
    what `prepare` takes; `layers` picks some names, in that order. Raises `LayerError` for a name that
    the model does not have.
    """
    wanted = None if layers is None else [layer_info(model, name).name for name in layers]
    values = forward(model, image).activations
    return values if wanted is None else {name: values[name] for name in wanted}


def predict(model: keras.Model, image: Any) -> Prediction:
    """Return what the model says of a picture."""
    return forward(model, image).prediction


def activation_model(model: keras.Model, layers: Iterable[str]) -> keras.Model:
    """Return a Keras model from the same input to the outputs of the named layers.

    As everywhere in Keras it gives one array for one layer and a list for several. Raises
    `LayerError` for a name that the model does not have.
    """
    import keras

    names = [layer_info(model, name).name for name in layers]
    symbolic: dict[str, Any] = {}
    source = keras.Input(batch_shape=model.inputs[0].shape, dtype=model.inputs[0].dtype)
    graph.run(model, source, lambda name, _, __, output: symbolic.update({name: output}))
    outputs = [symbolic[name] for name in names]
    return keras.Model(source, outputs[0] if len(outputs) == 1 else outputs)
