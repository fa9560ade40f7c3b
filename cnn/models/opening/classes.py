"""Which classes and functions a configuration may name: those of Keras, and registered ones.

Nothing is imported, and nothing of the file is called, to find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from cnn.errors import ModelError, quoted, shown
from cnn.models import former
from cnn.models.internals import module_of_operation, private_module
from cnn.models.opening.contents import Config, name_of, parts

# What stands for a value and not for a class.
_VALUES = {
    "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__",
}  # fmt: skip
_ARRAYS = ("__tensor__", "__numpy__")
# What an array may be of: NumPy would take a text, or a record, of any width.
_NUMBERS = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bfloat16",
    "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128",
}  # fmt: skip
_NAMESPACES = (
    "layers", "models", "initializers", "regularizers", "constraints", "dtype_policies", "quantizers",
    "random",
)  # fmt: skip
_OF_FUNCTIONS = ("activations", "ops", "initializers", "regularizers", "constraints")
# What a setting may say by a name alone, by the end of its key.
_NAMED = {
    "activation": "activations",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}
_CODE = {"Lambda", "__lambda__", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"}
_VOCABULARIES = {"StringLookup", "IntegerLookup", "TextVectorization"}
# Classes of Keras that are refused, each with a sentence of its own.
REFUSED = _CODE | _VOCABULARIES | {"TFSMLayer"}
_OF_KERAS = ("keras", "tf_keras", "tensorflow.python.keras")
_QUANTISED = (
    "Quantize",
    "QDense",
    "QConv",
    "QDepthwise",
    "QSeparable",
    "QActivation",
    "QBatchNorm",
)


def require_known(name: str, configuration: Config) -> None:
    """Raise `ModelError` for the first part of a configuration that Keras alone cannot make."""
    for part in parts(configuration):
        class_name = part["class_name"]
        if not isinstance(class_name, str):
            raise ModelError(
                f"{name} is damaged: {quoted(class_name)} is no name of a class. Save it again."
            )
        if class_name in _ARRAYS:
            _require_numbers(name, part["config"])
        if class_name in _VALUES or registered(part) is not None:
            continue
        known = _function(part) if class_name == "function" else of_keras(part)
        if known is None or class_name in REFUSED:
            raise ModelError(_refusal(name, part))
        for function in _named_functions(part):
            raise ModelError(_not_registered(name, function))


def _named_functions(part: Config) -> Iterator[Config]:
    """Yield the functions, and parts, that a layer names by a text alone and that Keras does not have."""
    import keras

    config = part.get("config")
    for key, value in config.items() if isinstance(config, dict) else ():
        space = next((one for end, one in _NAMED.items() if key.endswith(end)), None)
        if space is None or not isinstance(value, str):
            continue
        try:
            getattr(keras, space).get(value)
        except ValueError:
            yield {"class_name": "function", "config": value}


def _require_numbers(name: str, array: Config) -> None:
    kind = array["dtype"]
    if not isinstance(kind, str) or kind not in _NUMBERS:
        raise ModelError(
            f"{name} has an array of the type {quoted(kind)}: expected numbers, such as float32. "
            "Save the model again."
        )


def with_operations(configuration: Config) -> Config:
    """Return a configuration of an `.h5` file, which does not say where operations between layers are.

    Some have the name of a layer. Layers say whether they are trained.
    """
    for part in parts(configuration):
        if "inbound_nodes" in part and "module" not in part and "trainable" not in part["config"]:
            module = module_of_operation(part["class_name"])
            part |= {"module": module} if module else {}
    return configuration


def registered(part: Config) -> Any:
    """Return what was registered with Keras under the name of a part; None where nothing was."""
    import keras

    former.hard_sigmoid()
    name = part["config"] if part["class_name"] == "function" else part.get("registered_name")
    return keras.saving.get_registered_object(name or part["class_name"])


def of_keras(part: Config) -> type | None:
    """Return the class of Keras that a part is of; None where Keras has none."""
    name, module = part["class_name"], part.get("module")
    if module is None and name == "Functional":
        name = "Model"
    found = [vars(one).get(name) for one in _modules(module)]
    return next((one for one in found if isinstance(one, type) and issubclass(one, _kinds())), None)


def named(class_name: str) -> tuple[str, type] | None:
    """Return the public module of Keras that has a class, and the class; None where none has it."""
    for module in ("keras", *(f"keras.{one}" for one in _NAMESPACES)):
        found = of_keras({"class_name": class_name, "module": module})
        if found is not None:
            return module, found
    return None


def _modules(module: Any) -> list[Any]:
    """Return the modules of Keras that are meant, of those which are imported already."""
    import keras

    if module is None:
        return [keras, *(getattr(keras, name) for name in _NAMESPACES)]
    if not isinstance(module, str) or module.split(".")[0] != "keras":
        return []
    private = private_module(module)
    if private is not None:
        return [private]
    found: Any = keras
    for step in module.split(".")[1:]:
        found = vars(found).get(step)
        if not isinstance(found, type(keras)):
            return []
    return [found]


def _kinds() -> tuple[type, ...]:
    import keras

    return (
        keras.Operation, keras.Initializer, keras.Regularizer, keras.constraints.Constraint,
        keras.DTypePolicy, keras.dtype_policies.DTypePolicyMap, keras.Quantizer,
        keras.quantizers.QuantizationConfig, keras.random.SeedGenerator,
    )  # fmt: skip


def _function(part: Config) -> Any:
    """Return the function of Keras that a part names; None where Keras has none."""
    import keras

    name, module = part["config"], part.get("module")
    spaces = (
        _OF_FUNCTIONS if module in (None, "builtins") else (str(module).removeprefix("keras."),)
    )
    found = [vars(getattr(keras, space)).get(name) for space in spaces if space in _OF_FUNCTIONS]
    return next((one for one in found if isinstance(one, FunctionType)), None)


def _refusal(name: str, part: Config) -> str:
    class_name, layer = part["class_name"], quoted(name_of(part))
    if class_name in _CODE:
        kind = "a Lambda layer" if "ambda" in class_name else f"a layer {class_name}"
        return (
            f"{name} needs arbitrary Python code to run ({kind}, {layer}), which is refused: replace "
            "it by layers or operations of Keras."
        )
    if class_name == "TFSMLayer":
        return (
            f"{name} reads a SavedModel from a folder (the layer {layer}), which is not followed: "
            "expected layers of Keras. Save the Keras model that it was exported from."
        )
    if class_name in _VOCABULARIES:
        return (
            f"{name} looks words up in a vocabulary (the layer {layer}), which is not read: expected "
            "a network that takes pictures. Save the part that does."
        )
    if class_name in ("TFOpLambda", "SlicingOpLambda"):
        function = part["config"].get("function", "a slice")
        return (
            f"{name} has a TensorFlow operation as a layer (tf.{shown(function)}, {layer}) that Keras 3 "
            "does not know: put a layer or an operation of keras.ops in its place, and save the model "
            "again."
        )
    if class_name == "__typespec__":
        return (
            f"{name} names a type of TensorFlow (__typespec__) among the settings of a layer, which is "
            "not read: expected numbers and layers of Keras. Save the model again."
        )
    origin = str(part.get("module") or part.get("registered_name") or "")
    if class_name.startswith(_QUANTISED) or "model_optimization" in origin or "qkeras" in origin:
        return (
            f"{name} is wrapped for quantisation by another package ({shown(class_name)}, {layer}): "
            "expected layers of Keras. Save the network as it was before it was quantised."
        )
    if class_name.startswith("PruneLowMagnitude"):
        return (
            f"{name} is wrapped for pruning by another package ({shown(class_name)}, {layer}): "
            "expected layers of Keras. Take the wrappers off with "
            "tfmot.sparsity.keras.strip_pruning(model), and save it."
        )
    if origin.split(".")[0] in _OF_KERAS:
        return _not_in_this_keras(name, part)
    return _not_registered(name, part)


def _not_in_this_keras(name: str, part: Config) -> str:
    import keras

    return (
        f"{name} needs {_full(part)}, which Keras {keras.__version__} does not have as a layer or a part "
        "of one: replace it, and save the model again."
    )


def _not_registered(name: str, part: Config) -> str:
    is_function = part["class_name"] == "function"
    kind = "function" if is_function else "class"
    full = str(part["config"] if is_function else part.get("registered_name") or part["class_name"])
    package, _, own = full.rpartition(">")
    names = f'"{shown(package or "Custom")}", "{shown(own)}"'
    line = f"@keras.saving.register_keras_serializable({names})"
    # Keras finds only what was registered when it was saved.
    how = "" if package else " and saved again with it"
    return (
        f"{name} needs the {kind} {quoted(own)}, which is not of Keras "
        f"and not registered here: open it from Python, defined under the line {line}{how}, or replace "
        "it by layers of Keras."
    )


def _full(part: Config) -> str:
    name = part["config"] if part["class_name"] == "function" else part["class_name"]
    return shown(f"{part['module']}.{name}" if part.get("module") else name)
