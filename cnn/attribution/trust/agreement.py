"""Whether methods agree: how far their maps of one number put the pixels in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnn.attribution.attribution import Attribution
from cnn.attribution.methods import METHODS
from cnn.attribution.resizing import resized
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS, Mark
from cnn.attribution.trust.ranks import rank_correlation
from cnn.errors import AttributionError

# A map explains half of the order of most others, or hardly any of it.
LEAST_AGREED = 0.5
LEAST_SHARED = 0.2


@dataclass(frozen=True)
class Agreement:
    """The rank correlations of maps with each other, by the names of their methods, in their order.

    Two signed maps are compared by their numbers, others by their magnitudes. It is None where one of
    them is the same everywhere.
    """

    methods: tuple[str, ...]
    correlations: tuple[tuple[float | None, ...], ...]

    def with_others(self, method: str) -> float | None:
        """Return the median correlation of a map to all others that have one; None without any."""
        place = self.methods.index(method)
        row = self.correlations[place]
        known = [one for i, one in enumerate(row) if i != place and one is not None]
        return float(np.median(known)) if known else None

    def mark(self, method: str) -> Mark:
        """Pass where a map mostly agrees with the others, fail where with hardly any of them."""
        found = self.with_others(method)
        if found is None or LEAST_SHARED <= found < LEAST_AGREED:
            return INCONCLUSIVE
        return PASS if found >= LEAST_AGREED else FAIL


def agreement(attributions: Sequence[Attribution]) -> Agreement:
    """Return how far maps agree that explain one number of one picture, each by a method of its own.

    Smaller ones are resized to the largest. Raises `AttributionError` where they explain different
    numbers.
    """
    if len({one.target for one in attributions}) > 1:
        raise AttributionError(
            "Maps of different targets were compared: give those of one class or unit."
        )
    height, width = (max(one.plane.shape[axis] for one in attributions) for axis in (0, 1))
    planes = [resized(one.plane, height, width) for one in attributions]
    signed = [METHODS[one.method].is_signed for one in attributions]
    return Agreement(
        tuple(one.method for one in attributions),
        tuple(
            tuple(
                rank_correlation(*((one, other) if a and b else (abs(one), abs(other))))
                for other, b in zip(planes, signed, strict=True)
            )
            for one, a in zip(planes, signed, strict=True)
        ),
    )
