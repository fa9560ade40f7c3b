"""Saliency: how fast the number changes with each pixel (Simonyan et al. 2013, arXiv:1312.6034)."""

from __future__ import annotations

from cnn.attribution.attribution import Found
from cnn.attribution.objective import Batch, Objective


def saliency(objective: Objective, batch: Batch) -> Found:
    """Return the largest magnitude of the gradient over the channels, (height, width).

    It is section 3 of the paper: M_ij = max_c |dS/dx_ijc|, of the logit S.
    """
    values, gradients = objective.gradients(batch)
    return Found(abs(gradients[0]).max(-1), value=float(values[0]))
