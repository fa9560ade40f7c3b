"""The calls between layers as Keras 2 wrote them, in the words of Keras 3."""

from __future__ import annotations

from typing import Any

from cnn.models.internals import module_of_operation
from cnn.models.opening.contents import Config

OPERATION = "TFOpLambda"
_CONSTANT = "_CONSTANT_VALUE"
# The operations between layers that the usual recipes have. Their second operand is called `y`.
_OPERATIONS = {
    "math.add": "Add",
    "__operators__.add": "Add",
    "math.subtract": "Subtract",
    "math.multiply": "Multiply",
    "math.truediv": "TrueDivide",
}


def operation(part: Config) -> Config:
    """Return a TensorFlow operation between layers as one of Keras; what has none stays as it is."""
    name = _OPERATIONS.get(part["config"]["function"])
    if name is None:
        return part
    return {
        "module": module_of_operation(name),
        "class_name": name,
        "config": {"name": part["config"]["name"]},
        "name": part["name"],
        "inbound_nodes": part["inbound_nodes"],
    }


def graph(config: Config) -> Config:
    """Return a graph of layers with its calls in the words of Keras 3.

    Models inside had a call of their own, the first, which those of Keras 3 have not.
    """
    before = {
        layer["name"]: int(layer["class_name"] in ("Model", "Sequential"))
        for layer in config["layers"]
    }
    for layer in config["layers"]:
        layer["inbound_nodes"] = [_call(node, before) for node in layer["inbound_nodes"]]
    ends = [[name, call - before[name], *rest] for name, call, *rest in config["output_layers"]]
    return {
        "name": config["name"],
        "layers": config["layers"],
        "input_layers": _alone(config["input_layers"]),
        "output_layers": _alone(ends),
    }


def _alone(tensors: list[Any]) -> Any:
    """Return the one of one tensor, so that the model takes or gives it and not a list."""
    return tensors[0] if len(tensors) == 1 else tensors


def _call(node: Any, before: dict[str, int]) -> Config:
    """Return one call: its tensors, each by layer, call and number, and what else it was given."""
    given = [node] if isinstance(node[0], str) else node
    others = given[0][3] if len(given[0]) > 3 else {}
    tensors = [_operand(one, before) for one in given]
    kwargs = {key: _operand(one, before) for key, one in others.items() if one is not None}
    first = _alone(tensors)
    # An operation takes its operands by their place.
    args = [first, kwargs.pop("y")] if "y" in kwargs else [first]
    return {"args": args, "kwargs": kwargs}


def _operand(value: Any, before: dict[str, int]) -> Any:
    if not isinstance(value, list):
        return value
    if len(value) in (3, 4) and value[0] == _CONSTANT:
        return value[2]
    if len(value) in (3, 4) and isinstance(value[0], str) and value[0] in before:
        name, call, number = value[:3]
        history = [name, call - before[name], number]
        shape = {"shape": [], "dtype": "float32", "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": shape}
    return [_operand(one, before) for one in value]
