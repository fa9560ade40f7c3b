"""Why an output is what it is: what the inputs of the last layer with weights add to its sum.

That sum, the logit, is one of what the layer is given, and, where all that lies between hands numbers
on, one of the maps before it: what a channel adds is then added up over its cells (Zhou et al. 2016,
equation 1, doi:10.1109/CVPR.2016.319). The operands are what Keras computed, in float32; the arithmetic
is repeated in float64, and what it gives is compared with what Keras gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError
from cnn.inspection.activations import ForwardPass, forward
from cnn.inspection.handing import Weighting, handed_on
from cnn.inspection.predictions import Prediction
from cnn.inspection.units import Outputs, derive, inputs_of
from cnn.models.arithmetic.cell import Cell, Derivation
from cnn.models.arithmetic.forms import PRECISION, Function, Numbers, Shares, WeightedSum
from cnn.models.arithmetic.functions import of_activation, sigmoid, softmax
from cnn.models.card import checked_class
from cnn.models.graph import Call, calls
from cnn.models.heads import Head, head_of
from cnn.models.orientation import as_computed, channels_first

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Parts:
    """What the output of a layer adds to a sum: its numbers, each times its weight, and the bias.

    Of maps the terms of the `form` are the channels, of a vector its units. `tolerance` is how far a
    computation in float32 may be from the value of the form.
    """

    layer: str
    form: WeightedSum
    tolerance: float

    @property
    def are_channels(self) -> bool:
        """Whether each term is a channel, whose cells are added up."""
        return self.form.inside.size > 1

    def give(self, computed: float) -> bool:
        """Return whether a sum that Keras computed is that of the parts, within the tolerance."""
        return self.form.gives(computed) or abs(self.form.value - computed) <= self.tolerance


@dataclass(frozen=True, eq=False)
class Softmax:
    """Softmax step by step, in float64; each step is (classes,).

    `form` has the logits and the shares; that at its index is looked at. `computed` are the shares that
    Keras computed.
    """

    form: Shares
    computed: NDArray[np.float32]

    @property
    def below(self) -> Numbers:
        """The logits minus the largest, which changes no share and keeps the powers small."""
        below: Numbers = self.form.logits - self.form.logits.max()
        return below

    @property
    def powers(self) -> Numbers:
        """The number e to the power of each of these."""
        powers: Numbers = np.exp(self.below)
        return powers

    @property
    def others(self) -> float:
        """The sum of the powers but the largest, which is 1; a share is a power divided by all."""
        return float(np.delete(self.powers, self.form.logits.argmax()).sum())

    @property
    def difference(self) -> float:
        """How far the shares that Keras computed are from those recomputed, at most."""
        return float(np.abs(self.form.shares - self.computed).max())


@dataclass(frozen=True, eq=False)
class Output:
    """The sum behind one of a model's outputs, or the difference of two, taken apart.

    `target` is the number of the output, `against` that of the one whose sum is taken from it. `layer`
    has the weights, `inputs` are what it is given, `channels` the maps before it where what each adds is
    exact; else `barrier` is the layer that does more than hand on. `computed` is what Keras computed,
    None where the model does not show its sums; `logits` (outputs,) are all sums, then recomputed.
    `function` is what is made of that of the target, None for nothing, and `results` (outputs,) are what
    Keras made of all.
    """

    target: int
    against: int | None
    head: Head
    layer: str
    inputs: Parts
    channels: Parts | None
    barrier: str
    computed: float | None
    logits: Numbers
    function: Shares | Function | None
    results: NDArray[np.float32]

    @property
    def recomputed(self) -> float:
        """What weights, inputs and bias give, in float64."""
        return self.inputs.form.value

    @property
    def result(self) -> float:
        """What Keras made of the sum of the target."""
        return float(self.results[self.target])

    @property
    def softmax(self) -> Softmax | None:
        """How the sums become probabilities, where they do."""
        function = self.function
        if not isinstance(function, Shares) or not self.head.has_classes:
            return None
        return Softmax(function, self.results)

    @property
    def is_proved(self) -> bool:
        """Whether the parts give what Keras computed: the sum, or, where it is not shown, the result."""
        if self.computed is None:
            return self.function is not None and self.function.gives(self.result)
        shown = [parts for parts in (self.inputs, self.channels) if parts]
        return all(parts.give(self.computed) for parts in shown)


def explain_output(
    model: keras.Model,
    image: Any,
    *,
    target: int,
    against: int | None = None,
    passed: ForwardPass | None = None,
) -> Output:
    """Return what adds up to one of the model's outputs for a picture, or to the difference of two.

    It is told of the sums before the last function, of the first output where a model has several.
    `target` is the number of a class or unit, `against` that of another, whose sum is taken from it.
    `image` is what `prepare` takes; `passed` is the pass of the picture where it has been computed.
    Raises `ModelError` for a number that the model does not have, for twice the same, for outputs that
    are not finite, and for a model whose outputs are no weighted sums of what one layer is given.
    """
    head = head_of(model)
    if head.form == "maps":
        raise ModelError(
            "An output is taken apart where there is one number per class: this model gives "
            f"{head.description}. Choose another model."
        )
    for number in [target] if against is None else [target, against]:
        checked_class(model, number)
    if target == against:
        raise ModelError(f"Class {target} is compared with itself: choose another for one of them.")
    passed = forward(model, image) if passed is None else passed
    passed.prediction.require_finite("What adds up to an output")
    first = channels_first(model)
    by_name = {call.name: call for call in calls(model)}
    network = _Network(by_name, as_computed(passed.activations, first), first)
    with np.errstate(all="ignore"):
        return _explained(network, passed.prediction, target, against)


@dataclass(frozen=True, eq=False)
class _Network:
    """The calls of a model by name, what they computed, and which of it has its channels first."""

    by_name: Mapping[str, Call]
    outputs: Outputs
    first: frozenset[str]
    _weights: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)

    def values(self, call: Call) -> Numbers:
        """Return the output of a call, in float64."""
        return self.outputs[call.name].astype(np.float64)

    def before(self, call: Call) -> Call:
        """Return the call whose output is the only input of another."""
        if call.parts != (0,):
            raise _unknown(call)
        return self.by_name[call.inputs[0]]

    def derived(self, call: Call, number: int, *, before_activation: bool = False) -> Derivation:
        """Return how a number of a call's output is computed, counted through all its axes."""
        shape = self.outputs[call.name].shape
        place = tuple(int(i) for i in np.unravel_index(number, shape))
        inputs = inputs_of(self.outputs, call)
        kept = self._weights.setdefault(call.name, {})
        return derive(Cell(call, inputs, place, shape, kept, before_activation))

    def handed_on(self, weighting: Weighting) -> Weighting | None:
        """Return the weighting of what a call is given that only hands it on; None for others."""
        return handed_on(weighting, self.by_name, self.outputs)

    def copied(self, weighting: Weighting) -> Weighting:
        """Return the weighting of the call whose output others only copied, each number to its place."""
        while weighting.is_copy and (before := self.handed_on(weighting)):
            weighting = before
        return weighting


@dataclass(frozen=True, eq=False)
class _Ending:
    """The call whose output are the sums, or that applies its `function` to sums of its own.

    `computed` are the sums (outputs,) as Keras computed them, None where they are not shown.
    """

    call: Call
    function: Shares | Function | None
    computed: Numbers | None
    applies_function: bool = False


def _explained(
    network: _Network, prediction: Prediction, target: int, against: int | None
) -> Output:
    ending = _ending(network, prediction, target)
    sums, rounding = _sums(network, ending.call, target, against)
    given, inputs = _inputs(network, sums, rounding, ending)
    channels, barrier = _channels(network, given, inputs)
    logits, computed = ending.computed, None
    if logits is None:
        logits = _recomputed(network, ending, len(prediction.probabilities))
    else:
        computed = float(logits[target] - (0 if against is None else logits[against]))
    return Output(
        target, against, prediction.head, sums.call.name, inputs, channels, barrier, computed, logits,
        _function(prediction.head, ending, logits, target), prediction.probabilities,
    )  # fmt: skip


def _ending(network: _Network, prediction: Prediction, target: int) -> _Ending:
    call, head = network.by_name[prediction.head.deciding], prediction.head
    form = network.derived(call, target, before_activation=True).form
    if isinstance(form, Shares | Function):
        sums = network.before(call)
        return _Ending(sums, form, network.values(sums).reshape(-1))
    applied = of_activation(getattr(call.layer, "activation", None))
    is_linear = applied is not None and applied.name == "linear"
    if is_linear or (head.function and applied is None):
        return _Ending(call, None, network.values(call).reshape(-1))
    # What a last layer with log_softmax gives stands for its logits, and is not its sums.
    shown = None if head.function else prediction.logits
    logits = None if shown is None else shown.astype(np.float64)
    if logits is not None and applied and applied.takes_several:
        slack = _rounding(network, call)
        several = Shares(applied.name, logits, target, applied.function, slack)
        return _Ending(call, several, logits, applies_function=True)
    function = network.derived(call, target).activation
    return _Ending(call, function, logits, applies_function=True)


def _rounding(network: _Network, call: Call) -> float:
    """Return how far any sum of a dense layer may be in float32: 1e-5 of all that it adds up."""
    values = network.values(network.before(call)).reshape(-1)
    kernel = np.abs(np.asarray(call.layer.kernel))
    bias = np.abs(np.asarray(call.layer.bias)) if call.layer.use_bias else 0
    return PRECISION * float((np.abs(values) @ kernel + bias).max())


def _sums(
    network: _Network, call: Call, target: int, against: int | None
) -> tuple[Weighting, float]:
    """Return the weighting of the sums in the layer that makes them, and what is rounded behind it."""
    weights = np.zeros(network.outputs[call.name].shape)
    weights.reshape(-1)[target] = 1
    if against is not None:
        weights.reshape(-1)[against] = -1
    sums = Weighting(call, weights)
    while before := network.handed_on(sums):
        sums = before
    if getattr(sums.call.layer, "kernel", None) is None:
        raise _unknown(sums.call)
    is_handed_on = sums.call is not call
    return sums, PRECISION * _size(sums.weights, network.values(sums.call)) * is_handed_on


def _inputs(
    network: _Network, sums: Weighting, tolerance: float, ending: _Ending
) -> tuple[Weighting, Parts]:
    """Return the weighting of what the layer is given that makes the sums, and what that adds."""
    before = network.before(sums.call)
    weights, bias = np.zeros(network.outputs[before.name].shape), 0.0
    is_own = ending.applies_function and ending.call is sums.call
    factors = sums.weights.reshape(-1)
    for number in np.flatnonzero(factors).tolist():
        factor = float(factors[number])
        derivation = network.derived(sums.call, number, before_activation=is_own)
        form = derivation.form
        if not isinstance(form, WeightedSum) or form.parts or derivation.activation:
            raise _unknown(sums.call)
        (cells,) = derivation.reads
        np.add.at(weights, tuple(cells.T), factor * form.weights[form.inside].reshape(-1))
        bias += factor * form.bias
        tolerance += abs(factor) * form.tolerance
    given = network.copied(Weighting(before, weights))
    return given, _parts(network, given, bias, tolerance)


def _channels(network: _Network, given: Weighting, inputs: Parts) -> tuple[Parts | None, str]:
    """Return what the channels of the maps add that lie before the inputs, or what keeps them apart."""
    if inputs.are_channels:
        return inputs, ""
    maps: Weighting | None = None
    before: Weighting | None = given
    while before is not None and not (maps and maps.makes_numbers):
        given = before
        maps = given if given.is_of_maps else maps
        before = network.handed_on(given)
    if maps is None:
        return None, given.call.name
    size = _size(maps.weights, network.values(maps.call))
    return _parts(network, maps, inputs.form.bias, inputs.tolerance + PRECISION * size), ""


def _parts(network: _Network, given: Weighting, bias: float, tolerance: float) -> Parts:
    values, weights = network.values(given.call), given.weights
    if given.call.name in network.first:
        values, weights = (np.moveaxis(one, 0, -1) for one in (values, weights))
    channels, inside = np.arange(values.shape[-1]), np.ones(values.shape[:-1], bool)
    form = WeightedSum(values, weights, channels, inside, bias)
    return Parts(given.call.name, form, tolerance)


def _recomputed(network: _Network, ending: _Ending, count: int) -> Numbers:
    """Return the sums of all outputs where Keras does not show them."""
    if isinstance(ending.function, Shares):
        return ending.function.logits
    derived = [
        network.derived(ending.call, number, before_activation=True) for number in range(count)
    ]
    return np.array([derivation.form.value for derivation in derived])


def _function(
    head: Head, ending: _Ending, logits: Numbers, target: int
) -> Shares | Function | None:
    """Return what is made of the sum of the target; of logits that is softmax, by whomever."""
    if head.function == "sigmoid":
        return Function("sigmoid", float(logits[target]), sigmoid)
    if not head.has_classes:
        return ending.function
    slack = ending.function.slack if isinstance(ending.function, Shares) else 0.0
    return Shares("softmax", logits, target, softmax, slack)


def _size(weights: Numbers, values: Numbers) -> float:
    return float(np.abs(weights * values).sum())


def _unknown(call: Call) -> ModelError:
    return ModelError(
        f"The outputs are not taken apart: the layer {call.name!r} ({type(call.layer).__name__}) gives "
        "them, which is no weighted sum of what one layer is given. Choose another model."
    )
