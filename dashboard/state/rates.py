"""Learning rates of steps as text that fits into an address: "0.001*5,0.01" is six steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from cnn.gradients.teaching import MOST_RATE, MOST_STEPS

_ENTRY = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,20})?(?:e-[0-9]{1,2})?)(?:\*([0-9]{1,2}))?")


def encode(rates: Sequence[float]) -> str:
    """Return learning rates, in their order, as text."""
    runs = ((rate, len(list(same))) for rate, same in groupby(rates))
    return ",".join(
        f"{_number(rate)}*{count}" if count > 1 else _number(rate) for rate, count in runs
    )


def decode(text: str) -> tuple[float, ...]:
    """Return the learning rates in the text; `ValueError` for what is none, or too many."""
    rates: list[float] = []
    for entry in text.split(","):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} is no learning rate")
        rate, count = float(match[1]), int(match[2] or 1)
        if not 0 < rate <= MOST_RATE or not 0 < count <= MOST_STEPS - len(rates):
            raise ValueError(f"{entry!r} is outside the limits")
        rates += [rate] * count
    return tuple(rates)


def _number(rate: float) -> str:
    """Return the shortest text of a number that is read as the same."""
    return repr(rate).removesuffix(".0").replace("e-0", "e-")
