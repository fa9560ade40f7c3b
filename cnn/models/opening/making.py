"""How many bytes the layers of a network make for one picture: found from shapes, nothing is computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from cnn.models.attending import attended_axes
from cnn.models.internals import every_layer, graph_of, is_graph, nodes

# Side of a picture where the network leaves it open.
_SIDE = 32


def made(model: Any) -> Iterator[tuple[str, int]]:
    """Yield the name of each layer, nested ones too, and the bytes of each array that it makes.

    Sizes that the network leaves open are those of a picture of 32×32; where that does not go through
    they are left out.
    """
    yield from _made(model, [_open(tensor) for tensor in graph_of(model).inputs])


def byte_count(shape: Sequence[int | None], dtype: str) -> int:
    """Return the bytes of an array, without sides that are left open."""
    one = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
    return math.prod(side for side in shape if side is not None) * one


def _open(tensor: Any) -> Any:
    """Return a tensor of the sizes of an input, those that are open filled in, or itself."""
    import keras

    batch, *sides = tensor.shape
    if None not in sides:
        return tensor
    return keras.KerasTensor((batch, *(side or _SIDE for side in sides)), dtype=tensor.dtype)


def _made(model: Any, entering: Sequence[Any]) -> Iterator[tuple[str, int]]:
    graph = graph_of(model)
    values = {id(own): given for own, given in zip(graph.inputs, entering, strict=True)}
    for node in nodes(graph):
        operation = node.operation
        inputs = [values.get(id(tensor), tensor) for tensor in node.input_tensors]
        outputs = _outputs(node, inputs, values)
        values.update({id(own): made for own, made in zip(node.outputs, outputs, strict=True)})
        if is_graph(operation):
            yield from _made(operation, inputs)
        else:
            for inner in _wrapped(operation):
                yield from made(inner)
        arrays = [(one.shape[1:], one.dtype) for one in (*outputs, *_inside(operation, inputs))]
        if scores := _scores(operation, inputs):
            arrays.append((scores, outputs[0].dtype))
        yield from ((operation.name, byte_count(shape, dtype)) for shape, dtype in arrays)


def _outputs(node: Any, inputs: Sequence[Any], values: dict[int, Any]) -> list[Any]:
    """Return the outputs of a use of a layer, of the sizes that its inputs have here."""
    import keras

    if all(own is given for own, given in zip(node.input_tensors, inputs, strict=True)):
        return list(node.outputs)
    arguments, keywords = node.arguments.fill_in(values)
    try:
        return [*keras.tree.flatten(node.operation.compute_output_spec(*arguments, **keywords))]
    except Exception:
        return list(node.outputs)


def _inside(operation: Any, inputs: Sequence[Any]) -> Iterator[Any]:
    """Yield what the layers of a pipeline hand on to each other."""
    import keras

    if isinstance(operation, keras.layers.Pipeline):
        given = inputs[0]
        with suppress(Exception):
            for layer in operation.layers:
                given = layer.compute_output_spec(given)
                yield given


def _wrapped(operation: Any) -> list[Any]:
    """Return the graphs of layers that a layer has inside and calls in its own way."""
    import keras

    inside = every_layer(operation) if isinstance(operation, keras.Layer) else []
    return [layer for layer in inside if is_graph(layer)]


def _scores(operation: Any, inputs: Sequence[Any]) -> tuple[int | None, ...]:
    """Return the shape of the scores of an attention layer, each place with each other; () of others."""
    from keras import layers

    kinds = (layers.Attention, layers.GroupQueryAttention, layers.MultiHeadAttention)
    if not isinstance(operation, kinds):
        return ()
    query, value = (tuple(one.shape[1:]) for one in inputs[:2])
    heads = getattr(operation, "num_heads", 0) or getattr(operation, "num_query_heads", 1)
    # Additive attention adds up each channel of both by itself.
    each = query[-1] if isinstance(operation, layers.AdditiveAttention) else heads
    return (each, *query[:-1], *(value[axis] for axis in attended_axes(operation, query)))
