"""Functions of a model, compiled once and kept on it; one call of any of them at a time.

Models that differ in their weights only, twins, share what was compiled: the weights go in as
arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from cnn.models import attach_card, card_of

if TYPE_CHECKING:
    import keras

_COMPILED = "_cnn_compiled"
_one_call = Lock()


class Compiled:
    """A function of a model's weights and of tensors, compiled; one call at a time.

    Where the compiler (XLA) knows no form of an operation, TensorFlow's own graph is run.
    """

    def __init__(self, model: keras.Model, function: Callable[..., Any]) -> None:
        import keras
        import tensorflow as tf

        own = list(model.variables)

        def with_weights(values: list[Any], *tensors: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(own, values, strict=True))):
                return function(*tensors)

        self._function = tf.function(with_weights, jit_compile=True)
        self._plain = tf.function(with_weights)
        self._compiler_refuses: type[Exception] = tf.errors.OpError

    def __call__(self, model: keras.Model, *tensors: Any) -> Any:
        """Return what the function gives for the model's weights and the tensors or arrays."""
        values = [variable.value for variable in model.variables]
        with _one_call:
            try:
                return self._function(values, *tensors)
            except self._compiler_refuses:
                self._function = self._plain
                return self._function(values, *tensors)


def compiled_once(
    model: keras.Model, name: str, function: Callable[..., Any]
) -> Callable[..., Any]:
    """Return `function`, which computes with `model`, compiled; kept under `name` for its twins."""
    kept: dict[str, Compiled] = _kept(model)
    if name not in kept:
        kept[name] = Compiled(model, function)
    compiled = kept[name]
    return lambda *tensors: compiled(model, *tensors)


def twin(model: keras.Model, weights: list[NDArray[Any]]) -> keras.Model:
    """Return a copy of the model with other weights, in the order of `model.get_weights()`.

    What was compiled for the one serves the other.
    """
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(weights)
    attach_card(copy, card_of(model))
    object.__setattr__(copy, _COMPILED, _kept(model))
    return copy


def _kept(model: keras.Model) -> dict[str, Compiled]:
    kept: dict[str, Compiled] | None = getattr(model, _COMPILED, None)
    if kept is None:
        kept = {}
        object.__setattr__(model, _COMPILED, kept)
    return kept
