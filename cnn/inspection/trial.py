"""Whether a model can be shown at all: one picture is sent through it before anybody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from cnn.errors import CnnError, ModelError, quoted, reason
from cnn.inspection.activations import forward
from cnn.models.card import class_names
from cnn.models.graph import nothing_left
from cnn.models.layers import layer_infos

if TYPE_CHECKING:
    import keras

# A layer is known by its name in addresses, a class in what pages send.
MOST_LETTERS = 1000
# What browsers take for a step in a path, or for none, and not for a name.
_STEPS = ("", ".", "..")
_PICTURE = np.zeros((28, 28), np.uint8)


def try_out(model: keras.Model) -> None:
    """Describe the model's layers and send a black picture through them, in a size that fits.

    Raises `ModelError` with the reason if that fails, and where a name cannot be asked for. What
    was compiled for it is kept.
    """
    try:
        _require_names(model)
        passed = forward(model, _PICTURE)
    except CnnError:
        raise
    except Exception as error:
        raise ModelError(
            f"The network {quoted(model.name)} cannot be shown ({reason(error)}): choose another model."
        ) from error
    empty = [name for name, shape in passed.shapes.items() if 0 in shape]
    if empty:
        raise nothing_left(empty[0])


def _require_names(model: keras.Model) -> None:
    """Raise `ModelError` for a layer's name that no address can have, or a class's no request can."""
    steps = [info.name for info in layer_infos(model) if info.name in _STEPS]
    if steps:
        raise ModelError(
            f"A layer is called {steps[0]!r}, which no address can have: give it another name, then save "
            "the model again."
        )
    layers = ((info.name, quote(info.name, safe="")) for info in layer_infos(model))
    classes = ((name, name) for name in class_names(model))
    for kind, names in (("layer", layers), ("class", classes)):
        for name, written in names:
            if len(written) > MOST_LETTERS:
                raise ModelError(
                    f"The name of the {kind} {quoted(name)} takes {len(written):,} letters, and at most "
                    f"{MOST_LETTERS:,} can be shown: give it a shorter one, then save the model again."
                )
