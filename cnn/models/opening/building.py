"""A network built from its configuration, once it is known that it is not too large."""

from __future__ import annotations

import math
from typing import Any

from cnn.errors import ModelError, quoted, shown
from cnn.models.internals import is_graph, without_values
from cnn.models.opening.contents import Config, name_of, parts
from cnn.models.opening.limits import Limits, in_words
from cnn.models.opening.making import byte_count, made

# Each is at most the number of a layer's weights.
_COUNTS = ("units", "filters", "input_dim", "output_dim")
# What only a layer says whose window is made of weights: a blur has one too, of its own numbers.
_OF_CONVOLUTIONS = {"filters", "depth_multiplier"}
_SHAPES = ("batch_shape", "batch_input_shape")


def built(name: str, configuration: Config, held: int, limits: Limits) -> Any:
    """Return the model of a configuration, with its first, random weights.

    Raises `ModelError`, before any array is made, where it has more weights than the `held` numbers of
    its file, or its weights or an output are above `limits`, and for one that was never built.
    """
    import keras

    _require_input(name, configuration)
    _require_counts(name, configuration, held, limits)
    with without_values():
        model = keras.saving.deserialize_keras_object(_whole(configuration), safe_mode=True)
        if isinstance(model, keras.Model) and model.built:
            _require_sizes(name, model, held, limits)
    return model


def _whole(configuration: Config) -> Config:
    """Return a configuration from an `.h5` file with what one in a `.keras` file says besides."""
    if "module" in configuration:
        return configuration
    class_name = configuration["class_name"].replace("Functional", "Model")
    return {"module": "keras", **configuration, "class_name": class_name}


def _require_input(name: str, configuration: Config) -> None:
    """Raise `ModelError` for layers in a row of which none says what it takes: they have no weights."""
    said = ("build_input_shape", *_SHAPES)
    configs = (part.get("config") for part in parts(configuration))
    takes_any = not any(
        config.get(key) for config in configs if isinstance(config, dict) for key in said
    )
    if configuration.get("class_name") == "Sequential" and takes_any:
        raise ModelError(
            f"{name} was saved before the network was built, and has no weights: call it on pictures, or "
            "model.build((None, height, width, channels)), and save it again."
        )


def _require_counts(name: str, configuration: Config, held: int, limits: Limits) -> None:
    """Raise `ModelError` for a single setting that makes a network too large; nothing is built."""
    for part in parts(configuration):
        config = part.get("config")
        if not isinstance(config, dict):
            continue
        sizes = ("kernel_size",) if _OF_CONVOLUTIONS & config.keys() else ()
        counts = [_product(config[key]) for key in (*_COUNTS, *sizes) if key in config]
        if max(counts, default=0) > held:
            raise _beyond(name, f"the layer {quoted(name_of(part))}", max(counts), held)
        size = 4 * max((_product(config[key]) for key in _SHAPES if key in config), default=0)
        if size > limits.bytes:
            raise _too_large(name, f"an input of {in_words(size)}", limits)


def _product(value: Any) -> int:
    """Return the product of a number or numbers, without those that are left open."""
    values = value if isinstance(value, list) else [value]
    return math.prod(one for one in values if isinstance(one, int))


def _require_sizes(name: str, model: Any, held: int, limits: Limits) -> None:
    count = sum(math.prod(weight.shape) for weight in model.weights)
    if count > held:
        raise _beyond(name, "the network", count, held)
    size = sum(byte_count(one.shape, one.dtype) for one in model.variables)
    if size > limits.bytes:
        raise _too_large(name, f"weights of {in_words(size)}", limits)
    for layer, size in made(model) if is_graph(model) else ():
        if size > limits.bytes:
            what = f"{in_words(size)} for one picture (the layer {quoted(layer)})"
            raise _too_large(name, what, limits)


def _beyond(name: str, who: str, count: int, held: int) -> ModelError:
    return ModelError(
        f"{name} declares {shown(f'{count:,}')} weights or more for {who}, and holds {held:,} "
        "numbers: it is damaged, or was not written by Keras. Save the model again."
    )


def _too_large(name: str, what: str, limits: Limits) -> ModelError:
    return ModelError(
        f"{name} declares {what}: at most {in_words(limits.bytes)} are opened. Choose a smaller network, "
        "or raise the limit."
    )
