"""Grad-CAM: the maps of a layer, each by how much it raises the number (Selvaraju et al. 2016)."""

from __future__ import annotations

import numpy as np

from cnn.attribution.attribution import Found
from cnn.attribution.maps import maps_of, positive
from cnn.attribution.objective import Batch, Objective


def grad_cam(objective: Objective, batch: Batch, *, layer: str) -> Found:
    """Return ReLU(Σₖ aₖ Aᵏ), (height, width) of the layer: equations 1 and 2 of arXiv:1610.02391.

    aₖ = 1/Z Σᵢⱼ dS/dAᵏᵢⱼ is the mean gradient over the Z cells of a map.
    """
    maps = maps_of(objective, batch, layer)
    weights = maps.gradients.mean((0, 1), dtype=np.float64)
    return positive(maps, weights)
