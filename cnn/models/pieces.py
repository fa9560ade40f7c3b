"""A large network in pieces, so that the layers of one can be run again by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from cnn.models.graph import Call, Source, calls
from cnn.models.layers import is_large, layer_infos

if TYPE_CHECKING:
    import keras

_FEWEST, _MOST = 8, 16
_MOST_SHARE = 1 / 8
_MOST_GROUPS = 64
# Numbers that all layers together may give and be kept at once: 128 MB.
_MOST_NUMBERS = 32_000_000


@dataclass(frozen=True, eq=False)
class Piece:
    """Layer calls that follow each other, and the outputs of earlier ones that they need."""

    calls: tuple[Call, ...]
    reads: tuple[Source, ...]


def is_in_pieces(model: keras.Model) -> bool:
    """Whether the layers of the model are computed when they are looked at, and not all at once.

    So it is where they compute much, or little that gives too many numbers to keep, as on large maps.
    """
    return is_large(model) or _gives_much(model)


def _gives_much(model: keras.Model) -> bool:
    return sum(map(_numbers, calls(model))) > _MOST_NUMBERS


def pieces(model: keras.Model) -> tuple[Piece, ...]:
    """Return all calls of the model but those of its inputs, in pieces of 8 to 16.

    A piece has fewer where more of them would compute over an eighth of what the network does, or, of
    one that computes little and gives much, would give over an eighth of its numbers. It is cut where the
    least numbers go from one piece to those after it.
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

    Of a network that computes little and gives much they are the numbers that a call gives. TensorFlow
    computes one group of a convolution after the other: measured on ConvNeXtTiny, that takes about as
    long as if each of up to 64 groups read all channels.
    """
    if not is_large(model) and _gives_much(model):
        return [_numbers(call) for call in layer_calls]
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
            size = _numbers(layer_calls[made[name]])
            for place in range(made[name] + 1, last + 1):
                sizes[place] += size
    return sizes


def _numbers(call: Call) -> int:
    """Return how many numbers a call gives for one picture; open sides count as one."""
    return prod(side or 1 for side in call.output_shape)


def _piece(layer_calls: Sequence[Call]) -> Piece:
    names = {call.name for call in layer_calls}
    read = [source for call in layer_calls for source in call.sources if source[0] not in names]
    return Piece(tuple(layer_calls), tuple(dict.fromkeys(read)))
