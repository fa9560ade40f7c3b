"""Batch normalisations that count as a part of the layer before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from cnn.inspection.units import rule_of
from cnn.models.arithmetic import normalisations, sums
from cnn.models.arithmetic.functions import applied_by
from cnn.models.graph import Call
from cnn.models.orientation import declares_first

_WEIGHTED = (
    sums.convolution, sums.dense, sums.depthwise_convolution, sums.separable_convolution,
    sums.transposed_convolution,
)  # fmt: skip


def foldable(layer_calls: Iterable[Call]) -> dict[str, str]:
    """Return the batch normalisations of what only they read, sums without an activation: whose."""
    known = {call.name: call for call in layer_calls}
    readers = Counter(name for call in layer_calls for name in call.inputs)
    found = {}
    for call in known.values():
        if rule_of(call.layer) is not normalisations.batch:
            continue
        before = known[call.inputs[0]]
        rank = len(call.output_shape) + 1
        channels = 1 if declares_first(before.layer) else rank - 1
        is_sum = rule_of(before.layer) in _WEIGHTED and _is_linear(before.layer)
        if is_sum and readers[before.name] == 1 and call.layer.axis % rank == channels:
            found[call.name] = before.name
    return found


def _is_linear(layer: Any) -> bool:
    applied = applied_by(layer)
    return applied is not None and applied.name == "linear"
