"""Pictures that say nothing, which a picture is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from cnn.attribution.objective import Batch
from cnn.images.perturbations import blurred
from cnn.models.inputs import scale_of

if TYPE_CHECKING:
    import keras

# Of a Gaussian, as a share of the longer side: strokes of a digit, or a face, are gone.
_BLUR_PERCENT = 10.0
_WHITE = 255


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
