"""How relevance goes back through a layer: a rule for each kind of arithmetic.

`a` is what entered a call, `z` its sums, `R` the relevance of its outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cnn.errors import AttributionError
from cnn.inspection.units import rule_of
from cnn.models.arithmetic import (
    activations,
    copies,
    merging,
    normalisations,
    pooling,
    slopes,
    sums,
)
from cnn.models.arithmetic.cell import Rule
from cnn.models.arithmetic.functions import applied_by
from cnn.models.graph import Call
from cnn.models.internals import with_attributes

# A smaller sum of positive parts is none: it would be divided by.
_LEAST = 1e-20
# What says that a layer computes with other weights than its own.
_ALTERED = ("quantization_mode", "lora_enabled")
Tensors = list[Any]


@dataclass(frozen=True, eq=False)
class Step:
    """A call, what `entered` it, and the `relevance` of its outputs by their number, float32 tensors.

    `folded` is the batch normalisation that counts as a part of the call. `is_head` says that the
    activation of the call is the one before which the number is explained. `convolutions` is the
    rule of these, "z+" or "epsilon".
    """

    call: Call
    entered: Tensors
    relevance: Mapping[int, Any]
    convolutions: str
    epsilon: Any
    folded: Call | None = None
    is_head: bool = False

    @property
    def first(self) -> Any:
        """The relevance of the first output."""
        return self.relevance[0]

    @property
    def layer(self) -> Any:
        """The layer that is called."""
        return self.call.layer


# The relevance of each input, and what went to none of them, (n,).
Back = tuple[Tensors, Any]


def back(step: Step) -> Back:
    """Return the relevance of what entered the call; `AttributionError` where no rule says it."""
    rule = _RULES.get(rule_of(step.layer))
    is_altered = any(getattr(step.layer, name, None) for name in _ALTERED)
    if rule is None or is_altered:
        raise _refusal(step)
    return rule(step)


def _refusal(step: Step) -> AttributionError:
    return AttributionError(
        f"No rule of LRP says how relevance goes back through the layer {step.call.name!r} "
        f"({type(step.layer).__name__}): choose another method, or explain a unit before it."
    )


def _passed(step: Step) -> Back:
    """The relevance stays where it is."""
    (relevance,) = step.relevance.values()
    return [relevance], _nothing(relevance)


def _activated(step: Step) -> Back:
    """The relevance stays where it is, if each number is a function of one."""
    _require_of_one(step)
    return _passed(step)


def _require_of_one(step: Step) -> None:
    applied = applied_by(step.layer)
    if not step.is_head and (applied is None or applied.takes_several):
        raise _refusal(step)


def _won(step: Step) -> Back:
    """The relevance goes to the number that was taken, in equal parts to equal ones."""
    return _sent(step), _nothing(step.first)


def _moved(step: Step) -> Back:
    """The relevance goes to where each number came from, and is lost to constants."""
    import tensorflow as tf

    constants = step.call.outputs([tf.zeros_like(one) for one in step.entered])
    lost = [
        total(tf.where(_float(constants[part]) == 0, 0.0, given))
        for part, given in step.relevance.items()
    ]
    return _sent(step), tf.add_n(lost)


def _sent(step: Step) -> Tensors:
    """Return the relevance sent back to what entered, as a gradient is."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(step.entered)
        made = step.call.outputs(step.entered)
        used = [made[part] for part in step.relevance]
    given = [
        tf.cast(one, output.dtype)
        for one, output in zip(step.relevance.values(), used, strict=True)
    ]
    sent = tape.gradient(used, step.entered, given, unconnected_gradients="zero")
    return [_float(one) for one in sent]


def _linear(step: Step) -> Back:
    """The epsilon rule of a layer that adds up its inputs, each times a number."""
    return _by_epsilon(step, lambda entering: step.call.outputs(entering)[0])


def _of_one_tensor(step: Step) -> Back:
    """The same, where it is linear if one of its inputs varies."""
    if len(step.entered) > 1:
        raise _refusal(step)
    return _linear(step)


def _divided(step: Step) -> Back:
    """The same of a division by a constant."""
    marker = object()
    arguments, _ = step.call.arguments([marker] * len(step.entered))
    if len(step.entered) > 1 or not arguments or arguments[0] is not marker:
        raise _refusal(step)
    return _linear(step)


def _weighted(step: Step) -> Back:
    """The epsilon rule of a layer with weights: R_i = Σ_j a_i w_ij / (z_j + ε sign z_j) R_j."""
    _require_of_one(step)
    plain = _without_activation(step.call)

    def sums_of(entering: Tensors) -> Any:
        made = plain.outputs(entering)
        return (step.folded.outputs(made) if step.folded else made)[0]

    return _by_epsilon(step, sums_of)


def _by_epsilon(step: Step, sums_of: Callable[[Tensors], Any]) -> Back:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(step.entered)
        made = sums_of(step.entered)
    stabiliser = tf.where(_float(made) < 0, -step.epsilon, step.epsilon)
    shares = step.first / (_float(made) + stabiliser)
    given = tf.cast(shares, made.dtype)
    found = tape.gradient(made, step.entered, given, unconnected_gradients="zero")
    relevance = [_float(a) * _float(one) for a, one in zip(step.entered, found, strict=True)]
    bias = _float(sums_of([tf.zeros_like(one) for one in step.entered]))
    return relevance, total(shares * (bias + stabiliser))


def _convolved(step: Step) -> Back:
    """The z+ rule: R_i = Σ_j (a_i w_ij)⁺ / z_j R_j, z_j = Σ_k (a_k w_kj)⁺; lost where z_j is 0."""
    import tensorflow as tf

    if step.convolutions == "epsilon":
        return _weighted(step)
    _require_of_one(step)
    entered = step.entered[0]
    parts = {1: tf.nn.relu(entered), -1: -tf.nn.relu(-entered)}
    with tf.GradientTape() as tape:
        tape.watch(parts)
        made = tf.add_n([_of_one_sign(step, part, sign) for sign, part in parts.items()])
    positive = _float(made)
    counts = positive > _LEAST
    shares = tf.where(counts, step.first / tf.where(counts, positive, 1.0), 0.0)
    found = tape.gradient(made, parts, tf.cast(shares, made.dtype), unconnected_gradients="zero")
    relevance = tf.add_n([_float(parts[sign]) * _float(found[sign]) for sign in parts])
    return [relevance], total(tf.where(counts, 0.0, step.first))


def _of_one_sign(step: Step, part: Any, sign: int) -> Any:
    """Return what a convolution makes of its input by the weights of one sign, without its bias.

    The signs are those that the weights have with the batch normalisation folded into them.
    """
    import keras
    import tensorflow as tf

    turns = _turns(step)
    others = [
        (
            one,
            tf.zeros_like(one.value)
            if one is step.layer.bias
            else sign * tf.nn.relu(sign * turns * one.value),
        )
        for one in step.layer.variables
    ]
    with keras.StatelessScope(state_mapping=others):
        return _without_activation(step.call).outputs([part])[0]


def _turns(step: Step) -> Any:
    """Return 1 or −1 for the weights of each output, in a shape to multiply the kernel with."""
    import tensorflow as tf

    gamma = step.folded.layer.gamma if step.folded else None
    if gamma is None:
        return 1.0
    signs, rule = tf.sign(gamma.value), rule_of(step.layer)
    if rule is sums.depthwise_convolution:
        return tf.reshape(signs, (-1, step.layer.depth_multiplier))
    return signs[:, None] if rule is sums.transposed_convolution else signs


def _without_activation(call: Call) -> Call:
    return replace(call, layer=with_attributes(call.layer, activation=None))


def _float(tensor: Any) -> Any:
    import tensorflow as tf

    return tf.cast(tensor, tf.float32)


def total(tensor: Any) -> Any:
    """Return the sum of a batch of tensors for each of them, (n,)."""
    import tensorflow as tf

    return tf.reduce_sum(tf.reshape(tensor, (tf.shape(tensor)[0], -1)), axis=1)


def _nothing(tensor: Any) -> Any:
    import tensorflow as tf

    return tf.zeros(tf.shape(tensor)[:1])


_RULES: Mapping[Rule | None, Callable[[Step], Back]] = {
    copies.same: _passed,
    activations.function: _activated,
    activations.given_function: _activated,
    activations.learned_slope: _passed,
    copies.moved: _moved,
    copies.framed: _moved,
    pooling.max_pool: _won,
    pooling.global_max_pool: _won,
    pooling.adaptive_max_pool: _won,
    merging.largest: _won,
    pooling.average_pool: _linear,
    pooling.global_average_pool: _linear,
    pooling.adaptive_average_pool: _linear,
    slopes.interpolated: _linear,
    slopes.cropped: _linear,
    slopes.linear: _of_one_tensor,
    normalisations.batch: _linear,
    normalisations.rescaling: _linear,
    normalisations.of_dataset: _linear,
    merging.added: _linear,
    merging.averaged: _linear,
    merging.subtracted: _linear,
    merging.multiplied: _of_one_tensor,
    merging.divided: _divided,
    sums.dense: _weighted,
    slopes.linear_unless_activated: _weighted,
    sums.separable_convolution: _weighted,
    sums.convolution: _convolved,
    sums.depthwise_convolution: _convolved,
    sums.transposed_convolution: _convolved,
}
