"""What the layers of a large network make of a picture: some of it kept, the rest computed when asked."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from cnn.errors import lacks_memory
from cnn.models.compilation import no_memory
from cnn.models.cut import run_calls
from cnn.models.graph import Source, calls
from cnn.models.heads import giving
from cnn.models.pieces import pieces

if TYPE_CHECKING:
    import keras

# Beside what is always kept; one piece of the network may have more.
MOST_BYTES = 32_000_000
Floats = NDArray[np.float32]


def always_kept(model: keras.Model) -> tuple[Source, ...]:
    """Return the outputs from which all others are computed, and those that the prediction is made of."""
    answer = giving(model)
    made = [call.name for call in calls(model) if not call.inputs or call.name in answer]
    read = [source for piece in pieces(model) for source in piece.reads]
    return tuple(dict.fromkeys([*((name, 0) for name in made), *read]))


class Computed(Mapping[str, Floats]):
    """The output of every layer of a large network for one picture, by name, without the batch axis.

    Those of `always_kept` are there. With another, all of its piece of the network are computed, layer
    by layer and without compiling, and the last 32 MB of them are kept.
    """

    def __init__(self, model: keras.Model, kept: Mapping[Source, Any]) -> None:
        self._model = model
        self._kept = kept
        self._pieces = pieces(model)
        self._places = {
            call.name: place for place, piece in enumerate(self._pieces) for call in piece.calls
        }
        self._names = tuple(call.name for call in calls(model))
        self._recent: LRUCache[int, dict[str, Floats]] = LRUCache(MOST_BYTES, getsizeof=_room)
        self._one_at_a_time = Lock()

    def __getitem__(self, name: str) -> Floats:
        if (name, 0) in self._kept:
            return _read(self._kept[name, 0])
        return self._piece_of(name)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def nbytes(self) -> int:
        """How much memory is held at most."""
        return MOST_BYTES + sum(np.asarray(tensor).nbytes for tensor in self._kept.values())

    def around(self, name: str) -> Mapping[str, Floats]:
        """Return all outputs, those of a layer's piece as they were computed from each other.

        What a piece gives to the next is there twice, compiled and not, which differ by what float32
        loses: where much cancels, more than one layer alone can explain.
        """
        return ChainMap(self._piece_of(name), cast("dict[str, Floats]", self))

    def _piece_of(self, name: str) -> dict[str, Floats]:
        place = self._places[name]
        with self._one_at_a_time:
            if place not in self._recent:
                self._recent[place] = self._computed(place)
            return self._recent[place]

    def _computed(self, place: int) -> dict[str, Floats]:
        piece = self._pieces[place]
        try:
            visits = run_calls(piece.calls, {source: self._kept[source] for source in piece.reads})
        except lacks_memory() as error:
            raise no_memory(self._model) from error
        return {name: _read(output) for name, _, _, output in visits}


def _read(tensor: Any) -> Floats:
    values: Floats = np.atleast_1d(np.asarray(tensor)[0]).astype(np.float32, copy=False)
    return values


def _room(outputs: dict[str, Floats]) -> int:
    return min(MOST_BYTES, sum(values.nbytes for values in outputs.values()))
