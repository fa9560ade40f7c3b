"""SmoothGrad: the mean gradient over noisy copies of a picture (Smilkov 2017, arXiv:1706.03825)."""

from __future__ import annotations

import numpy as np

from cnn.attribution.attribution import Found
from cnn.attribution.objective import Batch, Objective, Progress


def smoothgrad(
    objective: Objective, batch: Batch, *, samples: int, noise: float, seed: int, progress: Progress
) -> Found:
    """Return the mean of dS/dx at x + e over the samples, signed, (height, width, channels).

    It is section 3 of the paper: e is normal, its deviation `noise` percent of max x - min x, drawn from
    `seed`.
    """
    random = np.random.default_rng(seed)
    deviation = np.float32(noise / 100 * (batch.max() - batch.min()))
    total = np.zeros(batch.shape[1:])

    def noisy(part: slice) -> Batch:
        shape = (part.stop - part.start, *batch.shape[1:])
        return batch + deviation * random.standard_normal(shape, np.float32)

    def add(_part: slice, gradients: Batch) -> None:
        np.add(total, gradients.sum(0, dtype=np.float64), out=total)

    (value,) = objective.along(samples, noisy, batch, add, progress)
    return Found((total / samples).astype(np.float32), value=float(value))
