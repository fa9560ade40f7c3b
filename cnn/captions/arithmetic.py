"""Sentences on the arithmetic of one number: its formula with the real numbers, and the proof."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption
from cnn.inspection.units import Unit
from cnn.models.arithmetic.forms import (
    Attention,
    Choice,
    Copy,
    Form,
    Function,
    Gradient,
    Normalised,
    Product,
    Shares,
    WeightedSum,
)
from cnn.words import counted, listed, number, percent

_DIGITS = 5


def place(index: tuple[int, ...]) -> str:
    """Return where a number stands in the output of a layer: "channel 3, row 12, column 5"."""
    *cells, channel = index
    names = {1: ("row",), 2: ("row", "column"), 3: ("slice", "row", "column")}.get(len(cells), ())
    where = [f"{name} {at}" for name, at in zip(names, cells, strict=False)]
    return ", ".join([f"{'channel' if cells else 'unit'} {channel}", *where])


def formula(unit: Unit) -> str:
    """Return how the number is computed, in sentences with the numbers themselves."""
    sentence = _of_form(unit.form)
    if unit.activation is None:
        return sentence
    return f"{sentence} {_of_form(unit.activation)}"


def proof(unit: Unit) -> str:
    """Return whether the parts give the number: what was recomputed, what Keras says, how far apart."""
    computed = number(unit.computed, _DIGITS)
    if unit.status == "gradient":
        return (
            f"The network says {computed}. How this kind of layer computes is not known here: what is "
            "shown is how the number changes with each input (gradient × input), which proves nothing."
        )
    recomputed = number(unit.recomputed, _DIGITS)
    apart = f"difference {number(unit.difference, 1)}" if unit.difference else "no difference"
    verdict = "" if unit.is_proved else " That is more than float32 explains."
    return f"Recomputed {recomputed}, the network says {computed}, {apart}.{verdict}"


def receptive_field(pixels: NDArray[np.bool_], status: str) -> Caption:
    """Return the caption of the pixels (height, width) that a number depends on, and how surely."""
    count = int(pixels.sum())
    seen = f"It depends on {counted(count, 'pixel')} of {pixels.size:,}: all inside the frame."
    rows, columns = pixels.any(axis=1), pixels.any(axis=0)
    if count < int(rows.sum()) * int(columns.sum()):
        seen = (
            f"It depends on {counted(count, 'pixel')} of {pixels.size:,}, all of them in the frame."
        )
    notice = {
        "upper bound": "It may be fewer: how one of the layers reads is not known here.",
        "depends on the data": "How much each counts depends on the picture.",
    }.get(status, "")
    return Caption(seen, notice)


def effective_field(gradient: NDArray[np.float32], field: NDArray[np.bool_]) -> Caption:
    """Return the caption of how fast a number changes with each pixel (height, width).

    `field`, of the same shape, are the pixels that it depends on. Its inner part is the middle half of
    its rows and of its columns.
    """
    seen = "How fast the number changes with each pixel of this picture"
    if not gradient.any():
        return Caption(f"{seen}: with none, so no small change of a pixel changes it.")
    inner = np.ix_(*[_middle_half(np.asarray(field.any(axis=axis))) for axis in (1, 0)])
    of_box = gradient[inner].size / max(1, int(field.any(axis=1).sum() * field.any(axis=0).sum()))
    if of_box == 1:
        return Caption(f"{seen}.")
    share = float(gradient[inner].sum(dtype=float) / gradient.sum(dtype=float))
    notice = "The middle counts more than the border." if share > of_box else ""
    return Caption(
        f"{seen}: {percent(share, 0)} of it in the inner part of the frame, which is "
        f"{percent(of_box, 0)} of its pixels.",
        notice,
    )


def _middle_half(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places in the middle half of those from the first to the last that is marked."""
    places = np.flatnonzero(marked)
    margin = (int(places[-1]) - int(places[0]) + 1) // 4
    return np.arange(places[0] + margin, places[-1] + 1 - margin)


@singledispatch
def _of_form(form: Form) -> str:
    return f"The result is {_n(form.value)}."


@_of_form.register
def _(form: WeightedSum) -> str:
    total = float(form.subtotals.sum())
    if form.products.size == 1:
        value, weight = float(form.values.item()), float(form.weights.item())
        added = f"{_n(value)} × {_signed(weight)} = {_n(total)}"
    else:
        terms = len(form.channels)
        is_by_channel = form.products.ndim > 1 and terms > 1
        among = f" in {counted(terms, 'input channel')}" if is_by_channel else ""
        added = f"{counted(form.products.size, 'product')}{among} add up to {_n(total)}"
    if not form.bias:
        return f"{added}."
    return f"{added}; with the bias {_n(form.bias)} that is {_n(form.value)}."


@_of_form.register
def _(form: Choice) -> str:
    what = "largest" if form.takes_largest else "smallest"
    count = int(form.inside.sum())
    tied = (
        f" {len(form.winners)} of them are equal, so it does not matter which."
        if form.is_tied
        else ""
    )
    return f"The {what} of {counted(count, 'number')} is {_n(form.value)}.{tied}"


@_of_form.register
def _(form: Copy) -> str:
    if form.is_constant:
        return f"The layer puts {_n(form.value)} here; it reads nothing for it."
    return f"The number is taken as it is from another cell: {_n(form.value)}."


@_of_form.register
def _(form: Normalised) -> str:
    return (
        f"({_n(form.operand)} − {_signed(form.mean)}) ÷ {_n(form.deviation)} × {_signed(form.gamma)}"
        f" + {_signed(form.beta)} = {_n(form.value)}: a shift and a scale."
    )


@_of_form.register
def _(form: Product) -> str:
    factors = [
        _signed(float(factor)) if power == 1 else f"{_signed(float(factor))}^{_n(float(power))}"
        for factor, power in zip(form.factors, form.powers, strict=True)
    ]
    return f"{' × '.join(factors)} = {_n(form.value)}."


@_of_form.register
def _(form: Function) -> str:
    return f"{form.name}({_n(form.operand)}) = {_n(form.value)}."


@_of_form.register
def _(form: Shares) -> str:
    logit = float(form.logits[form.index])
    return f"{form.name} of {counted(len(form.logits), 'logit')}: {_n(logit)} becomes {_n(form.value)}."


@_of_form.register
def _(form: Attention) -> str:
    heads, keys = form.scores.shape
    return (
        f"{counted(heads, 'head')} look at {counted(keys, 'position')} and add "
        f"{listed([_n(float(one)) for one in form.subtotals])}; with the bias {_n(form.bias)} "
        f"that is {_n(form.value)}."
    )


@_of_form.register
def _(form: Gradient) -> str:
    return f"{counted(form.values.size, 'input')} change it, as far as their gradients tell."


def _n(value: float) -> str:
    return number(value, _DIGITS)


def _signed(value: float) -> str:
    return f"({_n(value)})" if value < 0 else _n(value)
