"""Relevance through products of what is computed of a picture: each factor gets an equal part.

AttnLRP: Achtibat et al. 2024 (arXiv:2402.05602).
"""

from __future__ import annotations

from cnn.attribution.relevance.step import Back, Step, by_epsilon, refusal


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
