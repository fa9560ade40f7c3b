"""A configuration that Keras 2 wrote, in the words of Keras 3.

What Keras 3 has under another name or in another place is put there, what has no meaning any more is
left out, and what would mean something else is refused by name.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from cnn.errors import ModelError, quoted, shown
from cnn.models.former import HARD_SIGMOID
from cnn.models.opening.classes import REFUSED, named, registered
from cnn.models.opening.contents import Config, name_of
from cnn.models.opening.keras2_graph import OPERATIONS, graph, operation

_NEW_NAMES = {"Functional": "Model", "BatchNormalizationV1": "BatchNormalization"}
# Layers of Keras 2 that Keras 3 does not have.
_GONE = {
    "AbstractRNNCell", "CuDNNGRU", "CuDNNLSTM", "DenseFeatures", "LocallyConnected1D",
    "LocallyConnected2D", "RandomHeight", "RandomWidth",
}  # fmt: skip
# Layers that Keras 3 has as another one with a setting: the old name of the setting, and the new.
_ANOTHER = {"ThresholdedReLU": ("ReLU", {"theta": "threshold"})}
_NEW_KEYS = {"batch_input_shape": "batch_shape", "alpha": "negative_slope"}
# Layers that have their settings and compute something else in Keras 3.
_OTHERWISE = {"RandomCrop"}
# Functions that mean other numbers to Keras 3.
_FORMER = {"hard_sigmoid": HARD_SIGMOID}
_PLACED = ("name", "inbound_nodes")
_OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
_ANYTHING = object()
# What Keras 3 does not know, and the value with which leaving it out changes nothing.
_LEFT_OUT: dict[str, Any] = {
    "batch_input_shape": _ANYTHING,
    "input_dtype": _ANYTHING,
    "query_shape": _ANYTHING,
    "key_shape": _ANYTHING,
    "value_shape": _ANYTHING,
    "implementation": _ANYTHING,
    "fused": _ANYTHING,
    "renorm_clipping": _ANYTHING,
    "renorm_momentum": _ANYTHING,
    "rng_type": _ANYTHING,
    "trainable": _ANYTHING,
    "softmax_robust_masking": False,
    "groups": 1,
    "renorm": False,
    "time_major": False,
    "ragged": False,
}


def translated(file: str, part: Config) -> Config:
    """Return a part of a configuration, such as the model, as Keras 3 would write it.

    Raises `ModelError`, naming the file, for what means something else to Keras 3, or nothing.
    """
    part = _by_another(part)
    class_name = str(_NEW_NAMES.get(part["class_name"], part["class_name"]))
    if class_name in OPERATIONS:
        return operation(part)
    if class_name == "function":
        return _function(part["config"]) or part
    if class_name in ("Policy", "PolicyV1"):
        return {"module": "keras", "class_name": "DTypePolicy", "config": part["config"]}
    found = named(class_name) if registered(part) is None else None
    if found is None or class_name in REFUSED:
        origin = {"module": "keras.layers"} if class_name in _GONE else {}
        return {**origin, **part, "config": _value(file, part["config"])}
    module, kind = found
    if class_name == "Sequential":
        config = _sequential(file, part)
    elif class_name == "Model":
        config = graph(_value(file, part["config"]))
    elif _is_layer(kind):
        config = _settings(file, part, _known_settings(kind))
    else:
        config = _value(file, part["config"])
    placed = {key: part[key] for key in _PLACED if key in part}
    return {"module": module, "class_name": class_name, "config": config, **placed}


def _value(file: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_value(file, one) for one in value]
    if not isinstance(value, dict):
        return value
    if "class_name" in value and "config" in value:
        return translated(file, value)
    return {key: _value(file, one) for key, one in value.items()}


def _is_layer(kind: type) -> bool:
    import keras

    return issubclass(kind, keras.Layer)


def _sequential(file: str, part: Config) -> Config:
    """Return the configuration of a Sequential, which was once a list, and began without an input."""
    given = part["config"]
    if isinstance(given, list):
        given = {"name": part.get("name", "sequential"), "layers": given}
    layers = _value(file, given["layers"])
    shape = given["layers"][0]["config"].get("batch_input_shape") or given.get("build_input_shape")
    if shape and layers[0]["class_name"] not in ("InputLayer", "Sequential", "Model"):
        first = {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": {"batch_shape": shape},
        }
        layers = [first, *layers]
    return {"name": given["name"], "layers": layers}


def _settings(file: str, part: Config, known: frozenset[str]) -> Config:
    """Return the settings of a layer without those that Keras 3 does not know."""
    layer, config = part["class_name"], _value(file, part["config"])
    if layer in _OTHERWISE:
        raise _cropping(file, part)
    kept: Config = {}
    for key, value in config.items():
        new = key if key in known else _NEW_KEYS.get(key, key)
        without = _ANYTHING if key.endswith(_OF_TRAINING) else _LEFT_OUT.get(key)
        if new in known:
            kept[new] = (_function(value) if "activation" in key else None) or value
        elif without is not _ANYTHING and value is not None and value != without:
            raise _without_meaning(file, part, key)
    if layer.startswith("BatchNormalization") and isinstance(kept.get("axis"), list):
        (kept["axis"],) = kept["axis"]
    if layer == "Normalization":
        kept["axis"] = kept.get("axis") or None
    if layer == "GRU":
        kept.setdefault("reset_after", False)
    return kept


def _by_another(part: Config) -> Config:
    """Return a layer that Keras 3 does not have as the one that computes the same."""
    another, settings = _ANOTHER.get(part["class_name"], ("", {}))
    if not another or registered(part) is not None:
        return part
    config = {settings.get(key, key): value for key, value in part["config"].items()}
    return {**part, "class_name": another, "config": config}


def _function(name: Any) -> Config | None:
    """Return a function that means other numbers now as the one registered here; None for any other."""
    if not isinstance(name, str) or name not in _FORMER:
        return None
    return {
        "module": "builtins",
        "class_name": "function",
        "config": _FORMER[name],
        "registered_name": "function",
    }


def _without_meaning(file: str, part: Config, key: str) -> ModelError:
    return ModelError(
        f"{file} was written by Keras 2, and {shown(key)}={quoted(part['config'][key])} of the layer "
        f"{quoted(name_of(part))} ({shown(part['class_name'])}) is not known to Keras 3: change it, and "
        "save the model again."
    )


def _cropping(file: str, part: Config) -> ModelError:
    return ModelError(
        f"{file} was written by Keras 2, and the layer {quoted(name_of(part))} (RandomCrop) makes every "
        "picture smaller there, and in Keras 3 only those of a training: put Resizing in its place, and "
        "save the model again."
    )


@cache
def _known_settings(kind: type) -> frozenset[str]:
    """Return the names of what a class of layers takes, where it hands them on to the ones above it."""
    given: set[str] = set()
    for one in kind.__mro__:
        if "__init__" not in vars(one):
            continue
        parameters = inspect.signature(vars(one)["__init__"]).parameters
        given |= {
            p.name for p in parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        }
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            break
    return frozenset(given - {"self"})
