"""Steps of training on one picture, and what each of them does to a network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import LayerError, ModelError, RunError
from cnn.inspection.batches import outputs
from cnn.inspection.predictions import Prediction
from cnn.models.card import checked_class
from cnn.models.compilation import compiled_once
from cnn.models.graph import Call, calls
from cnn.models.heads import cross_entropy, require_classes
from cnn.models.internals import is_graph
from cnn.models.preparing import prepare
from cnn.models.twins import twin
from cnn.models.weights import weights_by_name
from cnn.properties import cached_property

if TYPE_CHECKING:
    import keras

TEACHING = "Teaching a class"
MOST_STEPS = 50
MOST_WEIGHTS = 30_000_000
# What some steps take beside the network, measured with ResNet50.
_BYTES_OF_A_WEIGHT = 40
MOST_RATE = 10.0
_GRADIENTS = "_cnn_weight_gradients"
Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Norms:
    """The Euclidean norms of a layer's gradient, of its change and of its weights before, all that moves.

    `names` are those of the weights that move.
    """

    names: tuple[str, ...]
    gradient: float
    change: float
    weight: float


@dataclass(frozen=True, eq=False)
class LayerTeaching:
    """What the steps did to one layer.

    All arrays are float32, in the shape in which the layer keeps them, by their own names
    ("kernel", "bias" ...). `before` and `after` are its weights, `gradients` those of the loss by
    the weights that training moves: none where the layer is frozen. Where not all arrays are kept
    (`cnn.teach_once`), `norms` has what was measured of them.
    """

    name: str
    gradients: Arrays
    before: Arrays
    after: Arrays
    norms: Norms | None = None

    @property
    def moving(self) -> tuple[str, ...]:
        """The names of the weights that training moves."""
        return self.norms.names if self.norms else tuple(self.gradients)

    @property
    def is_frozen(self) -> bool:
        """Whether training moves none of the layer's weights."""
        return not self.moving

    @cached_property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient by all its weights together."""
        return self.norms.gradient if self.norms else _norm(self.gradients.values())

    @cached_property
    def change_norm(self) -> float:
        """The Euclidean norm of `after` minus `before`, all that moves together."""
        if self.norms:
            return self.norms.change
        return _norm(self.after[name] - self.before[name] for name in self.gradients)

    @cached_property
    def weight_norm(self) -> float:
        """The Euclidean norm of `before`, of all that moves together."""
        if self.norms:
            return self.norms.weight
        return _norm(self.before[name] for name in self.gradients)

    @property
    def is_kept(self) -> bool:
        """Whether its weights before and after are there."""
        return bool(self.before)

    @property
    def nbytes(self) -> int:
        """The size of all its arrays."""
        arrays = (*self.before.values(), *self.after.values(), *self.gradients.values())
        return sum(array.nbytes for array in arrays)

    @property
    def measured(self) -> LayerTeaching:
        """The same without its gradients, of which the norms stay."""
        norms = Norms(self.moving, self.gradient_norm, self.change_norm, self.weight_norm)
        return replace(self, gradients={}, norms=norms)

    @property
    def relative_change(self) -> float:
        """The norm of the change over that of the weights; NaN where all weights were zero."""
        return self.change_norm / self.weight_norm if self.weight_norm else float("nan")


@dataclass(frozen=True, eq=False)
class Teaching:
    """A picture taught to a network in some steps, and all that came of it.

    `layers` has an entry for each use of a layer with weights, by name, in graph order; the uses of
    a shared layer have the same. Its gradients are those that the last step followed, or, before
    any step, those that the first one would follow. `model` has the weights after the steps; None where
    not all of them are kept.
    """

    label: int
    learning_rates: tuple[float, ...]
    loss_before: float
    loss_after: float
    before: Prediction
    after: Prediction
    layers: Mapping[str, LayerTeaching]
    model: keras.Model | None

    @property
    def nbytes(self) -> int:
        """The size of what is kept of all layers."""
        return sum(
            layer.nbytes for layer in {id(one): one for one in self.layers.values()}.values()
        )

    def keeping(self, names: Collection[str]) -> Teaching:
        """Return the same with the weights of these layers, and of all others and of gradients the norms.

        `model` is None.
        """
        kept = {id(self.layers[name]) for name in names}
        made: dict[int, LayerTeaching] = {}
        for layer in self.layers.values():
            if id(layer) not in made:
                measured = layer.measured
                is_kept = id(layer) in kept
                made[id(layer)] = measured if is_kept else replace(measured, before={}, after={})
        layers = {name: made[id(layer)] for name, layer in self.layers.items()}
        return replace(self, layers=layers, model=None)

    @property
    def moving(self) -> tuple[LayerTeaching, ...]:
        """The layers that training moves, each once however often it is used."""
        unique = {id(layer): layer for layer in self.layers.values()}
        return tuple(layer for layer in unique.values() if not layer.is_frozen)


@dataclass(frozen=True, eq=False)
class _Measured:
    """Loss and prediction at some weights, and a gradient for each weight that training moves."""

    loss: float
    prediction: Prediction
    gradients: list[NDArray[np.float32]]

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.loss) and np.isfinite(self.prediction.probabilities).all())


def teach(
    model: keras.Model, image: Any, *, label: int, learning_rates: Iterable[float] = ()
) -> Teaching:
    """Return what plain gradient descent on one picture with one label does to the network.

    Each of the `learning_rates` eta is one step w <- w - eta dL/dw, for every weight w that
    training moves, all at once. L is the cross-entropy -log p of the label's probability p, of the
    logits where the model shows them; where it does not, p is at least the smallest positive
    float32. Layers behave as in use and not as in training: dropout does nothing, and batch
    normalisation keeps its statistics. The model given stays as it is.

    `image` is what `prepare` takes. Raises `ImageError` for what is no picture, `ModelError` for a
    model without class probabilities, or with some that are not finite, without the label, or with
    more than 30 million weights, whose copies before and after would not fit into memory (see
    `teach_once`), `LayerError`
    for a model without weights that training moves, and `RunError` for a learning rate that is not
    above 0 and at most 10, for more than 50 steps, and for a step after which the network's numbers
    are no longer finite.
    """
    require_classes(model, TEACHING)
    rates = _checked_rates(learning_rates)
    label = checked_class(model, label)
    _require_room(model)
    moving = moving_places(model)
    batch = prepare(image, model)
    weights = [np.asarray(weight.numpy(), np.float32) for weight in model.weights]
    stepped = twin(model, weights) if rates else model
    first = now = _measured(model, batch, label)
    first.prediction.require_finite(TEACHING)
    require_finite_weights(all(np.isfinite(weights[i]).all() for i in moving))
    followed, moved = first.gradients, list(weights)
    for number, rate in enumerate(rates, 1):
        followed = now.gradients
        _step(stepped, moving, moved, followed, rate)
        now = _measured(stepped, batch, label)
        _require_finite(now, [moved[i] for i in moving], number, rate)
    gradients = dict(zip(moving, followed, strict=True))
    return Teaching(
        label=label,
        learning_rates=rates,
        loss_before=first.loss,
        loss_after=now.loss,
        before=first.prediction,
        after=now.prediction,
        layers=_layers(model, weights, moved, gradients),
        model=stepped,
    )


def worth_teaching(prediction: Prediction, true: int | None = None) -> int:
    """Return the class with which a step changes something to see.

    It is the true class where the network says another; where it is right, or the truth is not
    known, the runner-up: to teach what the network says already moves next to nothing.
    """
    if true is not None and true != prediction.label:
        return true
    order = np.argsort(-prediction.probabilities, kind="stable")
    return int(order[min(1, len(order) - 1)])


def checked_rate(rate: Any) -> float:
    """Return the learning rate; `RunError` for what is no number above 0 and at most 10."""
    is_number = isinstance(rate, Real) and not isinstance(rate, bool)
    if not is_number or not 0 < float(rate) <= MOST_RATE:
        given = "No learning rate" if rate is None else f"A learning rate of {rate!r}"
        raise RunError(
            f"{given} was given: expected a number above 0 and at most {MOST_RATE:g}. Choose 0.01, "
            "for example."
        )
    return float(rate)


def _checked_rates(rates: Iterable[float]) -> tuple[float, ...]:
    checked = tuple(checked_rate(rate) for rate in rates)
    if len(checked) > MOST_STEPS:
        raise RunError(
            f"{len(checked)} steps were asked for: expected at most {MOST_STEPS}. For more, train "
            "the model."
        )
    return checked


def _require_room(model: keras.Model) -> None:
    count = model.count_params()
    if count > MOST_WEIGHTS:
        raise ModelError(
            f"The network has {count:,} weights: steps keep them before and after, and their "
            f"gradients, about {_gigabytes(count)} of memory. They are made of at most "
            f"{MOST_WEIGHTS:,} weights ({_gigabytes(MOST_WEIGHTS)}). Make one step, and keep what one "
            "layer became, with cnn.teach_once, or choose a smaller network."
        )


def _gigabytes(weights: int) -> str:
    return f"{weights * _BYTES_OF_A_WEIGHT / 1e9:.1f} GB"


def moving_places(model: keras.Model) -> list[int]:
    """Return the places in `model.weights` of those that training moves."""
    trainable = {id(weight) for weight in model.trainable_variables}
    places = [i for i, weight in enumerate(model.weights) if id(weight) in trainable]
    if not places:
        raise LayerError(
            "No weight of this model can learn: every layer is frozen or has none. Choose another "
            "model."
        )
    return places


def _measured(model: keras.Model, batch: NDArray[np.float32], label: int) -> _Measured:
    compiled = compiled_once(model, _GRADIENTS, loss_and_gradients(model))
    loss, probabilities, logits, gradients = compiled(batch, np.array([label], np.int32))
    prediction = Prediction.of(model, probabilities, logits)
    return _Measured(float(loss.numpy()), prediction, [one.numpy() for one in gradients])


def loss_and_gradients(model: keras.Model) -> Callable[[Any, Any], Any]:
    """Return a function of a batch of one and its label (1,).

    It gives the loss, the probabilities and logits (or None), both (1, classes), and the gradients
    in the order of `moving_places`.
    """
    import tensorflow as tf

    moving = [model.weights[i] for i in moving_places(model)]

    def compute(batch: Any, label: Any) -> tuple[Any, Any, Any, list[Any]]:
        values = [weight.value for weight in moving]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            probabilities, logits = outputs(model, batch)
            loss = cross_entropy(probabilities, logits, label)[0]
        found = tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        # Of a table of which some rows were looked up, TensorFlow gives those rows alone.
        gradients = [tf.convert_to_tensor(one) for one in found]
        return loss, probabilities, logits, [tf.cast(one, tf.float32) for one in gradients]

    return compute


def _step(
    model: keras.Model,
    moving: list[int],
    weights: list[NDArray[np.float32]],
    gradients: list[NDArray[np.float32]],
    rate: float,
) -> None:
    """Replace those of the `weights` that move, in the list and in the model."""
    variables = model.weights
    with np.errstate(over="ignore", invalid="ignore"):
        for i, gradient in zip(moving, gradients, strict=True):
            weights[i] = weights[i] - np.float32(rate) * gradient
            variables[i].assign(weights[i])


def require_finite_weights(are_finite: bool) -> None:
    """Raise `ModelError` for a network whose weights are not all finite."""
    if not are_finite:
        raise ModelError(
            f"{TEACHING} needs finite weights: this model has NaN or infinity among them. Choose "
            "another model."
        )


def _require_finite(
    now: _Measured, weights: list[NDArray[np.float32]], number: int, rate: float
) -> None:
    if now.is_finite and all(np.isfinite(array).all() for array in weights):
        return
    raise step_too_large(number, rate)


def step_too_large(number: int, rate: float) -> RunError:
    """Return the error of a step after which numbers of the network are no longer finite."""
    return RunError(
        f"After step {number}, with learning rate {rate:g}, the network's numbers are no longer "
        "finite: the step was too large. Undo it, or make it again with a lower learning rate."
    )


def _layers(
    model: keras.Model,
    before: list[NDArray[np.float32]],
    after: list[NDArray[np.float32]],
    gradients: Mapping[int, NDArray[np.float32]],
) -> dict[str, LayerTeaching]:
    """Return a teaching for each use of a layer with weights; arrays are by place in the model's."""

    def taught(name: str, own: Mapping[str, int]) -> LayerTeaching:
        return LayerTeaching(
            name,
            {name: gradients[i] for name, i in own.items() if i in gradients},
            {name: before[i] for name, i in own.items()},
            {name: after[i] for name, i in own.items()},
        )

    return of_layers(model, taught)


def of_layers(
    model: keras.Model, taught: Callable[[str, Mapping[str, int]], LayerTeaching]
) -> dict[str, LayerTeaching]:
    """Return a teaching for each use of a layer with weights, the same for all uses of one layer.

    `taught` makes it of the name of the first use, and the places in `model.weights` of the layer's
    weights by their names.
    """
    places = {id(weight): i for i, weight in enumerate(model.weights)}
    known: dict[int, LayerTeaching] = {}
    teachings: dict[str, LayerTeaching] = {}
    for call in _weighted(model):
        if id(call.layer) not in known:
            weights = weights_by_name(call.layer.weights)
            own = {name: places[id(weight)] for name, weight in weights.items()}
            known[id(call.layer)] = taught(call.name, own)
        teachings[call.name] = known[id(call.layer)]
    return teachings


def fitting(model: keras.Model, most_bytes: int) -> frozenset[str]:
    """Return the layer calls whose weights, float32, fit into so many bytes, the smallest first."""
    sizes = {id(one.layer): 4 * one.layer.count_params() for one in _weighted(model)}
    room, fit = most_bytes, set()
    for layer, size in sorted(sizes.items(), key=lambda one: one[1]):
        room -= size
        if room < 0:
            break
        fit.add(layer)
    return frozenset(one.name for one in _weighted(model) if id(one.layer) in fit)


def _weighted(model: keras.Model) -> list[Call]:
    """Return the calls of layers that have weights of their own."""
    of_layers = [one for one in calls(model) if not is_graph(one.layer)]
    return [one for one in of_layers if hasattr(one.layer, "weights") and one.layer.weights]


def _norm(arrays: Iterable[NDArray[np.float32]]) -> float:
    return float(np.sqrt(sum(float(np.square(array, dtype=np.float64).sum()) for array in arrays)))
