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

from cnn.errors import ModelError, quoted

if TYPE_CHECKING:
    import keras

# Where the operations between layers, as those of `x / 255`, are kept.
_OPERATIONS = tuple(f"keras.src.ops.{name}" for name in ("numpy", "nn", "core", "math", "image"))
_KNOWN = ("keras.", "cnn.")
# What TensorFlow takes as the name of a scope in a graph.
_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")


def nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a model's graph in the order of execution, without those of its inputs.

    A node is one use of a layer: `operation`, `arguments`, `input_tensors` and `outputs`. Raises
    `ModelError` for a model without a graph.
    """
    require_graph(graph)
    by_depth = graph_of(graph)._nodes_by_depth
    for depth in sorted(by_depth, reverse=True):
        yield from (node for node in by_depth[depth] if not node.is_input)


def require_graph(model: Any) -> None:
    """Raise `ModelError` for a model without a graph of layers."""
    if not is_graph(model):
        raise ModelError(without_graph(model))


def without_graph(model: Any) -> str:
    """Return what is said of a model whose layers cannot be walked."""
    return (
        f"The model {quoted(model.name)} has no graph of layers (it is a subclass of Model, or was never "
        "built): rebuild it with the functional or the sequential API."
    )


def graph_of(layer: Any) -> Any:
    """Return the functional graph of a model; a Sequential keeps its own inside."""
    return getattr(layer, "_functional", None) or layer


def is_known(layer: Any) -> bool:
    """Whether a layer is of Keras or of this package, and so does what its name says."""
    return type(layer).__module__.startswith(_KNOWN)


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
    if graph_of(network) is not network:
        graph = with_layers(graph_of(network), others)
        return with_attributes(network, _functional=graph, _layers=graph._layers)
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


def with_attributes(layer: Any, **attributes: Any) -> Any:
    """Return the layer with other attributes and the same weights; it stays as it is itself."""
    other = _copy(layer)
    other.__dict__.update(attributes)
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


def floating_weights(layer: Any) -> dict[int, Any]:
    """Return what quantised weights stand for, by the id of the variable that has their codes.

    These are the numbers that the layer computes with: of int8, int4, gptq and awq the codes times
    their scales, of float8 the weights rounded to it.
    """
    found = {}
    for one in layer._flatten_layers() if hasattr(layer, "_flatten_layers") else ():
        mode, name = getattr(one, "quantization_mode", None), _quantised(one)
        if not mode or not name:
            continue
        if mode not in ("gptq", "awq"):
            found[id(getattr(one, f"_{name}"))] = _uncoded(one, name)
        elif getattr(one, f"is_{mode}_calibrated", False):
            found[id(one.quantized_kernel)] = _calibrated(one)
    return found


def _quantised(layer: Any) -> str:
    """Return which of its weights a layer keeps as codes once it is quantised; empty: none."""
    return next((n for n in ("kernel", "embeddings") if hasattr(layer, f"{n}_scale")), "")


def _uncoded(layer: Any, name: str) -> Any:
    """Return the weights of a layer in int8, int4 or float8."""
    codes = np.asarray(getattr(layer, name), np.float32)
    scale = getattr(layer, f"{name}_scale")
    if layer.quantization_mode == "float8":
        return _rounded_to_float8(codes, np.asarray(scale))
    rows = codes.reshape(getattr(layer, "_int4_rows", len(codes)), -1)
    if getattr(layer, "g_idx", None) is not None:
        uncoded = _by_group(layer, name, rows, axis=0 if name == "kernel" else 1)
    elif name == "embeddings":
        uncoded = rows / np.asarray(scale).reshape(-1, 1)
    elif layer.quantization_mode == "int4":
        uncoded = rows / np.asarray(scale)
    else:
        adjusted = getattr(layer, "_adjust_scale_for_dequant", lambda scale: scale)
        uncoded = codes / np.asarray(adjusted(scale))
    return uncoded.reshape(codes.shape)


def _calibrated(layer: Any) -> Any:
    """Return the kernel of a layer in gptq or awq, which keep its codes with the outputs first."""
    kernel = _by_group(layer, "kernel", np.asarray(layer.kernel, np.float32), axis=1).T
    if layer.quantization_mode == "awq":
        kernel = kernel / np.asarray(layer.awq_scales)[:, None]
    return kernel.reshape(getattr(layer, "original_kernel_shape", kernel.shape))


def _by_group(layer: Any, name: str, codes: Any, *, axis: int) -> Any:
    """Return codes less the zero point of their group, times its scale."""
    groups = np.asarray(layer.g_idx).astype(int)
    scale, zero = (np.asarray(getattr(layer, f"{name}_{part}")) for part in ("scale", "zero"))
    return (codes - zero.take(groups, axis)) * scale.take(groups, axis)


def _rounded_to_float8(weights: Any, scale: Any) -> Any:
    import ml_dtypes

    most = float(ml_dtypes.finfo(ml_dtypes.float8_e4m3fn).max)
    rounded = (weights / scale).clip(-most, most).astype(ml_dtypes.float8_e4m3fn)
    return rounded.astype(np.float32) * scale


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
