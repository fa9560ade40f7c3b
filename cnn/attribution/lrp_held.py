"""Rules of LRP for layers that multiply what they compute of a picture with each other.

A transformer does so in its attention and its normalisations. Where one factor only says how much of
the other counts, it is held as a constant, so that relevance is conserved (Ali et al. 2022,
arXiv:2202.07304). A product of equals is shared in equal parts, and a softmax by its linear approximation
(AttnLRP: Achtibat et al. 2024, arXiv:2402.05602).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from cnn.attribution.lrp_steps import (
    Back,
    Rule,
    Step,
    Tensors,
    as_float,
    by_epsilon,
    refusal,
    total,
)
from cnn.inspection.units import rule_of
from cnn.models.arithmetic import normalisations
from cnn.models.arithmetic.cell import Rule as Arithmetic
from cnn.models.arithmetic.functions import applied_by

# What Keras divides by at least, where it divides by the norm.
_LEAST_NORM = 1e-12


def attends(layer: Any) -> bool:
    """Whether it is a layer of Keras that weighs values by how queries and keys fit."""
    from keras import layers

    return type(layer) in (
        layers.MultiHeadAttention, layers.GroupQueryAttention, layers.Attention,
        layers.AdditiveAttention,
    )  # fmt: skip


def attended(step: Step) -> Back:
    """The epsilon rule with the weights of attention held: what is left is linear in the values."""
    if len(step.relevance) > 1:
        raise refusal(step)
    held = _named(step, step.entered)

    def sums_of(entering: Tensors) -> Any:
        return step.call.made_of((), _with_values(held, _named(step, entering)))[0]

    return by_epsilon(step, sums_of)


def _with_values(held: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that are held, with the values of those that are given."""
    if "inputs" in held:
        query, value, *key = held["inputs"]
        return {**held, "inputs": [query, given["inputs"][1], *(key or [value])]}
    return {"key": held["value"], **held, "value": given["value"]}


def _named(step: Step, entering: Tensors) -> dict[str, Any]:
    """Return the arguments of the call that are given, by their names."""
    positional, keywords = step.call.arguments(entering)
    given = signature(step.layer.call).bind(*positional, **keywords).arguments
    return {name: one for name, one in given.items() if one is not None}


def normalised(step: Step) -> Back:
    """The epsilon rule with the spread of the numbers held: what is left is linear in them."""
    layer, held = step.layer, as_float(step.entered[0])
    kind, rank = rule_of(layer), len(held.shape)
    axes = [axis % rank for axis in _listed(layer.axis)]
    mean = _mean_of_groups(layer.groups, axes[0]) if kind is normalisations.group else _mean(axes)
    is_centred = kind in _CENTRED and not getattr(layer, "rms_scaling", False)
    scale, shift = _weights(layer)
    offset = _beside(shift, 0.0, held, axes)
    factor = _beside(scale, 1.0, held, axes) / _DEVIATIONS[kind](layer, held, mean)

    def sums_of(entering: Tensors) -> Any:
        numbers = as_float(entering[0])
        return (numbers - mean(numbers) if is_centred else numbers) * factor + offset

    return by_epsilon(step, sums_of)


Mean = Callable[[Any], Any]
_CENTRED = (normalisations.layer, normalisations.group)


def _of_variance(layer: Any, numbers: Any, mean: Mean) -> Any:
    return (mean((numbers - mean(numbers)) ** 2) + layer.epsilon) ** 0.5


def _of_squares(layer: Any, numbers: Any, mean: Mean) -> Any:
    return (mean(numbers**2) + layer.epsilon) ** 0.5


def _norm(layer: Any, numbers: Any, _mean: Mean) -> Any:
    import tensorflow as tf

    square = tf.reduce_sum(numbers**2, _listed(layer.axis), keepdims=True)
    return tf.maximum(square**0.5, _LEAST_NORM)


_DEVIATIONS: Mapping[Arithmetic | None, Callable[[Any, Any, Mean], Any]] = {
    normalisations.layer: _of_variance,
    normalisations.group: _of_variance,
    normalisations.root_mean_square: _of_squares,
    normalisations.unit: _norm,
}


def _mean(axes: list[int]) -> Mean:
    import tensorflow as tf

    return lambda numbers: tf.reduce_mean(numbers, axes, keepdims=True)


def _mean_of_groups(groups: int, axis: int) -> Mean:
    """Return the mean over all places and each group of channels, one for each channel."""
    import tensorflow as tf

    def mean(numbers: Any) -> Any:
        sizes = tf.shape(numbers)
        size = sizes[axis] // groups
        apart = tf.concat([sizes[:axis], [groups, size], sizes[axis + 1 :]], 0)
        others = [one for one in range(1, len(numbers.shape) + 1) if one != axis]
        means = tf.reduce_mean(tf.reshape(numbers, apart), others, keepdims=True)
        return tf.repeat(tf.squeeze(means, axis + 1), size, axis=axis)

    return mean


def _weights(layer: Any) -> tuple[Any, Any]:
    """Return what the numbers are multiplied with and what is added to them; None for nothing."""
    if rule_of(layer) is normalisations.root_mean_square:
        return layer.scale, None
    # With this setting Keras adds nothing.
    is_scaled_only = getattr(layer, "rms_scaling", False)
    return getattr(layer, "gamma", None), None if is_scaled_only else getattr(layer, "beta", None)


def _beside(weights: Any, missing: float, numbers: Any, axes: list[int]) -> Any:
    """Return weights of some axes in a shape that fits the numbers; what is missing without them."""
    import tensorflow as tf

    if weights is None:
        return missing
    sizes = [numbers.shape[axis] if axis in axes else 1 for axis in range(len(numbers.shape))]
    return tf.reshape(as_float(weights), sizes)


def _listed(axes: Any) -> list[int]:
    return list(axes) if isinstance(axes, list | tuple) else [axes]


def multiplied(step: Step) -> Back:
    """The epsilon rule of a sum of products, each of which gives its factors equal parts."""
    return by_epsilon(
        step, lambda entering: step.call.outputs(entering)[0], factors=len(step.entered)
    )


def dotted(step: Step) -> Back:
    """The same of a product of lines, unless these are normalised before."""
    if getattr(step.layer, "normalize", False):
        raise refusal(step)
    return multiplied(step)


def divided(step: Step) -> Back:
    """The epsilon rule with what is divided by held as a constant."""
    marker = object()
    arguments, _ = step.call.arguments([marker, *step.entered[1:]])
    if not arguments or arguments[0] is not marker:
        raise refusal(step)
    return by_epsilon(step, lambda entering: step.call.outputs([entering[0], *step.entered[1:]])[0])


def gated(step: Step) -> Back:
    """A half of the relevance for the numbers, a half for the gate that each is multiplied with."""
    import tensorflow as tf

    return [tf.concat([step.first / 2] * 2, step.layer.axis)], tf.zeros(tf.shape(step.first)[:1])


def shared_out(step: Step, sums: Any) -> Back:
    """Return R_i = x_i (R_i − s_i Σ_j R_j) of a softmax s of the `sums` x; the rest is its bias.

    Raises `AttributionError` where the layer ends with another function of several numbers.
    """
    import tensorflow as tf

    applied = applied_by(step.layer)
    if applied is None or applied.name != "softmax" or len(step.relevance) > 1:
        raise refusal(step)
    axes, x = _listed(applied.axis), as_float(sums)
    powers = tf.exp(x - tf.reduce_max(x, axes, keepdims=True))
    shares = powers / tf.reduce_sum(powers, axes, keepdims=True)
    received = tf.reduce_sum(step.first, axes, keepdims=True)
    mean = tf.reduce_sum(shares * x, axes, keepdims=True)
    return [x * (step.first - shares * received)], total(step.first * (1 - x + mean))


def takes_several(step: Step) -> bool:
    """Whether the last thing that the layer does is no function of one number, or not known."""
    applied = applied_by(step.layer)
    return not step.is_head and (applied is None or applied.takes_several)


# What is said of a map in which a rule took part.
HELD: Mapping[Rule, str] = {
    attended: "the weights of attention",
    normalised: "the spreads of normalised numbers",
    divided: "divisors",
}
SHARED: frozenset[Rule] = frozenset({multiplied, dotted})
