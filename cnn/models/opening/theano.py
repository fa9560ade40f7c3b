"""Kernels that Keras kept while it computed with Theano, which lays them over a picture turned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cnn.models.opening.hdf5 import as_text, attribute

# Those of depthwise convolutions have names of their own: Theano did not turn them.
_TURNED = ("kernel", "recurrent_kernel")


def turn_kernels(model: Any, weights: Path) -> None:
    """Turn the kernels of a model around in space where its weights came from an `.h5` file of Theano."""
    import h5py

    with h5py.File(weights) as file:
        group = file.get("model_weights", file)
        if as_text(attribute(group, "backend")) != "theano":
            return
    for weight in model.weights:
        places = tuple(range(len(weight.shape) - 2))
        if places and weight.name in _TURNED:
            weight.assign(np.flip(np.asarray(weight), places))
