"""Questions to the reader before a result is shown, with the answer and its reason from the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnn.captions.arithmetic import formula
from cnn.captions.layers import tie
from cnn.inspection.predictions import Prediction
from cnn.inspection.units import Unit
from cnn.models.arithmetic.forms import Choice, Copy, Gradient, Shares, WeightedSum
from cnn.words import number, percent

_DIGITS = 4
_MOST_CELLS = 25
_MOST_CLASSES = 12
_LIKELIEST = 10
_SIGNS = ("Positive", "Negative", "Zero")


@dataclass(frozen=True)
class Question:
    """What the reader is asked, among which `options`, which of them (by place) are `right`, and why.

    It is `about` the sign of a sum, the winner of a window, or the class that wins. Of a window, `cells`
    are the options' (row, column) in the layer before.
    """

    about: Literal["sign", "window", "class"]
    words: str
    options: tuple[str, ...]
    right: frozenset[int]
    reason: str
    cells: tuple[tuple[int, int], ...] = ()


def unit_question(unit: Unit) -> Question | None:
    """Return what there is to guess of a number of a layer; None where that is nothing.

    Of a pool whose candidates are few it is which of them wins, else the sign before the activation.
    """
    form = unit.form
    if isinstance(form, Copy | Gradient | Shares) or not np.isfinite(unit.sum):
        return None
    if isinstance(form, Choice) and form.values.ndim == 2 and 1 < len(form.running) <= _MOST_CELLS:
        return _of_window(unit, form)
    return _of_sign(unit)


def class_question(before: Prediction, after: Prediction, changed: str) -> Question | None:
    """Return the question which class wins once channels are changed; None without classes.

    `changed` says what was done. Of many classes the likeliest before are offered by name.
    """
    if not (before.has_classes and after.has_classes):
        return None
    names, order = after.class_names, np.argsort(-before.probabilities, kind="stable")
    offered = (
        list(range(len(names))) if len(names) <= _MOST_CLASSES else order[:_LIKELIEST].tolist()
    )
    options = [names[i] for i in offered]
    winners = np.argsort(-after.probabilities, kind="stable")[: after.tied]
    right = frozenset(offered.index(i) for i in winners if i in offered)
    if len(offered) < len(names):
        options.append("another class")
        right = right or frozenset({len(offered)})
    said = before.winner or "nothing for sure"
    words = f"As it was trained, the network says {said}. Which class wins with {changed}?"
    return Question("class", words, tuple(options), right, _why_class(before, after))


def _of_window(unit: Unit, form: Choice) -> Question:
    places = [tuple(int(i) for i in place) for place in np.argwhere(form.inside)]
    what = "largest" if form.takes_largest else "smallest"
    return Question(
        "window",
        f"Which of the {len(places)} numbers in the frame is the {what}, and goes on?",
        tuple(_cell(place) for place in places),
        frozenset(places.index(tuple(int(i) for i in place)) for place in form.winners),
        _why_cell(form, what),
        tuple((int(row), int(column)) for row, column in unit.sources[0].cells[:, :2]),
    )


def _cell(place: Sequence[int]) -> str:
    return f"row {place[0]}, column {place[1]}"


def _why_cell(form: Choice, what: str) -> str:
    candidates = form.values[form.inside]
    if form.is_tied:
        beaten = f", the {what} of {len(candidates)}" if len(form.winners) < len(candidates) else ""
        return f"{len(form.winners)} numbers are equal, {_n(form.value)}{beaten}: each is right."
    ordered = np.sort(candidates)
    second = float(ordered[-2] if form.takes_largest else ordered[1])
    where = _cell(form.winners[0]).capitalize()
    return f"{where} has {_n(form.value)}, the {what}; the next is {_n(second)}."


def _of_sign(unit: Unit) -> Question:
    before = ", before the activation," if unit.activation else ""
    right = 0 if unit.sum > 0 else 1 if unit.sum < 0 else 2
    if isinstance(unit.form, WeightedSum):
        what, reason = "sum", f"{_SIGNS[right]}: {_why_sum(unit.form)}"
    else:
        what, reason = "result", f"{_SIGNS[right]}. {formula(unit)}"
    words = f"Is the {what}{before} positive, negative or zero?"
    return Question("sign", words, _SIGNS, frozenset({right}), reason)


def _why_sum(form: WeightedSum) -> str:
    """Return what is added and what is taken away, and the part that counts the most for it."""
    parts = np.append(_parts(form), form.bias)
    if not parts.any():
        return "all that is added up is zero."
    added, taken = float(parts[parts > 0].sum()), float(-parts[parts < 0].sum())
    both = f"{_n(added)} is added and {_n(taken)} taken away."
    if not form.value:
        return both
    strongest = int((parts * np.sign(form.value)).argmax())
    return f"{both} {_alone(form, strongest)} {_n(abs(parts[strongest]))}."


def _parts(form: WeightedSum) -> NDArray[np.float64]:
    return form.subtotals if len(form.channels) > 1 else form.products.ravel()


def _alone(form: WeightedSum, part: int) -> str:
    """Return the part of a sum by its name, and what it does."""
    is_bias, is_single = part == len(_parts(form)), len(form.channels) == 1
    if form.values.ndim > 1 and not (is_bias or is_single):
        does = "add" if form.value > 0 else "take away"
        return f"The products of channel {form.channels[part]} alone {does}"
    name = "The bias" if is_bias else "One product" if is_single else f"Input {form.channels[part]}"
    return f"{name} alone {'adds' if form.value > 0 else 'takes away'}"


def _why_class(before: Prediction, after: Prediction) -> str:
    if after.winner is None:
        return f"There is {tie(after)}."
    now, then = after.label, before.label
    rival = then if now != then else int(np.argsort(-after.probabilities, kind="stable")[1])
    name, other = after.class_names[now], after.class_names[rival]
    wins = "still wins" if now == then else "wins"
    if before.logits is None or after.logits is None:
        what, pair = "probability", (before.probabilities, after.probabilities)
    else:
        what, pair = "logit", (before.logits, after.logits)

    def moved(place: int) -> str:
        was, is_now = (
            _n(one[place]) if what == "logit" else percent(float(one[place])) for one in pair
        )
        return f"from {was} to {is_now}"

    return f"{name} {wins}: its {what} goes {moved(now)}, that of {other} {moved(rival)}."


def _n(value: float) -> str:
    return number(value, _DIGITS)
