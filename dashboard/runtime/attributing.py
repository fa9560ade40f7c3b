"""Maps of attribution as they are kept: each a map, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import cnn

if TYPE_CHECKING:
    import keras

Attributed = cnn.Attribution | cnn.CnnError
_SMALL_BYTES = 1024


def attributed(
    model: keras.Model,
    image: NDArray[np.uint8],
    method: str,
    target: cnn.Target,
    options: Mapping[str, Any],
) -> Attributed:
    """Return what the method says of the target, or why it says nothing."""
    try:
        return cnn.attribute(model, image, method=method, target=target, **options)
    except cnn.CnnError as error:
        return error


def size_of(made: Attributed) -> int:
    """Return how much memory is needed to keep it."""
    return _SMALL_BYTES + (made.map.nbytes if isinstance(made, cnn.Attribution) else 0)
