"""What a network does to its picture before its first weights, and the range of pixels it expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError
from cnn.models.graph import calls
from cnn.models.inserted import is_inserted
from cnn.models.internals import is_graph

if TYPE_CHECKING:
    import keras

# The darkest and the brightest number that enter the first layer with weights, over all channels.
Ends = tuple[float, float]
# Side of a picture where the model leaves it open.
_SIDE = 32
# What pixels may run over before they enter, the likelier first.
_EXPECTED: dict[str, Ends] = {"0..255": (0, 255), "0..1": (0, 1), "-1..1": (-1, 1)}
# From dark to bright, what enters the first weights of a trained network: some units where it is
# scaled or normalised, some hundred where only the mean is taken away.
_SPANS = ((0.3, 30.0), (30.0, 600.0))
_NEARLY = 1e-3


def expected_range(model: keras.Model) -> tuple[str, Ends] | None:
    """Return the range of pixels that suits the model, and the ends of what its first weights get then.

    A black and a white picture go through all layers before the first with weights, as operations or
    layers, nested or not. The range is a name in `cnn.models.scales.RANGES`: of those that a picture
    may have, the one of which numbers come out that networks are trained on, around or from zero
    on. None where the network begins with weights, changes nothing before them, or where no range gives
    such numbers.
    """
    taken = {name: _entering(model, ends) for name, ends in _EXPECTED.items()}
    if all(_are_alike(taken[name], ends) for name, ends in _EXPECTED.items()):
        return None
    for least, most in _SPANS:
        for name, ends in taken.items():
            if ends and least <= ends[1] - ends[0] <= most and ends[0] <= _NEARLY < ends[1]:
                return name, ends
    return None


def _are_alike(ends: Ends | None, others: Ends) -> bool:
    return ends is None or bool(np.allclose(ends, others, rtol=_NEARLY, atol=_NEARLY))


def _entering(model: keras.Model, ends: Ends) -> Ends | None:
    """Return the ends of what enters the first weights of a black and a white picture.

    None if it is not finite, or the same of both.
    """
    try:
        both = zip(*(_first_weights_get(model, one) for one in ends), strict=True)
    except ModelError:
        return None
    # What does not depend on the picture, as the numbers of a further input, tells nothing of it.
    changing = (np.stack(pair)[:, pair[0] != pair[1]] for pair in both)
    numbers = next((one for one in changing if one.size), None)
    if numbers is None:
        return None
    darkest, brightest = float(numbers.min()), float(numbers.max())
    return (darkest, brightest) if np.isfinite([darkest, brightest]).all() else None


def _first_weights_get(model: keras.Model, pixel: float) -> list[NDArray[Any]]:
    """Return what enters each layer with weights that has none before it, of a picture of one number."""
    import keras

    found = []
    values: dict[tuple[str, int], Any] = {}
    for call in calls(model):
        if not call.inputs:
            shape = [1, *(side or _SIDE for side in call.output_shape)]
            values[call.name, 0] = keras.ops.full(shape, pixel, "float32")
            continue
        if any(source not in values for source in call.sources):
            continue
        entering = [values[source] for source in call.sources]
        if is_graph(call.layer) or is_inserted(call.layer):
            outputs = entering
        elif _learns(call.layer):
            found.append(keras.ops.convert_to_numpy(entering[0]))
            continue
        else:
            outputs = call.outputs(entering)
        values.update({(call.name, part): output for part, output in enumerate(outputs)})
    return found


def _learns(layer: Any) -> bool:
    """Whether the layer has weights that training changes; statistics of pictures are none."""
    return type(layer).__name__ != "Normalization" and any(True for _ in _weights(layer))


def _weights(layer: Any) -> Iterator[Any]:
    seeds = "seed_generator_state"
    yield from (one for one in getattr(layer, "weights", ()) if not one.path.endswith(seeds))
