"""What a data set has for the further inputs of a network, beside each of its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from cnn.data.beside import Beside
from cnn.errors import DatasetError, ModelError
from cnn.models.further import Further, further_inputs, with_inputs
from cnn.words import counted, listed

if TYPE_CHECKING:
    import keras

# What further inputs get with each of some pictures, by their names; None for what they get without.
Given = Mapping[str, Sequence[Any]]


class Rows(Sequence["NDArray[Any] | None"]):
    """What there is for an input beside the pictures at some places, read when it is asked for.

    It is what `row_for` gives, None where that is nothing.
    """

    def __init__(self, one: Further, beside: Beside, places: Sequence[int]) -> None:
        self._one, self._beside, self._places = one, beside, places

    @overload
    def __getitem__(self, at: int) -> NDArray[Any] | None: ...
    @overload
    def __getitem__(self, at: slice) -> Rows: ...
    def __getitem__(self, at: int | slice) -> NDArray[Any] | Rows | None:
        """Return what there is beside one of the pictures, or the same for some of them."""
        if isinstance(at, slice):
            return Rows(self._one, self._beside, self._places[at])
        return row_for(self._one, self._beside, int(self._places[at]))[0]

    def __len__(self) -> int:
        return len(self._places)


def rows_beside(model: keras.Model, beside: Beside, places: Sequence[int]) -> dict[str, Rows]:
    """Return what there is for further inputs beside the pictures at some places, by their names."""
    if not beside.arrays:
        return {}
    fed = [one for one in further_inputs(model) if beside.called(one.name)]
    return {one.name: Rows(one, beside, places) for one in fed}


def with_row(model: keras.Model, beside: Beside, place: int) -> keras.Model:
    """Return the model whose further inputs get what is beside the picture at a place, as a twin."""
    every = {name: rows[0] for name, rows in rows_beside(model, beside, [place]).items()}
    found = {name: row for name, row in every.items() if row is not None}
    return with_inputs(model, found) if found else model


def checked(model: keras.Model, given: Given | None, count: int) -> Given:
    """Return what further inputs get with so many pictures; `ModelError` where it is not for these."""
    known = [one.name for one in further_inputs(model)] if given else []
    for name, rows in (given or {}).items():
        if name not in known:
            raise ModelError(
                f"The model has no further input {name!r}: it has {listed(known) or 'none'}."
            )
        if len(rows) != count:
            raise ModelError(
                f"The input {name} is given {counted(len(rows), 'row')}, and there are "
                f"{counted(count, 'picture')}: give one for each."
            )
    return given or {}


def row_for(one: Further, beside: Beside, place: int) -> tuple[NDArray[Any] | None, str]:
    """Return what there is for an input beside a picture, or in a sentence why it cannot be used.

    That is numbers as it takes them, float32 (count,), or a picture uint8 (height, width, channels).
    Both are nothing where no array is called as the input.
    """
    own = beside.called(one.name)
    if own is None:
        return None, ""
    try:
        if one.form is not None:
            return beside.picture(own, place), ""
        return _numbers(one, beside.row(own, place))
    except (DatasetError, IndexError) as error:
        return None, not_of_file(one, error)


def not_of_file(one: Further, error: Exception) -> str:
    """Return in a sentence that an input gets nothing of a file because of an error."""
    why = str(error).removesuffix(".") if isinstance(error, DatasetError) else "no such row"
    return f"The input {one.name} gets nothing of the file ({why})."


def _numbers(one: Further, row: NDArray[Any]) -> tuple[NDArray[Any] | None, str]:
    """Return a row of numbers as an input takes them, float32 (count,), or why it takes none of it."""
    with np.errstate(over="ignore"):
        numbers = row.astype(np.float32).ravel()
    if numbers.size != one.count:
        has = counted(numbers.size, "number")
        return None, (
            f"The file has {has} a picture for the input {one.name}, which takes {one.count}: it "
            "gets none of them."
        )
    if not np.isfinite(numbers).all():
        return None, (
            f"The file has no finite number for the input {one.name} of this picture: it gets what it "
            "gets without a file, unless you give some."
        )
    return numbers, ""
