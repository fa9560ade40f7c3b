"""The calls between layers as Keras 2 wrote them, in the words of Keras 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnn.models.internals import module_of_operation
from cnn.models.opening.contents import Config

OPERATIONS = ("TFOpLambda", "SlicingOpLambda")
_CONSTANT = "_CONSTANT_VALUE"
_SLICES = "slice_spec"


@dataclass(frozen=True)
class _Operation:
    """An operation of Keras: what it calls the settings of TensorFlow's, and its second operand there.

    `fixed` are settings that TensorFlow has of its own; `usual` what others may be and change nothing.
    """

    name: str
    operand: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    usual: Mapping[str, Any] = field(default_factory=dict)

    def knows(self, call: Mapping[str, Any]) -> bool:
        """Whether all that TensorFlow's was called with has a meaning for it."""
        return all(
            value is None or key in ("name", self.operand) or key in self.settings
            or value == self.usual.get(key)
            for key, value in call.items()
        )  # fmt: skip


def _of_two(name: str) -> _Operation:
    return _Operation(name, "y")


def _reduction(name: str) -> _Operation:
    return _Operation(name, settings={"axis": "axis", "keepdims": "keepdims"})


_SOFTMAX = _Operation("Softmax", settings={"axis": "axis"})
_SIGMOID = _Operation("Sigmoid")
_TRANSPOSE = _Operation("Transpose", settings={"perm": "axes"}, usual={"conjugate": False})
# The operations between layers that the usual recipes have.
_OPERATIONS = {
    "math.add": _of_two("Add"),
    "__operators__.add": _of_two("Add"),
    "math.subtract": _of_two("Subtract"),
    "math.multiply": _of_two("Multiply"),
    "math.truediv": _of_two("TrueDivide"),
    "math.maximum": _of_two("Maximum"),
    "math.minimum": _of_two("Minimum"),
    "math.pow": _of_two("Power"),
    "nn.bias_add": _Operation("Add", "bias", usual={"data_format": "NHWC"}),
    "__operators__.getitem": _Operation("GetItem", _SLICES),
    "nn.relu": _Operation("Relu"),
    "nn.relu6": _Operation("Relu6"),
    "nn.elu": _Operation("Elu"),
    "nn.silu": _Operation("Silu", usual={"beta": 1.0}),
    "nn.leaky_relu": _Operation(
        "LeakyRelu", settings={"alpha": "negative_slope"}, fixed={"negative_slope": 0.2}
    ),
    "nn.gelu": _Operation(
        "Gelu", settings={"approximate": "approximate"}, fixed={"approximate": False}
    ),
    "nn.sigmoid": _SIGMOID,
    "math.sigmoid": _SIGMOID,
    "nn.softmax": _SOFTMAX,
    "math.softmax": _SOFTMAX,
    "math.softplus": _Operation("Softplus"),
    "math.tanh": _Operation("Tanh"),
    "math.abs": _Operation("Abs"),
    "math.exp": _Operation("Exp"),
    "math.negative": _Operation("Negative"),
    "math.sqrt": _Operation("Sqrt"),
    "math.square": _Operation("Square"),
    "math.reduce_mean": _reduction("Mean"),
    "math.reduce_sum": _reduction("Sum"),
    "math.reduce_max": _reduction("Max"),
    "math.reduce_min": _reduction("Min"),
    "concat": _Operation("Concatenate", settings={"axis": "axis"}),
    "reshape": _Operation("Reshape", settings={"shape": "newshape"}),
    "transpose": _TRANSPOSE,
    "compat.v1.transpose": _TRANSPOSE,
    "cast": _Operation("Cast", settings={"dtype": "dtype"}),
    "clip_by_value": _Operation(
        "Clip", settings={"clip_value_min": "x_min", "clip_value_max": "x_max"}
    ),
}


def operation(part: Config) -> Config:
    """Return a TensorFlow operation between layers as one of Keras; what has none stays as it is."""
    known = _OPERATIONS.get(part["config"]["function"])
    # A layer for an operation is called once.
    [node] = part["inbound_nodes"] if known else [None]
    tensors = [node] if node and isinstance(node[0], str) else node or []
    calls = [tensor[3] for tensor in tensors if len(tensor) > 3]
    if known is None or not all(map(known.knows, calls)):
        return part
    given = calls[0] if calls else {}
    settings = {
        new: given[old] for old, new in known.settings.items() if given.get(old) is not None
    }
    second = _key if known.operand == _SLICES else _constant
    others = {"y": second(given[known.operand])} if known.operand in given else {}
    return {
        "module": module_of_operation(known.name),
        "class_name": known.name,
        "config": {"name": part["config"]["name"], **known.fixed, **settings},
        "name": part["name"],
        "inbound_nodes": [[[*tensor[:3], others] for tensor in tensors]],
    }


def _constant(value: Any) -> Any:
    """Return an operand; one that is numbers in a list as the array that it was."""
    if isinstance(value, list) and value and not isinstance(value[0], str):
        return {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}}
    return value


def _key(value: Any) -> Any:
    """Return what is taken of a tensor; slices and dots among it as Keras 3 writes them."""
    if isinstance(value, list):
        return [_key(one) for one in value]
    if isinstance(value, dict) and {*value} == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": value}
    return {**value, "config": {}} if isinstance(value, dict) else value


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
        return _constant(value[2])
    if len(value) in (3, 4) and isinstance(value[0], str) and value[0] in before:
        name, call, number = value[:3]
        history = [name, call - before[name], number]
        shape = {"shape": [], "dtype": "float32", "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": shape}
    return [_operand(one, before) for one in value]
