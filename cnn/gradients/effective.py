"""The effective receptive field: how much each pixel changes a cell, for one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.images.pixels import as_pixels
from cnn.models import graph
from cnn.models.compilation import compiled_once
from cnn.models.fields import cell_index
from cnn.models.inputs import scale_of
from cnn.models.orientation import channels_first, read
from cnn.models.preparing import prepare

if TYPE_CHECKING:
    import keras

_GRADIENT = "_cnn_effective_field"
_ALL = -1


def effective_field(
    model: keras.Model,
    image: Any,
    *,
    layer: str,
    row: int | None = None,
    column: int | None = None,
    channel: int | None = None,
) -> NDArray[np.float32]:
    """Return how fast a cell of `layer` changes with each pixel, float32 (height, width).

    This is the effective receptive field of Luo et al. 2016 (arXiv:1701.04128, section 2): the partial
    derivative of the cell by the pixel, computed by propagating back a gradient of 1 from the cell and
    of 0 from all others. What is returned is its Euclidean norm over the colours, for pixels from 0
    to 1, in the model's input size. `row`, `column` and `channel` are those of
    `cnn.receptive_field`; what is None is summed over. `image` is what `prepare` takes. Raises
    `LayerError` for a layer or a cell that the model does not have, `ImageError` for what is no
    picture.
    """
    batch = prepare(image, model)
    size = as_pixels(image).shape[:2]
    cell = cell_index(model, layer, size, row=row, column=column, channel=channel)
    compiled = compiled_once(
        model, f"{_GRADIENT} {layer}", lambda *tensors: _gradient(model, layer, *tensors)
    )
    index = np.array([_ALL if i is None else i for i in cell], np.int32)
    gradient = scale_of(model).slopes(compiled(batch, index).numpy()[0])
    return np.asarray(np.linalg.norm(gradient, axis=-1), np.float32)


def _gradient(model: keras.Model, layer: str, batch: Any, cell: Any) -> Any:
    """Return the gradient of a cell of the layer by the batch of one, of the same shape."""
    import tensorflow as tf

    found: dict[str, Any] = {}
    with tf.GradientTape() as tape:
        batch = tf.convert_to_tensor(batch)
        tape.watch(batch)
        graph.run(model, batch, lambda name, _, __, output: found.update({name: output}))
        output = read(found[layer], layer, channels_first(model))
    zero = tf.UnconnectedGradients.ZERO
    return tape.gradient(output, batch, _ones_at(cell, output), unconnected_gradients=zero)


def _ones_at(cell: Any, output: Any) -> Any:
    """Return 1 at the cell of an output of one picture, 0 elsewhere."""
    import tensorflow as tf

    ones = tf.ones_like(output)
    for axis, size in enumerate(output.shape[1:]):
        here = (cell[axis] == _ALL) | (tf.range(size) == cell[axis])
        shape = [size if other == axis + 1 else 1 for other in range(len(output.shape))]
        ones *= tf.reshape(tf.cast(here, ones.dtype), shape)
    return ones
