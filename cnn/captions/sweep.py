"""What a model makes of a picture that is changed by degrees, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption
from cnn.images.perturbations import Range
from cnn.inspection.predictions import LEAST_DRAWN, MOST_DRAWN, reaching_most, tied
from cnn.words import listed, number, percent

_NONE = -1


def turning_points(
    values: NDArray[np.float32], probabilities: NDArray[np.float32], names: Sequence[str]
) -> list[tuple[float, str, str]]:
    """Return where the likeliest class changes along `values` (n,): (value, from, to), in order.

    `probabilities` is (n, classes); the value is the first at which the new class is the likeliest.
    Where classes share the largest probability, none is: its name is empty there.
    """
    winners = np.where(tied(probabilities) > 1, _NONE, probabilities.argmax(axis=1))
    changes = np.flatnonzero(winners[1:] != winners[:-1]) + 1
    named = ["" if winner == _NONE else names[winner] for winner in winners]
    return [(float(values[i]), named[i - 1], named[i]) for i in changes]


def drawn(
    values: NDArray[np.float32], names: Sequence[str], *, are_probabilities: bool = True
) -> str:
    """Return what the lines through `values` (n, classes) are: of all classes, or of which ones."""
    what, of, all_of = (
        ("probability", "class", "classes") if are_probabilities else ("score", "output", "outputs")
    )
    if len(names) == 1:
        return f"The {what}"
    count = len(reaching_most(values))
    if count == len(names):
        return f"The {what} of each {of}"
    if values.max() < LEAST_DRAWN:
        return f"The {what} of the {of} that reaches most"
    if count == MOST_DRAWN:
        return f"The {what} of each of the {count} {all_of} that reach most"
    least = percent(LEAST_DRAWN, 0) if are_probabilities else number(LEAST_DRAWN)
    return f"The {what} of each {of} that reaches {least}"


def without_a_line(probabilities: NDArray[np.float32], names: Sequence[str]) -> str:
    """Return which classes are the likeliest somewhere and not drawn; nothing where there are none."""
    winners = {int(row.argmax()) for row in probabilities if tied(row) == 1}
    missing = sorted(winners - set(reaching_most(probabilities)))
    if not missing:
        return ""
    each = "it" if len(missing) == 1 else "each of them"
    told = listed([names[i] for i in missing])
    return f" No line is drawn for {told}, though {each} is the likeliest somewhere."


def sweep(
    values: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    names: Sequence[str],
    swept: Range,
    *,
    is_short: bool = False,
) -> Caption:
    """Return the caption of a sweep: `values` (n,) of the range `swept`, probabilities (n, classes).

    `is_short` says that there would be more values if the network computed less. What to notice is
    told from the default outwards, in both directions.
    """
    low, high = _number(values[0], swept), _number(values[-1], swept)
    seen = f"{drawn(probabilities, names)} over the {swept.words}, from {low} to {high}."
    seen += without_a_line(probabilities, names)
    if is_short:
        seen += (
            f" This network computes much for a picture, so the curve is of {len(values)} values."
        )
    start = int(np.abs(values - swept.default).argmin())
    is_tied = tied(probabilities[start]) > 1
    name = "" if is_tied else names[int(probabilities[start].argmax())]
    first = f"the {name}" if name else "it"
    up = turning_points(values[start:], probabilities[start:], names)
    down = turning_points(values[start::-1], probabilities[start::-1], names)
    sentences = [_turn(first, up, "on", swept)] if up else []
    if down:
        sentences.append(_turn("it" if up else first, down, "down", swept))
    return Caption(seen, " ".join(sentences) or f"It stays {_a(name)} over the whole range.")


def _turn(what: str, turns: list[tuple[float, str, str]], way: str, swept: Range) -> str:
    """Return the sentence on the first turn in one direction, and on whether more follow."""
    (value, _, after), *others = turns
    becomes = f"becomes {_a(after)}" if after else "has no winner"
    sentence = f"From {_number(value, swept)} {way} {what} {becomes}"
    return (
        f"{sentence}, which changes again at {_number(others[0][0], swept)}."
        if others
        else f"{sentence}."
    )


def _a(name: str) -> str:
    """Return a class name with its article; the empty name is that of no class."""
    if not name:
        return "without a winner"
    return f"{'an' if name[:1].lower() in tuple('aeiou8') or name in ('11', '18') else 'a'} {name}"


def _number(value: float, swept: Range) -> str:
    return f"{number(value)}{swept.unit}"
