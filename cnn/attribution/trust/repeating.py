"""A method asked again, of another network or of another picture, with the same options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnn.attribution.attribution import Map
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import Batch, Objective, finite
from cnn.attribution.options import chosen


def plane_of(
    objective: Objective,
    batch: Batch,
    method: str,
    options: Mapping[str, Any],
    progress: Callable[[float], None] = lambda _share: None,
) -> Map:
    """Return the map of a method as a plane (height, width): the sum over channels of the input.

    A law that is broken here is no error: of a network without training, or of noise, it need not hold.
    A slow method calls `progress`, which may raise.
    """
    known = METHODS[method]
    told = {"progress": progress} if known.is_slow else {}
    found = finite(
        known.compute(objective, batch, **chosen(method, known.options, options), **told).map
    )
    return found if found.ndim == 2 else found.sum(-1, dtype=found.dtype)
