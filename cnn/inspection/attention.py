"""How much each position of an attention layer takes from each other, head by head."""

from __future__ import annotations

from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import LayerError
from cnn.inspection.activations import forward
from cnn.inspection.units import Outputs, inputs_of
from cnn.models.attending import attended_axes, free_axes
from cnn.models.graph import Shape, calls
from cnn.models.internals import is_graph
from cnn.models.layers import layer_info
from cnn.models.orientation import as_computed, channels_first

if TYPE_CHECKING:
    import keras

_RETURN = "return_attention_scores"


def attention_scores(
    model: keras.Model, image: Any, *, layer: str, activations: Outputs | None = None
) -> NDArray[np.float32]:
    """Return the scores of an attention layer for a picture, float32 (heads, queries, keys).

    They are the softmax of query × key / √size (Vaswani et al. 2017, arXiv:1706.03762, equation 1), as
    the layer itself gives them for what Keras computed before it: those of a query add up to 1. Where
    attention goes along several axes their positions are counted through, in order; where it goes along
    some only, each query has the keys that lie along them, and all places are queries. `image` is what
    `prepare` takes; `activations` are those of the picture where they have been computed. Raises
    `LayerError` for a layer that the model does not have, and for one that gives no scores.
    """
    info = layer_info(model, layer)
    by_name = {call.name: call for call in calls(model)}
    call = by_name[layer]
    if is_graph(call.layer) or not _gives_scores(call.layer):
        raise LayerError(
            f"The layer {layer!r} ({info.kind}) gives no attention scores: choose an attention layer."
        )
    passed = forward(model, image).activations if activations is None else activations
    computed = as_computed(passed, channels_first(model))
    entering = [one[None] for one in inputs_of(computed, call)]
    arguments, keywords = call.arguments(entering)
    _, scores = call.layer(*arguments, **{**keywords, _RETURN: True, "training": False})
    query = call.input_shapes[0]
    return _by_head(np.asarray(scores, np.float32)[0], attended_axes(call.layer, query), query)


def _gives_scores(layer: Any) -> bool:
    call = getattr(layer, "call", None)
    return call is not None and _RETURN in signature(call).parameters


def _by_head(
    scores: NDArray[np.float32], axes: tuple[int, ...], query: Shape
) -> NDArray[np.float32]:
    """Return scores (*beside, heads, *queries, *keys), or those without heads, as (heads, queries, keys).

    `beside` are the places of the `query` on the axes that attention does not go along. A layer may have
    made one axis of several itself.
    """
    others = free_axes(axes, query)
    has_heads = (scores.ndim - len(others)) % 2 == 1
    by_head = np.moveaxis(scores, len(others), 0) if has_heads else scores[None]
    along = (by_head.ndim - 1 - len(others)) // 2
    places = 1 + np.argsort((*others, *axes[:along]))
    keys = 1 + len(places) + np.argsort(axes[:along])
    in_order = by_head.transpose(0, *places, *keys)
    queries = prod(in_order.shape[1 : 1 + len(places)])
    return in_order.reshape(len(in_order), queries, -1)
