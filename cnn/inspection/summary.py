"""A few numbers that describe many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnn.colours import finite


@dataclass(frozen=True)
class Summary:
    """Extremes, mean and standard deviation of those of some values that are finite.

    They are NaN where none is. `zeros` is the share of all that is exactly zero, `not_finite` how many
    are NaN or infinite.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    zeros: float
    not_finite: int


def summarise(values: NDArray[np.float32]) -> Summary:
    """Return the summary of an array that is not empty."""
    known = finite(values)
    not_finite = int(values.size - known.size)
    known = known.astype(np.float64) if known.size else np.array([np.nan])
    return Summary(
        count=int(values.size),
        minimum=float(known.min()),
        maximum=float(known.max()),
        mean=float(known.mean()),
        deviation=float(known.std()),
        zeros=float((values == 0).mean()),
        not_finite=not_finite,
    )
