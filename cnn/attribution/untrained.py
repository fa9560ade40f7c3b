"""The same network without what it has learned: a twin whose weights are drawn anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnn.errors import AttributionError, LayerError, reason
from cnn.models.redrawing import redrawn, weighted_layers
from cnn.models.twins import twin

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Untrained:
    """A network with all weights drawn anew; `kept` are the layers that could not be, and stayed."""

    model: keras.Model
    kept: tuple[str, ...]


def untrained(model: keras.Model, seed: int) -> Untrained:
    """Return the network as it might have been before its training, the same for the same seed.

    It is a twin: what is compiled for the one serves the other. Raises `AttributionError` for a network
    that cannot be copied, or of which nothing can be drawn.
    """
    redrawing = Redrawing(model)
    for name in redrawing.layers:
        redrawing.draw(name, seed)
    if len(redrawing.kept) == len(redrawing.layers):
        raise AttributionError(
            "No layer of this network can be made again, so that its weights are not drawn anew: give "
            "the classes of its layers a get_config."
        )
    return Untrained(redrawing.model, tuple(redrawing.kept))


class Redrawing:
    """A twin of a network, whose `layers` are drawn anew one by one; those that cannot be are `kept`."""

    def __init__(self, model: keras.Model) -> None:
        self.layers = weighted_layers(model)
        if not self.layers:
            raise AttributionError(
                "This network has no layer with weights: there is nothing to draw anew."
            )
        self.kept: list[str] = []
        self._weights = model.get_weights()
        try:
            self.model = twin(model, self._weights)
        except Exception as error:
            raise AttributionError(
                f"The network {model.name!r} cannot be copied ({reason(error)}), so its weights are not "
                "drawn anew: give the classes of its layers a get_config."
            ) from error
        pairs = zip(model.weights, self.model.weights, strict=True)
        self._copies = {id(weight): copy for weight, copy in pairs}

    def begin(self) -> None:
        """Give the twin the weights of the network."""
        self.model.set_weights(self._weights)

    def draw(self, name: str, seed: int) -> None:
        """Draw the weights of a layer anew, the same for the same seed."""
        try:
            draws = redrawn(self.layers[name], np.random.default_rng([seed, *name.encode()]))
        except LayerError:
            if name not in self.kept:
                self.kept.append(name)
            return
        for weight, value in draws.items():
            self._copies[weight].assign(value)
