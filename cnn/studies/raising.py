"""Pictures that raise a unit, made while somebody looks on, and the best one of a data set."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.objective import Objective, objective_of
from cnn.attribution.options import chosen
from cnn.attribution.synthesis import OPTIONS, SYNTHESIS, Ascent, synthesise
from cnn.attribution.target import Target
from cnn.data.datasets import Dataset
from cnn.inspection.batches import batch_size, fed, filled, part_of, prepared
from cnn.inspection.diagnosis.selection import affordable
from cnn.models.card import class_names
from cnn.models.heads import head_of
from cnn.models.layers import layer_info, layer_infos
from cnn.models.preparing import prepare
from cnn.models.rows import Given, rows_beside
from cnn.studies.answers import Answer, Best, Raised, Unit
from cnn.studies.question import Sought

if TYPE_CHECKING:
    import keras

# Of multiply-adds, and of pictures, in looking for the best of a data set.
_BUDGET, _MOST = 3e11, 20_000
_AT_ONCE = 256


class Onlooker(Protocol):
    """Who is told how far it is; each of these may raise, which ends it."""

    def say(self, message: str) -> None:
        """Hear what is done before there is anything to count."""

    def tell_or_stop(self, done: int, count: int) -> None:
        """Hear how many steps are done."""

    def show(self, made: Callable[[], Answer]) -> None:
        """Look at what it has come to so far, if it is wanted."""


def raised(network: keras.Model, sought: Sought, data: Dataset, onlooker: Onlooker) -> Raised:
    """Return pictures that raise what is sought, beside the best one of the data."""
    best = _best_of(network, sought.target, data, onlooker)
    target, settings = sought.target, chosen(SYNTHESIS, OPTIONS, sought.options)
    unit, count = _unit(network, target), settings["seeds"] * (settings["steps"] + 1)
    pictures: list[NDArray[np.uint8]] = []
    paths: list[list[float]] = []

    def follow(ascent: Ascent) -> None:
        if not ascent.step:
            pictures.append(ascent.picture)
            paths.append([])
        elif ascent.value > max(paths[-1]):
            pictures[-1] = ascent.picture
        paths[-1].append(ascent.value)
        onlooker.tell_or_stop(sum(map(len, paths)), count)
        onlooker.show(lambda: Raised.of(unit, pictures, paths, settings, best))

    synthesise(
        network, layer=target.layer, channel=target.of or 0, cell=target.cell,
        size=data.first().shape[:2], on_step=follow, **settings,
    )  # fmt: skip
    return Raised.of(unit, pictures, paths, settings, best)


def _best_of(network: keras.Model, target: Target, data: Dataset, onlooker: Onlooker) -> Best:
    """Return the picture of the data with the largest value, of as many as can be afforded."""
    first = data.first()
    places = affordable(network, first.shape, len(data), _MOST, _BUDGET)
    objective = objective_of(network, prepare(first, network), target)
    beside = tuple(rows_beside(network, data.beside, []))
    best = Best(data.name, data.split, 0, len(data), beside=beside)
    for start in range(0, len(places), _AT_ONCE):
        onlooker.say(f"Looking for the largest value: {start:,} of {len(places):,} pictures.")
        pictures, kept = data.readable(places[start : start + _AT_ONCE])
        values = _values_of(objective, pictures, rows_beside(network, data.beside, kept.tolist()))
        best = replace(best, looked_at=best.looked_at + len(kept))
        for value, place in zip(values, kept, strict=True):
            if math.isfinite(value) and (best.value is None or value > best.value):
                best = replace(best, value=float(value), place=int(place))
    return best


def _values_of(
    objective: Objective, pictures: list[NDArray[np.uint8]], given: Given
) -> NDArray[np.float32]:
    """Return the number for each picture (n,), of which further inputs get what is given with it."""
    network, values = objective.model, [np.zeros(0, np.float32)]
    size = batch_size(layer_infos(network))
    for start in range(0, len(pictures), size):
        few = slice(start, start + size)
        own = Objective(
            fed(network, pictures[few], part_of(given, few), size=size), objective.target
        )
        batch = filled(prepared(network, pictures[few]), size)
        values.append(own.values(batch)[: len(pictures[few])])
    return np.concatenate(values)


def _unit(network: keras.Model, target: Target) -> Unit:
    """Return what is raised, with what only the network knows of it."""
    if target.layer:
        return Unit(target, is_mean=len(layer_info(network, target.layer).output_shape) > 1)
    head = head_of(network)
    name = "" if head.each == "numbers" else class_names(network)[target.of or 0]
    return Unit(target, name, is_mean=head.form == "maps")
