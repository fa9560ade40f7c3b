"""Which rule says how relevance goes back through a layer: one for each kind of arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cnn.attribution.relevance import attention, moving, normalisation, products, weights, z_plus
from cnn.attribution.relevance.step import Back, Rule, Step, refusal, total
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
from cnn.models.kinds import kind_of
from cnn.words import listed

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
    return attention.attended if attention.attends(layer) else _RULES.get(rule_of(layer))


def told(layer_calls: Iterable[Call]) -> str:
    """Return what these calls hold as constants, and what they share; "" where they do neither."""
    used = {
        rule
        for call in layer_calls
        if (rule := _rule(call.layer)) is normalisation.normalised or len(call.inputs) > 1
    }
    held = [words for rule, words in _HELD.items() if rule in used]
    parts = [f"{listed(held)} are held as constants (Ali et al. 2022)"] if held else []
    if used & _SHARED:
        parts.append("products of tensors are shared in equal parts (Achtibat et al. 2024)")
    return ", and ".join(parts)


_RULES: Mapping[Arithmetic | None, Rule] = {
    copies.same: moving.passed,
    activations.function: moving.activated,
    activations.given_function: moving.activated,
    activations.learned_slope: moving.passed,
    activations.gated: products.gated,
    copies.moved: moving.moved,
    pooling.max_pool: moving.won,
    pooling.global_max_pool: moving.won,
    pooling.adaptive_max_pool: moving.won,
    merging.largest: moving.won,
    merging.smallest: moving.won,
    merging.largest_along: moving.won,
    merging.smallest_along: moving.won,
    pooling.average_pool: moving.linear,
    pooling.global_average_pool: moving.linear,
    pooling.adaptive_average_pool: moving.linear,
    slopes.interpolated: moving.linear,
    slopes.cropped: moving.linear,
    slopes.linear: products.multiplied,
    normalisations.batch: moving.linear,
    normalisations.rescaling: moving.linear,
    normalisations.of_dataset: moving.linear,
    merging.added: moving.linear,
    merging.averaged: moving.linear,
    merging.subtracted: moving.linear,
    merging.multiplied: products.multiplied,
    merging.divided: products.divided,
    merging.raised: moving.powered,
    merging.dot: products.dotted,
    normalisations.layer: normalisation.normalised,
    normalisations.group: normalisation.normalised,
    normalisations.root_mean_square: normalisation.normalised,
    normalisations.unit: normalisation.normalised,
    sums.dense: weights.after_softmax(weights.weighted),
    slopes.linear_unless_activated: weights.after_softmax(weights.weighted),
    sums.separable_convolution: weights.after_softmax(z_plus.separated),
    sums.convolution: weights.after_softmax(z_plus.convolved),
    sums.depthwise_convolution: weights.after_softmax(z_plus.convolved),
    sums.transposed_convolution: weights.after_softmax(z_plus.convolved),
}

# What is said of a map in which a rule took part.
_HELD: Mapping[Rule, str] = {
    attention.attended: "the weights of attention",
    normalisation.normalised: "the spreads of normalised numbers",
    products.divided: "divisors",
}
_SHARED: frozenset[Rule] = frozenset({products.multiplied, products.dotted})
