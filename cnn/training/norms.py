"""The norm of each layer's gradient in the steps of a `fit` that this project does not control."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError

if TYPE_CHECKING:
    import keras

GRADIENT = "gradient "


class GradientNorms:
    """Reads the norms where a step hands its gradients to `model.optimizer`, as that of Keras does.

    The step is compiled anew with one branch more, which is taken in the steps that `ask` announces.
    What is added reads the gradients and changes nothing. `end` gives the optimiser and the compiled
    step back as they were. `are_told` says whether any step has handed over gradients.
    """

    def __init__(self, model: keras.Model) -> None:
        import tensorflow as tf

        self._layer_of = dict(zip(map(id, model.trainable_weights), _layers(model), strict=True))
        self._names = tuple(dict.fromkeys(self._layer_of.values()))
        self.unknown = {f"{GRADIENT}{layer}": math.nan for layer in self._names}
        self.is_asked = self.are_told = False
        self._asked = tf.Variable(False, trainable=False, name="asked_for_norms")
        self._norms = tf.Variable([math.nan] * len(self._names), trainable=False, name="norms")
        self._model, self._optimizer, self._step = model, model.optimizer, model.train_function
        self._apply = self._optimizer.apply
        self._optimizer.apply = self._watched
        model.make_train_function(force=True)
        self._watched_step = model.train_function

    def ask(self) -> None:
        """Have the next step tell its norms."""
        self.is_asked = True
        self._norms.assign([math.nan] * len(self._names))
        self._asked.assign(True)

    def read(self) -> dict[str, float]:
        """Return the norms of the step since `ask`, by column; NaN where it told none."""
        self.is_asked = False
        self._asked.assign(False)
        return dict(zip(self.unknown, map(float, self._norms.numpy()), strict=True))

    def end(self) -> None:
        """Let the optimiser and the model be as they were before."""
        if self._optimizer.__dict__.get("apply") == self._watched:
            del self._optimizer.apply
        if self._model.train_function is self._watched_step:
            self._model.train_function = self._step

    def _watched(self, grads: Iterable[Any], trainable_variables: Any = None, **others: Any) -> Any:
        gradients = list(grads)
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
            self._note(gradients, trainable_variables)
        return self._apply(gradients, trainable_variables, **others)

    def _note(self, gradients: list[Any], weights: list[Any]) -> None:
        """Have the norms of these gradients kept where they are asked for."""
        import tensorflow as tf

        if tf.executing_eagerly() and not self.is_asked:
            return
        of_layers: dict[str, list[Any]] = {}
        for gradient, weight in zip(gradients, weights, strict=False):
            layer = self._layer_of.get(id(weight))
            if gradient is not None and layer is not None:
                of_layers.setdefault(layer, []).append(gradient)
        self.are_told = self.are_told or bool(of_layers)
        scale = self._optimizer.scale_loss(tf.constant(1.0))

        def computed() -> Any:
            before = zip(self._names, tf.unstack(self._norms), strict=True)
            return tf.stack(
                [_norm(of_layers[one]) / scale if one in of_layers else old for one, old in before]
            )

        self._norms.assign(tf.cond(self._asked, computed, self._norms.read_value))


def watched(model: keras.Model) -> GradientNorms:
    """Return what reads the norms of a model that is to be trained; `ModelError` where it would not.

    That is a model that has no weights yet, or several of one name, is trained on several devices, or
    whose optimiser is not that of Keras.
    """
    import keras

    if not isinstance(model.optimizer, keras.optimizers.Optimizer):
        raise ModelError("the model is compiled with no optimiser of Keras.")
    paths = [weight.path for weight in model.trainable_weights]
    if not paths:
        raise ModelError("the model has no weights to train before its first step.")
    if len(paths) > len(set(paths)):
        raise ModelError("several weights of the model have the same name: give layers names.")
    if model.distribute_strategy.num_replicas_in_sync > 1:
        raise ModelError("the model is trained on several devices at once.")
    return GradientNorms(model)


def _layers(model: keras.Model) -> Iterator[str]:
    """Find the name of the layer of each weight that is trained, as its path says it."""
    for weight in model.trainable_weights:
        yield weight.path.rpartition("/")[0]


def _norm(gradients: list[Any]) -> Any:
    import tensorflow as tf

    dense = [tf.cast(tf.convert_to_tensor(one), tf.float32) for one in gradients]
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(one)) for one in dense]))
