"""One step of training of a large network: what it did to all layers, in numbers, and to one in full."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import LayerError, ModelError
from cnn.gradients.teaching import (
    MOST_WEIGHTS,
    TEACHING,
    LayerTeaching,
    Norms,
    Teaching,
    checked_rate,
    loss_and_gradients,
    moving_places,
    of_layers,
    require_finite_weights,
    step_too_large,
)
from cnn.inspection.batches import outputs
from cnn.inspection.predictions import Prediction
from cnn.models.card import checked_class
from cnn.models.compilation import compiled_once, numbers
from cnn.models.graph import calls
from cnn.models.heads import cross_entropy, require_classes
from cnn.models.layers import layer_info
from cnn.models.preparing import prepare

if TYPE_CHECKING:
    import keras

MOST_AT_ALL = 200_000_000
_NORMS = "_cnn_gradient_norms"
_STEP = "_cnn_one_step"
# So many numbers are squared at once: what is measured of a layer takes no second array of its size.
_PART = 1 << 20
Array = NDArray[np.float32]


def is_taught_once(model: keras.Model) -> bool:
    """Whether the network has too many weights for `teach`, which keeps them all before and after."""
    return bool(model.count_params() > MOST_WEIGHTS)


def teach_once(
    model: keras.Model,
    image: Any,
    *,
    label: int,
    layer: str,
    learning_rate: float | None = None,
    also: Collection[str] = (),
) -> Teaching:
    """Return what `teach` does of one step, or of none, and keep what it did to some layers alone.

    All weights that training moves make the step, and the prediction after it is that of the whole
    network. Kept are the weights of `layer`, and of those `also` named, before and after; of all others,
    and of every gradient, the norms (`LayerTeaching.norms`). So it takes, beside the network, the memory
    of one set of its weights, and of one layer's gradient. `Teaching.model` is None.

    Raises what `teach` raises, `ModelError` for more than 200 million weights, and `LayerError` for a
    layer that the model does not have, or that has no weights.
    """
    require_classes(model, TEACHING)
    rate = None if learning_rate is None else checked_rate(learning_rate)
    label = checked_class(model, label)
    _require_room(model)
    shown = {_weighted(model, name) for name in (layer, *also)}
    made = _made(model, prepare(image, model), label, rate)
    made.before.prediction.require_finite(TEACHING)
    layers = _layers(model, made, shown)
    _require_finite(made, layers, rate)
    return Teaching(
        label=label,
        learning_rates=() if rate is None else (rate,),
        loss_before=made.before.loss,
        loss_after=made.after.loss,
        before=made.before.prediction,
        after=made.after.prediction,
        layers=layers,
        model=None,
    )


@dataclass(frozen=True, eq=False)
class _Said:
    """The loss, and what the network says."""

    loss: float
    prediction: Prediction


@dataclass(frozen=True, eq=False)
class _Made:
    """What a step made: what was said before and after, and what became of each weight that moves.

    By its place in the model's weights: the norm of its gradient, and its numbers after the step, none
    where none is made.
    """

    before: _Said
    after: _Said
    norms: Mapping[int, float]
    stepped: Mapping[int, Array]


def _require_room(model: keras.Model) -> None:
    count = model.count_params()
    if count > MOST_AT_ALL:
        raise ModelError(
            f"The network has {count:,} weights, of which a step makes a second set: expected at most "
            f"{MOST_AT_ALL:,}. Choose a smaller network, or train this one with a program of your own "
            "and cnn.RunRecorder, and look at the run."
        )


def _weighted(model: keras.Model, layer: str) -> str:
    """Return the name of the first use of a layer that has weights."""
    info = layer_info(model, layer)
    if not info.weight_shapes or info.nested:
        raise LayerError(
            f"The layer {layer!r} has no weights of its own: choose one that has some."
        )
    wanted = next(call.layer for call in calls(model) if call.name == info.name)
    return next(call.name for call in calls(model) if call.layer is wanted)


def _made(model: keras.Model, batch: NDArray[np.float32], label: int, rate: float | None) -> _Made:
    taught, moving = np.array([label], np.int32), moving_places(model)
    if rate is None:
        compiled = compiled_once(model, _NORMS, _loss_and_norms(model))
        first, norms = compiled(batch, taught)
        second, stepped = first, []
    else:
        compiled = compiled_once(model, _STEP, _one_step(model))
        first, norms, second, stepped = compiled(batch, taught, np.float32(rate))
    before, after = (
        _Said(float(loss.numpy()), Prediction.of(model, probabilities, logits))
        for loss, probabilities, logits in (first, second)
    )
    return _Made(
        before,
        after,
        dict(zip(moving, map(float, norms.numpy()), strict=True)),
        dict(zip(moving, map(np.asarray, stepped), strict=False)),
    )


def _loss_and_norms(model: keras.Model) -> Callable[[Any, Any], Any]:
    """Return a function of a batch of one and its label: (loss, probabilities, logits), and norms.

    The norms are those of the gradients, in the order of `moving_places`. Each gradient is let go as soon
    as it is measured.
    """
    import tensorflow as tf

    measure = loss_and_gradients(model)

    def compute(batch: Any, label: Any) -> tuple[Any, Any]:
        *said, gradients = measure(batch, label)
        return said, tf.stack([_norm_of(gradient) for gradient in gradients])

    return compute


def _one_step(model: keras.Model) -> Callable[[Any, Any, Any], Any]:
    """Return a function of a batch of one, its label and a learning rate.

    It gives what `_loss_and_norms` does, the loss, probabilities and logits after the step, and the
    weights that moved. They are made in the place of the gradients.
    """
    import keras
    import tensorflow as tf

    measure = loss_and_gradients(model)
    moving = [model.weights[i] for i in moving_places(model)]
    own = numbers(model)

    def compute(batch: Any, label: Any, rate: Any) -> tuple[Any, Any, Any, Any]:
        *said, gradients = measure(batch, label)
        norms, stepped = [_norm_of(gradient) for gradient in gradients], []
        for weight, gradient, norm in zip(moving, gradients, norms, strict=True):
            with tf.control_dependencies([norm]):
                stepped.append(tf.cast(weight.value, tf.float32) - rate * gradient)
        moved = {id(weight): value for weight, value in zip(moving, stepped, strict=True)}
        mapping = [(one, tf.cast(moved.get(id(one), one.value), one.dtype)) for one in own]
        with keras.StatelessScope(state_mapping=mapping):
            probabilities, logits = outputs(model, batch)
            loss = cross_entropy(probabilities, logits, label)[0]
        return said, tf.stack(norms), (loss, probabilities, logits), stepped

    return compute


def _norm_of(gradient: Any) -> Any:
    """Return the Euclidean norm of a tensor, for which no second one of its size is made."""
    import tensorflow as tf

    return tf.sqrt(2 * tf.nn.l2_loss(gradient))


def _layers(model: keras.Model, made: _Made, shown: Collection[str]) -> dict[str, LayerTeaching]:
    import tensorflow as tf

    def before(place: int) -> Array:
        # What TensorFlow holds, and no copy of it.
        numbers = np.asarray(tf.convert_to_tensor(model.weights[place].value))
        return numbers.astype(np.float32, copy=False)

    def taught(name: str, own: Mapping[str, int]) -> LayerTeaching:
        moves = {weight: i for weight, i in own.items() if i in made.norms}
        norms = Norms(
            tuple(moves),
            gradient=math.hypot(*(made.norms[i] for i in moves.values())),
            change=_norm((made.stepped[i], before(i)) for i in moves.values() if i in made.stepped),
            weight=_norm((before(i), None) for i in moves.values()),
        )
        kept = own if name in shown else {}
        first = {weight: before(i) for weight, i in kept.items()}
        last = {weight: made.stepped.get(i, first[weight]) for weight, i in kept.items()}
        return LayerTeaching(name, {}, first, last, norms)

    return of_layers(model, taught)


def _norm(pairs: Iterable[tuple[Array, Array | None]]) -> float:
    """Return the Euclidean norm of arrays together, or of what each is more than the one beside it."""
    return math.sqrt(sum(_squares(array, less) for array, less in pairs))


def _squares(array: Array, less: Array | None) -> float:
    whole, other = array.reshape(-1), None if less is None else less.reshape(-1)
    total = 0.0
    for start in range(0, whole.size, _PART):
        part = whole[start : start + _PART].astype(np.float64)
        if other is not None:
            part -= other[start : start + _PART]
        total += float(part @ part)
    return total


def _require_finite(made: _Made, layers: Mapping[str, LayerTeaching], rate: float | None) -> None:
    norms = [layer.norms for layer in layers.values() if layer.norms]
    require_finite_weights(all(math.isfinite(one.weight) for one in norms))
    said = [made.after.loss, *made.after.prediction.probabilities.tolist()]
    moved = [one.change for one in norms]
    if rate is not None and not all(map(math.isfinite, (*said, *moved))):
        raise step_too_large(1, rate)
