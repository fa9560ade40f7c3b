"""Maps of attribution made one after the other, while somebody looks on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.attributing import explain
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import objective_of
from cnn.attribution.options import Pictures
from cnn.errors import CnnError
from cnn.models.inputs import scale_of
from cnn.studies.answers import KeptMap, Maps
from cnn.studies.question import Asked, Wanted

if TYPE_CHECKING:
    import keras

# Is told how many passes are done, and of how many in all; it may raise, which ends it.
Onlooker = Callable[[int, int], None]


def mapped(
    network: keras.Model, asked: Asked, pictures: list[NDArray[np.uint8]], onlooker: Onlooker
) -> Maps:
    """Return the maps that are asked for; some methods compare with these pictures."""
    batch = scale_of(network).applied(asked.pixels[None])
    costs = [cost_of(wanted, batch) for wanted in asked.maps]
    made = []
    for place, wanted in enumerate(asked.maps):
        told = partial(tell_share, onlooker, costs, place)
        told(0)
        made.append(_kept_map(network, batch, wanted, pictures, told))
    return Maps(made)


def cost_of(wanted: Wanted, batch: NDArray[np.float32]) -> int:
    """Return about how many passes a map of a prepared picture takes."""
    return METHODS[wanted.method].cost(wanted.options, batch.shape[1:3])


def tell_share(onlooker: Onlooker, costs: Sequence[int], place: int, share: float) -> None:
    """Tell that of parts with these costs all before one are done, and a share of that one."""
    onlooker(round(sum(costs[:place]) + share * costs[place]), sum(costs))


def options_of(wanted: Wanted, pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
    """Return the options of a map, with the pictures for each that takes any."""
    options = METHODS[wanted.method].options.items()
    given = {name: pictures for name, option in options if isinstance(option, Pictures)}
    return {**given, **wanted.options}


def _kept_map(
    network: keras.Model,
    batch: NDArray[np.float32],
    wanted: Wanted,
    pictures: list[NDArray[np.uint8]],
    told: Callable[[float], None],
) -> KeptMap:
    """Return the map, or why there is none."""
    try:
        objective = objective_of(network, batch, wanted.target)
        options = options_of(wanted, pictures)
        return KeptMap.of(explain(objective, batch, wanted.method, options, told))
    except CnnError as error:
        return KeptMap(wanted.method, wanted.target, refusal=str(error))
