"""A question for a class: which of four maps comes from the network without its training?

It is the comparison of Adebayo et al. 2018 (arXiv:1810.03292), left to the eye: who cannot tell the maps
apart has learned how little of what the network has learned is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.attributing import attribute, explain
from cnn.attribution.attribution import Attribution, Map
from cnn.attribution.objective import Objective
from cnn.attribution.read_only import ReadOnly
from cnn.attribution.trust.cascade import LEAST_KEPT, MOST_LEFT, band
from cnn.attribution.trust.ranks import rank_correlation
from cnn.attribution.untrained import Untrained, untrained
from cnn.data.datasets import Dataset
from cnn.errors import DatasetError
from cnn.inspection.activations import predict
from cnn.inspection.diagnosis.selection import affordable
from cnn.models.card import outputs_of_classes
from cnn.models.heads import head_of
from cnn.models.preparing import fitted, prepare
from cnn.models.rows import with_row
from cnn.properties import cached_property

if TYPE_CHECKING:
    import keras

MAPS = 4
# Pictures among which those are looked for that the network gets right.
_MOST_LOOKED_AT = 40
_STREAM = 17
Alike = Literal["order", "strength", "partly", "hardly"]


@dataclass(frozen=True)
class Choice:
    """Which pictures a question shows, and with which of them the untrained network is asked.

    `places` are those of the pictures in the data set, `untrained` counts among them from 0. `right` is
    how many of the four the network gets right, of `looked_at` pictures that were tried; it is None
    where nobody knows what is right.
    """

    places: tuple[int, ...]
    untrained: int
    right: int | None
    looked_at: int


@dataclass(frozen=True, eq=False)
class Case(ReadOnly):
    """A picture, the map of the network, and the map of the network without its training.

    `picture` is uint8 (height, width, channels), in the size that the network takes. Both maps explain
    one number, that which the network predicts; `untrained` is (height, width).
    """

    picture: NDArray[np.uint8]
    trained: Attribution
    untrained: Map

    @cached_property
    def signed(self) -> float | None:
        """The rank correlation of both maps; None where one is the same everywhere."""
        return rank_correlation(self.trained.plane, self.untrained)

    @cached_property
    def absolute(self) -> float | None:
        """The rank correlation of their magnitudes."""
        return rank_correlation(abs(self.trained.plane), abs(self.untrained))


@dataclass(frozen=True, eq=False)
class Quiz:
    """A question: four pictures with both maps of each, of which one is shown, see `maps`.

    `kept` are the layers that could not be drawn anew, and stayed as they were trained.
    """

    choice: Choice
    cases: tuple[Case, ...]
    kept: tuple[str, ...]

    @property
    def maps(self) -> tuple[Map, ...]:
        """The maps that are shown, (height, width): one of them is of the untrained network."""
        return tuple(
            case.untrained if place == self.choice.untrained else case.trained.plane
            for place, case in enumerate(self.cases)
        )

    @cached_property
    def signed(self) -> float | None:
        """The median rank correlation of the trained and the untrained map of a picture.

        None where fewer than half of the pictures have one.
        """
        return _median([case.signed for case in self.cases])

    @cached_property
    def absolute(self) -> float | None:
        """The same of the magnitudes."""
        return _median([case.absolute for case in self.cases])

    @cached_property
    def alike(self) -> Alike | None:
        """What both networks have in common, by these medians and the thresholds of the cascade.

        That is the order of the pixels, where the maps are strong but not their signs, a part of
        either, or hardly anything.
        """
        signed, absolute = self.signed, self.absolute
        if signed is None or absolute is None:
            return None
        if signed >= LEAST_KEPT:
            return "order"
        if absolute >= LEAST_KEPT:
            return "strength"
        return "hardly" if max(abs(signed), abs(absolute)) <= MOST_LEFT else "partly"


def quiz(
    model: keras.Model, dataset: Dataset, *, seed: int = 0, method: str = "saliency", **options: Any
) -> Quiz:
    """Return a question, the same for the same seed.

    The network is asked by a `method` of attribution with these `options` about four pictures that it
    gets right, and once more after all its weights were drawn anew; further inputs get what is `beside`
    each of them. Raises `DatasetError` where there
    are no four pictures, `AttributionError` where the weights cannot be drawn, and as `attribute` does.
    """
    choice, other = choose(model, dataset, seed), untrained(model, seed)
    cases = [case_of(model, other, dataset, place, method, options) for place in choice.places]
    return Quiz(choice, tuple(cases), other.kept)


def choose(model: keras.Model, dataset: Dataset, seed: int) -> Choice:
    """Return the pictures of a question, and which of their maps is the untrained one.

    They are the first four that the network gets right, in an order drawn from the seed. Others fill up
    where it gets fewer right of 40, or of as many as a large network is asked about. Damaged ones are
    passed by. Raises `DatasetError` where fewer than four can be read.
    """
    random = np.random.default_rng([seed, _STREAM])
    place_of_untrained = int(random.integers(MAPS))
    outputs, most = _outputs(model, dataset), _most_looked_at(model, dataset)
    right: list[int] = []
    wrong: list[int] = []
    for place in map(int, random.permutation(len(dataset))):
        pictures, _ = dataset.readable([place])
        if pictures:
            own = with_row(model, dataset.beside, place)
            said = None if outputs is None else predict(own, pictures[0]).label
            is_right = outputs is None or said == outputs[dataset.labels[place]]
            (right if is_right else wrong).append(place)
        if len(right) == MAPS or len(right) + len(wrong) == most:
            break
    known = right + wrong
    if len(known) < MAPS:
        raise DatasetError(
            f"A question shows {MAPS} pictures, and of {dataset.name} ({dataset.split}) only "
            f"{len(known)} can be read: choose a data set with more."
        )
    number = None if outputs is None else len(right)
    return Choice(tuple(known[:MAPS]), place_of_untrained, number, len(known))


def case_of(
    model: keras.Model,
    other: Untrained,
    dataset: Dataset,
    place: int,
    method: str,
    options: Mapping[str, Any],
) -> Case:
    """Return what both networks say of the picture at a place by a method, with what is beside it.

    Raises as `attribute` does, for each.
    """
    picture = fitted(dataset.pictures[place], model)
    model, drawn = (with_row(one, dataset.beside, place) for one in (model, other.model))
    trained = attribute(model, picture, method=method, **options)
    without = explain(Objective(drawn, trained.target), prepare(picture, model), method, options)
    return Case(picture, trained, without.plane)


def shares(plane: Map) -> Map:
    """Return a map as shares of its largest magnitude, −1 to 1: one of zeros stays as it is."""
    most = np.abs(plane).max()
    return plane / most if most else plane


def _most_looked_at(model: keras.Model, dataset: Dataset) -> int:
    shape = dataset.first().shape
    return max(MAPS, len(affordable(model, shape, len(dataset), _MOST_LOOKED_AT)))


def _outputs(model: keras.Model, dataset: Dataset) -> NDArray[np.int64] | None:
    """Return the output for each class of the data (classes,); None where that is not known."""
    if not head_of(model).has_classes:
        return None
    return outputs_of_classes(model, dataset.class_names, are_own=dataset.is_own)


def _median(numbers: list[float | None]) -> float | None:
    found = band(numbers)
    return found.middle if found else None
