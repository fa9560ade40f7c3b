"""What the layers of a large network make of a picture: some of it kept, the rest computed when asked."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from cnn.errors import lacks_memory
from cnn.models.compilation import no_memory
from cnn.models.cut import run_calls
from cnn.models.graph import Source, calls
from cnn.models.heads import giving
from cnn.models.orientation import channels_first
from cnn.models.pieces import Piece, pieces

if TYPE_CHECKING:
    import keras

# Of what was looked at, and beside that of what goes from piece to piece.
MOST_BYTES = 32_000_000
MOST_CROSSING_BYTES = 64_000_000
_BYTES_OF_A_NUMBER = 4
Floats = NDArray[np.float32]


def always_kept(model: keras.Model) -> tuple[Source, ...]:
    """Return the outputs from which all others are computed, and those that the prediction is made of.

    Of those that go from piece to piece the smallest that are 64 MB together: what else is read is
    computed from these.
    """
    answer = giving(model)
    made = [call.name for call in calls(model) if not call.inputs or call.name in answer]
    first = [(name, 0) for name in made]
    read = dict.fromkeys(source for piece in pieces(model) for source in piece.reads)
    sizes = {
        call.name: _BYTES_OF_A_NUMBER * prod(side or 1 for side in call.output_shape)
        for call in calls(model)
    }
    smallest = sorted(
        (source for source in read if source not in first), key=lambda source: sizes[source[0]]
    )
    ends = accumulate(sizes[name] for name, _ in smallest)
    room = {
        source for source, end in zip(smallest, ends, strict=True) if end <= MOST_CROSSING_BYTES
    }
    return (*first, *(source for source in read if source in room))


class Computed(Mapping[str, Floats]):
    """The output of every layer of a large network for one picture, by name, without the batch axis.

    Those of `always_kept` are there. With another, all of its piece of the network are computed, layer
    by layer and without compiling. Of them, and of those looked at before, at most 32 MB are kept, first
    the one that is asked for. A layer that is larger by itself is not: it is there as long as a reader
    has it, and else computed again.
    """

    def __init__(self, model: keras.Model, kept: Mapping[Source, Any]) -> None:
        self._model = model
        self._kept = kept
        self._pieces = pieces(model)
        self._places = {
            call.name: place for place, piece in enumerate(self._pieces) for call in piece.calls
        }
        self._names = tuple(call.name for call in calls(model))
        self._first = channels_first(model)
        self._crossing = {source for piece in self._pieces for source in piece.reads}
        self._recent: LRUCache[str, Floats] = LRUCache(MOST_BYTES, getsizeof=lambda one: one.nbytes)
        self._in_use: WeakValueDictionary[str, Floats] = WeakValueDictionary()
        self._one_at_a_time = Lock()

    def __getitem__(self, name: str) -> Floats:
        if (name, 0) in self._kept:
            return self._read(name, self._kept[name, 0])
        with self._one_at_a_time:
            found = self._held(name)
            return self._computed(name)[name] if found is None else found

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
        names = [call.name for call in self._piece_of(name).calls]
        with self._one_at_a_time:
            together = {one: found for one in names if (found := self._held(one)) is not None}
            if len(together) < len(names):
                together = self._computed(name)
        return ChainMap(together, cast("dict[str, Floats]", self))

    def _piece_of(self, name: str) -> Piece:
        return self._pieces[self._places[name]]

    def _held(self, name: str) -> Floats | None:
        found = self._recent.get(name)
        return self._in_use.get(name) if found is None else found

    def _values(self, sources: Iterable[Source], known: dict[Source, Any]) -> dict[Source, Any]:
        """Add the tensors of `sources` to those that are known; what is not kept is computed.

        Of a piece that is computed for them what goes to other pieces stays, and the rest is let go.
        """
        for source in sources:
            if source in self._kept:
                known[source] = self._kept[source]
            elif source not in known:
                piece = self._piece_of(source[0])
                made = dict(self._values(piece.reads, known))
                run_calls(piece.calls, made)
                known.update({one: made[one] for one in self._crossing & made.keys()})
        return known

    def _computed(self, name: str) -> dict[str, Floats]:
        piece = self._piece_of(name)
        try:
            visits = run_calls(piece.calls, self._values(piece.reads, {}))
        except lacks_memory() as error:
            raise no_memory(self._model) from error
        outputs = {one: self._read(one, output) for one, _, _, output in visits}
        self._in_use.update(outputs)
        # What was asked for, what a page that goes through the network asks for next, and the rest.
        at = list(outputs).index(name)
        for one in reversed(_that_fit([*outputs.items()][at:] + [*outputs.items()][:at])):
            self._recent[one] = outputs[one]
        return outputs

    def _read(self, name: str, tensor: Any) -> Floats:
        """Return an output without the batch axis, with channels last."""
        values = np.atleast_1d(np.asarray(tensor)[0]).astype(np.float32, copy=False)
        return np.ascontiguousarray(np.moveaxis(values, 0, -1)) if name in self._first else values


def _that_fit(outputs: Sequence[tuple[str, Floats]]) -> list[str]:
    """Return the names of those that have room together, each where those before it leave some."""
    names, left = [], MOST_BYTES
    for name, values in outputs:
        if values.nbytes <= left:
            names.append(name)
            left -= values.nbytes
    return names
