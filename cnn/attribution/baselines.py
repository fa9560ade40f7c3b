"""Pictures that say nothing, or that are drawn from the data, which a picture is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from cnn.attribution.objective import Batch, Objective
from cnn.images.perturbations import blurred
from cnn.models.compilation import numbers
from cnn.models.inputs import scale_of

if TYPE_CHECKING:
    import keras

# Of a Gaussian, as a share of the longer side: strokes of a digit, or a face, are gone.
_BLUR_PERCENT = 10.0
_WHITE = 255
_NAME = "_cnn_baseline_values"
_MOST_KEPT = 64
_keeping = Lock()


def baseline(model: keras.Model, batch: Batch, name: str) -> Batch:
    """Return the baseline called `name`, one of `BASELINES`, in the shape of a batch of one.

    "black" and "white" are pixels of 0 and of 255, prepared for the model as any picture is. "mean" is
    the mean of each channel of the picture, "blur" the picture blurred by a Gaussian of 10% of its longer
    side, in which only cells of the picture count.
    """
    return _MAKERS[name](model, batch)


def _black(model: keras.Model, batch: Batch) -> Batch:
    return scale_of(model).applied(np.zeros(batch.shape))


def _white(model: keras.Model, batch: Batch) -> Batch:
    return scale_of(model).applied(np.full(batch.shape, _WHITE))


def _mean(_model: keras.Model, batch: Batch) -> Batch:
    return np.broadcast_to(batch.mean((1, 2), keepdims=True), batch.shape)


def _blur(_model: keras.Model, batch: Batch) -> Batch:
    weights = blurred(np.ones_like(batch[0]), _BLUR_PERCENT)
    return (blurred(batch[0], _BLUR_PERCENT) / weights)[None]


_MAKERS: Mapping[str, Callable[[keras.Model, Batch], Batch]] = {
    "black": _black,
    "white": _white,
    "mean": _mean,
    "blur": _blur,
}
BASELINES = tuple(_MAKERS)


def values_at(objective: Objective, pictures: Batch) -> NDArray[np.float32]:
    """Return the number of the objective for each of the baselines (n, height, width, channels), (n,).

    It is computed once for all pictures that are compared with them, until the network's numbers, the
    target or the baselines are others.
    """
    kept = _kept(objective.model)
    content = objective.target, sha256(np.ascontiguousarray(pictures).data).digest()
    with _keeping:
        values: NDArray[np.float32] | None = kept.get(content)
    if values is None:
        values = objective.values(pictures)
        with _keeping:
            kept[content] = values
    return values


def _kept(model: keras.Model) -> LRUCache[Any, NDArray[np.float32]]:
    """Return the values that are kept on the model; none after its numbers have changed.

    The numbers are tensors, which nothing changes: until other numbers take their place the model's
    variables have the very same memory, and while it is held here no others get it.
    """
    with _keeping:
        variables, before, values = getattr(model, _NAME, None) or (numbers(model), [], None)
        now = [np.asarray(variable.value.value()) for variable in variables]
        if values is None or not all(map(_are_same, before, now)):
            values = LRUCache(_MOST_KEPT)
        object.__setattr__(model, _NAME, (variables, now, values))
    return values


def _are_same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays have the same memory, or else the same numbers."""
    return one.ctypes.data == other.ctypes.data or np.array_equal(one, other)
