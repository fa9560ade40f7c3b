"""In which size a model takes a picture: its own, the picture's, or the next larger that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnn.models import graph
from cnn.models.inputs import input_shape
from cnn.models.internals import name_scopes
from cnn.models.twins import kept_for_twins

if TYPE_CHECKING:
    import keras

Size = tuple[int, int]
_SIZES = "_cnn_sizes"
_MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def size_for(model: keras.Model, height: int, width: int) -> Size:
    """Return the (height, width) in which the model takes a picture of that height and width.

    A side that the model leaves open is the picture's. Where the picture does not go through all
    layers, since there are too many or what they join differs in size, both are rounded up to a
    multiple of 2, 4 and so on to 512; where none goes through they stay as they are.
    """
    fixed_height, fixed_width, _ = input_shape(model)
    if fixed_height and fixed_width:
        return fixed_height, fixed_width
    known: dict[Size, Size] = kept_for_twins(model).setdefault(_SIZES, {})
    given = (fixed_height or height, fixed_width or width)
    if given not in known:
        rounded = [
            (fixed_height or -(-height // m) * m, fixed_width or -(-width // m) * m)
            for m in _MULTIPLES
        ]
        fitting = (size for size in dict.fromkeys(rounded) if _goes_through(model, size))
        known[given] = next(fitting, given)
    return known[given]


def _goes_through(model: keras.Model, size: Size) -> bool:
    """Whether every layer has an output for a picture of that size; nothing is computed."""
    import tensorflow as tf

    shapes: list[Any] = []
    name_scopes(model)
    batch = tf.TensorSpec((1, *size, input_shape(model)[2]), model.inputs[0].dtype)
    passing = tf.function(
        lambda picture: graph.run(model, picture, lambda *call: shapes.append(call[-1].shape)),
        autograph=False,
    )
    try:
        passing.get_concrete_function(batch)
    except Exception:
        return False
    return all(0 not in shape for shape in shapes)
