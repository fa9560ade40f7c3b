"""How relevance goes back through a layer: a rule for each kind of arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cnn.attribution import lrp_held
from cnn.attribution.lrp_steps import (
    Back,
    Rule,
    Step,
    Tensors,
    as_float,
    by_epsilon,
    nothing,
    refusal,
    total,
)
from cnn.inspection.units import rule_of
from cnn.models import reading_rules
from cnn.models.arithmetic import (
    activations,
    copies,
    merging,
    normalisations,
    pooling,
    slopes,
    sums,
)
from cnn.models.arithmetic.cell import Rule as Arithmetic
from cnn.models.graph import Call
from cnn.models.internals import with_attributes
from cnn.models.kinds import kind_of
from cnn.words import listed

# A smaller sum of positive parts is none: it would be divided by.
_LEAST = 1e-20
# What says that a layer computes with other weights than its own.
_ALTERED = ("quantization_mode", "lora_enabled")


def back(step: Step) -> Back:
    """Return the relevance of what entered the call; `AttributionError` where no rule says it."""
    if kind_of(type(step.layer).__name__).reads is reading_rules.nothing:
        return [None] * len(step.entered), total(step.first)
    rule = _rule(step.layer)
    is_altered = any(getattr(step.layer, name, None) for name in _ALTERED)
    if rule is None or is_altered:
        raise refusal(step)
    return rule(step)


def _rule(layer: Any) -> Rule | None:
    return lrp_held.attended if lrp_held.attends(layer) else _RULES.get(rule_of(layer))


def told(layer_calls: Iterable[Call]) -> str:
    """Return what these calls hold as constants, and what they share; "" where they do neither."""
    used = {
        rule
        for call in layer_calls
        if (rule := _rule(call.layer)) is lrp_held.normalised or len(call.inputs) > 1
    }
    held = [words for rule, words in lrp_held.HELD.items() if rule in used]
    parts = [f"{listed(held)} are held as constants (Ali et al. 2022)"] if held else []
    if used & lrp_held.SHARED:
        parts.append("products of tensors are shared in equal parts (Achtibat et al. 2024)")
    return ", and ".join(parts)


def _passed(step: Step) -> Back:
    """The relevance stays where it is."""
    (relevance,) = step.relevance.values()
    return [relevance], nothing(relevance)


def _activated(step: Step) -> Back:
    """The relevance stays where it is, if each number is a function of one; a softmax shares it."""
    if not lrp_held.takes_several(step):
        return _passed(step)
    if len(step.entered) > 1:
        raise refusal(step)
    return lrp_held.shared_out(step, step.entered[0])


def _won(step: Step) -> Back:
    """The relevance goes to the number that was taken, in equal parts to equal ones."""
    return _sent(step), nothing(step.first)


def _moved(step: Step) -> Back:
    """The relevance goes to where each number came from, and is lost to constants."""
    import tensorflow as tf

    constants = step.call.outputs([tf.zeros_like(one) for one in step.entered])
    lost = [
        total(tf.where(as_float(constants[part]) == 0, 0.0, given))
        for part, given in step.relevance.items()
    ]
    return _sent(step), tf.add_n(lost)


def _sent(step: Step) -> Tensors:
    """Return the relevance sent back to what entered, as a gradient is."""
    import tensorflow as tf

    # A tensor that enters twice is two, so that none counts for both.
    entered = [tf.identity(one) for one in step.entered]
    with tf.GradientTape() as tape:
        tape.watch(entered)
        made = step.call.outputs(entered)
        used = [made[part] for part in step.relevance]
    given = [
        tf.cast(one, output.dtype)
        for one, output in zip(step.relevance.values(), used, strict=True)
    ]
    sent = tape.gradient(used, entered, given, unconnected_gradients="zero")
    return [as_float(one) for one in sent]


def _linear(step: Step) -> Back:
    """The epsilon rule of a layer that adds up its inputs, each times a number."""
    return by_epsilon(step, lambda entering: step.call.outputs(entering)[0])


def _powered(step: Step) -> Back:
    """The relevance stays where it is, if it is the base of a constant power."""
    marker = object()
    arguments, _ = step.call.arguments([marker] * len(step.entered))
    if len(step.entered) > 1 or not arguments or arguments[0] is not marker:
        raise refusal(step)
    return _passed(step)


def _weighted(step: Step) -> Back:
    """The epsilon rule of a layer with weights: R_i = Σ_j a_i w_ij / (z_j + ε sign z_j) R_j."""
    plain = _without_activation(step.call)

    def sums_of(entering: Tensors) -> Any:
        made = plain.outputs(entering)
        return (step.folded.outputs(made) if step.folded else made)[0]

    return by_epsilon(step, sums_of)


def _convolved(step: Step) -> Back:
    """The z+ rule: R_i = Σ_j (a_i w_ij)⁺ / z_j R_j, z_j = Σ_k (a_k w_kj)⁺; lost where z_j is 0."""
    import tensorflow as tf

    if step.convolutions == "epsilon":
        return _weighted(step)
    entered = step.entered[0]
    parts = {1: tf.nn.relu(entered), -1: -tf.nn.relu(-entered)}
    with tf.GradientTape() as tape:
        tape.watch(parts)
        made = tf.add_n([_of_one_sign(step, part, sign) for sign, part in parts.items()])
    positive = as_float(made)
    counts = positive > _LEAST
    shares = tf.where(counts, step.first / tf.where(counts, positive, 1.0), 0.0)
    found = tape.gradient(made, parts, tf.cast(shares, made.dtype), unconnected_gradients="zero")
    relevance = tf.add_n([as_float(parts[sign]) * as_float(found[sign]) for sign in parts])
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


def _after_softmax(rule: Rule) -> Rule:
    """Return the rule of a layer with weights that may end with a softmax inside the network."""

    def whole(step: Step) -> Back:
        if not lrp_held.takes_several(step):
            return rule(step)
        made = _without_activation(step.call).outputs(step.entered)[0]
        (relevance,), taken = lrp_held.shared_out(step, made)
        sent, more = rule(replace(step, relevance={0: relevance}))
        return sent, taken + more

    return whole


_RULES: Mapping[Arithmetic | None, Rule] = {
    copies.same: _passed,
    activations.function: _activated,
    activations.given_function: _activated,
    activations.learned_slope: _passed,
    activations.gated: lrp_held.gated,
    copies.moved: _moved,
    pooling.max_pool: _won,
    pooling.global_max_pool: _won,
    pooling.adaptive_max_pool: _won,
    merging.largest: _won,
    merging.smallest: _won,
    merging.largest_along: _won,
    merging.smallest_along: _won,
    pooling.average_pool: _linear,
    pooling.global_average_pool: _linear,
    pooling.adaptive_average_pool: _linear,
    slopes.interpolated: _linear,
    slopes.cropped: _linear,
    slopes.linear: lrp_held.multiplied,
    normalisations.batch: _linear,
    normalisations.rescaling: _linear,
    normalisations.of_dataset: _linear,
    merging.added: _linear,
    merging.averaged: _linear,
    merging.subtracted: _linear,
    merging.multiplied: lrp_held.multiplied,
    merging.divided: lrp_held.divided,
    merging.raised: _powered,
    merging.dot: lrp_held.dotted,
    normalisations.layer: lrp_held.normalised,
    normalisations.group: lrp_held.normalised,
    normalisations.root_mean_square: lrp_held.normalised,
    normalisations.unit: lrp_held.normalised,
    sums.dense: _after_softmax(_weighted),
    slopes.linear_unless_activated: _after_softmax(_weighted),
    sums.separable_convolution: _after_softmax(_weighted),
    sums.convolution: _after_softmax(_convolved),
    sums.depthwise_convolution: _after_softmax(_convolved),
    sums.transposed_convolution: _after_softmax(_convolved),
}
