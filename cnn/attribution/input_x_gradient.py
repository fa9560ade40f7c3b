"""Input × gradient: each pixel times its gradient (Shrikumar et al. 2016, arXiv:1605.01713)."""

from __future__ import annotations

from cnn.attribution.attribution import Found
from cnn.attribution.objective import Batch, Objective


def input_x_gradient(objective: Objective, batch: Batch) -> Found:
    """Return x dS/dx, (height, width, channels): section 2.1 of the paper, x as the model takes it."""
    values, gradients = objective.gradients(batch)
    return Found(batch[0] * gradients[0], value=float(values[0]))
