"""Sentences on the arithmetic of one number: its formula with the real numbers, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption, not_finite
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
    Term,
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
    if unit.activation is None:
        return sentence(unit.form)
    return f"{sentence(unit.form)} {sentence(unit.activation)}"


def proof(unit: Unit) -> str:
    """Return whether the parts give the number: what was recomputed, what Keras says, how far apart."""
    if unit.status == "gradient":
        return (
            f"The network says {_n(unit.computed)}. How this kind of layer computes is not known here: "
            "what is shown is how the number changes with each input (gradient × input), which proves "
            "nothing."
        )
    return compared(
        unit.recomputed, unit.computed, is_proved=unit.is_proved, precision=unit.precision
    )


def compared(
    recomputed: float, computed: float, *, is_proved: bool, precision: str = "float32"
) -> str:
    """Return a number that was recomputed beside that of Keras, and how far they are apart."""
    difference = abs(recomputed - computed)
    if not np.isfinite(difference):
        return f"Recomputed {_n(recomputed)}, the network says {_n(computed)}."
    apart = f"difference {number(difference, 1)}" if difference else "no difference"
    verdict = "" if is_proved else f" That is more than {precision} explains."
    return f"Recomputed {_n(recomputed)}, the network says {_n(computed)}, {apart}.{verdict}"


def read_of(layer: str, others: Sequence[str]) -> Caption:
    """Return the caption of what a number reads of a layer, and of `others` that are not drawn."""
    also = f"It reads {listed(others)} too." if others else ""
    return Caption(f"What it reads of {layer}: all that is in the frame.", also)


def candidates(choice: Choice) -> Caption:
    """Return the caption of the window of a pool."""
    outside = int((~choice.inside).sum())
    seen = "All that the layer chooses among; the one taken is in the frame."
    return Caption(seen, f"{_outside(outside)} not among them." if outside else "")


def patch(term: Term) -> Caption:
    """Return the caption of the numbers that a cell reads of one input channel."""
    outside = int((~term.inside).sum())
    seen = "The numbers that the cell reads of this channel."
    return Caption(seen, f"{_outside(outside)} counted as zero." if outside else "")


def _outside(count: int) -> str:
    return f"{counted(count, 'cell')} outside the map {'is' if count == 1 else 'are'}"


def products(term: Term) -> Caption:
    """Return the caption of the numbers of an input channel times their weights."""
    return Caption(f"The products of channel {term.channel} add up to {number(term.subtotal, 4)}.")


def terms(form: WeightedSum, each: str) -> Caption:
    """Return the caption of what each of the terms, called `each`, adds to a weighted sum."""
    also = ", and the bias" if form.bias else ""
    together = number(form.value, _DIGITS)
    return Caption(
        f"What each {each} adds, the strongest first{also}: together {together}.",
        "Click on a bar to see its products." if form.values.ndim == 3 else "",
    )


def shares_of(form: Shares, each: str, names: Sequence[str]) -> Caption:
    """Return the caption of what becomes of several logits, of which each is one of the `names`."""
    here = f"{each} {names[form.index]}"
    notice, largest = "None is larger.", int(form.shares.argmax())
    if not np.isfinite(form.shares).all():
        notice = ""
    elif form.shares[largest] > form.value:
        notice = f"The largest is {each} {names[largest]}: {_n(float(form.shares[largest]))}."
    return Caption(
        f"What {form.name} makes of each of the {len(names)}: {_n(form.value)} for {here}.", notice
    )


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
        "upper bound": (
            "It may be fewer: one of the layers reads in a way that is not known here, or otherwise for "
            "each channel."
        ),
        "depends on the data": "How much each counts depends on the picture.",
    }.get(status, "")
    return Caption(seen, notice)


def effective_field(gradient: NDArray[np.float32], field: NDArray[np.bool_]) -> Caption:
    """Return the caption of how fast a number changes with each pixel (height, width).

    `field`, of the same shape, are the pixels that it depends on. Its inner part is the middle half of
    its rows and of its columns.
    """
    seen = "How fast the number changes with each pixel of this picture"
    if broken := not_finite("gradient", gradient):
        return Caption(f"{seen}.", broken)
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
def sentence(form: Form) -> str:
    """Return how a form gives its number, with the numbers in it."""
    return f"The result is {_n(form.value)}."


@sentence.register
def _(form: WeightedSum) -> str:
    total = form.total
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


@sentence.register
def _(form: Choice) -> str:
    what = "largest" if form.takes_largest else "smallest"
    count = int(form.inside.sum())
    tied = (
        f" {len(form.winners)} of them are equal, so it does not matter which."
        if form.is_tied
        else ""
    )
    return f"The {what} of {counted(count, 'number')} is {_n(form.value)}.{tied}"


@sentence.register
def _(form: Copy) -> str:
    if form.is_constant:
        return f"The layer puts {_n(form.value)} here; it reads nothing for it."
    return f"The number is taken as it is from another cell: {_n(form.value)}."


@sentence.register
def _(form: Normalised) -> str:
    return (
        f"({_n(form.operand)} − {_signed(form.mean)}) ÷ {_n(form.deviation)} × {_signed(form.gamma)}"
        f" + {_signed(form.beta)} = {_n(form.value)}: a shift and a scale."
    )


@sentence.register
def _(form: Product) -> str:
    factors = [
        _signed(float(factor)) if power == 1 else f"{_signed(float(factor))}^{_n(float(power))}"
        for factor, power in zip(form.factors, form.powers, strict=True)
    ]
    return f"{' × '.join(factors)} = {_n(form.value)}."


@sentence.register
def _(form: Function) -> str:
    return f"{form.name}({_n(form.operand)}) = {_n(form.value)}."


@sentence.register
def _(form: Shares) -> str:
    logit = float(form.logits[form.index])
    return f"{form.name} of {counted(len(form.logits), 'logit')}: {_n(logit)} becomes {_n(form.value)}."


@sentence.register
def _(form: Attention) -> str:
    heads, keys = form.scores.shape
    return (
        f"{counted(heads, 'head')} look at {counted(keys, 'position')} and add "
        f"{listed([_n(float(one)) for one in form.subtotals])}; with the bias {_n(form.bias)} "
        f"that is {_n(form.value)}."
    )


@sentence.register
def _(form: Gradient) -> str:
    return f"{counted(form.values.size, 'input')} change it, as far as their gradients tell."


def _n(value: float) -> str:
    return number(value, _DIGITS)


def _signed(value: float) -> str:
    return f"({_n(value)})" if value < 0 else _n(value)
