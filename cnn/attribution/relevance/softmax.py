"""Relevance through a softmax inside a network, by its linear approximation.

AttnLRP: Achtibat et al. 2024 (arXiv:2402.05602).
"""

from __future__ import annotations

from typing import Any

from cnn.attribution.relevance.step import Back, Step, as_float, axes_of, refusal, total
from cnn.models.arithmetic.functions import applied_by


def shared_out(step: Step, sums: Any) -> Back:
    """Return R_i = x_i (R_i − s_i Σ_j R_j) of a softmax s of the `sums` x; the rest is its bias.

    Raises `AttributionError` where the layer ends with another function of several numbers.
    """
    import tensorflow as tf

    applied = applied_by(step.layer)
    if applied is None or applied.name != "softmax" or len(step.relevance) > 1:
        raise refusal(step)
    axes, x = axes_of(applied.axis), as_float(sums)
    powers = tf.exp(x - tf.reduce_max(x, axes, keepdims=True))
    shares = powers / tf.reduce_sum(powers, axes, keepdims=True)
    received = tf.reduce_sum(step.first, axes, keepdims=True)
    mean = tf.reduce_sum(shares * x, axes, keepdims=True)
    return [x * (step.first - shares * received)], total(step.first * (1 - x + mean))


def takes_several(step: Step) -> bool:
    """Whether the last thing that the layer does is no function of one number, or not known."""
    applied = applied_by(step.layer)
    return not step.is_head and (applied is None or applied.takes_several)
