"""Relevance through convolutions by the z+ rule: only what speaks for a sum has a part of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from cnn.attribution.relevance.step import Back, Step, as_float, total
from cnn.attribution.relevance.weights import weighted, without_activation
from cnn.inspection.units import rule_of
from cnn.models.arithmetic import sums

# A smaller sum of positive parts is none: it would be divided by.
_LEAST = 1e-20
# What is sent back, and what of it is lost, (n,).
Sent = tuple[Any, Any]


def convolved(step: Step) -> Back:
    """The z+ rule of a convolution, or the other where that is chosen."""
    if step.convolutions == "epsilon":
        return weighted(step)
    sent, lost = _by_z_plus(step.entered[0], step.first, partial(_of_one_sign, step))
    return [sent], lost


def separated(step: Step) -> Back:
    """The same of a separable convolution, through its pointwise part and then its depthwise one."""
    import keras

    if step.convolutions == "epsilon":
        return weighted(step)
    layer, shape = step.layer, {"data_format": step.layer.data_format}
    depthwise, turns = layer.depthwise_kernel.value, _turns(step)
    pointwise = turns * layer.pointwise_kernel.value

    def through_depthwise(part: Any, kernel: Any) -> Any:
        return keras.ops.depthwise_conv(
            part, kernel, layer.strides, layer.padding, dilation_rate=layer.dilation_rate, **shape
        )

    def of_depthwise(part: Any, sign: int) -> Any:
        return through_depthwise(part, _of_sign(depthwise, sign))

    def of_pointwise(part: Any, sign: int) -> Any:
        return keras.ops.conv(part, _of_sign(pointwise, sign), **shape)

    between = through_depthwise(step.entered[0], depthwise)
    received, lost = _by_z_plus(between, step.first, of_pointwise)
    sent, more = _by_z_plus(step.entered[0], received, of_depthwise)
    return [sent], lost + more


def _by_z_plus(entered: Any, relevance: Any, of_one_sign: Callable[[Any, int], Any]) -> Sent:
    """The z+ rule: R_i = Σ_j (a_i w_ij)⁺ / z_j R_j, z_j = Σ_k (a_k w_kj)⁺; lost where z_j is 0.

    `of_one_sign` gives the sums of one part of what entered by the weights of its sign.
    """
    import tensorflow as tf

    parts = {1: tf.nn.relu(entered), -1: -tf.nn.relu(-entered)}
    with tf.GradientTape() as tape:
        tape.watch(parts)
        made = tf.add_n([of_one_sign(part, sign) for sign, part in parts.items()])
    positive = as_float(made)
    counts = positive > _LEAST
    shares = tf.where(counts, relevance / tf.where(counts, positive, 1.0), 0.0)
    found = tape.gradient(made, parts, tf.cast(shares, made.dtype), unconnected_gradients="zero")
    sent = tf.add_n([as_float(parts[sign]) * as_float(found[sign]) for sign in parts])
    return sent, total(tf.where(counts, 0.0, relevance))


def _of_sign(weights: Any, sign: int) -> Any:
    """Return the weights of one sign, 0 for the others."""
    import tensorflow as tf

    return sign * tf.nn.relu(sign * weights)


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
            else _of_sign(turns * one.value, sign),
        )
        for one in step.layer.variables
    ]
    with keras.StatelessScope(state_mapping=others):
        return without_activation(step.call).outputs([part])[0]


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
