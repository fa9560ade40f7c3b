"""The functions of Keras, in float64."""

from types import FunctionType

import keras
import numpy as np
import pytest

from cnn.models.arithmetic.functions import of_activation, of_layer, sparsemax

# What turns names into functions and back, and what takes more than one array or has no default.
NO_ACTIVATION = {"get", "serialize", "deserialize", "glu", "threshold"}
ACTIVATIONS = [
    function
    for name, function in vars(keras.activations).items()
    if isinstance(function, FunctionType) and name not in NO_ACTIVATION
]
VALUES = np.concatenate([np.linspace(-12, 12, 97), [0.5, -0.5, 1e-3, -1e-3]]).astype(np.float32)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda function: function.__name__)
def test_every_activation_of_keras_is_known(activation):
    applied = of_activation(activation)
    values = VALUES[:7] / 9 if applied.takes_several else VALUES
    ours = applied.function(values.astype(np.float64), **applied.options)
    assert ours == pytest.approx(np.asarray(activation(values[None]))[0], rel=1e-5, abs=2e-6)


def test_no_activation_is_the_number_itself():
    assert of_activation(None).function(3.0) == 3.0


def test_a_function_of_somebody_else_is_not_known():
    def relu(x):
        return -x

    assert of_activation(relu) is None


def test_a_layer_states_its_options():
    applied = of_layer(keras.layers.ReLU(max_value=2.0, negative_slope=0.5, threshold=1.0))
    assert applied.function(np.array([-1.0, 1.5, 9.0]), **applied.options).tolist() == [-1, 1.5, 2]
    assert of_layer(keras.layers.Flatten()) is None


def test_one_logit_far_above_the_others_takes_all():
    assert sparsemax(np.array([0.0, 5.0, 1.0])).tolist() == [0, 1, 0]
