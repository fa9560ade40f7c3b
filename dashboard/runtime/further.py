"""What the further inputs of a network get in a view: numbers, and samples of its data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.data.beside import NOTHING, Beside
from cnn.models.further import Further
from cnn.models.rows import not_of_file, row_for
from cnn.words import counted, listed
from dashboard.state import given
from dashboard.state.data import OWN
from dashboard.state.view import View


@dataclass(frozen=True, eq=False)
class Fed:
    """A further input, and the sample of the data set that it gets, of `of` pictures; None for none.

    `row` is what the file of the picture has for it, numbers float32 (count,) or a picture uint8 (height,
    width, channels), None for nothing, and `is_typed` says whether the view gives it something else.
    `note` says in a sentence why what there is in the file cannot be used.
    """

    further: Further
    sample: cnn.Sample | None
    of: int
    row: NDArray[Any] | None = None
    is_typed: bool = False
    note: str = ""

    @property
    def is_of_file(self) -> bool:
        """Whether it gets what the file has for the picture."""
        return self.row is not None and not self.is_typed

    @property
    def picture(self) -> NDArray[np.uint8] | None:
        """The picture that it gets, uint8 (height, width, channels), where that is one of its own."""
        if self.sample:
            return self.sample.pixels
        return self.row if self.further.form and self.is_of_file else None


def fed(inputs: Sequence[Further], view: View, data: Callable[[], cnn.Dataset]) -> tuple[Fed, ...]:
    """Return what each of a model's further inputs gets.

    Unless the view says more, that is the row which somebody's own file has for it beside the picture,
    else what the model's card says; where that says nothing, one for a picture of another shape than the
    first gets the first sample of the data set that can be read. Raises `ModelError` for what the view
    gives to none of these inputs, or cannot give, and `DatasetError` for a sample that is not there.
    """
    chosen = given.decode_places(view.also) if view.also else {}
    _require(inputs, chosen, "pictures", lambda one: one.form is not None)
    typed = {*chosen, *_typed(inputs, view)}
    return tuple(
        _fed(one, chosen.get(one.place), data, *_row(one, view, data), one.place in typed)
        for one in inputs
    )


def _fed(
    one: Further,
    index: int | None,
    data: Callable[[], cnn.Dataset],
    row: NDArray[Any] | None,
    note: str,
    is_typed: bool,
) -> Fed:
    of_file = (row, is_typed, note)
    is_unfed = one.form is not None and one.given is not None and not one.given.any()
    if one.form is None or (index is None and (row is not None or not is_unfed)):
        return Fed(one, None, len(data()) if one.form else 0, *of_file)
    pictures = data()
    place = pictures.place_of_first() if index is None else index
    return Fed(one, pictures[place], len(pictures), *of_file)


def _row(
    one: Further, view: View, data: Callable[[], cnn.Dataset]
) -> tuple[NDArray[Any] | None, str]:
    """Return what the file of the view's picture has for an input, or why that cannot be used."""
    if not (view.is_sample and view.data.startswith(OWN)):
        return None, ""
    try:
        return row_for(one, data().beside, view.index)
    except cnn.DatasetError as error:
        return None, not_of_file(one, error)


def values(
    inputs: Sequence[Further], view: View, data: Callable[[], cnn.Dataset]
) -> dict[str, Any]:
    """Return the numbers and the pictures for further inputs that differ from the model's own, by name.

    Raises as `fed` does.
    """
    every = fed(inputs, view, data)
    rows = {one.further.name: one.row for one in every if one.is_of_file}
    pictures = {one.further.name: one.sample.pixels for one in every if one.sample}
    return {**rows, **_by_name(inputs, _typed(inputs, view)), **pictures}


def named(inputs: Sequence[Further], view: View) -> frozenset[str]:
    """Return the names of the inputs to which the view gives something; raises as `fed` does."""
    chosen = {*_typed(inputs, view), *(given.decode_places(view.also) if view.also else {})}
    return frozenset(one.name for one in inputs if one.place in chosen)


def numbers(every: Sequence[Fed], view: View) -> dict[str, tuple[float, ...]]:
    """Return the numbers of the view, and of the file, for inputs that get some, by name.

    Raises `ModelError` as `fed` does.
    """
    rows = {
        one.further.name: tuple(map(float, one.row))
        for one in every
        if one.is_of_file and one.row is not None and one.further.form is None
    }
    inputs = [one.further for one in every]
    return {**rows, **_by_name(inputs, _typed(inputs, view))}


def pictures(every: Sequence[Fed], beside: Beside = NOTHING) -> dict[str, NDArray[np.uint8]]:
    """Return the pictures of the view, and of the file, for inputs that get one of their own, by name.

    They are in the sizes of these inputs, uint8 (height, width, channels). Those that are found `beside`
    each of many pictures are left out, unless the view gives another.
    """
    return {
        one.further.name: one.further.fitted(one.picture)
        for one in every
        if one.picture is not None and (one.is_typed or beside.called(one.further.name) is None)
    }


def notes(every: Sequence[Fed]) -> tuple[str, ...]:
    """Return in sentences what is to be known of what a file has for inputs."""
    of_file = [one.further.name for one in every if one.is_of_file]
    told = [one.note for one in every if one.note and not one.is_typed]
    if of_file:
        told.append(
            f"For this picture its file says {listed(of_file)}, and so for each other wherever many are "
            "looked at. Drawings, uploads and pictures made of noise have no row there: they get the "
            "model's own, or what you give."
        )
    return tuple(told)


def _typed(inputs: Sequence[Further], view: View) -> dict[int, tuple[float, ...]]:
    """Return the numbers of the view for further inputs, by place; `ModelError` for too many or few."""
    chosen = given.decode_numbers(view.given) if view.given else {}
    _require(inputs, chosen, "numbers", lambda one: one.form is None)
    for one in inputs:
        if one.place in chosen and len(chosen[one.place]) != one.count:
            raise cnn.ModelError(
                f"The input {one.name!r} takes {counted(one.count, 'number')}, and "
                f"{len(chosen[one.place])} came: give as many."
            )
    return chosen


def _by_name(
    inputs: Sequence[Further], chosen: Mapping[int, tuple[float, ...]]
) -> dict[str, tuple[float, ...]]:
    return {one.name: chosen[one.place] for one in inputs if one.place in chosen}


def _require(
    inputs: Sequence[Further], chosen: Mapping[int, Any], what: str, fits: Callable[[Further], bool]
) -> None:
    suited = {one.place for one in inputs if fits(one)}
    if wrong := chosen.keys() - suited:
        accepted = listed(sorted(map(str, suited))) if suited else "none"
        raise cnn.ModelError(
            f"The model has no further input {min(wrong)} for {what}: it has {accepted}."
        )
