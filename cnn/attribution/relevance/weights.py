"""Relevance through layers with weights: the epsilon rule, and a softmax that one may end with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnn.attribution.relevance import softmax
from cnn.attribution.relevance.step import Back, Rule, Step, Tensors, by_epsilon
from cnn.models.graph import Call
from cnn.models.internals import with_attributes


def weighted(step: Step) -> Back:
    """The epsilon rule of a layer with weights: R_i = Σ_j a_i w_ij / (z_j + ε sign z_j) R_j."""
    plain = without_activation(step.call)

    def sums_of(entering: Tensors) -> Any:
        made = plain.outputs(entering)
        return (step.folded.outputs(made) if step.folded else made)[0]

    return by_epsilon(step, sums_of)


def after_softmax(rule: Rule) -> Rule:
    """Return the rule of a layer with weights that may end with a softmax inside the network."""

    def whole(step: Step) -> Back:
        if not softmax.takes_several(step):
            return rule(step)
        made = without_activation(step.call).outputs(step.entered)[0]
        (relevance,), taken = softmax.shared_out(step, made)
        sent, more = rule(replace(step, relevance={0: relevance}))
        return sent, taken + more

    return whole


def without_activation(call: Call) -> Call:
    """Return the call with a layer that ends with its sums."""
    return replace(call, layer=with_attributes(call.layer, activation=None))
