"""Relevance through normalisations: the spread of the numbers is held as a constant.

Ali et al. 2022 (arXiv:2202.07304): it says how much the numbers count, and relevance is conserved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnn.attribution.relevance.step import Back, Step, Tensors, as_float, axes_of, by_epsilon
from cnn.inspection.units import rule_of
from cnn.models.arithmetic import normalisations
from cnn.models.arithmetic.cell import Rule as Arithmetic

# What Keras divides by at least, where it divides by the norm.
_LEAST_NORM = 1e-12
Mean = Callable[[Any], Any]
_CENTRED = (normalisations.layer, normalisations.group)


def normalised(step: Step) -> Back:
    """The epsilon rule with the spread of the numbers held: what is left is linear in them."""
    layer, held = step.layer, as_float(step.entered[0])
    kind, rank = rule_of(layer), len(held.shape)
    axes = [axis % rank for axis in axes_of(layer.axis)]
    mean = _mean_of_groups(layer.groups, axes[0]) if kind is normalisations.group else _mean(axes)
    is_centred = kind in _CENTRED and not getattr(layer, "rms_scaling", False)
    scale, shift = _weights(layer)
    offset = _beside(shift, 0.0, held, axes)
    factor = _beside(scale, 1.0, held, axes) / _DEVIATIONS[kind](layer, held, mean)

    def sums_of(entering: Tensors) -> Any:
        numbers = as_float(entering[0])
        return (numbers - mean(numbers) if is_centred else numbers) * factor + offset

    return by_epsilon(step, sums_of)


def _of_variance(layer: Any, numbers: Any, mean: Mean) -> Any:
    return (mean((numbers - mean(numbers)) ** 2) + layer.epsilon) ** 0.5


def _of_squares(layer: Any, numbers: Any, mean: Mean) -> Any:
    return (mean(numbers**2) + layer.epsilon) ** 0.5


def _norm(layer: Any, numbers: Any, _mean: Mean) -> Any:
    import tensorflow as tf

    square = tf.reduce_sum(numbers**2, axes_of(layer.axis), keepdims=True)
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
