"""Relevance through layers without weights: it stays, or goes to where a number came from."""

from __future__ import annotations

from cnn.attribution.relevance import softmax
from cnn.attribution.relevance.step import (
    Back,
    Step,
    Tensors,
    as_float,
    by_epsilon,
    nothing,
    refusal,
    total,
)


def passed(step: Step) -> Back:
    """The relevance stays where it is."""
    (relevance,) = step.relevance.values()
    return [relevance], nothing(relevance)


def activated(step: Step) -> Back:
    """The relevance stays where it is, if each number is a function of one; a softmax shares it."""
    if not softmax.takes_several(step):
        return passed(step)
    if len(step.entered) > 1:
        raise refusal(step)
    return softmax.shared_out(step, step.entered[0])


def won(step: Step) -> Back:
    """The relevance goes to the number that was taken, in equal parts to equal ones."""
    return _sent(step), nothing(step.first)


def moved(step: Step) -> Back:
    """The relevance goes to where each number came from, and is lost to constants."""
    import tensorflow as tf

    constants = step.call.outputs([tf.zeros_like(one) for one in step.entered])
    lost = [
        total(tf.where(as_float(constants[part]) == 0, 0.0, given))
        for part, given in step.relevance.items()
    ]
    return _sent(step), tf.add_n(lost)


def linear(step: Step) -> Back:
    """The epsilon rule of a layer that adds up its inputs, each times a number."""
    return by_epsilon(step, lambda entering: step.call.outputs(entering)[0])


def powered(step: Step) -> Back:
    """The relevance stays where it is, if it is the base of a constant power."""
    marker = object()
    arguments, _ = step.call.arguments([marker] * len(step.entered))
    if len(step.entered) > 1 or not arguments or arguments[0] is not marker:
        raise refusal(step)
    return passed(step)


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
