"""A few numbers that describe many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Summary:
    """Extremes, mean and standard deviation of some values, and the share that is exactly zero."""

    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    zeros: float


def summarise(values: NDArray[np.float32]) -> Summary:
    """Return the summary of an array that is not empty; of infinities mean and deviation are NaN."""
    exact = values.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return Summary(
            count=int(values.size),
            minimum=float(exact.min()),
            maximum=float(exact.max()),
            mean=float(exact.mean()),
            deviation=float(exact.std()),
            zeros=float((values == 0).mean()),
        )
