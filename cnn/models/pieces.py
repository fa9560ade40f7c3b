"""A large network in pieces, so that the layers of one can be run again by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from cnn.models.graph import Call, Source, calls
from cnn.models.layers import layer_infos

if TYPE_CHECKING:
    import keras

_FEWEST, _MOST = 8, 16
_MOST_SHARE = 1 / 8
_MOST_GROUPS = 64


@dataclass(frozen=True, eq=False)
class Piece:
    """Layer calls that follow each other, and the outputs of earlier ones that they need."""

    calls: tuple[Call, ...]
    reads: tuple[Source, ...]


def pieces(model: keras.Model) -> tuple[Piece, ...]:
    """Return all calls of the model but those of its inputs, in pieces of 8 to 16.

    A piece has fewer where more of them would compute over an eighth of what the network does. It is
    cut where the least numbers go from one piece to those after it.
    """
    layer_calls = [call for call in calls(model) if call.inputs]
    sizes, costs = _crossing(layer_calls), _costs(model, layer_calls)
    ends = [0]
    while ends[-1] < len(layer_calls):
        within = _within(costs, ends[-1])
        is_last = within[-1] == len(layer_calls)
        ends.append(within[-1] if is_last else min(within, key=lambda at: (sizes[at], -at)))
    return tuple(_piece(layer_calls[begin:end]) for begin, end in pairwise(ends))


def _costs(model: keras.Model, layer_calls: Sequence[Call]) -> list[int]:
    """Return what each call costs in multiply-adds, 0 where they are not known.

    TensorFlow computes one group of a convolution after the other: measured on ConvNeXtTiny, that takes
    about as long as if each of up to 64 groups read all channels.
    """
    known = {info.name: info.multiply_adds or 0 for info in layer_infos(model)}
    return [
        known[call.name] * min(_MOST_GROUPS, getattr(call.layer, "groups", 1))
        for call in layer_calls
    ]


def _within(costs: Sequence[int], start: int) -> range:
    """Return the places before which a piece may end that begins at `start`."""
    most = sum(costs) * _MOST_SHARE
    farthest = start + 1
    while farthest < min(len(costs), start + _MOST) and sum(costs[start : farthest + 1]) <= most:
        farthest += 1
    nearest = min(start + _FEWEST, (start + 1 + farthest) // 2)
    return range(nearest, farthest + 1)


def _crossing(layer_calls: Sequence[Call]) -> list[int]:
    """Return how many numbers are read across the place before each call, and after the last."""
    made = {call.name: place for place, call in enumerate(layer_calls)}
    last_read: dict[Source, int] = {}
    for place, call in enumerate(layer_calls):
        last_read |= dict.fromkeys(call.sources, place)
    sizes = [0] * (len(layer_calls) + 1)
    for (name, _), last in last_read.items():
        if name in made:
            size = prod(side or 1 for side in layer_calls[made[name]].output_shape)
            for place in range(made[name] + 1, last + 1):
                sizes[place] += size
    return sizes


def _piece(layer_calls: Sequence[Call]) -> Piece:
    names = {call.name for call in layer_calls}
    read = [source for call in layer_calls for source in call.sources if source[0] not in names]
    return Piece(tuple(layer_calls), tuple(dict.fromkeys(read)))
