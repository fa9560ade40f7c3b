"""Files that Keras 2 wrote answer as they did in Keras 2.

`tests/keras2/make.py` made them, and `tests/keras2/make_2_0.py` those of Keras 2.0, of 2017.
"""

import json
import re
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import cnn
from cnn.models.opening import Limits, keras2, keras2_graph, opened
from cnn.models.opening.classes import REFUSED
from cnn.models.opening.contents import parts
from tests.keras2.picture import picture

FILES = Path(__file__).parents[3] / "keras2" / "files"
WRITTEN = sorted(path for path in FILES.iterdir() if path.suffix != ".npy")


def answer(path):
    model, _ = opened(path, Limits())
    return np.asarray(model(picture()[np.newaxis], training=False))[0]


def edited(path, target, change):
    """Copy an `.h5` file with another configuration."""
    shutil.copy(path, target)
    with h5py.File(target, "a") as file:
        configuration = json.loads(file.attrs["model_config"])
        change(configuration)
        file.attrs["model_config"] = json.dumps(configuration)
    return target


def test_the_files_are_of_several_versions_in_both_formats():
    kinds = {(path.stem.rpartition("-")[2], path.suffix) for path in WRITTEN}
    assert kinds >= {("2_13", ".keras"), ("2_15", ".keras"), ("2_18", ".keras"), ("2_15", ".h5")}
    assert ("2_0", ".h5") in kinds


def test_the_guide_says_what_of_keras_2_is_translated_and_what_is_refused():
    guide = (Path(cnn.__file__).parents[1] / "docs" / "guide.md").read_text("utf-8")
    _, table = guide.split("| of Keras 2 | here | what |\n|---|---|---|\n")
    rows = table.split("\n\n")[0].splitlines()
    left_out = keras2._LEFT_OUT
    usual = {f"{key}={value}" for key, value in left_out.items() if value is not keras2._ANYTHING}
    always = {key for key, value in left_out.items() if value is keras2._ANYTHING}
    assert [re.findall("`([^`]+)`", row) for row in rows] == [
        sorted(names)
        for names in (
            keras2._NEW_NAMES,
            keras2._NEW_KEYS,
            keras2._ANOTHER,
            keras2._FORMER,
            always | {f"*{end}" for end in keras2._OF_TRAINING},
            usual,
            keras2_graph._OPERATIONS,
            keras2._GONE,
            REFUSED,
            keras2._OTHERWISE,
        )
    ]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_a_file_of_keras_2_answers_as_it_did(path):
    np.testing.assert_allclose(answer(path), np.load(path.with_suffix(".npy")), rtol=1e-4)


def test_a_list_of_layers_that_begins_without_an_input_is_opened(tmp_path):
    def as_in_2017(configuration):
        layers = configuration["config"]["layers"][1:]
        layers[0]["config"]["input_dtype"] = "float32"
        configuration["config"] = layers

    path = edited(FILES / "convolutional-2_15.h5", tmp_path / "old.h5", as_in_2017)
    with h5py.File(path, "a") as file:
        del file.attrs["keras_version"]
    expected = np.load(FILES / "convolutional-2_15.npy")
    np.testing.assert_allclose(answer(path), expected, rtol=1e-4)


def test_keras_2_0_wrote_what_later_versions_did_not():
    with h5py.File(FILES / "first-2_0.h5") as file:
        configuration = json.loads(file.attrs["model_config"])
        version, training = file.attrs["keras_version"], file.attrs["training_config"]
    first = configuration["config"][0]
    assert (version, first["class_name"]) == ("2.0.9", "Conv2D")
    assert first["config"]["batch_input_shape"] == [None, 8, 8, 1]
    assert first["config"]["kernel_initializer"]["class_name"] == "VarianceScaling"
    assert json.loads(training)["loss"] == "categorical_crossentropy"
    model, losses = opened(FILES / "first-2_0.h5", Limits())
    assert model.input_shape == (None, 8, 8, 1)
    assert [loss.name for loss in losses] == ["categorical_crossentropy"]


def test_kernels_of_theano_are_turned_and_those_of_others_are_not(tmp_path):
    path = FILES / "convolved-2_0.h5"
    (tmp_path / "other.h5").write_bytes(path.read_bytes())
    with h5py.File(tmp_path / "other.h5", "a") as file:
        assert file.attrs["backend"] == "theano"
        file["model_weights"].attrs["backend"] = "cntk"
    turned, other = (opened(one, Limits())[0] for one in (path, tmp_path / "other.h5"))
    kernels = [(a, b) for a, b in zip(turned.weights, other.weights, strict=True) if a.ndim > 2]
    assert len(kernels) == 8
    for one, as_it_stands in kernels:
        places = tuple(range(one.ndim - 2))
        np.testing.assert_array_equal(np.flip(np.asarray(one), places), np.asarray(as_it_stands))


def test_layers_that_say_nothing_of_an_input_have_that_of_their_model(tmp_path):
    def without_input(configuration):
        configuration["config"]["layers"] = configuration["config"]["layers"][1:]
        del configuration["config"]["layers"][0]["config"]["batch_input_shape"]
        configuration["config"]["build_input_shape"] = [None, 8, 8, 1]

    path = edited(FILES / "convolutional-2_15.h5", tmp_path / "m.h5", without_input)
    expected = np.load(FILES / "convolutional-2_15.npy")
    np.testing.assert_allclose(answer(path), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("layer", "setting", "words"),
    [
        ("DepthwiseConv2D", {"groups": 2}, "groups=2 of the layer 'depthwise_conv2d'"),
        ("Dense", {"softmax_robust_masking": True}, "softmax_robust_masking=True .* is not known"),
    ],
)
def test_what_means_something_else_now_is_named(tmp_path, layer, setting, words):
    def change(configuration):
        for part in configuration["config"]["layers"]:
            if part["class_name"] == layer:
                part["config"] |= setting

    path = edited(FILES / "convolutional-2_15.h5", tmp_path / "m.h5", change)
    with pytest.raises(cnn.ModelError, match=f"written by Keras 2, and {words}"):
        opened(path, Limits())


def in_place_of(layer, tmp_path, class_name, **settings):
    """A file of Keras 2 in which one layer is of another class."""

    def change(configuration):
        for part in configuration["config"]["layers"]:
            if part["class_name"] == layer:
                part["class_name"] = class_name
                shared = {key: part["config"][key] for key in ("name", "trainable", "dtype")}
                part["config"] = shared | settings

    return edited(FILES / "convolutional-2_15.h5", tmp_path / "m.h5", change)


@pytest.mark.parametrize(
    ("class_name", "settings"),
    [
        ("Dropout", {"rate": 0.2, "softmax_robust_masking": False}),
        ("SpatialDropout2D", {"rate": 0.2, "noise_shape": None, "seed": None}),
        ("RandomFlip", {"mode": "horizontal", "seed": None, "rng_type": "stateful"}),
        ("RandomBrightness", {"factor": 0.1, "value_range": [0, 1], "rng_type": "legacy_stateful"}),
    ],
)
def test_what_only_a_training_would_notice_is_left_out(tmp_path, class_name, settings):
    path = in_place_of("Dropout", tmp_path, class_name, **settings)
    np.testing.assert_allclose(answer(path), np.load(FILES / "convolutional-2_15.npy"), rtol=1e-4)


def through(path, class_name):
    """The layer of a class in a file's network, and what comes into it and out of it for the picture."""
    return through_model(opened(path, Limits())[0], class_name)


def through_model(model, class_name):
    [layer] = [one for one in model.layers if type(one).__name__ == class_name]
    both = keras.Model(model.inputs[0], [layer.input, layer.output])
    return layer, *(np.asarray(one)[0] for one in both(picture()[np.newaxis], training=False))


def hard_sigmoid_of_keras_2(x):
    return np.maximum(0, np.minimum(1, 0.2 * x + 0.5))


@pytest.mark.parametrize(
    "written", ["hard_sigmoid", {"class_name": "function", "config": "hard_sigmoid"}]
)
def test_a_hard_sigmoid_has_the_slope_that_it_had(tmp_path, written):
    path = in_place_of("LeakyReLU", tmp_path, "Activation", activation=written)
    _, given, made = through(path, "Activation")
    np.testing.assert_allclose(made, hard_sigmoid_of_keras_2(given), atol=1e-6)
    assert np.abs(made - np.asarray(keras.activations.hard_sigmoid(given))).max() > 1e-3


def test_a_layer_that_ends_in_it_gives_scores_and_is_taken_apart_and_saved(tmp_path):
    def change(configuration):
        configuration["config"]["layers"][-1]["config"]["activation"] = "hard_sigmoid"

    path = edited(FILES / "convolutional-2_15.h5", tmp_path / "m.h5", change)
    model = cnn.load_model(path)
    pixels = (picture() * 255).astype(np.uint8)
    cnn.save_model(model, tmp_path / "again.keras")
    for one in (model, cnn.load_model(tmp_path / "again.keras")):
        dense, given, made = through_model(one, "Dense")
        sums = given @ np.asarray(dense.kernel) + np.asarray(dense.bias)
        np.testing.assert_allclose(made, hard_sigmoid_of_keras_2(sums), atol=1e-6)
        assert cnn.predict(one, pixels).head.form == "scores"
    unit = cnn.explain_unit(model, pixels, layer="dense", channel=1)
    assert unit.activation.name == "hard_sigmoid_of_keras_2"
    assert unit.is_proved


def rows_joined(tmp_path):
    def change(configuration):
        for part in parts(configuration):
            if "recurrent_activation" in part["config"]:
                part["config"]["recurrent_activation"] = "hard_sigmoid"

    return edited(FILES / "joined-2_0.h5", tmp_path / "m.h5", change)


def test_the_gates_of_a_gru_are_those_of_keras_2(tmp_path):
    layer, given, made = through(rows_joined(tmp_path), "GRU")
    kernel, recurrent, bias = map(np.asarray, layer.get_weights())
    (for_z, for_r, for_h), (u_z, u_r, u_h) = (np.split(one, 3, 1) for one in (kernel, recurrent))
    b_z, b_r, b_h = np.split(bias, 3)
    state = np.zeros(4)
    for row, expected in zip(given, made, strict=True):
        z = hard_sigmoid_of_keras_2(row @ for_z + state @ u_z + b_z)
        r = hard_sigmoid_of_keras_2(row @ for_r + state @ u_r + b_r)
        state = z * state + (1 - z) * np.tanh(row @ for_h + (r * state) @ u_h + b_h)
        np.testing.assert_allclose(expected, state, atol=1e-5)


def test_the_gates_of_an_lstm_are_those_of_keras_2(tmp_path):
    layer, given, made = through(rows_joined(tmp_path), "Bidirectional")
    kernel, recurrent, bias = map(np.asarray, layer.forward_layer.get_weights())
    state, carry = np.zeros(2), np.zeros(2)
    for row, expected in zip(given, made, strict=True):
        i, f, c, o = np.split(row @ kernel + state @ recurrent + bias, 4)
        carry = hard_sigmoid_of_keras_2(f) * carry + hard_sigmoid_of_keras_2(i) * np.tanh(c)
        state = hard_sigmoid_of_keras_2(o) * np.tanh(carry)
        np.testing.assert_allclose(expected[:2], state, atol=1e-5)


@pytest.mark.parametrize("theta", [0.0, 4.0])
def test_a_rectifier_with_a_threshold_is_the_one_of_keras_3(tmp_path, theta):
    path = in_place_of("LeakyReLU", tmp_path, "ThresholdedReLU", theta=theta)
    _, given, made = through(path, "ReLU")
    assert ((given > 0) & (given < 4)).any() and (given > 4).any()
    np.testing.assert_array_equal(made, given * (given > theta))


@pytest.mark.parametrize(
    ("class_name", "words"),
    [
        ("Lambda", r"needs arbitrary Python code to run \(a Lambda layer"),
        ("StringLookup", "looks words up in a vocabulary"),
        (
            "LocallyConnected2D",
            r"needs keras\.layers\.LocallyConnected2D, which Keras 3.* not have",
        ),
        ("RandomCrop", "put Resizing in its place"),
        ("Own", r'register_keras_serializable\("Custom", "Own"\)'),
    ],
)
def test_a_class_that_cannot_be_taken_over_is_refused_with_its_reason(tmp_path, class_name, words):
    settings = {"function_type": "lambda", "rng_type": "stateful", "vocabulary_dtype": "string"}
    with pytest.raises(cnn.ModelError, match=words):
        opened(in_place_of("Dropout", tmp_path, class_name, **settings), Limits())


def test_an_operation_that_keras_does_not_have_is_named(tmp_path):
    def change(configuration):
        for part in configuration["config"]["layers"]:
            if part["class_name"] == "TFOpLambda":
                part["config"]["function"] = "image.sobel_edges"

    path = edited(FILES / "arithmetic-2_15.h5", tmp_path / "m.h5", change)
    with pytest.raises(cnn.ModelError, match=r"tf\.image\.sobel_edges, 'tf\.math\.multiply'"):
        opened(path, Limits())


def test_dots_in_a_slice_are_read(tmp_path):
    dots = {"class_name": "__ellipsis__"}
    reversed_ = {"start": None, "stop": None, "step": -1}

    def shorter(configuration):
        for part in configuration["config"]["layers"]:
            for node in part["inbound_nodes"]:
                if (
                    part["class_name"] == "SlicingOpLambda"
                    and node[3]["slice_spec"][-1] == reversed_
                ):
                    node[3]["slice_spec"] = [dots, reversed_]

    path = edited(FILES / "recipes-2_18.h5", tmp_path / "m.h5", shorter)
    assert "__ellipsis__" in str(h5py.File(path).attrs["model_config"])
    np.testing.assert_allclose(answer(path), np.load(FILES / "recipes-2_18.npy"), rtol=1e-4)


def test_an_operation_that_was_called_in_a_way_of_its_own_is_named(tmp_path):
    def change(configuration):
        for part in configuration["config"]["layers"]:
            if part["config"].get("function") == "math.reduce_max":
                part["inbound_nodes"][0][3]["exclusive"] = True

    path = edited(FILES / "recipes-2_18.h5", tmp_path / "m.h5", change)
    with pytest.raises(cnn.ModelError, match=r"tf\.math\.reduce_max, 'tf\.math\.reduce_max'"):
        opened(path, Limits())


def test_every_layer_of_a_graph_of_operations_is_computed_and_described():
    model = cnn.load_model(FILES / "recipes-2_18.h5")
    maps = cnn.activations(model, (picture() * 255).astype(np.uint8))
    infos = cnn.layer_infos(model)
    assert {info.name for info in infos} >= {"tf.concat", "tf.nn.leaky_relu", "tf.reshape"}
    for info in infos[1:]:
        assert maps[info.name].shape == info.output_shape, info
        assert cnn.captions.explanation(info), info


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_an_adapted_normalization_inside_a_model_keeps_its_means(tmp_path, name):
    inside = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Normalization(axis=None)])
    inside.layers[0].adapt(np.stack([picture() * 3, picture() + 1]))
    given = keras.Input((8, 8, 1))
    model = keras.Model(given, keras.layers.Flatten()(inside(given)))
    model.save(tmp_path / name)
    expected = np.asarray(model(picture()[np.newaxis]))[0]
    np.testing.assert_allclose(answer(tmp_path / name), expected, rtol=1e-4)
