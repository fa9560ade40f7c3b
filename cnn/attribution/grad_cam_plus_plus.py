"""Grad-CAM++: Grad-CAM with weights that find each of several copies (Chattopadhyay et al. 2017)."""

from __future__ import annotations

import numpy as np

from cnn.attribution.attribution import Found
from cnn.attribution.maps import maps_of, positive
from cnn.attribution.objective import Batch, Objective

# exp(80) times the numbers of a map is within float32, exp(89) is not; exp(−60) leaves them exact.
_MOST, _LEAST = 80.0, -60.0


def grad_cam_plus_plus(objective: Objective, batch: Batch, *, layer: str) -> Found:
    """Return ReLU(Σₖ wₖ Aᵏ), (height, width) of the layer: equation 19 of arXiv:1710.11063.

    With g = dS/dAᵏᵢⱼ: wₖ = Σᵢⱼ αᵢⱼ ReLU(exp(S) g) and αᵢⱼ = g² / (2 g² + g³ Σₐᵦ Aᵏₐᵦ). It is 0 where the
    divisor is. exp(S) is one factor of the whole map: an S beyond 80 counts as 80 in it, one below −60
    as −60.
    """
    maps = maps_of(objective, batch, layer)
    slopes = maps.gradients.astype(np.float64)
    divisors = 2 + slopes * maps.values.sum((0, 1), dtype=np.float64)
    shares = np.divide(1, divisors, out=np.zeros_like(divisors), where=divisors != 0)
    weights = (shares * np.maximum(np.exp(np.clip(maps.value, _LEAST, _MOST)) * slopes, 0)).sum(
        (0, 1)
    )
    return positive(maps, weights)
