"""What files hold beside pictures: numbers and further pictures, a row for each, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.data.levels import as_levels
from cnn.words import listed

_MOST_TOLD = 8


@dataclass(frozen=True, eq=False)
class Beside:
    """Arrays with a row for each of n pictures.

    `arrays` reads each, (rows, ...), when it is asked for; `places` are the rows (n,) of the pictures,
    None where they are all, in order. What the arrays are `of` is a file, in words for the screen.
    """

    arrays: Mapping[str, Callable[[], NDArray[Any]]] = field(default_factory=dict)
    places: NDArray[np.int64] | None = None
    of: str = ""
    _levels: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    def called(self, name: str) -> str | None:
        """Return how the array for that name is called, in any letters; None where there is none."""
        if name in self.arrays:
            return name
        return next((own for own in self.arrays if own.lower() == name.lower()), None)

    def row(self, own: str, place: int) -> NDArray[Any]:
        """Return what an array has for a picture; `DatasetError` where it cannot be read."""
        found: NDArray[Any] = np.asarray(self.arrays[own]()[self._row(place)])
        return found

    def picture(self, own: str, place: int) -> NDArray[np.uint8]:
        """Return the same as a picture, uint8 (height, width, channels); `DatasetError` for none."""
        if own not in self._levels:
            self._levels[own] = as_levels(f"{self.of} ({own})", self.arrays[own]())
        levels: NDArray[np.uint8] = self._levels[own][self._row(place)]
        return levels

    def chosen(self, places: NDArray[np.int64]) -> Beside:
        """Return what there is beside the pictures at some places."""
        own = places if self.places is None else self.places[places]
        return Beside(self.arrays, own, self.of, self._levels)

    def without(self, names: Collection[str]) -> Beside:
        """Return the same without what there is for inputs of these names."""
        left_out = {self.called(name) for name in names}
        kept = {own: read for own, read in self.arrays.items() if own not in left_out}
        return Beside(kept, self.places, self.of, self._levels)

    def _row(self, place: int) -> int:
        return place if self.places is None else int(self.places[place])


NOTHING = Beside()


def about_beside(what: str, given: Sequence[str], others: Mapping[str, str]) -> tuple[str, ...]:
    """Return in sentences what a network may be given, and why others are left out; `what` they are."""
    told = []
    if given:
        told.append(
            f"{what} beside the pictures: {_shown(given)}. A network with an input called so gets what "
            "there is for each picture; others make no use of it."
        )
    if others:
        each = [f"{name[:80]} ({why})" for name, why in others.items()]
        told.append(f"Left out: {_shown(each)}.")
    return tuple(told)


def _shown(names: Sequence[str]) -> str:
    return listed([*names[:_MOST_TOLD], *(["others"] if len(names) > _MOST_TOLD else [])])
