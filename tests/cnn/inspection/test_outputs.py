"""An output is taken apart into what inputs and channels add, and the parts give what Keras computed."""

from dataclasses import replace
from itertools import cycle
from random import Random

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

import cnn
from cnn.models.loading import as_functional
from tests import nets
from tests.kinds import picture_for, scramble

CLASSES = 4
CHANNELS = 3


def kernel_of(model, layer):
    return [np.asarray(weight, np.float64) for weight in model.get_layer(layer).get_weights()]


# --- the bundled classifier


@pytest.fixture(scope="module")
def passed(classifier, seven):
    return cnn.forward(classifier, seven)


@pytest.mark.parametrize("target", range(10))
def test_each_unit_before_the_last_layer_adds_its_value_times_its_weight(
    classifier, seven, passed, target
):
    made = cnn.explain_output(classifier, seven, target=target, passed=passed)
    kernel, bias = kernel_of(classifier, "dense_1")
    units = passed.activations["dense"].astype(np.float64)
    np.testing.assert_allclose(made.inputs.form.subtotals, units * kernel[:, target], rtol=1e-12)
    assert made.inputs.form.bias == bias[target]
    assert made.recomputed == pytest.approx(float(units @ kernel[:, target] + bias[target]))
    assert made.computed == passed.prediction.logits[target]
    assert abs(made.recomputed - made.computed) < 1e-4
    assert (made.layer, made.inputs.layer, made.inputs.are_channels) == ("dense_1", "dense", False)
    assert made.is_proved


def test_a_difference_has_the_differences_of_weights_and_of_biases(classifier, seven, passed):
    made = cnn.explain_output(classifier, seven, target=7, against=9, passed=passed)
    kernel, bias = kernel_of(classifier, "dense_1")
    units = passed.activations["dense"].astype(np.float64)
    np.testing.assert_allclose(
        made.inputs.form.subtotals, units * (kernel[:, 7] - kernel[:, 9]), rtol=1e-12
    )
    assert made.inputs.form.bias == bias[7] - bias[9]
    logits = passed.prediction.logits.astype(np.float64)
    assert made.computed == logits[7] - logits[9]
    apart = [cnn.explain_output(classifier, seven, target=one, passed=passed) for one in (7, 9)]
    assert made.recomputed == pytest.approx(apart[0].recomputed - apart[1].recomputed, abs=1e-10)
    tolerances = [one.inputs.tolerance for one in apart]
    assert made.inputs.tolerance == pytest.approx(sum(tolerances))
    assert made.is_proved


def test_behind_an_activation_no_channel_adds_anything_exactly(classifier, seven, passed):
    made = cnn.explain_output(classifier, seven, target=7, passed=passed)
    assert made.channels is None
    assert made.barrier == "dense"


def test_softmax_is_told_step_by_step(classifier, seven, passed):
    made = cnn.explain_output(classifier, seven, target=7, passed=passed)
    steps, logits = made.softmax, passed.prediction.logits.astype(np.float64)
    np.testing.assert_array_equal(steps.form.logits, logits)
    np.testing.assert_allclose(steps.below, logits - logits.max())
    np.testing.assert_allclose(steps.powers, np.exp(logits - logits.max()))
    assert 1 + steps.others == pytest.approx(np.exp(logits - logits.max()).sum(), rel=1e-12)
    np.testing.assert_allclose(steps.form.shares, steps.powers / (1 + steps.others))
    np.testing.assert_allclose(steps.form.shares, np.exp(logits) / np.exp(logits).sum())
    np.testing.assert_array_equal(steps.computed, passed.prediction.probabilities)
    assert steps.form.gives(made.result)
    assert made.result == passed.prediction.probabilities[7]
    assert steps.difference == np.abs(steps.form.shares - steps.computed).max() < 1e-6


# --- channels, where only layers lie between that hand on

TAILS = {
    "flat": lambda: [layers.Flatten()],
    "mean": lambda: [layers.GlobalAveragePooling2D()],
    "largest": lambda: [layers.GlobalMaxPooling2D()],
    "kept": lambda: [
        layers.Dropout(0.3), layers.GlobalAveragePooling2D(keepdims=True), layers.Dropout(0.3),
        layers.Reshape((CHANNELS,)),
    ],
    "turned": lambda: [layers.Permute((3, 1, 2)), layers.Flatten(), layers.Dropout(0.2)],
    "framed": lambda: [layers.ZeroPadding2D(1), layers.Cropping2D(((0, 1), (1, 0))), layers.Flatten()],
    "nested": lambda: [keras.Sequential([layers.GlobalMaxPooling2D(), layers.Dropout(0.1)])],
}  # fmt: skip
ENDINGS = {
    "softmax": lambda: [layers.Dense(CLASSES, activation="softmax")],
    "no bias": lambda: [layers.Dense(CLASSES, activation="softmax", use_bias=False)],
    "softmax layer": lambda: [layers.Dense(CLASSES), layers.Softmax()],
    "activation": lambda: [
        layers.Dense(CLASSES), layers.Dropout(0.2), layers.Activation("softmax")
    ],
    "logits": lambda: [layers.Dense(CLASSES)],
    "logarithm": lambda: [layers.Dense(CLASSES), layers.Activation("log_softmax")],
    "own logarithm": lambda: [layers.Dense(CLASSES, activation="log_softmax")],
    "sigmoids": lambda: [layers.Dense(CLASSES, activation="sigmoid")],
    "sigmoid layer": lambda: [layers.Dense(CLASSES), layers.Activation("sigmoid")],
    "tanh": lambda: [layers.Dense(CLASSES, activation="tanh")],
    "einsum": lambda: [layers.EinsumDense("bi,ij->bj", CLASSES, bias_axes="j"), layers.Softmax()],
}  # fmt: skip


def network(tail, ending, shape=(5, 7, 3)):
    """A model of random weights, a picture, and the layers after its maps one by one."""
    picture = keras.Input(shape, name="picture")
    x = layers.Conv2D(CHANNELS, 2, activation="tanh", name="maps")(picture)
    after = [*tail(), *ending()]
    for layer in after:
        x = layer(x)
    model = as_functional(keras.Model(picture, x))
    scramble(model, 7)
    return model, picture_for(model, Random(3)), after


def alone(after, maps, channel):
    """The sums that the layers give of one channel, all others zero, without what they give of none."""

    def sums(given):
        x = given[None].astype(np.float32)
        for layer in after:
            if getattr(layer, "kernel", None) is not None:
                kernel, *bias = layer.get_weights()
                return (np.asarray(x, np.float64) @ kernel + sum(bias))[0]
            x = layer(x)
        raise AssertionError("There is no layer with weights.")

    only = np.zeros_like(maps)
    only[..., channel] = maps[..., channel]
    return sums(only) - sums(np.zeros_like(maps))


@pytest.mark.parametrize(("tail", "ending"), list(zip(cycle(TAILS), ENDINGS, strict=False)))
def test_what_a_channel_adds_is_what_is_made_of_it_alone(tail, ending):
    model, image, after = network(TAILS[tail], ENDINGS[ending])
    passed = cnn.forward(model, image)
    maps = passed.activations["maps"]
    for target, against in ((0, None), (2, 1)):
        made = cnn.explain_output(model, image, target=target, against=against, passed=passed)
        assert made.channels.are_channels
        assert made.channels.layer == "maps"
        for channel, amount in enumerate(made.channels.form.subtotals):
            sums = alone(after, maps, channel)
            expected = sums[target] - (0 if against is None else sums[against])
            assert amount == pytest.approx(expected, abs=1e-5)
        assert made.channels.form.value == pytest.approx(made.recomputed, abs=1e-5)
        assert made.is_proved


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.sampled_from(list(TAILS)),
    st.sampled_from(list(ENDINGS)),
    st.tuples(st.integers(3, 6), st.integers(3, 6), st.sampled_from([1, 3])),
    st.integers(0, 10**6),
)
def test_the_parts_give_the_whole_of_any_ending(tail, ending, shape, seed):
    model, _, _ = network(TAILS[tail], ENDINGS[ending], shape)
    scramble(model, seed)
    image = picture_for(model, Random(seed))
    target, against = Random(seed).sample(range(CLASSES), 2)
    for other in (None, against):
        made = cnn.explain_output(model, image, target=target, against=other)
        assert made.is_proved
        if made.function is not None:
            assert made.function.gives(made.result)
        about = (made.recomputed, made.computed, made.inputs.tolerance)
        if made.computed is not None:
            assert abs(made.recomputed - made.computed) <= made.inputs.tolerance, about


def convolutional(kernel=1, after=(), **options):
    """A classifier of a convolution with a filter per class, whose maps are averaged."""
    picture = keras.Input((5, 6, CHANNELS), name="picture")
    x = layers.Conv2D(CHANNELS, 3, activation="relu", padding="same", name="maps")(picture)
    x = layers.Conv2D(CLASSES, kernel, name="filters", **options)(x)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    for layer in after:
        x = layer(x)
    model = as_functional(keras.Model(picture, x))
    scramble(model, 11)
    return model, picture_for(model, Random(2))


@pytest.mark.parametrize("after", [(), (layers.Softmax(),), (layers.Activation("softmax"),)])
def test_of_a_convolution_that_is_averaged_the_channels_add_their_means(after):
    model, image = convolutional(after=after)
    passed = cnn.forward(model, image)
    kernel, bias = kernel_of(model, "filters")
    means = passed.activations["maps"].astype(np.float64).mean(axis=(0, 1))
    made = cnn.explain_output(model, image, target=1, against=3, passed=passed)
    amounts = means * (kernel[0, 0, :, 1] - kernel[0, 0, :, 3])
    np.testing.assert_allclose(made.inputs.form.subtotals, amounts, atol=1e-12)
    assert made.inputs.form.bias == pytest.approx(bias[1] - bias[3])
    assert made.channels is made.inputs
    assert (made.layer, made.inputs.layer) == ("filters", "maps")
    assert made.is_proved
    assert made.softmax is not None


def test_of_a_larger_kernel_the_cells_count_as_often_as_they_are_read():
    model, image = convolutional(kernel=3, padding="same", after=(layers.Softmax(),))
    passed = cnn.forward(model, image)
    maps = np.pad(passed.activations["maps"].astype(np.float64), ((1, 1), (1, 1), (0, 0)))
    kernel, _ = kernel_of(model, "filters")
    amounts = np.zeros(CHANNELS)
    for row in range(5):
        for column in range(6):
            window = maps[row : row + 3, column : column + 3]
            amounts += (window * kernel[..., 2]).sum(axis=(0, 1)) / 30
    made = cnn.explain_output(model, image, target=2, passed=passed)
    np.testing.assert_allclose(made.inputs.form.subtotals, amounts, atol=1e-10)
    assert made.is_proved


def test_a_convolution_over_one_cell_gives_the_sums_as_a_dense_layer_does():
    picture = keras.Input((5, 6, 3), name="picture")
    x = layers.Conv2D(CHANNELS, 2, activation="relu", name="maps")(picture)
    x = layers.GlobalAveragePooling2D(keepdims=True, name="means")(x)
    x = layers.Conv2D(CLASSES, 1, activation="softmax", name="classes")(layers.Dropout(0.1)(x))
    model = as_functional(keras.Model(picture, layers.Flatten()(x)))
    scramble(model, 5)
    made = cnn.explain_output(model, picture_for(model, Random(1)), target=2)
    assert (made.layer, made.inputs.layer, made.channels.layer) == ("classes", "means", "maps")
    assert made.computed == pytest.approx(made.recomputed)
    assert not made.inputs.are_channels
    assert made.function.gives(made.result)
    assert made.logits[2] == pytest.approx(made.recomputed)
    assert made.is_proved


# --- other outputs


def test_a_single_score_has_a_function_and_no_softmax():
    model = nets.ending(layers.Dense(1, activation="sigmoid"))
    image = picture_for(model, Random(0))
    made = cnn.explain_output(model, image, target=0)
    assert made.softmax is None
    assert made.function.name == "sigmoid"
    assert made.function.value == pytest.approx(1 / (1 + np.exp(-made.recomputed)))
    assert made.function.gives(made.result)
    assert made.is_proved


def test_a_number_is_its_own_sum():
    model = nets.ending(layers.Dense(1))
    made = cnn.explain_output(model, picture_for(model, Random(0)), target=0)
    assert made.function is None
    assert made.softmax is None
    assert made.result == made.computed
    assert made.is_proved


def test_of_a_function_that_is_not_known_the_sum_is_taken_apart():
    model = nets.ending(layers.Dense(2, activation=lambda x: x * x))
    made = cnn.explain_output(model, picture_for(model, Random(0)), target=1)
    assert made.function is None
    assert made.is_proved
    assert made.result == pytest.approx(made.recomputed**2, rel=1e-4)


def test_of_several_outputs_the_first_is_taken_apart():
    picture = keras.Input((6, 6, 1))
    flat = layers.Flatten(name="flat")(picture)
    outputs = [layers.Dense(3, name="colour")(flat), layers.Dense(1, name="age")(flat)]
    model = as_functional(keras.Model(picture, outputs))
    made = cnn.explain_output(model, picture_for(model, Random(0)), target=2)
    assert (made.layer, made.head.outputs) == ("colour", 2)
    assert made.is_proved


def test_a_nested_head_is_looked_into(second_model):
    image = picture_for(second_model, Random(0))
    made = cnn.explain_output(second_model, image, target=3)
    assert made.layer == "classes"
    assert made.channels.layer == "tail/last"
    assert made.is_proved


def test_whole_numbers_that_are_cast_are_only_handed_on():
    picture = keras.Input((6, 6, 1), name="picture")
    places = keras.ops.top_k(layers.Flatten()(picture), 5)[1]
    sums = layers.Dense(3, name="sums")(keras.ops.cast(places, "float32"))
    model = as_functional(keras.Model(picture, layers.Softmax()(sums)))
    image = np.random.default_rng(3).integers(0, 255, (6, 6, 1), np.uint8)
    made = cnn.explain_output(model, image, target=1)
    kernel, _ = kernel_of(model, "sums")
    whole = cnn.activations(model, image)[made.inputs.layer].astype(np.float64)
    np.testing.assert_allclose(made.inputs.form.subtotals, whole * kernel[:, 1], rtol=1e-12)
    assert cnn.layer_info(model, made.barrier).kind == "FurtherOutput"
    assert made.is_proved


def test_of_equal_cells_that_are_largest_the_first_counts():
    picture = keras.Input((2, 2, 1), name="picture")
    x = layers.GlobalMaxPooling2D()(picture)
    model = as_functional(keras.Model(picture, layers.Dense(2, activation="softmax")(x)))
    image = np.array([[1, 9], [9, 2]], np.uint8)[..., None]
    made = cnn.explain_output(model, image, target=0)
    weights = made.channels.form.weights[..., 0]
    assert np.argwhere(weights).tolist() == [[0, 1]]
    assert made.is_proved


# --- planted faults


def faulty(passed, layer, **changes):
    """The same pass in which one number of a layer is another."""
    values = passed.activations[layer].copy()
    values.reshape(-1)[changes["at"]] += changes["by"]
    return replace(passed, activations={**passed.activations, layer: values})


def test_an_input_that_is_another_is_found(classifier, seven, passed):
    unit = int(passed.activations["dense"].argmax())
    wrong = faulty(passed, "dense", at=unit, by=0.01)
    assert not cnn.explain_output(classifier, seven, target=7, passed=wrong).is_proved


def test_a_sum_that_is_another_is_found(classifier, seven, passed):
    logits = passed.prediction.logits + np.float32(0.01)
    wrong = replace(passed, prediction=replace(passed.prediction, logits=logits))
    made = cnn.explain_output(classifier, seven, target=7, passed=wrong)
    assert not made.is_proved
    assert made.softmax.form.gives(made.result)


def test_a_weight_that_is_another_is_found(seven):
    model = cnn.load_model()
    passed = cnn.forward(model, seven)
    kernel, bias = model.get_layer("dense_1").get_weights()
    kernel[passed.activations["dense"].argmax(), 7] += 0.01
    model.get_layer("dense_1").set_weights([kernel, bias])
    assert not cnn.explain_output(model, seven, target=7, passed=passed).is_proved
    assert cnn.explain_output(model, seven, target=3, passed=passed).is_proved


def test_maps_that_do_not_give_the_inputs_are_found():
    model, image, _ = network(TAILS["mean"], ENDINGS["softmax"])
    passed = cnn.forward(model, image)
    wrong = faulty(passed, "maps", at=0, by=1.0)
    made = cnn.explain_output(model, image, target=0, passed=wrong)
    assert made.inputs.give(made.computed)
    assert not made.channels.give(made.computed)
    assert not made.is_proved


def test_a_probability_that_is_another_is_found(classifier, seven, passed):
    probabilities = passed.prediction.probabilities.copy()
    probabilities[7] *= np.float32(1.001)
    wrong = replace(passed, prediction=replace(passed.prediction, probabilities=probabilities))
    steps = cnn.explain_output(classifier, seven, target=7, passed=wrong).softmax
    assert not steps.form.gives(float(steps.computed[7]))
    assert steps.difference > 1e-4


# --- what cannot be taken apart


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"target": 10}, "no class 10: it has 10. Choose a number from 0 to 9"),
        ({"target": 1, "against": -1}, "no class -1"),
        ({"target": 3, "against": 3}, "Class 3 is compared with itself"),
    ],
)
def test_a_class_that_is_not_there_is_refused_in_words(classifier, seven, asked, message):
    with pytest.raises(cnn.ModelError, match=message):
        cnn.explain_output(classifier, seven, **asked)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ([layers.Reshape((6, 6, 1)), layers.Conv2D(3, 1)], "this model gives 6×6×3 numbers"),
        ([layers.Dense(4), layers.UnitNormalization(name="unit")], "'unit' .UnitNormalization. gives"),
        ([layers.Dense(4, activation="relu", name="cut"), layers.Softmax()], "'cut' .Dense. gives"),
        ([], "'picture' .InputLayer. gives"),
        (
            [layers.Reshape((6, 6, 1)), layers.SeparableConv2D(3, 6, name="apart"), layers.Flatten()],
            "'apart' .SeparableConv2D. gives",
        ),
    ],
)  # fmt: skip
def test_outputs_that_are_no_sums_are_refused_in_words(last, message):
    model = nets.ending(*last)
    with pytest.raises(cnn.ModelError, match=message):
        cnn.explain_output(model, picture_for(model, Random(0)), target=0)


def test_a_layer_that_reads_two_others_is_a_barrier():
    picture = keras.Input((5, 6, 3), name="picture")
    maps = [layers.Conv2D(2, 1, name=name)(picture) for name in ("left", "right")]
    means = [layers.GlobalAveragePooling2D()(one) for one in maps]
    x = layers.Concatenate(name="join")(means)
    model = as_functional(keras.Model(picture, layers.Dense(3, activation="softmax")(x)))
    made = cnn.explain_output(model, picture_for(model, Random(0)), target=0)
    assert made.channels is None
    assert made.barrier == "join"
    assert made.is_proved
