"""Sentences on what adds up to an output, and on how sums become probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnn.captions.arithmetic import compared, sentence
from cnn.captions.caption import Caption
from cnn.inspection.outputs import Output, Parts, Softmax
from cnn.models.arithmetic.forms import Function
from cnn.models.layers import LayerInfo
from cnn.words import counted, number, percent

_DIGITS = 4


def output(made: Output, names: Sequence[str]) -> str:
    """Return what is taken apart, as the object of a sentence: "the logit of 7 minus that of 9"."""
    noun = "the sum" if made.head.form == "numbers" else "the logit"
    if len(names) == 1:
        return noun
    minus = "" if made.against is None else f" minus that of {names[made.against]}"
    return f"{noun} of {names[made.target]}{minus}"


def output_formula(made: Output, parts: Parts, names: Sequence[str]) -> str:
    """Return how the parts add up to the sum, with the numbers themselves."""
    what = output(made, names)
    rule = " Each weight is that of the one minus that of the other, and so is the bias."
    told = sentence(parts.form)
    return f"{made.layer}, {what}: {told}{rule if made.against is not None else ''}"


def output_proof(made: Output, parts: Parts) -> str:
    """Return whether the parts give what Keras computed, and how far apart they are."""
    if made.computed is not None:
        is_proved = parts.give(made.computed)
        return compared(parts.form.value, made.computed, is_proved=is_proved)
    hidden = "The layer does not show its sums, only what becomes of them."
    if made.function is None:
        return hidden
    return f"{hidden} {compared(made.function.value, made.result, is_proved=made.is_proved)}"


def contributions(made: Output, parts: Parts, names: Sequence[str]) -> Caption:
    """Return the caption of what each input, or each channel, adds to the sum."""
    form, each = parts.form, "channel" if parts.are_channels else "input"
    bias = ", then the bias" if form.bias else ""
    seen = (
        f"What each of the {counted(len(form.channels), each)} from {parts.layer} adds to "
        f"{output(made, names)}, the strongest first{bias}: together {_n(form.value)}."
    )
    return Caption(seen, _speaking(made, form.subtotals, each, names))


def _speaking(made: Output, amounts: np.ndarray, each: str, names: Sequence[str]) -> str:
    """Return which part raises the sum most, and which lowers it most."""
    most, least = int(amounts.argmax()), int(amounts.argmin())
    name, other = names[made.target], None if made.against is None else names[made.against]
    against = f" against {other}" if other else ""
    parts = []
    if amounts[most] > 0:
        parts.append(f"{each} {most} speaks most for {name}{against} ({_signed(amounts[most])})")
    if amounts[least] < 0:
        whom = f"for {other}" if other else "against it" if parts else f"against {name}"
        parts.append(f"{each} {least} most {whom} ({_signed(amounts[least])})")
    if not parts:
        return f"None of them adds anything: every {each} is zero, or its weight is."
    told = ", ".join(parts)
    return f"{told[0].upper()}{told[1:]}."


def no_channels(barrier: LayerInfo) -> str:
    """Return why the sum is not told by channels of maps."""
    function = barrier.activation
    kind = f"{barrier.kind}, {function}" if function not in (None, "linear") else barrier.kind
    return (
        f"Channels of maps add to it through {barrier.name} ({kind}), which does more than hand them on: "
        "what each of them adds cannot be told exactly."
    )


def logits(made: Output, names: Sequence[str]) -> Caption:
    """Return the caption of the sums of all outputs."""
    seen = "The sums of all outputs, before anything is made of them."
    if made.head.form != "numbers":
        seen = "The logits: the sums of all classes, as the network computed them."
    order = np.argsort(-made.logits, kind="stable")[:2]
    if len(order) < 2:
        return Caption(seen)
    first, second = (f"{_n(made.logits[i])} ({names[i]})" for i in order)
    return Caption(seen, f"The largest is {first}, the next {second}.")


def below(steps: Softmax, names: Sequence[str]) -> Caption:
    """Return the caption of the logits minus the largest."""
    largest = _n(float(steps.form.logits.max()))
    seen = f"Each minus the largest, {largest}: that changes no share, and no power gets too large."
    return Caption(seen, _each(steps, names, lambda i: _n(steps.below[i])))


def powers(steps: Softmax, names: Sequence[str]) -> Caption:
    """Return the caption of e to the power of each."""
    below, powers = steps.below, steps.powers
    seen = f"The number e to the power of each: 1 for the largest, together 1 + {_n(steps.others)}."
    return Caption(
        seen, _each(steps, names, lambda i: f"e^{_bracketed(below[i])} = {_n(powers[i])}")
    )


def shares(steps: Softmax, names: Sequence[str]) -> Caption:
    """Return the caption of the probabilities: each power divided by the sum of all."""
    form = steps.form
    result = float(steps.computed[form.index])
    divided = f"{_n(steps.powers[form.index])} ÷ (1 + {_n(steps.others)})"
    apart = f"differs by more than {number(steps.difference, 1)}" if steps.difference else "differs"
    verdict = "" if form.gives(result) else " That is more than float32 explains."
    return Caption(
        "Each power divided by their sum: shares of 1, the probabilities.",
        f"For {names[form.index]}, {divided} gives {percent(form.value, _DIGITS)}; the network says "
        f"{percent(result, _DIGITS)}. No share {apart}.{verdict}",
    )


def _each(steps: Softmax, names: Sequence[str], written: Callable[[int], str]) -> str:
    """Return what is written of the class that is looked at, and of the next if it is the largest."""
    here, order = steps.form.index, np.argsort(-steps.form.logits, kind="stable")
    sentence = f"For {names[here]} that is {written(here)}"
    if here == order[0] and len(order) > 1:
        sentence += f", for {names[order[1]]}, the next, {written(order[1])}"
    return f"{sentence}."


def function(form: Function, result: float) -> Caption:
    """Return the caption of the function that is applied to the sum of one output, by itself."""
    told = sentence(form)
    if form.name == "sigmoid":
        power = float(np.exp(-form.operand))
        told = (
            f"1 ÷ (1 + e^{_bracketed(-form.operand)}) = 1 ÷ (1 + {_n(power)}) = "
            f"{number(form.value, _DIGITS + 1)}."
        )
    return Caption(told, compared(form.value, result, is_proved=form.gives(result)))


def _n(value: float) -> str:
    return number(value, _DIGITS)


def _bracketed(value: float) -> str:
    return f"({_n(value)})" if value < 0 else _n(value)


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)
