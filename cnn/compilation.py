"""Functions of a model, compiled once and kept on it; one call of any of them at a time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

_one_call = Lock()


class Compiled:
    """A function of tensors, compiled; one call at a time.

    Where the compiler (XLA) knows no form of an operation, TensorFlow's own graph is run.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        import tensorflow as tf

        self._function = tf.function(function, jit_compile=True)
        self._plain = tf.function(function)
        self._compiler_refuses: type[Exception] = tf.errors.OpError

    def __call__(self, *tensors: Any) -> Any:
        """Return what the function gives for the tensors or arrays."""
        with _one_call:
            try:
                return self._function(*tensors)
            except self._compiler_refuses:
                self._function = self._plain
                return self._function(*tensors)


def compiled_once(model: keras.Model, name: str, function: Callable[..., Any]) -> Compiled:
    """Return `function` compiled, kept on the model under the attribute `name`."""
    compiled: Compiled | None = getattr(model, name, None)
    if compiled is None:
        compiled = Compiled(function)
        object.__setattr__(model, name, compiled)
    return compiled
