"""The network gets the numbers it was trained on: found out of its graph, its card, or chosen."""

import json

import keras
import numpy as np
import pytest
from keras import layers, ops

import cnn
from cnn.models.card import Card, attach_card
from cnn.models.inputs import in_range, ranges_of, scale_of
from cnn.models.loading import as_functional
from cnn.models.scales import RANGES, read_scale

COLOURS = np.random.default_rng(3).integers(0, 256, (8, 9, 3), dtype=np.uint8)


def ending(x) -> keras.KerasTensor:
    x = layers.Conv2D(4, 3, activation="elu", name="first")(x)
    return layers.Dense(3, activation="softmax", name="classes")(layers.Flatten()(x))


def beginning(before, shape=(8, 9, 3), dtype="float32") -> keras.Model:
    """A network whose picture goes through `before` and then a convolution."""
    keras.utils.set_random_seed(4)
    picture = keras.Input(shape, dtype=dtype, name="picture")
    return as_functional(keras.Model(picture, ending(before(picture))))


def preprocessed(mode):
    applications = keras.applications
    module = {"tf": applications.mobilenet_v2, "caffe": applications.vgg16,
              "torch": applications.densenet}[mode]  # fmt: skip
    return module.preprocess_input


def normalised(mean, deviation):
    return layers.Normalization(mean=mean, variance=np.square(deviation))


def nested(x):
    inside = keras.Input((8, 9, 3))
    return keras.Model(inside, inside / 127.5 - 1, name="inner")(x)


def augmented(x):
    x = layers.RandomRotation(0.2)(layers.RandomFlip()(x))
    return layers.Rescaling(1 / 255)(layers.RandomContrast(0.2)(x))


BEGINNINGS = {
    "divided": (lambda x: x / 255, "0..255"),
    "centred": (lambda x: x / 127.5 - 1, "0..255"),
    "turned": (lambda x: 1 - x / 255, "0..255"),
    "nested": (nested, "0..255"),
    "augmented": (augmented, "0..255"),
    "padded": (lambda x: layers.ZeroPadding2D(1)(layers.Rescaling(1 / 255)(x)), "0..255"),
    "caffe": (preprocessed("caffe"), "0..255"),
    "tf": (preprocessed("tf"), "0..255"),
    "torch": (preprocessed("torch"), "0..255"),
    "normalised": (normalised([120.0, 110.0, 100.0], [60.0, 55.0, 58.0]), "0..255"),
    "normalised fractions": (normalised([0.48, 0.45, 0.4], [0.23, 0.22, 0.22]), "0..1"),
    "from fractions to signed": (lambda x: x * 2 - 1, "0..1"),
    "from fractions to caffe": (lambda x: preprocessed("caffe")(x * 255), "0..1"),
    "from signed to fractions": (lambda x: (x + 1) / 2, "-1..1"),
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_the_range_follows_from_what_the_graph_does_before_its_first_weights(name):
    before, expected = BEGINNINGS[name]
    model = beginning(before)
    scale = scale_of(model)
    assert (scale.range, scale.is_stated) == (expected, True)
    taken = {"0..255": COLOURS, "0..1": COLOURS / 255, "-1..1": COLOURS / 127.5 - 1}[expected]
    said = model.predict(taken[None].astype(np.float32), verbose=0)[0]
    np.testing.assert_allclose(cnn.predict(model, COLOURS).probabilities, said, atol=1e-6)


BENT = {
    "clipped to fractions": (lambda x: ops.clip(x, 0, 1), "0..1"),
    "a layer with a largest value": (lambda x: layers.ReLU(max_value=1)(x), "0..1"),
    "six at most": (ops.relu6, "0..1"),
    "positive numbers alone": (ops.relu, "0..1"),
    "clipped to signed": (lambda x: ops.clip(x, -1, 1), "-1..1"),
    "bent to signed": (ops.tanh, "-1..1"),
    "logarithm": (ops.log1p, "0..1"),
    "steep sigmoid": (lambda x: ops.sigmoid(10 * (x - 0.5)), "0..1"),
    "power": (lambda x: (x / 255) ** 2.2, "0..255"),
    "codes": (lambda x: ops.one_hot(ops.cast(x, "int32"), 256)[..., 0, :], "0..255"),
}


@pytest.mark.parametrize("name", BENT)
def test_where_the_graph_cuts_or_bends_its_pixels_the_range_is_a_guess_and_a_choice(name):
    before, expected = BENT[name]
    model = beginning(before)
    scale = scale_of(model)
    assert (scale.range, scale.is_stated) == (expected, False)
    assert "a guess: the model cuts or bends what it gets, pixels from" in scale.reason
    attach_card(model, Card(scale="caffe"))
    assert "suggest" not in scale_of(model).reason


def test_what_is_cut_beyond_the_only_range_that_suits_does_not_make_it_a_guess():
    for before in (lambda x: ops.clip(x / 255, 0, 1), lambda x: ops.clip(x / 127.5 - 1, -1, 1)):
        scale = scale_of(beginning(before))
        assert (scale.range, scale.is_stated) == ("0..255", True)


def test_pixels_do_not_run_over_the_ends_of_small_whole_numbers():
    picture = keras.Input((8, 9, 1), dtype="int8", name="own")
    x = layers.Rescaling(1 / 127)(picture)
    model = as_functional(keras.Model(picture, layers.Dense(3)(layers.Flatten()(x))))
    scale = scale_of(model)
    assert (scale.factor, scale.offset, scale.range, scale.is_stated) == (1, -128, "", False)
    assert scale.reason == (
        "128 is taken away, a guess: the model takes whole numbers up to 127 (int8)"
    )
    pixels = np.linspace(0, 255, 72).astype(np.uint8).reshape(8, 9)
    taken = cnn.forward(model, pixels).activations["own"][..., 0]
    np.testing.assert_array_equal(taken, pixels.astype(np.float32) - 128)


def test_pixels_that_are_made_whole_numbers_to_look_vectors_up_run_to_255():
    picture = keras.Input((8, 9, 1))
    vectors = layers.Embedding(256, 4)(ops.cast(picture, "int32"))
    network = keras.Model(picture, layers.Dense(3)(layers.Flatten()(vectors)))
    model = as_functional(network)
    said = network.predict(COLOURS[None, ..., :1].astype(np.float32), verbose=0)[0]
    np.testing.assert_allclose(cnn.predict(model, COLOURS[..., 0]).logits, said, atol=1e-5)


def test_whole_numbers_that_are_cast_inside_are_not_scaled():
    model = beginning(lambda x: ops.cast(x, "float32") / 255, dtype="uint8")
    raw = beginning(lambda x: ops.cast(x, "float32"), dtype="uint8")
    for one in (model, raw):
        said = one.predict(COLOURS[None], verbose=0)[0]
        np.testing.assert_allclose(cnn.predict(one, COLOURS).probabilities, said, atol=1e-6)
    assert "whole numbers (uint8)" in scale_of(raw).reason


def test_a_rescaling_behind_the_first_weights_says_nothing_of_the_picture():
    keras.utils.set_random_seed(4)
    picture = keras.Input((8, 9, 3))
    x = layers.Rescaling(0.1)(layers.Conv2D(2, 3)(picture))
    x = layers.Normalization(mean=[3.0, 2.0], variance=[4.0, 4.0])(x)
    model = as_functional(keras.Model(picture, layers.Dense(3)(layers.Flatten()(x))))
    assert scale_of(model) == scale_of(beginning(lambda x: x))
    assert "divided by 255, the usual choice" in scale_of(model).reason
    said = model.predict(COLOURS[None] / np.float32(255), verbose=0)[0]
    np.testing.assert_allclose(cnn.predict(model, COLOURS).logits, said, atol=1e-5)


def test_numbers_of_a_further_input_tell_nothing_of_the_picture():
    picture, age = keras.Input((8, 9, 3), name="picture"), keras.Input((2,), name="age")
    both = [layers.Dense(2)(age / 100), layers.Flatten()(layers.Conv2D(2, 3)(picture / 255))]
    model = as_functional(keras.Model([age, picture], layers.Dense(3)(layers.Concatenate()(both))))
    assert scale_of(model).range == "0..255"
    bare = layers.Concatenate()([layers.Flatten()(picture), age + 42])
    model = as_functional(keras.Model([age, picture], layers.Dense(3)(bare)))
    assert "the model says nothing" in scale_of(model).reason


def test_what_the_card_says_counts_and_a_graph_that_disagrees_is_told():
    model = beginning(lambda x: x / 255)
    attach_card(model, Card(scale=1 / 255))
    assert cnn.prepare(COLOURS, model).max() <= 1
    reason = scale_of(model).reason
    assert reason.startswith("divided by 255, as the model's card says")
    assert "suggest pixels from 0 to 255" in reason
    attach_card(model, Card(scale="0..255"))
    assert scale_of(model).reason == "not scaled, as the model's card says"


@pytest.mark.parametrize(
    ("name", "mode"), [("-1..1", "tf"), ("tf", "tf"), ("caffe", "caffe"), ("torch", "torch")]
)
def test_the_conventions_are_those_of_keras_applications(name, mode):
    model = beginning(lambda x: x)
    attach_card(model, Card(scale=name))
    expected = preprocessed(mode)(COLOURS[None].astype(np.float32))
    np.testing.assert_allclose(cnn.prepare(COLOURS, model), expected, rtol=1e-5, atol=1e-4)


def test_a_card_may_say_factor_and_offset_of_each_colour(tmp_path):
    model = beginning(lambda x: x)
    stated = {"factor": [0.5, 1, 2], "offset": [1, 0, -1.5]}
    cnn.save_model(model, tmp_path / "m.keras", card=Card(scale=stated))
    loaded = cnn.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(
        cnn.prepare(COLOURS, loaded)[0], COLOURS * [0.5, 1, 2] + [1, 0, -1.5]
    )
    with pytest.raises(cnn.ModelError, match="for 3 channels, and the model takes 1"):
        grey = beginning(lambda x: x, (8, 9, 1))
        attach_card(grey, Card(scale=stated))
        cnn.prepare(COLOURS, grey)


@pytest.mark.parametrize(
    "stated",
    [
        "1/255",
        True,
        [1, "x"],
        [1],
        "mean:0.1;deviation:0",
        "mean:0.1,0.2;deviation:0.1,0.2,0.3",
        {"factor": [1, 2], "offset": [1, 2, 3]},
        0,
        {"factor": "x"},
        {"scale": 1},
        {"factor": 1, "offset": None},
        1e999,
        {},
    ],
)
def test_a_scale_that_is_none_is_refused_with_what_is_accepted(tmp_path, stated):
    with pytest.raises(cnn.ModelError, match="is not known: give a number, one of 0..1"):
        read_scale(stated)
    model, path = beginning(lambda x: x), tmp_path / "m.keras"
    model.save(path)
    (tmp_path / "m.card.json").write_text(json.dumps({"scale": stated}))
    with pytest.raises(cnn.ModelError, match=r"m\.card\.json: The scale"):
        cnn.load_model(path)


@pytest.mark.parametrize("names", ["cat", {"0": "cat"}, [0, 1], 3])
def test_class_names_are_a_list_of_strings_and_nothing_else(tmp_path, names):
    beginning(lambda x: x).save(tmp_path / "m.keras")
    (tmp_path / "m.card.json").write_text(json.dumps({"class_names": names}))
    with pytest.raises(cnn.ModelError, match="expected a list of strings"):
        cnn.load_model(tmp_path / "m.keras")


def test_a_chosen_range_counts_and_leaves_the_model_as_it_is():
    model = beginning(lambda x: x)
    before = scale_of(model)
    for name in ranges_of(model):
        chosen = in_range(model, name)
        np.testing.assert_array_equal(
            cnn.prepare(COLOURS, chosen)[0], RANGES[name].applied(COLOURS)
        )
        said = model.predict(RANGES[name].applied(COLOURS)[None], verbose=0)[0]
        np.testing.assert_allclose(cnn.predict(chosen, COLOURS).probabilities, said, atol=1e-6)
        changed = cnn.models.operated(chosen, {"first": {0: 0.5}})
        np.testing.assert_array_equal(cnn.prepare(COLOURS, changed), cnn.prepare(COLOURS, chosen))
    assert scale_of(model) == before
    grey = beginning(lambda x: x, (8, 9, 1))
    assert ranges_of(grey) == ("0..1", "-1..1", "0..255")
    with pytest.raises(cnn.ModelError, match="choose 0..1, -1..1, 0..255"):
        in_range(grey, "caffe")


def test_mean_and_deviation_are_of_each_channel_and_stand_on_the_card(tmp_path):
    torch = "mean:0.485,0.456,0.406;deviation:0.229,0.224,0.225"
    assert read_scale(torch).alike(RANGES["torch"])
    model = beginning(lambda x: x)
    chosen = in_range(model, "mean:0.5,0.25,0;deviation:0.5")
    expected = (COLOURS / 255 - [0.5, 0.25, 0]) / 0.5
    np.testing.assert_allclose(cnn.prepare(COLOURS, chosen)[0], expected, atol=1e-6)
    card = cnn.models.card_of(chosen)
    cnn.save_model(chosen, tmp_path / "m.keras", card=card)
    loaded = cnn.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(cnn.prepare(COLOURS, loaded)[0], expected, atol=1e-6)
    assert "less the mean 0.5, 0.25 and 0, divided by the deviation 0.5" in scale_of(loaded).reason
    with pytest.raises(cnn.ModelError, match="or mean and deviation, a number or 3 numbers each"):
        in_range(model, "mean:0.5,0.5;deviation:0.5")


@pytest.mark.parametrize(
    "name", ["-1..1", "caffe", "torch", "mean:0.2,0.3,0.4;deviation:0.5,0.6,0.7"]
)
def test_gradients_and_numbers_of_the_picture_are_those_of_its_pixels(name):
    model = in_range(beginning(lambda x: x), name)
    gradient, label = cnn.gradients.adversarial.logit_gradient(model, COLOURS)
    pixel, changed = (2, 3, 0), {}
    for sign in (-1, 1):
        other = COLOURS.copy()
        other[pixel] = int(other[pixel]) + 2 * sign
        changed[sign] = cnn.predict(model, other).logits[label]
    slope = (changed[1] - changed[-1]) / (4 / 255)
    assert abs(slope) > 1e-2
    assert gradient[pixel] == pytest.approx(slope, rel=0.05)
    unit = cnn.explain_unit(model, COLOURS, layer="picture", row=2, column=3, channel=0)
    assert unit.form.value == pytest.approx(cnn.prepare(COLOURS, model)[0, 2, 3, 0], rel=1e-5)
