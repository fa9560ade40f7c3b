"""Whether the map of a difference is the difference of the maps: the law of methods that are linear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cnn.attribution.attribution import Map
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import Batch, Objective, runner_up
from cnn.attribution.trust.marks import FAIL, PASS, Mark
from cnn.attribution.trust.repeating import plane_of

TARGETS = 3
# Of float32, relative to the largest number of the maps.
TOLERANCE = 1e-3
Progress = Callable[[float, int], None]


@dataclass(frozen=True)
class Linearity:
    """How far the map of the difference of two units is from the difference of their maps.

    The units are `of` and `other`. `residual` is the largest difference at any place, relative to the
    largest magnitude in the map of either.
    """

    of: int
    other: int
    residual: float

    @property
    def mark(self) -> Mark:
        """Pass within what float32 loses."""
        return PASS if self.residual <= TOLERANCE else FAIL


def linearity(
    objective: Objective,
    batch: Batch,
    method: str,
    options: Mapping[str, Any] | None = None,
    *,
    on_progress: Progress | None = None,
) -> Linearity | None:
    """Return how far a method keeps its linearity for a prepared picture, a batch of one.

    A(S - T) = A(S) - A(T) for the numbers S and T of any two units: Sundararajan 2017, 1703.01365,
    section 4, with weights 1 and -1. T is what the target is compared with, or else the strongest other
    unit. None for a method that is not linear, and where there is one unit only. `on_progress` gets how
    many of the three maps are made, and may raise.
    """
    pair = _pair(objective, batch) if METHODS[method].is_linear else None
    if pair is None:
        return None
    planes: list[Map] = []

    def tell(share: float = 0) -> None:
        if on_progress:
            on_progress(len(planes) + share, TARGETS)

    of, other = pair
    alone = replace(objective.target, against=None)
    for target in (
        replace(alone, of=of),
        replace(alone, of=other),
        replace(alone, of=of, against=other),
    ):
        planes.append(
            plane_of(replace(objective, target=target), batch, method, options or {}, tell)
        )
        tell()
    one, another, difference = planes
    largest = float(max(abs(one).max(), abs(another).max())) or 1.0
    return Linearity(of, other, float(abs(one - another - difference).max()) / largest)


def _pair(objective: Objective, batch: Batch) -> tuple[int, int] | None:
    of, against = objective.target.of, objective.target.against
    other = runner_up(objective, batch) if against is None else against
    return None if of is None or other is None else (of, other)
