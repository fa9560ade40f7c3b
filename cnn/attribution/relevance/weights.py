"""Relevance through layers with weights: the epsilon rule, and the z+ rule of convolutions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnn.attribution.relevance import softmax
from cnn.attribution.relevance.step import Back, Rule, Step, Tensors, as_float, by_epsilon, total
from cnn.inspection.units import rule_of
from cnn.models.arithmetic import sums
from cnn.models.graph import Call
from cnn.models.internals import with_attributes

# A smaller sum of positive parts is none: it would be divided by.
_LEAST = 1e-20


def weighted(step: Step) -> Back:
    """The epsilon rule of a layer with weights: R_i = Σ_j a_i w_ij / (z_j + ε sign z_j) R_j."""
    plain = _without_activation(step.call)

    def sums_of(entering: Tensors) -> Any:
        made = plain.outputs(entering)
        return (step.folded.outputs(made) if step.folded else made)[0]

    return by_epsilon(step, sums_of)


def convolved(step: Step) -> Back:
    """The z+ rule: R_i = Σ_j (a_i w_ij)⁺ / z_j R_j, z_j = Σ_k (a_k w_kj)⁺; lost where z_j is 0."""
    import tensorflow as tf

    if step.convolutions == "epsilon":
        return weighted(step)
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


def after_softmax(rule: Rule) -> Rule:
    """Return the rule of a layer with weights that may end with a softmax inside the network."""

    def whole(step: Step) -> Back:
        if not softmax.takes_several(step):
            return rule(step)
        made = _without_activation(step.call).outputs(step.entered)[0]
        (relevance,), taken = softmax.shared_out(step, made)
        sent, more = rule(replace(step, relevance={0: relevance}))
        return sent, taken + more

    return whole


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
