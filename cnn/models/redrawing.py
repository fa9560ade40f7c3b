"""Weights drawn anew, each from the distribution that its own layer draws it from before a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import LayerError, reason
from cnn.models.graph import calls
from cnn.models.internals import every_layer, floating_weights, is_graph

if TYPE_CHECKING:
    import keras

_MOST_SEED = 2**31 - 1
Draws = dict[int, NDArray[Any]]


def weighted_layers(model: keras.Model) -> dict[str, Any]:
    """Return the layers with weights by the name of their last call, that nearest to the output first.

    A layer that is called several times is there once. A `Normalization` is not: what it keeps is the
    mean and the variance of the data, which no training finds.
    """
    import keras

    found: dict[int, tuple[str, Any]] = {}
    for call in reversed(calls(model)):
        layer = call.layer
        is_of_data = isinstance(layer, keras.layers.Normalization)
        if getattr(layer, "weights", ()) and not is_graph(layer) and not is_of_data:
            found.setdefault(id(layer), (call.name, layer))
    return dict(found.values())


def redrawn(layer: Any, random: np.random.Generator) -> Draws:
    """Return other values for all weights of a layer and of those inside it, by the id of the variable.

    They come from the layer's own initialisers, but for the seed: moving statistics are those of the
    start. Raises `LayerError` for a layer that cannot be made again, of which nothing is known.
    """
    draws: Draws = {}
    for one in every_layer(layer):
        if own := _own_weights(one):
            draws.update(_drawn(one, own, random))
    return draws


def _drawn(layer: Any, own: list[Any], random: np.random.Generator) -> Draws:
    """Return other values for the weights that a layer has apart from those of layers inside it."""
    if floating_weights(layer):
        raise LayerError(
            f"{layer.name} keeps its weights as codes, which no initialiser draws: choose the network "
            "before it was quantised."
        )
    try:
        fresh = _seeded(type(layer), random).from_config(layer.get_config())
        fresh.build_from_config(layer.get_build_config())
        values = [weight.numpy() for weight in _own_weights(fresh)]
    except Exception as error:
        raise LayerError(
            f"{layer.name} cannot be made again ({reason(error)}): give its class a get_config."
        ) from error
    if [value.shape for value in values] != [tuple(weight.shape) for weight in own]:
        raise LayerError(f"{layer.name} has other weights when it is made again.")
    return {id(weight): value for weight, value in zip(own, values, strict=True)}


def _seeded(kind: type, random: np.random.Generator) -> Any:
    """Return the same class of layers with initialisers that draw from `random`."""

    def add_weight(self: Any, *arguments: Any, initializer: Any = None, **named: Any) -> Any:
        chosen = _reseeded(initializer or "glorot_uniform", random)
        return kind.add_weight(self, *arguments, initializer=chosen, **named)  # type: ignore[attr-defined]

    return type(kind.__name__, (kind,), {"add_weight": add_weight})


def _reseeded(initializer: Any, random: np.random.Generator) -> Any:
    import keras

    found = keras.initializers.get(initializer)
    settings = found.get_config() if isinstance(found, keras.initializers.Initializer) else {}
    if "seed" not in settings:
        return found
    return type(found).from_config({**settings, "seed": int(random.integers(_MOST_SEED))})


def _own_weights(layer: Any) -> list[Any]:
    inside = {id(weight) for one in every_layer(layer)[1:] for weight in one.weights}
    return [weight for weight in layer.weights if id(weight) not in inside]
