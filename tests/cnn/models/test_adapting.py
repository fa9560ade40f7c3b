"""Networks that take their picture in some other way are fed, shown and saved as what they are."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.inspection.diagnosis.observation import observe
from cnn.models.adapting import notes
from cnn.models.card import Card
from cnn.models.further import with_inputs
from cnn.models.inputs import input_shape
from cnn.models.loading import as_functional
from cnn.models.orientation import channels_first
from cnn.models.twins import twin

RANDOM = np.random.default_rng(7)
GREY = RANDOM.integers(0, 256, (28, 28, 1), dtype=np.uint8)
COLOURS = RANDOM.integers(0, 256, (12, 12, 3), dtype=np.uint8)


def dense(x) -> keras.KerasTensor:
    return layers.Dense(3, activation="softmax", name="classes")(layers.Flatten(name="row")(x))


def convolved(x, **options) -> keras.KerasTensor:
    return dense(layers.Conv2D(2, 3, name="maps", **options)(x))


def first_convolved(x) -> keras.KerasTensor:
    return convolved(x, data_format="channels_first")


def turned(x) -> keras.KerasTensor:
    return convolved(layers.Permute((2, 3, 1), name="turned")(x))


def zeros(*shape) -> np.ndarray:
    return np.zeros(shape, np.float32)


def with_zeros(picture, count) -> np.ndarray:
    return np.concatenate([picture, zeros(*picture.shape[:2], count)], axis=-1)


# The shape that the network takes, what follows, a picture, what becomes of it, and what is said.
FORMS = {
    "no channel axis": ((28, 28), dense, GREY, lambda p: p[..., 0], "28×28 numbers"),
    "784 numbers": ((784,), dense, GREY, np.ravel, "784 numbers"),
    "784 in a column": ((784, 1), dense, GREY, lambda p: p.reshape(784, 1), "784×1 numbers"),
    "784 in a row": ((1, 784), dense, GREY, lambda p: p.reshape(1, 784), "1×784 numbers"),
    "432 numbers": ((432,), dense, COLOURS, np.ravel, "432 numbers"),
    "2 channels": ((9, 9, 2), convolved, GREY[:9, :9], lambda p: np.repeat(p, 2, -1), "all 2 channels"),
    "4 channels": ((12, 12, 4), convolved, COLOURS, lambda p: with_zeros(p, 1), "Of 4 channels"),
    "5 channels": ((12, 12, 5), convolved, COLOURS, lambda p: with_zeros(p, 2), "Of 5 channels"),
    "13 channels": ((12, 12, 13), convolved, COLOURS, lambda p: with_zeros(p, 10), "Of 13 channels"),
    "first": ((1, 28, 28), first_convolved, GREY, lambda p: np.moveaxis(p, -1, 0), "channels first"),
    "first, turned": ((3, 12, 12), turned, COLOURS, lambda p: np.moveaxis(p, -1, 0), "first"),
    "4 first": ((4, 12, 12), first_convolved, COLOURS,
                lambda p: np.moveaxis(with_zeros(p, 1), -1, 0), "Of 4 channels"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_picture_is_fed_as_the_network_takes_it(name, tmp_path):
    shape, following, picture, as_taken, said = FORMS[name]
    keras.utils.set_random_seed(6)
    own = keras.Input(shape, name="own")
    built = keras.Model(own, following(own), name="strange")
    built.compile(jit_compile=True)  # As TensorFlow computes channels that come first.
    taken = as_taken(picture.astype(np.float32) / np.float32(255))[None]
    expected = built.predict(taken, verbose=0)[0]
    cnn.save_model(built, tmp_path / "built.keras")
    model = cnn.load_model(tmp_path / "built.keras")

    passed = cnn.forward(model, picture)
    np.testing.assert_allclose(passed.prediction.probabilities, expected, atol=1e-6)
    # What layers with their channels first read is shown with its channels last.
    is_first = "own" in channels_first(model)
    shown = np.moveaxis(taken[0], 0, -1) if is_first else taken[0]
    np.testing.assert_allclose(passed.activations["own"], shown, atol=1e-6)
    counts = {"2 channels": 2, "4 channels": 4, "5 channels": 5, "13 channels": 13, "4 first": 4}
    channels = counts.get(name, picture.shape[-1])
    assert input_shape(model) == (*picture.shape[:2], channels)
    assert said in " ".join(notes(model))
    names = [layer.name for layer in built.layers]
    assert [info.name for info in cnn.layer_infos(model)][-len(names) :] == names
    assert [w.shape for w in model.weights] == [w.shape for w in built.weights]

    cnn.save_model(cnn.ablate(model, {"row": {0: 0.5}}), tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    again.compile(jit_compile=True)
    assert again.input_shape == built.input_shape
    assert [layer.name for layer in again.layers if "operated" not in layer.name] == names
    np.testing.assert_allclose(
        again.predict(taken, verbose=0)[0],
        cnn.predict(cnn.ablate(model, {"row": {0: 0.5}}), picture).probabilities, atol=1e-6,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "size"),
    [((None, None), (28, 28)), ((None, 20), (20, 20)), ((28, None), (28, 28))],
)
def test_an_input_of_open_sizes_without_a_channel_axis_takes_a_square(shape, size, tmp_path):
    keras.utils.set_random_seed(6)
    own = keras.Input(shape, name="own")
    maps = layers.Conv2D(2, 3, name="maps")(keras.ops.expand_dims(own, -1))
    means = layers.GlobalAveragePooling2D(name="means")(maps)
    built = keras.Model(own, layers.Dense(3, activation="softmax", name="classes")(means))
    cnn.save_model(built, tmp_path / "built.keras")
    model = cnn.load_model(tmp_path / "built.keras")
    picture = np.resize(GREY, (*size, 1))
    taken = picture[None, ..., 0] / np.float32(255)
    passed = cnn.forward(model, picture)
    expected = built.predict(taken, verbose=0)[0]
    np.testing.assert_allclose(passed.prediction.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(passed.activations["own"], taken[0], atol=1e-6)
    assert input_shape(model) == (*size, 1)
    side = size[0]
    assert notes(model) == (
        f"The network takes the picture as {side}×{side} numbers: as many were chosen, for it takes any.",
    )
    field = cnn.receptive_field(model, layer="maps", row=1, column=2)
    assert np.argwhere(field.picture.mask).min(axis=0).tolist() == [1, 2]
    cnn.save_model(model, tmp_path / "again.keras")
    assert keras.models.load_model(tmp_path / "again.keras").input_shape == (None, *shape)


def turned_about(picture):
    return layers.Permute((2, 3, 1))(layers.Permute((3, 1, 2), name="lines")(picture))


def without_channels(picture):
    return keras.ops.squeeze(picture, -1)[..., None]


@pytest.mark.parametrize("before", [turned_about, without_channels])
def test_a_network_of_open_size_whose_layers_have_as_many_channels_gets_one_size(before, tmp_path):
    own = keras.Input((None, None, 1), name="own")
    maps = layers.Conv2D(2, 3, name="maps")(before(own))
    means = layers.GlobalAveragePooling2D(name="means")(maps)
    built = keras.Model(own, layers.Dense(3, activation="softmax", name="classes")(means))
    model = as_functional(built)
    assert input_shape(model) == (28, 28, 1)
    assert notes(model) == (
        "The network takes any size: 28×28 was chosen, for in some of its layers as many numbers stand "
        "side by side as the picture has pixels.",
    )
    assert all(info.channels for info in cnn.layer_infos(model))
    expected = built.predict(GREY[None] / np.float32(255), verbose=0)[0]
    np.testing.assert_allclose(cnn.predict(model, GREY).probabilities, expected, atol=1e-6)
    assert cnn.diagnose(model, np.stack([GREY] * 8)).findings is not None
    cnn.save_model(model, tmp_path / "again.keras")
    assert keras.models.load_model(tmp_path / "again.keras").input_shape == (None, None, None, 1)


def test_a_network_of_open_size_keeps_it_where_every_layer_has_its_channels():
    own = keras.Input((None, None, 1), name="own")
    built = keras.Model(own, layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(own)))
    assert input_shape(as_functional(built)) == (None, None, 1)


def test_a_further_picture_of_open_sizes_without_a_channel_axis_can_be_given(tmp_path):
    picture, other = (keras.Input((None, None), name=name) for name in ("picture", "other"))
    sums = [keras.ops.sum(one, (1, 2), keepdims=True)[..., 0] for one in (picture, other)]
    built = keras.Model([picture, other], layers.Concatenate(name="sums")(sums))
    model = with_inputs(as_functional(built), {"other": GREY})
    passed = cnn.forward(model, np.zeros((9, 9), np.uint8))
    expected = GREY.sum(dtype=np.float64) / 255
    np.testing.assert_allclose(passed.activations["sums"], [0, expected], rtol=1e-5)
    assert cnn.layer_info(model, "other").kind == "Constant"
    cnn.save_model(model, tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    assert again.input_shape == [(None, None, None)] * 2


def test_further_inputs_get_zeros_or_the_same_picture(tmp_path):
    keras.utils.set_random_seed(6)
    age, one, two = (
        keras.Input(s, name=n) for s, n in (((2,), "age"), ((9, 9, 1), "one"), ((9, 9, 1), "two"))
    )
    maps = layers.Concatenate(name="both")([one, layers.Conv2D(2, 1, name="seen")(two)])
    joined = layers.Concatenate(name="joined")(
        [layers.Dense(2, name="old")(age), layers.Flatten()(maps)]
    )
    built = keras.Model([age, one, two], layers.Dense(3, activation="softmax")(joined))
    picture = GREY[:9, :9]
    scaled = picture[None] / np.float32(255)
    model = as_functional(built)
    assert notes(model) == ("The further input age gets zeros.",)
    cnn.save_model(model, tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    assert [one.name for one in again.inputs] == ["age", "one", "two"]
    for network in (built, again):
        expected = network.predict([zeros(1, 2), scaled, scaled], verbose=0)[0]
        np.testing.assert_allclose(cnn.predict(model, picture).probabilities, expected, atol=1e-6)


def test_a_card_gives_the_numbers_for_further_inputs(tmp_path):
    keras.utils.set_random_seed(6)
    picture, age = keras.Input((9, 9, 1), name="picture"), keras.Input((2,), name="age")
    joined = layers.Concatenate()([layers.Flatten()(picture), age])
    built = keras.Model([picture, age], layers.Dense(3, name="classes")(joined))
    cnn.save_model(built, tmp_path / "m.keras", card=Card(inputs={"age": [42, 1.5]}))
    model = cnn.load_model(tmp_path / "m.keras")
    scaled = GREY[None, :9, :9] / np.float32(255)
    expected = built.predict([scaled, np.array([[42, 1.5]])], verbose=0)[0]
    np.testing.assert_allclose(cnn.predict(model, GREY[:9, :9]).logits, expected, rtol=1e-5)
    moved = twin(model, [weight + 1 for weight in model.get_weights()])
    np.testing.assert_array_equal(cnn.forward(moved, GREY[:9, :9]).activations["age"], [42, 1.5])
    assert notes(model) == ("The further input age gets 42, 1.5.",)
    for wrong in ([1, 2, 3], "old", {"a": 1}):
        cnn.save_model(built, tmp_path / "m.keras", card=Card(inputs={"age": wrong}))
        with pytest.raises(cnn.ModelError, match="for the input 'age': expected 2 numbers"):
            cnn.load_model(tmp_path / "m.keras")


def test_a_field_and_a_gradient_lead_back_to_the_pixels():
    own = keras.Input((784,), name="own")
    model = as_functional(
        keras.Model(own, layers.Dense(3, activation="softmax", name="classes")(own))
    )
    field = cnn.receptive_field(model, layer="own", channel=30)
    assert field.picture is not None
    assert np.argwhere(field.picture.mask).tolist() == [[1, 2]]
    gradient, _ = cnn.gradients.adversarial.logit_gradient(model, GREY)
    kernel = cnn.kernels(model, "classes")
    label = cnn.predict(model, GREY).label
    np.testing.assert_allclose(gradient.ravel(), kernel[:, label], atol=1e-5)


def test_what_is_no_picture_is_refused_with_what_is_accepted():
    for shape in ((5,), (63,), (28, 4), (None, 4), (4, 28), (3, 9, 9, 1), (9, 9, None)):
        own = keras.Input(shape)
        model = keras.Model(own, layers.Activation("relu")(own))
        with pytest.raises(cnn.ModelError, match="expected one picture"):
            as_functional(model)


def test_channels_that_come_first_are_computed_for_many_pictures():
    own = keras.Input((1, 28, 28), name="own")
    model = as_functional(keras.Model(own, first_convolved(own)))
    pictures = np.stack([GREY, GREY[::-1]])
    observed = observe(model, pictures, scale=cnn.scale_of(model), batch=3)
    expected = cnn.batch_probabilities(model, pictures)
    np.testing.assert_allclose(observed.outputs, expected, atol=1e-6)
