"""Captions of attention: which positions take how much from which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption
from cnn.captions.layers import of_line
from cnn.models.layers import LayerInfo
from cnn.words import counted, percent


def attention_scores(scores: NDArray[np.float32], info: LayerInfo | None = None) -> Caption:
    """Return the caption of scores (heads, queries, keys), drawn as a tile per head.

    `info` is of their layer, which tells whether the keys are those of each query's own row or column.
    """
    line = of_line(info) if info else ""
    heads, queries, keys = scores.shape
    seen = (
        f"{counted(heads, 'head')}: a row per query ({queries:,}), a column per key{line} ({keys:,}); "
        "dark is zero, bright is large. The scores of a row add up to 1: the shares that a query "
        "takes from each key."
    )
    if scores.min() == scores.max():
        return Caption(seen, f"Every score is {percent(float(scores.max()))}: no key stands out.")
    head, query, key = (int(i) for i in np.unravel_index(int(scores.argmax()), scores.shape))
    most = percent(float(scores.max()))
    return Caption(
        seen, f"The largest is {most}: in head {head}, of query {query} from key {key}{line}."
    )
