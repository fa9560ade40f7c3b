"""Sentences on a layer that is walked over cell by cell: where one is, and what adds up there."""

from __future__ import annotations

import numpy as np

from cnn.captions.caption import Caption
from cnn.models.arithmetic.forms import Choice, WeightedSum
from cnn.words import counted, number

_DIGITS = 4


def cell_number(row: int, column: int, *, rows: int, columns: int) -> str:
    """Return where a cell comes, row by row: "cell 41 of 676: row 1, column 14"."""
    return f"cell {row * columns + column + 1:,} of {rows * columns:,}: row {row}, column {column}"


def step_of(form: WeightedSum) -> str:
    """Return what is added at each step of the sum so far."""
    if form.values.ndim == 1:
        return "input"
    return "input channel" if len(form.channels) > 1 else "product"


def running(form: WeightedSum | Choice) -> Caption:
    """Return how the sum comes about step by step, or the largest of several numbers."""
    return _sum(form) if isinstance(form, WeightedSum) else _best(form)


def _sum(form: WeightedSum) -> Caption:
    steps = len(form.running) - 1
    start = f"the bias, {_n(form.bias)}" if form.bias else "zero"
    seen = (
        f"The sum so far: it starts with {start}, and {counted(steps, step_of(form))} make it "
        f"{_n(form.value)}."
    )
    if not np.isfinite(form.running).all():
        return Caption(seen)
    if not np.diff(form.running).any():
        return Caption(seen, "No step changes it.")
    farthest = int(np.abs(form.running).argmax())
    if farthest == 0:
        return Caption(seen, "It is farthest from zero at the start.")
    if farthest == steps:
        return Caption(seen, "It is never farther from zero than at the end.")
    return Caption(
        seen,
        f"It is farthest from zero, {_n(form.running[farthest])}, after {farthest} of {steps:,}.",
    )


def _best(form: Choice) -> Caption:
    what = "largest" if form.takes_largest else "smallest"
    count = len(form.running)
    last = int((form.running == form.value).argmax()) + 1
    seen = f"The {what} so far of {counted(count, 'number')}, row by row."
    return Caption(seen, f"It does not change after number {last}, {_n(form.value)}.")


def _n(value: float) -> str:
    return number(value, _DIGITS)
