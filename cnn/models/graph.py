"""A model's graph, flattened: one call per layer use, nested models opened.

A nested layer is named `inner/conv`, beside `inner`; the second call of a layer is `conv:2`. What a layer
gives beside its first output is a call of its own where it is used, `split.2`. Where a layer has that
name already, a mark is put behind it: `conv:2'`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError, lacks_memory, quoted, reason
from cnn.models.inserted import is_inserted
from cnn.models.internals import graph_of, is_graph, nodes, origin, takes_training

if TYPE_CHECKING:
    import keras

Shape = tuple[int | None, ...]
_CALLS = "_cnn_calls"
# The name of a call, and which of its outputs.
Source = tuple[str, int]


@dataclass(frozen=True)
class FurtherOutput:
    """What stands for a layer in the call that hands out one of its outputs after the first."""

    name: str
    dtype: str


@dataclass(frozen=True, eq=False)
class Call:
    """One use of a layer: its name, the layer, where its inputs come from, and its shapes.

    Shapes have no batch axis. `inputs` are names of other calls, `parts` which of its outputs each
    gives. Of a nested model they are the calls inside that its outputs come from; who reads one of these
    after the first reads the call inside. Those of a `turned` call are read with channels last, where the
    layer computes with them first.
    """

    name: str
    layer: Any
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parts: tuple[int, ...] = ()
    node: Any = None
    turned: bool = False

    @property
    def sources(self) -> tuple[Source, ...]:
        """The outputs of other calls that the call reads, one for each of its inputs."""
        return tuple(zip(self.inputs, self.parts, strict=True))

    @property
    def operand_shapes(self) -> list[Shape]:
        """The shapes, batches' axis and all, of the tensors and arrays that an operation is given."""
        given = (*self.node.arguments.args, *self.node.arguments.kwargs.values())
        flat = [
            one for part in given for one in (part if isinstance(part, list | tuple) else [part])
        ]
        return [tuple(one.shape) for one in flat if hasattr(one, "shape")]

    def arguments(self, values: Iterable[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the call with `values` in the place of its inputs."""
        tensors = zip(self.node.input_tensors, values, strict=True)
        arguments, keywords = self.node.arguments.fill_in({id(t): value for t, value in tensors})
        return arguments, keywords

    def outputs(self, batches: Iterable[Any]) -> list[Any]:
        """Return what the layer makes of other inputs, which have a batch axis, as tensors.

        Raises `ModelError` where it cannot be computed.
        """
        if isinstance(self.layer, FurtherOutput):
            return list(batches)
        return self.made_of(*self.arguments(batches))

    def units(self, batches: Iterable[Any]) -> list[Any]:
        """Return what `outputs` does, lone numbers taken and given as one unit, (batch, 1)."""
        import keras

        pairs = zip(batches, self.input_shapes, strict=True)
        taken = [batch if shape else keras.ops.squeeze(batch, -1) for batch, shape in pairs]
        return [as_unit(output) for output in self.outputs(taken)]

    def made_of(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> list[Any]:
        """Return what the layer makes of other arguments, as `outputs` does."""
        return _outputs(self.layer, self.name, arguments, keywords)


def as_unit(output: Any) -> Any:
    """Return a batch of outputs, a tensor; of lone numbers (batch,) as one unit, (batch, 1)."""
    import keras

    return keras.ops.expand_dims(output, -1) if len(output.shape) == 1 else output


def calls(model: keras.Model) -> tuple[Call, ...]:
    """Return every layer call of the functional `model`, inputs first, in the order they run."""
    kept: tuple[Call, ...] | None = getattr(model, _CALLS, None)
    if kept is None:
        layer_calls: list[Call] = []
        _collect(model, "", {}, layer_calls)
        kept = tuple(layer_calls)
        object.__setattr__(model, _CALLS, kept)
    return kept


def output_names(model: keras.Model) -> tuple[str, ...]:
    """Return the names of the calls that give the model's outputs; of nested ones, the call inside."""
    layer_calls: list[Call] = []
    sources = _collect(model, "", {}, layer_calls)
    by_name = {call.name: call for call in layer_calls}
    return tuple(_inside(by_name[name], by_name).name for name, _ in sources)


def _inside(call: Call, by_name: dict[str, Call]) -> Call:
    """Return the call whose output a nested model hands out, where it has one output."""
    while is_graph(call.layer) and len(call.inputs) == 1:
        call = by_name[call.inputs[0]]
    return call


def owned_layers(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every layer that is used, with the model in which it is: that one or one nested in it.

    A model without a graph yields none.
    """
    for node in nodes(graph_of(model)) if is_graph(model) else ():
        if is_graph(node.operation):
            yield from owned_layers(node.operation)
        else:
            yield node.operation, model


def run(model: keras.Model, batch: Any, visit: Callable[[str, Any, list[Any], Any], None]) -> Any:
    """Run the model on the tensor `batch` and return its first output.

    `visit(name, layer, inputs, output)` is called for every layer call, in order.
    """
    return _run(model, [batch], "", visit)[0]


def named_nodes(model: keras.Model, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield (call name, node) in the order of execution, without the nodes of the inputs.

    `prefix` is what the names of all calls in the model begin with: `inner/` in a nested one. The
    uses of a layer are counted in the order in which they would run without the layers that surgery
    has inserted, so that surgery changes no name.
    """
    used: Counter[str] = Counter()
    names: dict[int, str] = {}
    taken = _own_names(model, prefix)
    for node in as_trained(model):
        name = f"{prefix}{node.operation.name}"
        used[name] += 1
        names[id(node)] = _free(f"{name}:{used[name]}", taken) if used[name] > 1 else name
    for node in nodes(model):
        yield names.get(id(node)) or f"{prefix}{node.operation.name}", node


def _own_names(model: Any, prefix: str) -> set[str]:
    """Return what the layers of the model are called, with the prefix."""
    layers = [node.operation for node in nodes(model)] + [origin(tensor) for tensor in model.inputs]
    return {f"{prefix}{layer.name}" for layer in layers}


def _free(name: str, taken: Collection[str]) -> str:
    """Return the name, with as many marks behind it as make it none of those taken."""
    while name in taken:
        name += "'"
    return name


def as_trained(model: Any) -> list[Any]:
    """Return the nodes that surgery has not inserted, in the order in which they would run alone.

    It is the order of Keras: those farthest from the outputs first. A node is farther than all that
    read it, and as far as any other use of its layer that is read before it.
    """
    read = _Sources(model)
    distances: dict[int, int] = {}
    of_layers: dict[int, int] = {}
    found = {id(node): node for node in reversed(read.depth_first())}
    for key, node in found.items():
        distance = max(distances.get(key, 0), of_layers.get(id(node.operation), 0))
        distances[key] = of_layers[id(node.operation)] = distance
        for source in read(node):
            distances[id(source)] = max(distance + 1, distances.get(id(source), 0))
    return [found[key] for key in sorted(distances, key=lambda key: -distances[key])]


class _Sources:
    """The nodes that a node of the model reads, through those that surgery has inserted."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._makers = {id(tensor): node for node in nodes(model) for tensor in node.outputs}

    def __call__(self, node: Any) -> list[Any]:
        return self._of(node.input_tensors)

    def depth_first(self) -> list[Any]:
        """Return all nodes that lead to the outputs, each after those that it reads."""
        waiting = list(reversed(self._of(self._model.outputs)))
        done: dict[int, Any] = {}
        while waiting:
            node = waiting[-1]
            missing = next((one for one in self(node) if id(one) not in done), None)
            if missing is not None:
                waiting.append(missing)
                continue
            waiting.pop()
            done.setdefault(id(node), node)
        return list(done.values())

    def _of(self, tensors: Iterable[Any]) -> list[Any]:
        makers = (self._maker(tensor) for tensor in tensors)
        return [node for node in makers if node is not None]

    def _maker(self, tensor: Any) -> Any:
        """Return the node that the tensor comes from, None for an input."""
        node = self._makers.get(id(tensor))
        while node is not None and is_inserted(node.operation):
            node = self._makers.get(id(node.input_tensors[0]))
        return node


def _collect(
    model: Any, prefix: str, outer: dict[int, Source], layer_calls: list[Call]
) -> list[Source]:
    """Append the calls of `model`; `outer` has the sources of its inputs. Return its outputs'."""
    found, used = dict(outer), _used(model)
    for tensor in model.inputs:
        if id(tensor) not in found:
            layer = origin(tensor)
            found[id(tensor)] = (layer.name, 0)
            layer_calls.append(Call(layer.name, layer, (), (), tuple(tensor.shape[1:])))
    for name, node in named_nodes(model, prefix):
        sources = tuple(found[id(tensor)] for tensor in node.input_tensors)
        shapes = tuple(tuple(tensor.shape[1:]) for tensor in node.input_tensors)
        if is_graph(node.operation):
            inner = graph_of(node.operation)
            entering = {id(t): s for t, s in zip(inner.inputs, sources, strict=True)}
            leaving = tuple(_collect(inner, f"{name}/", entering, layer_calls))
        else:
            leaving = sources
        output_shape = tuple(node.outputs[0].shape[1:])
        inputs, parts = (tuple(one) for one in zip(*leaving, strict=True))
        layer_calls.append(Call(name, node.operation, inputs, shapes, output_shape, parts, node))
        found[id(node.outputs[0])] = (name, 0)
        for part, tensor in enumerate(node.outputs[1:], 1):
            if is_graph(node.operation):
                found[id(tensor)] = leaving[part]
            elif id(tensor) in used:
                further = _free(f"{name}.{part + 1}", _own_names(model, prefix))
                shape = tuple(tensor.shape[1:])
                output = FurtherOutput(further, tensor.dtype)
                layer_calls.append(Call(further, output, (name,), (shape,), shape, (part,)))
                found[id(tensor)] = (further, 0)
    return [found[id(tensor)] for tensor in model.outputs]


def _used(model: Any) -> set[int]:
    """Return the ids of the tensors that a call reads, or that the model gives."""
    read = [tensor for node in nodes(model) for tensor in node.input_tensors]
    return {id(tensor) for tensor in [*read, *model.outputs]}


def _run(model: Any, inputs: list[Any], prefix: str, visit: Callable[..., None]) -> list[Any]:
    values = {id(tensor): value for tensor, value in zip(model.inputs, inputs, strict=True)}
    used = _used(model)
    if not prefix:
        for tensor, value in zip(model.inputs, inputs, strict=True):
            operation = origin(tensor)
            visit(operation.name, operation, [], value)
    for name, node in named_nodes(model, prefix):
        operation = node.operation
        arguments, keywords = node.arguments.fill_in(values)
        entering = [values[id(tensor)] for tensor in node.input_tensors]
        if is_graph(operation):
            outputs = _run(graph_of(operation), entering, f"{name}/", visit)
        else:
            outputs = _outputs(operation, name, arguments, keywords)
        visit(name, operation, entering, outputs[0])
        for part, (tensor, output) in enumerate(zip(node.outputs, outputs, strict=True)):
            if part and id(tensor) in used and not is_graph(operation):
                further = _free(f"{name}.{part + 1}", _own_names(model, prefix))
                visit(further, FurtherOutput(further, tensor.dtype), [output], output)
        values.update(
            {id(tensor): value for tensor, value in zip(node.outputs, outputs, strict=True)}
        )
    return [values[id(tensor)] for tensor in model.outputs]


def _outputs(
    operation: Any, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> list[Any]:
    """Return the outputs of the layer outside training; `ModelError` names it where it fails.

    A lack of memory is not the layer's fault, and goes on as it is.
    """
    if takes_training(operation):
        keywords = {**keywords, "training": False}
    _require_several_columns(operation, name)
    try:
        result = operation(*arguments, **keywords)
        return list(result) if isinstance(result, list | tuple) else [result]
    except lacks_memory():
        raise
    except Exception as error:
        if _empties(operation, arguments):
            raise nothing_left(name) from error
        raise ModelError(
            f"The layer {quoted(name)} ({type(operation).__name__}) cannot be computed for this picture "
            f"({reason(error)}): choose another picture or model."
        ) from error


def _require_several_columns(operation: Any, name: str) -> None:
    """Raise `ModelError` for an adaptive maximum that leaves one column, which would end the process.

    Keras pools with two windows, one of them wider than the map: then TensorFlow divides by zero.
    """
    kind = type(operation).__name__
    if not kind.startswith("AdaptiveMaxPool"):
        return
    sizes = operation.output_size
    if (sizes[-1] if isinstance(sizes, tuple | list) else sizes) == 1:
        raise ModelError(
            f"The layer {quoted(name)} ({kind}) leaves one column of what comes in, at which TensorFlow "
            "ends the whole program: put a GlobalMaxPooling layer or keras.ops.max in its place."
        )


def _empties(operation: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether the output would have no numbers at all, which some processors refuse to compute."""
    try:
        return 0 in operation.compute_output_shape(arguments[0].shape)
    except Exception as error:
        return "zero or negative" in str(error)


def nothing_left(name: str) -> ModelError:
    """Return the error of a network that cuts away all of the picture."""
    return ModelError(
        f"The layer {quoted(name)} leaves nothing of the picture: too much is cut away before it. Choose "
        "another model."
    )
