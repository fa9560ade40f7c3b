"""Relevance through attention: its weights are held as constants (Ali et al. 2022, arXiv:2202.07304)."""

from __future__ import annotations

from inspect import signature
from typing import Any

from cnn.attribution.relevance.step import Back, Step, Tensors, by_epsilon, refusal


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
