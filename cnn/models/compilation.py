"""Functions of a model, compiled once and kept on it; one call of each at a time.

Models that differ in their numbers only, twins, share what was compiled: the numbers go in as
arguments. They are the weights, the factors of changed channels, and what further inputs are given.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from cnn.errors import CnnError, ModelError, lacks_memory, quoted, reason
from cnn.models.graph import calls
from cnn.models.internals import every_layer, name_scopes
from cnn.models.layers import is_large
from cnn.models.twins import kept_for_twins

if TYPE_CHECKING:
    import keras

# What makes a smaller picture fit by interpolation.
_FITTING = ("CenterCrop", "RandomCrop")
_keeping = Lock()


class Compiled:
    """A function of a model's numbers and of tensors, compiled; one call at a time.

    TensorFlow's graph is made in a tenth of the time that its compiler (XLA) takes, and for gradients
    it is as fast. `by_xla` XLA is asked first: worth it for what is computed at every change of the
    picture or of the network. Where one refuses an operation, the other is asked, and where both do,
    one operation runs after the other. Where a layer interpolates between cells XLA is not asked: it
    takes the wrong cell where a point falls on one, as the third of five of which it makes nine.
    `any_count` says that the first tensor comes with any number of rows.
    """

    def __init__(
        self,
        model: keras.Model,
        function: Callable[..., Any],
        *,
        by_xla: bool = False,
        any_count: bool = False,
    ) -> None:
        import keras
        import tensorflow as tf

        own = numbers(model)
        name_scopes(model)

        def with_numbers(values: list[Any], *tensors: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(own, values, strict=True))):
                return function(*tensors)

        def step_by_step(values: list[Any], *tensors: Any) -> Any:
            return with_numbers(values, *map(tf.convert_to_tensor, tensors))

        self._one_call = Lock()
        quickest = tf.function(with_numbers, jit_compile=True, autograph=False)
        plain = tf.function(with_numbers, autograph=False)
        if any_count:
            quickest, plain = _for_any_count(quickest), _for_any_count(plain)
        in_order = [quickest, plain] if by_xla else [plain, quickest]
        self._ways = [plain] if _interpolates(model) else in_order
        self._ways.append(step_by_step)
        errors = tf.errors
        self._refusals = (
            errors.InvalidArgumentError, errors.UnimplementedError, ModelError, ValueError, TypeError,
        )  # fmt: skip

    def __call__(self, model: keras.Model, *tensors: Any) -> Any:
        """Return what the function gives for the model's numbers and the tensors or arrays.

        Raises `ModelError` where it cannot be computed, with the reason.
        """
        values = [variable.value for variable in numbers(model)]
        with self._one_call:
            try:
                return self._compute(values, tensors)
            except CnnError:
                raise
            except lacks_memory() as error:
                raise no_memory(model) from error
            except Exception as error:
                raise ModelError(
                    f"The network {quoted(model.name)} cannot be computed ({reason(error)}): choose "
                    "another model."
                ) from error

    def _compute(self, values: list[Any], tensors: tuple[Any, ...]) -> Any:
        """Go the fastest way that leads there, and remember it.

        What no way computes is the fault of the model or the tensors, and none is given up for it.
        """
        for way in self._ways[:-1]:
            try:
                result = way(values, *tensors)
            except self._refusals:
                continue
            return self._keep(way, result)
        return self._keep(self._ways[-1], self._ways[-1](values, *tensors))

    def _keep(self, way: Callable[..., Any], result: Any) -> Any:
        del self._ways[: self._ways.index(way)]
        return result


def _for_any_count(function: Any) -> Callable[..., Any]:
    """Return a `tf.function` of numbers and tensors that is made once for all counts of rows."""
    import tensorflow as tf

    made: dict[tuple[tuple[int, ...], ...], Any] = {}

    def run(values: list[Any], rows: Any, *others: Any) -> Any:
        shapes = (rows.shape[1:], *(other.shape for other in others))
        if shapes not in made:
            of_any = tf.TensorSpec((None, *rows.shape[1:]), rows.dtype)
            made[shapes] = function.get_concrete_function(values, of_any, *others)
        return made[shapes](values, rows, *others)

    return run


def no_memory(model: keras.Model) -> ModelError:
    """Return the error of a network that there is not enough memory for."""
    return ModelError(
        f"There is not enough memory to compute the network {quoted(model.name)} for this picture: "
        "choose a smaller picture or another model."
    )


def _interpolates(model: keras.Model) -> bool:
    """Whether a layer or an operation mixes cells to give maps another size."""
    called = [call.layer for call in calls(model)]
    return any(
        getattr(layer, "interpolation", "nearest") != "nearest" or type(layer).__name__ in _FITTING
        for layer in (*every_layer(model), *called)
    )


def numbers(model: keras.Model) -> list[keras.Variable]:
    """Return the variables in which twins differ."""
    from cnn.models.adapters import given_numbers
    from cnn.models.factors import factors_of

    return [*model.variables, *factors_of(model), *given_numbers(model)]


def compiled_once(
    model: keras.Model,
    name: str,
    function: Callable[..., Any],
    *,
    by_xla: bool = False,
    any_count: bool = False,
) -> Callable[..., Any]:
    """Return `function`, which computes with `model`, compiled; kept under `name` for its twins.

    A large network is not given to XLA first all the same: for DenseNet121 that takes 100 seconds.
    """
    kept = kept_for_twins(model)
    with _keeping:
        if name not in kept:
            quick = by_xla and not is_large(model)
            kept[name] = Compiled(model, function, by_xla=quick, any_count=any_count)
    compiled = kept[name]
    return lambda *tensors: compiled(model, *tensors)
