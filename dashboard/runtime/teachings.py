"""What large networks were taught, kept for all layers whose weights there is room for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import attrgetter
from threading import Condition
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache, cached
from numpy.typing import NDArray

from cnn.gradients.once import is_taught_once, teach_once
from cnn.gradients.teaching import Teaching, fitting, teach
from cnn.models.layers import is_large

if TYPE_CHECKING:
    import keras

MOST_BYTES = 256_000_000


class Teachings:
    """Steps on pictures, each made once for whoever looks at one of its layers."""

    def __init__(self) -> None:
        self._once = cached(
            LRUCache(2 * MOST_BYTES, getsizeof=attrgetter("nbytes")),
            key=lambda about, _make: about,
            condition=Condition(),
        )(_made)

    def of(
        self,
        model: keras.Model,
        seen: NDArray[np.uint8],
        *,
        key: Hashable,
        label: int,
        rates: tuple[float, ...],
        layer: str,
    ) -> Teaching:
        """Return what the steps did to the network, with the weights of a layer before and after.

        `key` tells the network and the picture from others. Of a large network the weights of other
        layers are kept as well, the smallest first, up to `MOST_BYTES` before and as many after; a layer
        for which no room is left costs the steps anew. Raises as `teach` and `teach_once` do.
        """
        if not is_large(model) and not is_taught_once(model):
            return teach(model, seen, label=label, learning_rates=rates)
        fit = fitting(model, MOST_BYTES)
        kept = {layer, *fit} if layer in fit else {layer}
        about = (key, label, rates, "" if layer in fit else layer)
        return self._once(about, lambda: _taught(model, seen, label, rates, layer, kept))


def _made(_about: Hashable, make: Callable[[], Teaching]) -> Teaching:
    return make()


def _taught(
    model: keras.Model,
    seen: NDArray[np.uint8],
    label: int,
    rates: tuple[float, ...],
    layer: str,
    kept: set[str],
) -> Teaching:
    if not is_taught_once(model):
        return teach(model, seen, label=label, learning_rates=rates).keeping(kept)
    rate = rates[0] if rates else None
    return teach_once(model, seen, label=label, layer=layer, learning_rate=rate, also=kept)
