"""Attention: each position mixes what all positions have to say.

Vaswani et al. 2017 (arXiv:1706.03762), equation 1.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from cnn.models.arithmetic.cell import Cell, Derivation, Floats, across, no_cells, numbers
from cnn.models.arithmetic.forms import PRECISION, Attention, Indices, Numbers
from cnn.models.attending import attended_axes, attends_heads

_MASKS = ("query_mask", "value_mask", "key_mask", "attention_mask")
_ARGUMENTS = (
    "query", "value", "key", *_MASKS, "return_attention_scores", "training", "use_causal_mask",
)  # fmt: skip


def multi_head(cell: Cell) -> Derivation | None:
    """Return the rows of scores of all heads, and what they make of the values.

    None for a mask, a gate, a sliding window, or heads that attend to each other.
    """
    given = _arguments(cell)
    if given is None:
        return None
    layer, position = cell.layer, cell.place[:-1]
    query, key, value = (cell.inputs[given[name]] for name in ("query", "key", "value"))
    asked, asked_size = _projected(layer.query_dense, query[position])
    keys, key_sizes = _projected(layer.key_dense, _rows(cell, key))
    values, value_sizes = _projected(layer.value_dense, _rows(cell, value))
    scores = np.einsum("hs,khs->hk", asked, keys) / sqrt(layer.key_dim)
    sizes = np.einsum("hs,khs->hk", asked_size, key_sizes) / sqrt(layer.key_dim)
    if given["use_causal_mask"]:
        (axis,) = attended_axes(layer, query.shape)
        scores[:, position[axis] + 1 :] = -np.inf
    weights = numbers(layer.output_dense.kernel)[..., cell.place[-1]]
    bias = float(numbers(layer.output_dense.bias)[cell.place[-1]]) if layer.use_bias else 0.0
    by_head, sizes_by_head = (np.moveaxis(one, 1, 0) for one in (values, value_sizes))
    slack = PRECISION * float(sizes.max())
    form = Attention(scores, by_head, weights, bias, slack, sizes_by_head)
    return Derivation(form, _reads(cell, given))


def _arguments(cell: Cell) -> dict[str, Any] | None:
    """Return which input is query, key and value, and whether later positions are hidden."""
    settings = cell.layer.get_config()
    positional, keywords = cell.call.arguments(range(len(cell.inputs)))
    given = dict(zip(_ARGUMENTS, positional, strict=False)) | keywords
    is_plain = not settings.get("use_gate") and settings.get("sliding_window") is None
    is_masked = any(given.get(name) is not None for name in _MASKS)
    if not is_plain or is_masked or attends_heads(cell.layer, cell.inputs[0].shape):
        return None
    given.setdefault("use_causal_mask", False)
    if given.get("key") is None:
        given["key"] = given["value"]
    return given


def _projected(projection: Any, rows: Floats) -> tuple[Numbers, Numbers]:
    """Return the rows (..., channels) times the projection, (..., heads, size), and the sums of
    absolute products."""
    kernel = numbers(projection.kernel)
    bias = 0.0 if projection.bias is None else numbers(projection.bias)
    rows = rows.astype(np.float64)
    projected: Numbers = np.tensordot(rows, kernel, axes=1) + bias
    return projected, np.tensordot(np.abs(rows), np.abs(kernel), axes=1) + np.abs(bias)


def _rows(cell: Cell, values: Floats) -> Floats:
    """Return the channels of the positions that the cell reads, (positions, channels)."""
    rows: Floats = values[tuple(_read_of(cell, values).T)].reshape(-1, values.shape[-1])
    return rows


def _read_of(cell: Cell, values: Floats) -> Indices:
    """Return the indices of the numbers of keys or values that the cell reads."""
    axes = attended_axes(cell.layer, values.shape)
    return across(values.shape, cell.place, (*axes, values.ndim - 1))


def _reads(cell: Cell, given: dict[str, Any]) -> tuple[Indices, ...]:
    reads = [no_cells(values.ndim) for values in cell.inputs]
    query = cell.inputs[given["query"]]
    reads[given["query"]] = across(query.shape, (*cell.place[:-1], 0), [query.ndim - 1])
    for name in ("key", "value"):
        reads[given[name]] = _read_of(cell, cell.inputs[given[name]])
    return tuple(reads)
