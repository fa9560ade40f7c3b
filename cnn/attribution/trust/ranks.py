"""Whether two maps put their cells in the same order, and how evenly the numbers of one are spread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BINS = 100


def rank_correlation(one: NDArray[Any], other: NDArray[Any]) -> float | None:
    """Return Spearman's rank correlation of two maps of one shape, −1 to 1; cells that tie share a rank.

    It is None where all cells of one of them are the same, for then they have no order.
    """
    import pandas as pd

    if is_constant(one) or is_constant(other):
        return None
    ranks = [pd.Series(plane.ravel()).rank() for plane in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def is_constant(plane: NDArray[Any]) -> bool:
    """Whether all cells of a map are the same."""
    return bool(plane.min() == plane.max())


def entropy(plane: NDArray[Any]) -> float:
    """Return the entropy, in nats, of the histogram of a map: 100 bins from its least to its largest.

    It is the complexity of equation 5 of Hedström et al. 2024 (arXiv:2401.06465): 0 for a constant map.
    """
    counts, _ = np.histogram(plane, bins=_BINS)
    shares = counts[counts > 0] / plane.size
    return float(-(shares * np.log(shares)).sum()) + 0.0
