"""Integrated gradients: what pixels add on the way from a baseline (Sundararajan 2017, 1703.01365)."""

from __future__ import annotations

import numpy as np

from cnn.attribution.attribution import Found, Law, rounding
from cnn.attribution.baselines import baseline as baseline_of
from cnn.attribution.objective import Batch, Objective, Progress

_TOLERANCE = 0.05


def integrated_gradients(
    objective: Objective, batch: Batch, *, steps: int, baseline: str, progress: Progress
) -> Found:
    """Return (x - x') times the mean of dS/dx on the way from x' to x, (height, width, channels).

    It is equation 1 of the paper; the integral is taken by the midpoint rule: at x' + a (x - x') for a in
    the middle of each of as many equal `steps`. Its law is completeness, proposition 1: the map adds up
    to S(x) - S(x').
    """
    start = baseline_of(objective.model, batch, baseline)
    way = batch - start
    shares = ((np.arange(steps) + 0.5) / steps).astype(np.float32)
    total = np.zeros(batch.shape[1:])

    def on_the_way(part: slice) -> Batch:
        return start + shares[part, None, None, None] * way

    def add(_part: slice, gradients: Batch) -> None:
        np.add(total, gradients.sum(0, dtype=np.float64), out=total)

    both = np.concatenate([batch, start])
    ends = objective.along(steps, on_the_way, both, add, progress).tolist()
    found = way[0] * total / steps
    return Found(found.astype(np.float32), _law(float(found.sum()), *ends), value=ends[0])


def _law(found: float, end: float, start: float) -> Law:
    return Law(
        "completeness",
        "the map adds up to the number, less that of the baseline",
        end - start,
        found,
        _TOLERANCE,
        "More steps bring it closer.",
        small=rounding((end, start)),
    )
