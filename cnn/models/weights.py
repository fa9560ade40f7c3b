"""The weights of a layer by name, those of the layers inside it too, as numbers that it computes with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.models.internals import floating_weights


def weights_by_name(weights: Iterable[Any]) -> dict[str, Any]:
    """Return the weights of a layer by the last part of their path, as "kernel".

    Where that is not one's own it is said inside which part of the layer they are: "query/kernel" of
    an attention, "forward_lstm/lstm_cell/kernel" of a recurrent layer both ways. What still is the
    same is numbered from the second on: "cell/kernel:2".
    """
    weights = list(weights)
    paths = [weight.path.split("/") for weight in weights]
    ends = Counter(path[-1] for path in paths)
    folders = zip(*(path[:-1] for path in paths), strict=False)
    shared = sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, folders))
    used: Counter[str] = Counter()
    named = {}
    for weight, path in zip(weights, paths, strict=True):
        name = path[-1] if ends[path[-1]] == 1 else "/".join(path[shared:])
        used[name] += 1
        named[f"{name}:{used[name]}" if used[name] > 1 else name] = weight
    return named


def numbers_by_name(layer: Any) -> dict[str, NDArray[np.float32]]:
    """Return the weights of a layer by name, float32; codes as the numbers that they stand for."""
    known = floating_weights(layer)
    return {
        name.replace("quantized_kernel", "kernel"): np.asarray(
            known.get(id(weight), weight), np.float32
        )
        for name, weight in weights_by_name(getattr(layer, "weights", ())).items()
    }
