"""Sentences on a change that turns a picture into another class: what it is, and what it does not say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.counterfactual import WAY, Counterfactual, difference
from cnn.captions.caption import Caption
from cnn.captions.sweep import drawn, without_a_line
from cnn.words import number, percent

SEEN_CHANGE = 0.01
MEANING = (
    "The change says how near the class is for this network, and which pixels it takes to get there. It "
    "does not say what a person would change: adversarial pictures, which fool a network alone, are "
    "found in the same way. Smallest in L2 many pixels change a little, in L1 few change much. It is the "
    "smallest that this search found: another may find a smaller one."
)


def said(made: Counterfactual, names: Sequence[str]) -> str:
    """Return what the network says before and after."""
    before, after = (_answer(made.probabilities[step], names) for step in (0, -1))
    return f"The network says {before} of the picture, and {after} after the change."


def sizes(made: Counterfactual) -> list[tuple[str, str]]:
    """Return the numbers of the change as terms and values, of pixels from 0 to 1."""
    height, width, _ = made.before.shape
    seen = f"{made.changed_by(SEEN_CHANGE):,} of {height * width:,}"
    return [
        ("L1", number(made.l1)),
        ("L2", number(made.l2)),
        (f"{seen} pixels changed by more than", percent(SEEN_CHANGE, 0)),
        ("largest change", percent(made.largest)),
    ]


def path(made: Counterfactual, names: Sequence[str], step: int) -> Caption:
    """Return the caption of the probabilities along the way, with what is said at a step of it."""
    lines = drawn(made.probabilities, names)
    seen = f"{lines} on the straight way from the picture to the changed one."
    seen += without_a_line(made.probabilities, names)
    answer = _answer(made.probabilities[step], names)
    return Caption(seen, f"At {_share(step)} of it the network says {answer}.")


def step_of(made: Counterfactual, names: Sequence[str], step: int) -> Caption:
    """Return the caption of the picture at a step of the way."""
    answer = _answer(made.probabilities[step], names)
    return Caption(f"{_share(step)} of the change: the network says {answer}.")


def change(made: Counterfactual, step: int) -> Caption:
    """Return the caption of what has changed up to a step of the way."""
    if not (made.way[step] != made.before).any():
        return Caption("Nothing has changed yet.")
    return Caption("Red is brighter, blue is darker than before, in the range of the whole change.")


def control(made: Counterfactual, names: Sequence[str]) -> Caption:
    """Return the caption of a random change of the same size, with what became of all that were tried."""
    count, before = len(made.labels), int(made.probabilities[0].argmax())
    stays, turns = (int((made.labels == label).sum()) for label in (before, made.target))
    size = number(np.linalg.norm(difference(made.before, made.controls[0])))
    seen = (
        f"The same amounts at places drawn at random, with random signs: L2 {size}. The network was "
        f"asked about {count} such pictures."
    )
    if stays == count:
        return Caption(
            seen, f"It says {names[before]} of all of them: what counts is where, and which way."
        )
    told = [
        f"{names[label]} of {found or 'none'}"
        for label, found in ((before, stays), (made.target, turns))
    ]
    return Caption(seen, f"It says {', and '.join(told)}.")


def _answer(probabilities: NDArray[np.float32], names: Sequence[str]) -> str:
    """Return the likeliest class with its probability."""
    label = int(probabilities.argmax())
    return f"{names[label]} ({percent(float(probabilities[label]))})"


def _share(step: int) -> str:
    return percent(step / (WAY - 1), 0)
