"""Whether a model can be shown at all: one picture is sent through it before anybody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnn.errors import CnnError, ModelError, reason
from cnn.inspection.activations import forward
from cnn.models.graph import nothing_left
from cnn.models.layers import layer_infos

if TYPE_CHECKING:
    import keras

_PICTURE = np.zeros((28, 28), np.uint8)


def try_out(model: keras.Model) -> None:
    """Describe the model's layers and send a black picture through them, in a size that fits.

    Raises `ModelError` with the reason if that fails. What was compiled for it is kept.
    """
    try:
        layer_infos(model)
        passed = forward(model, _PICTURE)
    except CnnError:
        raise
    except Exception as error:
        raise ModelError(
            f"The network {model.name!r} cannot be shown ({reason(error)}): choose another model."
        ) from error
    empty = [name for name, shape in passed.shapes.items() if 0 in shape]
    if empty:
        raise nothing_left(empty[0])
