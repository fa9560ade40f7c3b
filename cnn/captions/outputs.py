"""Sentences on what adds up to an output, and on how sums become probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn.captions.arithmetic import compared, sentence
from cnn.captions.caption import Caption
from cnn.inspection.outputs import Output, Parts, Softmax
from cnn.models.arithmetic.forms import Function
from cnn.models.layers import LayerInfo
from cnn.words import counted, number, percent

_DIGITS = 4
_SHARE_DIGITS = 4


def output(made: Output, names: Sequence[str]) -> str:
    """Return what is taken apart, as the object of a sentence: "the logit of 7 minus that of 9"."""
    noun = "the sum" if made.head.form == "numbers" else "the logit"
    if len(names) == 1:
        return noun
    minus = "" if made.against is None else f" minus that of {names[made.against]}"
    return f"{noun} of {names[made.target]}{minus}"


def output_formula(made: Output, names: Sequence[str]) -> str:
    """Return how the sum comes about, with the numbers themselves."""
    what = output(made, names)
    rule = " Each weight is that of the one minus that of the other, and so is the bias."
    told = sentence(made.inputs.form)
    return f"{made.layer}, {what}: {told}{rule if made.against is not None else ''}"


def output_proof(made: Output) -> str:
    """Return whether the parts give what Keras computed, and how far apart they are."""
    if made.computed is not None:
        return compared(made.recomputed, made.computed, is_proved=made.is_proved)
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
        f"{output(made, names)}, the strongest first{bias}: together {number(form.value, _DIGITS)}."
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
    first, second = (f"{number(made.logits[i], _DIGITS)} ({names[i]})" for i in order)
    return Caption(seen, f"The largest is {first}, the next {second}.")


def below(steps: Softmax, names: Sequence[str]) -> Caption:
    """Return the caption of the logits minus the largest."""
    largest = number(float(steps.form.logits.max()), _DIGITS)
    here = steps.form.index
    return Caption(
        f"Each minus the largest, {largest}: that changes no share, and no power becomes too large.",
        f"For {names[here]} that is {number(steps.below[here], _DIGITS)}.",
    )


def powers(steps: Softmax, names: Sequence[str]) -> Caption:
    """Return the caption of e to the power of each."""
    here = steps.form.index
    power = f"e^{_bracketed(float(steps.below[here]))}"
    return Caption(
        f"The number e to the power of each: together {number(steps.total, _DIGITS + 1)}.",
        f"For {names[here]} that is {power} = {number(steps.powers[here], _DIGITS)}.",
    )


def shares(steps: Softmax, names: Sequence[str]) -> Caption:
    """Return the caption of the probabilities: each power divided by the sum of all."""
    form = steps.form
    share, result = form.value, float(steps.computed[form.index])
    divided = (
        f"{number(steps.powers[form.index], _DIGITS)} ÷ {number(steps.total, _DIGITS + 1)} = "
        f"{percent(share, _SHARE_DIGITS)}"
    )
    verdict = "" if form.gives(result) else " That is more than float32 explains."
    return Caption(
        "Each power divided by their sum: shares of 1, the probabilities.",
        f"For {names[form.index]} {divided}; the network says {percent(result, _SHARE_DIGITS)}. No share "
        f"differs by more than {number(steps.difference, 1)}.{verdict}",
    )


def function(form: Function, result: float) -> Caption:
    """Return the caption of the function that is applied to the sum of one output, by itself."""
    told = sentence(form)
    if form.name == "sigmoid":
        power = float(np.exp(-form.operand))
        told = (
            f"1 ÷ (1 + e^{_bracketed(-form.operand)}) = 1 ÷ (1 + {number(power, _DIGITS)}) = "
            f"{number(form.value, _DIGITS + 1)}."
        )
    return Caption(told, compared(form.value, result, is_proved=form.gives(result)))


def _bracketed(value: float) -> str:
    text = number(value, _DIGITS)
    return f"({text})" if value < 0 else text


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)
