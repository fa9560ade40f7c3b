"""What the further inputs of a network get in a view: numbers, and samples of its data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cnn
from cnn.models.further import Further
from cnn.words import counted, listed
from dashboard.state import given
from dashboard.state.view import View


@dataclass(frozen=True, eq=False)
class Fed:
    """A further input, and the sample of the data set that it gets, of `of` pictures; None for none."""

    further: Further
    sample: cnn.Sample | None
    of: int


def fed(inputs: Sequence[Further], view: View, data: Callable[[], cnn.Dataset]) -> tuple[Fed, ...]:
    """Return what each of a model's further inputs gets beside numbers.

    One for a picture of another shape than the first gets the first sample of the data set that can be
    read, unless the view or the model's card says more. Raises `ModelError` for places that are none of
    these inputs, and `DatasetError` for a sample that is not there.
    """
    chosen = given.decode_places(view.also) if view.also else {}
    _require(inputs, chosen, "pictures", lambda one: one.form is not None)
    return tuple(_fed(one, chosen.get(one.place), data) for one in inputs)


def _fed(one: Further, index: int | None, data: Callable[[], cnn.Dataset]) -> Fed:
    is_unfed = one.form is not None and one.given is not None and not one.given.any()
    if one.form is None or (index is None and not is_unfed):
        return Fed(one, None, len(data()) if one.form else 0)
    pictures = data()
    place = pictures.place_of_first() if index is None else index
    return Fed(one, pictures[place], len(pictures))


def values(
    inputs: Sequence[Further], view: View, data: Callable[[], cnn.Dataset]
) -> dict[str, Any]:
    """Return the numbers and the pictures for further inputs that differ from the model's own, by name.

    Raises as `fed` does, and `ModelError` for numbers of which an input takes more or fewer.
    """
    pictures = {
        one.further.name: one.sample.pixels for one in fed(inputs, view, data) if one.sample
    }
    return {**numbers(inputs, view), **pictures}


def numbers(inputs: Sequence[Further], view: View) -> dict[str, tuple[float, ...]]:
    """Return the numbers of the view for further inputs, by name; `ModelError` as `values` raises it."""
    chosen = given.decode_numbers(view.given) if view.given else {}
    _require(inputs, chosen, "numbers", lambda one: one.form is None)
    for one in inputs:
        if one.place in chosen and len(chosen[one.place]) != one.count:
            raise cnn.ModelError(
                f"The input {one.name!r} takes {counted(one.count, 'number')}, and "
                f"{len(chosen[one.place])} came: give as many."
            )
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
