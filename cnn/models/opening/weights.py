"""The weights of an `.h5` file in their places: by name, shape and order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cnn.errors import ModelError, quoted, shown
from cnn.models.internals import every_layer
from cnn.models.opening.contents import Contents
from cnn.models.opening.hdf5 import names

if TYPE_CHECKING:
    import h5py
    import keras

Saved = list[tuple[str, "h5py.Dataset"]]
_OF_MODEL = "top_level_model_weights"


def fill_from_h5(name: str, model: keras.Model, contents: Contents) -> None:
    """Give the model the weights of an `.h5` file; `ModelError` where they do not fit."""
    import h5py

    with h5py.File(contents.weights) as file:
        group = file.get("model_weights", file)
        groups = {layer: group[layer] for layer in names(group, "layer_names")}
        saved = {layer: found for layer, one in groups.items() if (found := _saved(one))}
        layers = [layer for layer in model.layers if layer.weights]
        if len(saved) != len(layers):
            raise ModelError(
                f"{name} has weights for {len(saved)} layers, and its architecture has {len(layers)} "
                "with weights: it is damaged. Save the model again."
            )
        if {layer.name for layer in layers} != set(saved):
            saved = {layer.name: found for layer, found in zip(layers, saved.values(), strict=True)}
        for layer in layers:
            _fill(name, layer.name, _in_saved_order(layer), saved[layer.name])
        inner = {id(weight) for layer in layers for weight in layer.weights}
        own = [weight for weight in _in_saved_order(model) if id(weight) not in inner]
        if own:
            _fill(name, model.name, own, _saved(group[_OF_MODEL]))
    for layer in every_layer(model):
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _saved(group: h5py.Group) -> Saved:
    return [(name, group[name]) for name in names(group, "weight_names")]


def _in_saved_order(layer: Any) -> list[Any]:
    """Return the weights of a layer in the order of `.h5` files: those that are trained come first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _fill(name: str, layer: str, weights: list[Any], saved: Saved) -> None:
    arrays = _in_order(weights, saved)
    if arrays is None:
        shapes = ", ".join(str(array.shape) for _, array in saved)
        expected = ", ".join(str(tuple(weight.shape)) for weight in weights)
        raise ModelError(
            f"{name} has weights of the shapes {shown(shapes)} for the layer {quoted(layer)}, "
            f"expected {shown(expected)}: it is damaged, or the layer is another in Keras 3. Save the "
            "model again."
        )
    for weight, array in zip(weights, arrays, strict=True):
        weight.assign(_numbers(array).reshape(weight.shape))


def _numbers(array: h5py.Dataset) -> Any:
    """Return the numbers of an array; of bfloat16, for which HDF5 has no type, it has the two bytes."""
    import ml_dtypes

    values = np.asarray(array)
    return values.view(ml_dtypes.bfloat16) if array.dtype.kind == "V" else values


def _in_order(weights: list[Any], saved: Saved) -> list[h5py.Dataset] | None:
    """Return an array for each weight; None where they do not fit.

    Each weight gets the first array of its own name that fits it. Where names are others, the order of
    the file counts.
    """
    left = list(saved)
    found = []
    for weight in weights:
        place = next((i for i, one in enumerate(left) if _is_of(weight, one)), None)
        if place is None:
            break
        found.append(left.pop(place)[1])
    if len(found) == len(weights):
        return found
    arrays = [array for _, array in saved]
    fits = len(weights) == len(arrays) and all(map(_fits, weights, arrays))
    return arrays if fits else None


def _is_of(weight: Any, saved: tuple[str, h5py.Dataset]) -> bool:
    name, array = saved
    return name.split("/")[-1].split(":")[0] == weight.name and _fits(weight, array)


def _fits(weight: Any, array: h5py.Dataset) -> bool:
    """Whether an array has the shape of a weight; a number alone may be an array of one."""
    return array.shape == tuple(weight.shape) or {array.shape, tuple(weight.shape)} == {(), (1,)}
