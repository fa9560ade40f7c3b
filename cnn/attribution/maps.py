"""The maps of a layer, and the gradient of the explained number by each of their cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.attribution import Found
from cnn.attribution.objective import Batch, Objective, finite
from cnn.errors import AttributionError
from cnn.models import heads
from cnn.models.arithmetic import copies
from cnn.models.kinds import POOLING, kind_of
from cnn.models.layers import LayerInfo, layer_info, layer_infos
from cnn.models.orientation import channels_first, read
from cnn.words import sides

_AXES = 3


@dataclass(frozen=True, eq=False)
class Maps:
    """What a layer gave for one picture, (height, width, channels), and the gradient by each number.

    `value` is the number that is explained, `layer` the name of the call.
    """

    layer: str
    value: float
    values: NDArray[np.float32]
    gradients: NDArray[np.float32]


def maps_of(objective: Objective, batch: Batch, layer: str) -> Maps:
    """Return the maps of a layer for a batch of one; "" for the last that has some before the number.

    Raises `LayerError` for a layer that the model does not have, and `AttributionError` for one without
    maps or one that the number does not depend on.
    """
    name = layer or _last(objective)
    info = layer_info(objective.model, name)
    if len(info.output_shape) != _AXES:
        raise AttributionError(
            f"The layer {name!r} gives {sides(info.output_shape)} numbers and no maps: choose a layer "
            "that gives maps, as a convolution does."
        )
    compiled = objective.compiled(f"maps {name}", partial(_with_gradient, objective, name))
    value, values, gradients = compiled(batch)
    return Maps(name, float(value[0]), finite(values)[0], finite(gradients)[0])


def positive(maps: Maps, weights: NDArray[np.float64]) -> Found:
    """Return what is above zero of the sum of all maps, each with its weight, (height, width)."""
    added = np.maximum(maps.values @ weights, 0).astype(np.float32)
    note = "" if added.any() else f"no positive evidence: no cell of {maps.layer} speaks for it"
    return Found(added, note=note, settings={"layer": maps.layer}, value=maps.value)


def _with_gradient(objective: Objective, name: str, pictures: Any, which: Any) -> tuple[Any, ...]:
    """Return the number, the layer's maps and the gradient by them, each for every picture."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        pictures = tf.convert_to_tensor(pictures)
        tape.watch(pictures)
        visits = objective.visits(pictures)
        value = objective.of_visits(visits, which)
    maps = next(output for visited, _, _, output in visits if visited == name)
    gradients = tape.gradient(value, maps)
    if gradients is None:
        raise AttributionError(
            f"The layer {name!r} does not lead to what is explained: choose a layer before it."
        )
    first = channels_first(objective.model)
    readable = [tf.cast(read(one, name, first), tf.float32) for one in (maps, gradients)]
    return value, *readable


def _last(objective: Objective) -> str:
    """Return the last call with maps before the number that is neither a pooling nor a copy."""
    model, target = objective.model, objective.target
    reached = {target.layer} if target.layer else set(heads.giving(model))
    itself = frozenset(reached)
    for info in reversed(layer_infos(model)):
        if info.name not in reached:
            continue
        reached.update(info.inputs)
        if info.name not in itself and _has_maps(info) and _makes_maps(info):
            return info.name
    raise AttributionError(
        "Nothing before what is explained gives maps: choose another method, such as saliency."
    )


def _has_maps(info: LayerInfo) -> bool:
    """Whether the output is maps of more than one cell, as far as their size is known."""
    *cells, _ = info.output_shape
    return len(info.output_shape) == _AXES and (None in cells or prod(filter(None, cells)) > 1)


def _makes_maps(info: LayerInfo) -> bool:
    kind = kind_of(info.kind)
    is_copy = kind.arithmetic in (copies.same, copies.moved)
    return bool(info.inputs) and not info.nested and kind.family is not POOLING and not is_copy
