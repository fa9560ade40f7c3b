"""A model's graph, flattened: one call per layer use, nested models opened.

A nested layer is named `inner/conv`, beside `inner`; the second call of a layer is `conv:2`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError, reason
from cnn.models.internals import graph_of, is_graph, nodes, origin, takes_training

if TYPE_CHECKING:
    import keras

Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """One use of a layer: its name, the layer, where its inputs come from, and its shapes.

    Shapes have no batch axis. `inputs` are names of other calls.
    """

    name: str
    layer: Any
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape


def calls(model: keras.Model) -> tuple[Call, ...]:
    """Return every layer call of the functional `model`, inputs first, in the order they run."""
    layer_calls: list[Call] = []
    _collect(model, "", {}, layer_calls)
    return tuple(layer_calls)


def output_names(model: keras.Model) -> tuple[str, ...]:
    """Return the names of the calls that give the model's outputs; of nested ones, the call inside."""
    layer_calls: list[Call] = []
    names = _collect(model, "", {}, layer_calls)
    by_name = {call.name: call for call in layer_calls}
    return tuple(_inside(by_name[name], by_name).name for name in names)


def _inside(call: Call, by_name: dict[str, Call]) -> Call:
    """Return the call whose output a nested model hands out, where it has one output."""
    while is_graph(call.layer) and len(call.inputs) == 1:
        call = by_name[call.inputs[0]]
    return call


def run(model: keras.Model, batch: Any, visit: Callable[[str, Any, list[Any], Any], None]) -> Any:
    """Run the model on the tensor `batch` and return its first output.

    `visit(name, layer, inputs, output)` is called for every layer call, in order.
    """
    return _run(model, [batch], "", visit)[0]


def _nodes(model: keras.Model, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield (call name, node) in the order of execution, without the nodes of the inputs."""
    seen: Counter[str] = Counter()
    for node in nodes(model):
        name = node.operation.name
        seen[name] += 1
        suffix = f":{seen[name]}" if seen[name] > 1 else ""
        yield f"{prefix}{name}{suffix}", node


def _collect(model: Any, prefix: str, outer: dict[int, str], layer_calls: list[Call]) -> list[str]:
    """Append the calls of `model`; `outer` maps its input tensors to names. Return its outputs."""
    names = dict(outer)
    for tensor in model.inputs:
        if id(tensor) not in names:
            names[id(tensor)] = origin(tensor).name
            shape = tuple(tensor.shape[1:])
            layer = origin(tensor)
            layer_calls.append(Call(names[id(tensor)], layer, (), (), shape))
    for name, node in _nodes(model, prefix):
        sources = tuple(names[id(tensor)] for tensor in node.input_tensors)
        shapes = tuple(tuple(tensor.shape[1:]) for tensor in node.input_tensors)
        if is_graph(node.operation):
            inner = graph_of(node.operation)
            entering = {id(t): s for t, s in zip(inner.inputs, sources, strict=True)}
            leaving = tuple(_collect(inner, f"{name}/", entering, layer_calls))
        else:
            leaving = sources
        output_shape = tuple(node.outputs[0].shape[1:])
        layer_calls.append(Call(name, node.operation, leaving, shapes, output_shape))
        names.update({id(tensor): name for tensor in node.outputs})
    return [names[id(tensor)] for tensor in model.outputs]


def _run(model: Any, inputs: list[Any], prefix: str, visit: Callable[..., None]) -> list[Any]:
    values = {id(tensor): value for tensor, value in zip(model.inputs, inputs, strict=True)}
    if not prefix:
        for tensor, value in zip(model.inputs, inputs, strict=True):
            operation = origin(tensor)
            visit(operation.name, operation, [], value)
    for name, node in _nodes(model, prefix):
        operation = node.operation
        arguments, keywords = node.arguments.fill_in(values)
        entering = [values[id(tensor)] for tensor in node.input_tensors]
        if is_graph(operation):
            outputs = _run(graph_of(operation), entering, f"{name}/", visit)
        else:
            if takes_training(operation):
                keywords["training"] = False
            result = _call(operation, name, arguments, keywords)
            outputs = list(result) if isinstance(result, list | tuple) else [result]
        visit(name, operation, entering, outputs[0])
        values.update(
            {id(tensor): value for tensor, value in zip(node.outputs, outputs, strict=True)}
        )
    return [values[id(tensor)] for tensor in model.outputs]


def _call(operation: Any, name: str, arguments: Any, keywords: dict[str, Any]) -> Any:
    """Return the result of the layer; `ModelError` names it where it fails.

    A lack of memory is not the layer's fault, and goes on as it is.
    """
    import tensorflow as tf

    try:
        return operation(*arguments, **keywords)
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise
    except Exception as error:
        raise ModelError(
            f"The layer {name!r} ({type(operation).__name__}) cannot be computed for this picture "
            f"({reason(error)}): choose another picture or model."
        ) from error
