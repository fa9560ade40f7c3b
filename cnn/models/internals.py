"""The parts of Keras that have no public name, all in one place.

They were checked on Keras 3.15; `tests/cnn/models/test_internals.py` holds them to it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

# Where the operations between layers, as those of `x / 255`, are kept.
_OPERATIONS = tuple(f"keras.src.ops.{name}" for name in ("numpy", "nn", "core", "math", "image"))
# What TensorFlow takes as the name of a scope in a graph.
_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")


def nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a functional graph in the order of execution, without those of its inputs.

    A node is one use of a layer: `operation`, `arguments`, `input_tensors` and `outputs`.
    """
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from (node for node in graph._nodes_by_depth[depth] if not node.is_input)


def graph_of(layer: Any) -> Any:
    """Return the functional graph of a model; a Sequential keeps its own inside."""
    return getattr(layer, "_functional", None) or layer


def is_graph(layer: Any) -> bool:
    """Whether the layer is itself a graph of layers."""
    return hasattr(graph_of(layer), "_nodes_by_depth")


def origin(tensor: Any) -> Any:
    """Return the layer that a symbolic tensor comes from."""
    return tensor._keras_history.operation


def with_layers(network: keras.Model, others: Mapping[Any, Any]) -> keras.Model:
    """Return the same functional graph with `others` in the place of some layers, here and inside.

    Nothing is called or traced, and the layers that stay know nothing of it: a layer that is called
    keeps every call for its life.
    """
    inside = {
        layer: with_layers(layer, others)
        for layer in network._operations
        if is_graph(layer) and not others.keys().isdisjoint(every_layer(layer))
    }
    others = {**others, **inside}
    other = _copy(network)
    object.__setattr__(other, "_operations", [others.get(one, one) for one in network._operations])
    object.__setattr__(other, "_layers", [others.get(one, one) for one in network._layers])
    nodes_by_depth = {
        depth: [_with_operation(node, others.get(node.operation)) for node in same_depth]
        for depth, same_depth in network._nodes_by_depth.items()
    }
    object.__setattr__(other, "_nodes_by_depth", nodes_by_depth)
    return other


def _with_operation(node: Any, operation: Any) -> Any:
    """Return the node with another operation, or as it is where there is no other."""
    if operation is None:
        return node
    other = _copy(node)
    other.operation = operation
    return other


def _copy(given: Any) -> Any:
    """Return an object with the same attributes; `copy` would write a layer down and read it again."""
    other = object.__new__(type(given))
    other.__dict__.update(given.__dict__)
    return other


def takes_training(layer: Any) -> bool:
    """Whether the layer is told if it is in training."""
    return bool(getattr(layer, "_call_has_training_arg", False))


def every_layer(model: keras.Model) -> list[Any]:
    """Return the model and all layers in it, those inside other layers too."""
    return list(model._flatten_layers())


def floating_kernels(layer: Any) -> dict[int, Any]:
    """Return what the codes of kernels quantised to int8 stand for, by the id of the kernel's variable.

    A code is a number times its scale, rounded.
    """
    found = {}
    for one in layer._flatten_layers() if hasattr(layer, "_flatten_layers") else ():
        if getattr(one, "quantization_mode", None) == "int8" and hasattr(one, "kernel_scale"):
            adjusted = getattr(one, "_adjust_scale_for_dequant", lambda scale: scale)
            scale = np.asarray(adjusted(one.kernel_scale), np.float32)
            found[id(one._kernel)] = np.asarray(one._kernel, np.float32) / scale
    return found


def name_scopes(model: keras.Model) -> None:
    """Let layers whose name no scope may have, as `my conv` or `_inner`, be traced under another."""
    import keras

    for layer in every_layer(model):
        if not _SCOPE.fullmatch(layer.name):
            scope = "." + re.sub(r"[^A-Za-z0-9_.-]", "_", layer.name)
            scoped = partial(keras.name_scope, scope, caller=layer)
            object.__setattr__(layer, "_open_name_scope", scoped)


def private_module(name: str) -> Any:
    """Return a module of Keras that is not public and was imported by Keras itself, or None."""
    return sys.modules.get(name) if name.startswith("keras.src.") else None


def module_of_operation(name: str) -> str | None:
    """Return the module that has a class of operations between layers, or None."""
    modules = (module for module in _OPERATIONS if module in sys.modules)
    return next((m for m in modules if isinstance(vars(sys.modules[m]).get(name), type)), None)


@contextmanager
def without_values() -> Iterator[None]:
    """Let variables that are made inside have a shape, and a value only once all went well.

    Where it ends in an error they never get one. Objects in a configuration that say to be the same
    are one.
    """
    import keras
    from keras.src.backend.common import global_state
    from keras.src.backend.common.variables import initialize_all_variables
    from keras.src.saving.serialization_lib import ObjectSharingScope

    try:
        with keras.StatelessScope(initialize_variables=False), ObjectSharingScope():
            yield
    except BaseException:
        global_state.set_global_attribute("uninitialized_variables", [])
        raise
    initialize_all_variables()
