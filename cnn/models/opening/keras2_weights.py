"""The weights of a `.keras` file that Keras 2 wrote, under the names that Keras 3 looks for."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import h5py

_OLD_LAYERS, _LAYERS = "_layer_checkpoint_dependencies", "layers"
_OF_TRAINING = ("optimizer", "metrics")


def renamed(weights: Path) -> Path:
    """Return a file beside `weights` in which groups have the names of Keras 3.

    Keras 2.13 kept layers under another name, and left numbers out; means and variances of a
    Normalization over all numbers were numbers, and are arrays of one.
    """
    import h5py

    target = weights.with_name(f"renamed.{weights.name}")
    with h5py.File(weights) as before, h5py.File(target, "w") as after:
        _copy(before, after)
    return target


def _copy(before: h5py.Group, after: h5py.Group) -> None:
    import h5py

    for name, part in before.items():
        if name in _OF_TRAINING:
            continue
        if isinstance(part, h5py.Dataset):
            after[name] = np.asarray(part)
        elif name in (_OLD_LAYERS, _LAYERS):
            layers = after.create_group(_LAYERS)
            for new, layer in _numbered(part):
                _copy(layer, layers.create_group(new))
        else:
            _copy(part, after.create_group(name))


def _numbered(layers: h5py.Group) -> list[tuple[str, h5py.Group]]:
    """Return layers by their names with the numbers of each class in a row: dense, dense_1 and so on."""

    def split(name: str) -> tuple[str, int]:
        stem, _, number = name.rpartition("_")
        return (stem, int(number)) if stem and number.isdecimal() else (name, 0)

    found = []
    for stem, names in groupby(sorted(layers, key=split), key=lambda name: split(name)[0]):
        for number, name in enumerate(names):
            found.append((f"{stem}_{number}" if number else stem, layers[name]))
    return found
