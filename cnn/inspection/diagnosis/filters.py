"""Filters that are nearly the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.diagnosis.case import Case
from cnn.inspection.diagnosis.findings import Finding
from cnn.inspection.kernels import kernels, weights
from cnn.models.graph import calls
from cnn.models.kinds import kind_of
from cnn.models.layers import LayerInfo

LEAST_COSINE = 0.99
# Vectors of fewer numbers point the same way by chance.
LEAST_WEIGHTS = 8
_MOST_EXACT, _SKETCH = 2048, 256
_MOST_COMPARED = 10_000


def near_duplicates(case: Case) -> list[Finding] | None:
    """Filters of a layer whose weights, with the bias, point the same way: their maps are alike.

    None where no layer has filters of 8 weights or more.
    """
    known = [(info, groups) for info in case.once if (groups := _groups(case, info))]
    if not known:
        return None
    found = [_of_layer(info, groups) for info, groups in known]
    return [one for one in found if one]


def _of_layer(info: LayerInfo, groups: list[NDArray[np.float32]]) -> Finding | None:
    """Return the finding of a layer: its channels begin with the two that are most alike."""
    size = len(groups[0])
    pairs = np.concatenate([_alike(vectors) + i * size for i, vectors in enumerate(groups)])
    if not len(pairs):
        return None
    cosines = [
        _cosine(*groups[one // size][[one % size, other % size]])
        for one, other in pairs[:_MOST_COMPARED]
    ]
    closest = pairs[int(np.argmax(cosines))]
    others = np.setdiff1d(pairs, closest)
    numbers = {"filters": size * len(groups), "pairs": len(pairs), "cosine": max(cosines)}
    channels = tuple(int(one) for one in (*closest, *others))
    return Finding("duplicates", "note", info.name, channels, numbers, shown="weights")


def _groups(case: Case, info: LayerInfo) -> list[NDArray[np.float32]]:
    """Return the filters of a layer as vectors (filters, weights), those of each group together.

    Filters of another group read other channels, of a depthwise layer each does. One without any weight
    points nowhere.
    """
    kernel_kind = kind_of(info.kind).kernel
    arrays = weights(case.model, info.name)
    if kernel_kind in ("none", "depthwise"):
        return []
    separable = kernel_kind == "separable"
    kernel = arrays["pointwise_kernel"] if separable else kernels(case.model, info.name)
    vectors = kernel.reshape(-1, kernel.shape[-1]).T
    if vectors.shape[1] < LEAST_WEIGHTS:
        return []
    if "bias" in arrays:
        bias = arrays["bias"] * vectors.any(axis=1)
        vectors = np.column_stack([vectors, bias])
    layer = next(call.layer for call in calls(case.model) if call.name == info.name)
    return np.split(vectors, getattr(layer, "groups", 1) if kernel_kind == "plain" else 1)


def _alike(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the pairs of vectors (pairs, 2) whose cosine is large enough.

    Long ones are compared by random projections, which near 1 keep a cosine to about a thousandth
    (Johnson and Lindenstrauss 1984). One that is not finite is like none.
    """
    vectors = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, np.float32(0))
    if vectors.shape[1] > _MOST_EXACT:
        signs = np.random.default_rng(0).choice([-1, 1], (vectors.shape[1], _SKETCH))
        vectors = vectors @ signs.astype(np.float32)
    exact = vectors.astype(np.float64)
    length = np.linalg.norm(exact, axis=1, keepdims=True)
    units = exact / np.where(length > 0, length, 1)
    return np.argwhere(np.triu(units @ units.T >= LEAST_COSINE, 1))


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the cosine between two vectors that are not zero."""
    exact, beside = one.astype(np.float64), other.astype(np.float64)
    return min(float(exact @ beside / np.linalg.norm(exact) / np.linalg.norm(beside)), 1.0)
