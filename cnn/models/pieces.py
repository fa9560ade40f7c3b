"""A large network in pieces, so that the layers of one can be run again by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from cnn.models.graph import Call, Source, calls

if TYPE_CHECKING:
    import keras

_FEWEST, _MOST = 8, 24


@dataclass(frozen=True, eq=False)
class Piece:
    """Layer calls that follow each other, and the outputs of earlier ones that they need."""

    calls: tuple[Call, ...]
    reads: tuple[Source, ...]


def pieces(model: keras.Model) -> tuple[Piece, ...]:
    """Return all calls of the model but those of its inputs, in pieces of 8 to 24.

    It is cut where the least numbers go from one piece to those after it.
    """
    layer_calls = [call for call in calls(model) if call.inputs]
    sizes = _crossing(layer_calls)
    ends, start = [], 0
    while len(layer_calls) - start > _MOST:
        end = min(range(start + _FEWEST, start + _MOST + 1), key=lambda at: (sizes[at], -at))
        ends.append(end)
        start = end
    ends.append(len(layer_calls))
    return tuple(
        _piece(layer_calls[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)
    )


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
