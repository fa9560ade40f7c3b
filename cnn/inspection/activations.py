"""What every layer makes of one picture, in one compiled pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.colours import largest_magnitude
from cnn.inspection.computed import Computed, always_kept
from cnn.inspection.predictions import Prediction
from cnn.models import graph, heads
from cnn.models.compilation import compiled_once
from cnn.models.cut import run_calls
from cnn.models.layers import layer_info, layer_infos
from cnn.models.orientation import channels_first, last, read
from cnn.models.pieces import is_in_pieces
from cnn.models.preparing import prepare
from cnn.properties import cached_property

if TYPE_CHECKING:
    import keras

_PASS = "_cnn_pass"  # nosec B105
Activations = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """Everything that one pass of a picture through the model computed.

    `activations` are those of every layer; of a large network most are computed when they are asked
    for. `peaks` are the largest magnitudes of what each layer computes, so NaN or infinity where one
    of its numbers is, and `shapes` those of the activations.
    """

    activations: Activations
    prediction: Prediction
    peaks: Mapping[str, float]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def not_finite(self) -> tuple[str, ...]:
        """The layers that give NaN or infinity, in graph order."""
        return tuple(name for name, peak in self.peaks.items() if not isfinite(peak))

    @property
    def first_not_finite(self) -> str | None:
        """The first layer that gives NaN or infinity; None where all numbers are finite."""
        return next(iter(self.not_finite), None)

    @cached_property
    def bound(self) -> float:
        """The largest finite magnitude that any layer computes."""
        return max(map(self._finite_peak, self.peaks), default=1.0)

    def _finite_peak(self, name: str) -> float:
        peak = self.peaks[name]
        return peak if isfinite(peak) else largest_magnitude([self.activations[name]])

    @property
    def nbytes(self) -> int:
        """How much memory the activations take at most."""
        if isinstance(self.activations, Computed):
            return self.activations.nbytes
        return sum(values.nbytes for values in self.activations.values())


def forward(model: keras.Model, image: Any) -> ForwardPass:
    """Return the outputs of all layers for a picture, and the prediction, from one compiled pass.

    Of a large network the pass gives the prediction, the peaks, and what the others are computed from.
    """
    batch = prepare(image, model)
    return _on_demand(model, batch) if is_in_pieces(model) else _at_once(model, batch)


def _at_once(model: keras.Model, batch: Any) -> ForwardPass:
    compiled = compiled_once(model, _PASS, lambda batch: _all_layers(model, batch), by_xla=True)
    layers, probabilities, logits = compiled(batch)
    values = {name: value.numpy()[0] for name, value in layers.items()}
    return ForwardPass(
        values,
        Prediction.of(model, probabilities, logits),
        _Peaks(values, _computing(model)),
        {name: value.shape for name, value in values.items()},
    )


def _all_layers(model: keras.Model, batch: Any) -> tuple[dict[str, Any], Any, Any]:
    """Return the output of every layer by name, the probabilities, and the logits or None."""
    import tensorflow as tf

    visits: list[tuple[str, Any, list[Any], Any]] = []
    final = graph.run(model, batch, lambda *visit: visits.append(visit))
    first = channels_first(model)
    layers = {name: tf.cast(read(output, name, first), tf.float32) for name, _, _, output in visits}
    return layers, *heads.read(heads.head_of(model), final, visits)


def _computing(model: keras.Model) -> tuple[str, ...]:
    """Return the layer calls that compute something."""
    return tuple(info.name for info in layer_infos(model) if info.inputs)


class _Peaks(Mapping[str, float]):
    """The largest magnitude of each output, found when it is asked for."""

    def __init__(self, values: Activations, names: Sequence[str]) -> None:
        self._values, self._names = values, names

    def __getitem__(self, name: str) -> float:
        return float(np.abs(self._values[name]).max(initial=0))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _on_demand(model: keras.Model, batch: Any) -> ForwardPass:
    kept, names = always_kept(model), _computing(model)
    compiled = compiled_once(model, _PASS, lambda batch: _in_pieces(model, batch))
    tensors, peaks, sides, probabilities, logits = compiled(batch)
    ends = np.cumsum([len(call.output_shape) + 1 for call in graph.calls(model)])
    computed = [tuple(map(int, shape[1:])) for shape in np.split(sides.numpy(), ends[:-1])]
    names_of_all, first = [call.name for call in graph.calls(model)], channels_first(model)
    shapes = {
        name: last(shape, is_first=name in first)
        for name, shape in zip(names_of_all, computed, strict=True)
    }
    return ForwardPass(
        Computed(model, dict(zip(kept, tensors, strict=True))),
        Prediction.of(model, probabilities, logits),
        dict(zip(names, map(float, peaks.numpy()), strict=True)),
        shapes,
    )


def _in_pieces(model: keras.Model, batch: Any) -> tuple[list[Any], Any, Any, Any, Any]:
    """Return the tensors of `always_kept`, the peaks, the shapes, the output and the logits or None."""
    import tensorflow as tf

    layer_calls, head = graph.calls(model), heads.head_of(model)
    values = {(call.name, 0): batch for call in layer_calls if not call.inputs}
    visits = run_calls(layer_calls, values)
    outputs = [values[call.name, 0] for call in layer_calls]
    peaks = tf.stack([_peak(output) for _, _, _, output in visits])
    sides = tf.concat([tf.shape(output) for output in outputs], 0)
    given = heads.read(head, values[head.last, 0], visits)
    return [values[source] for source in always_kept(model)], peaks, sides, *given


def _peak(output: Any) -> Any:
    """Return the largest magnitude, NaN or infinity where there is one: XLA's maximum forgets NaN."""
    import tensorflow as tf

    numbers = tf.cast(output, tf.float32)
    largest = tf.maximum(tf.reduce_max(tf.abs(numbers)), 0)
    return tf.where(tf.reduce_any(tf.math.is_nan(numbers)), np.float32(np.nan), largest)


def activations(
    model: keras.Model, image: Any, *, layers: Iterable[str] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return the output of each layer for a picture, float32 without the batch axis, by name.

    Channels stand on the last axis, also where a layer computes with them on the first. `image` is
    what `prepare` takes; `layers` picks some names, in that order. Raises `LayerError` for a name that
    the model does not have.
    """
    wanted = None if layers is None else [layer_info(model, name).name for name in layers]
    values = forward(model, image).activations
    return {name: values[name] for name in (values if wanted is None else wanted)}


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
