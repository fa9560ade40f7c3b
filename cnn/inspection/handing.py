"""A weighted sum of a layer's output, followed back through layers that only hand numbers on.

Where a layer puts numbers in other places, takes the mean of each map or its largest number, a weighted
sum of its output is one of its input as well: exactly, for this picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from cnn.inspection.units import Outputs, rule_of
from cnn.models.arithmetic import copies, pooling
from cnn.models.arithmetic.cell import Floats
from cnn.models.arithmetic.forms import Numbers
from cnn.models.graph import Call
from cnn.models.internals import is_graph
from cnn.models.origins import origins


@dataclass(frozen=True, eq=False)
class Weighting:
    """What each number of a call's output is multiplied with in a sum: `weights` has its shape."""

    call: Call
    weights: Numbers

    @property
    def is_of_maps(self) -> bool:
        """Whether the output is maps of more than one cell."""
        return prod(self.weights.shape[:-1]) > 1

    @property
    def is_copy(self) -> bool:
        """Whether the call leaves each number at its place."""
        return rule_of(self.call.layer) is copies.same

    @property
    def makes_numbers(self) -> bool:
        """Whether the call does more than leave numbers at their places or put them in others."""
        return rule_of(self.call.layer) not in (copies.same, copies.moved)


def handed_on(
    weighting: Weighting, by_name: Mapping[str, Call], outputs: Outputs
) -> Weighting | None:
    """Return the weighting of what goes into the call; None where that does more than hand it on.

    `outputs` are those of all calls, without the batch axis.
    """
    call = weighting.call
    back = _BACK.get(rule_of(call.layer))
    is_one = len(call.parts) == 1 or is_graph(call.layer)
    if back is None or not is_one or call.parts[0]:
        return None
    before = by_name[call.inputs[0]]
    weights = back(call, outputs[before.name], weighting.weights)
    return None if weights is None else Weighting(before, weights)


def _same(_call: Call, _before: Floats, weights: Numbers) -> Numbers:
    return weights


def _moved(call: Call, before: Floats, weights: Numbers) -> Numbers | None:
    numbers, is_constant = (batch[0] for batch in origins(call, [before.shape]))
    if numbers[is_constant].any():
        return None
    moved = np.zeros(before.size)
    np.add.at(moved, numbers[~is_constant].astype(int) - 1, weights[~is_constant])
    return moved.reshape(before.shape)


def _mean(call: Call, before: Floats, weights: Numbers) -> Numbers | None:
    if _has_channels_first(call.layer):
        return None
    return np.broadcast_to(weights.reshape(-1) / prod(before.shape[:-1]), before.shape)


def _largest(call: Call, before: Floats, weights: Numbers) -> Numbers | None:
    """Return the weights at the first cell of each map that has its largest number."""
    if _has_channels_first(call.layer):
        return None
    cells = before.reshape(-1, before.shape[-1])
    at_winner = np.zeros(cells.shape)
    at_winner[cells.argmax(axis=0), np.arange(cells.shape[1])] = weights.reshape(-1)
    return at_winner.reshape(before.shape)


def _has_channels_first(layer: Any) -> bool:
    return bool(layer.data_format == "channels_first")


_BACK: dict[Any, Callable[[Call, Floats, Numbers], Numbers | None]] = {
    copies.same: _same,
    copies.moved: _moved,
    pooling.global_average_pool: _mean,
    pooling.global_max_pool: _largest,
}
