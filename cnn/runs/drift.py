"""How far training has moved the weights of each layer."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnn.errors import DamagedRunError
from cnn.runs.moments import Moment
from cnn.runs.run import Run

if TYPE_CHECKING:
    import keras
    import pandas as pd

MOST_MOMENTS = 60


def drift(model: keras.Model, run: Run, *, also: Collection[Moment] = ()) -> pd.DataFrame:
    """Return how far each layer's weights are from the first kept moment, at up to 60 kept moments.

    The first one is the start of a training here; of one by another program often the end of an
    epoch. `also` are moments that must be among them. A row per moment, in their order: `place` is how
    many epochs were done, and a column per layer is the Euclidean
    distance of its weights from those at the first one, divided by their norm then. `model`
    gives the names. The weights are those kept in half precision, so distances below about a
    thousandth are rounding. A moment whose file is damaged is left out. Raises `RunError` if the
    run keeps no moments, `DamagedRunError` if the first one or one of `also` is damaged.
    """
    import pandas as pd

    layers = [weight.path.rpartition("/")[0] for weight in model.weights]
    shapes = [tuple(weight.shape) for weight in model.weights]
    kept = run.moments
    start = _weights(run, kept[0] if kept else Moment(0), shapes)
    steps = max(1, run.status.batches)
    rows = []
    for moment in sorted({*_spread(kept), *also}):
        try:
            weights = _weights(run, moment, shapes)
        except DamagedRunError:
            if moment in also:
                raise
            continue
        row = {"place": moment.epoch + moment.batch / steps}
        for layer in dict.fromkeys(layers):
            mine = [i for i, name in enumerate(layers) if name == layer]
            moved = sum(float(np.square(weights[i] - start[i]).sum()) for i in mine)
            length = sum(float(np.square(start[i]).sum()) for i in mine)
            row[layer] = float(np.sqrt(moved / length)) if length else float(np.sqrt(moved))
        rows.append(row)
    return pd.DataFrame(rows)


def _weights(run: Run, moment: Moment, shapes: list[tuple[int, ...]]) -> list[NDArray[np.float32]]:
    """Return the weights at a moment; `DamagedRunError` if they are not those of the model."""
    weights = run.weights(moment)
    if [array.shape for array in weights] != shapes:
        raise run.damaged_weights(moment)
    return weights


def _spread(moments: tuple[Moment, ...]) -> list[Moment]:
    """Return at most 60 of the moments, the first and the last among them."""
    places = np.linspace(0, len(moments) - 1, min(len(moments), MOST_MOMENTS))
    return [moments[round(place)] for place in places]
