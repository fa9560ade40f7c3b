"""Pictures that raise a unit: never below the noise they began with, and the same from the same seed."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn import Target
from cnn.attribution.synthesis import OPTIONS
from cnn.models.card import Card, attach_card
from cnn.models.loading import as_functional
from tests import nets

PLAIN = {"jitter": 0, "blur": 0, "total_variation": 0, "norm": 0}
FEW = {"steps": 12, "seeds": 2}


def value(model, picture, target: Target) -> float:
    """The number that was raised, read off what the network computes."""
    passed = cnn.forward(model, picture)
    if not target.layer:
        return float(passed.prediction.logits[target.of])
    channel = passed.activations[target.layer][..., target.of]
    return float(channel.mean() if target.cell is None else channel[target.cell])


@pytest.mark.parametrize(
    "target",
    [
        Target(7, layer="conv2d"),
        Target(5, layer="conv2d_1", cell=(3, 4)),
        Target(9, layer="dense"),
        Target(3),
    ],
)
def test_the_pictures_have_their_values_and_none_is_below_its_start(classifier, target):
    made = cnn.synthesise(
        classifier, layer=target.layer, channel=target.of, cell=target.cell, **FEW
    )
    assert made.target == target
    assert made.pictures.shape == (2, 28, 28, 1) and made.pictures.dtype == np.uint8
    assert made.paths.shape == (2, 13)
    assert (made.after > made.before).all()
    for picture, after in zip(made.pictures, made.after, strict=True):
        assert value(classifier, picture, target) == pytest.approx(after, rel=1e-5)


def test_a_seed_gives_the_same_picture_alone_and_another_seed_another(classifier):
    both = cnn.synthesise(classifier, channel=3, seed=4, **FEW)
    again = cnn.synthesise(classifier, channel=3, seed=5, steps=12, seeds=1)
    np.testing.assert_array_equal(both.pictures[1], again.pictures[0])
    np.testing.assert_array_equal(both.paths[1], again.paths[0])
    assert (both.pictures[0] != both.pictures[1]).any()


def test_of_a_linear_unit_the_picture_is_the_corner_of_the_range(linear, weights):
    made = cnn.synthesise(linear, channel=1, steps=40, seeds=3, **PLAIN)
    corner = np.where(weights > 0, 255, 0).astype(np.uint8)
    for picture in made.pictures:
        np.testing.assert_array_equal(picture, corner)
    highest = cnn.predict(linear, corner).logits[1]
    np.testing.assert_allclose(made.after, highest, rtol=1e-5)


@pytest.mark.parametrize("name", ["caffe", "torch", "-1..1", "0..255"])
def test_the_range_of_pixels_is_that_of_the_model(name):
    picture = keras.Input((4, 5, 3))
    model = keras.Model(picture, layers.Dense(1)(layers.Flatten()(picture)))
    signs = np.random.default_rng(2).choice([-1.0, 1.0], (4, 5, 3)).astype(np.float32)
    model.layers[-1].set_weights([signs.reshape(-1, 1), np.zeros(1, np.float32)])
    model = as_functional(model)
    attach_card(model, Card(scale=name))
    made = cnn.synthesise(model, channel=0, steps=40, seeds=1, **PLAIN)
    # The first channel that a "caffe" network takes is blue.
    of_pixels = signs[..., ::-1] if name == "caffe" else signs
    np.testing.assert_array_equal(made.pictures[0], np.where(of_pixels > 0, 255, 0))


def test_jitter_of_a_constant_model_changes_nothing(linear):
    layer = linear.get_layer("sums")
    kept = layer.get_weights()
    layer.set_weights([np.zeros_like(kept[0]), kept[1]])
    try:
        still = cnn.synthesise(linear, channel=1, **FEW, **PLAIN)
        moved = cnn.synthesise(linear, channel=1, **FEW, **{**PLAIN, "jitter": 50})
    finally:
        layer.set_weights(kept)
    np.testing.assert_array_equal(still.pictures, moved.pictures)
    np.testing.assert_allclose(moved.paths, kept[1][1])


def roughness(pictures: np.ndarray) -> float:
    values = pictures.astype(float)
    return sum(np.abs(np.diff(values, axis=axis)).mean() for axis in (1, 2))


def test_each_means_against_noise_does_what_its_name_says(classifier):
    asked = {"channel": 3, "steps": 40, "seeds": 2}
    bare = cnn.synthesise(classifier, **asked, **PLAIN)
    for option in ({"blur": 3}, {"total_variation": 1}):
        smooth = cnn.synthesise(classifier, **asked, **{**PLAIN, **option})
        assert roughness(smooth.pictures) < roughness(bare.pictures) / 2
    # What this network takes as zero is black.
    small = cnn.synthesise(classifier, **asked, **{**PLAIN, "norm": 5})
    assert small.pictures.mean() < bare.pictures.mean() / 2
    moved = cnn.synthesise(classifier, **asked, **{**PLAIN, "jitter": 10})
    assert (moved.pictures != bare.pictures).any()
    assert (moved.after > moved.before).all()


def test_without_weights_on_a_pixel_it_stays_as_it_began():
    kernel = np.ones((1, 1, 1, 1), np.float32)
    model = nets.single_convolution(kernel)
    asked = {"layer": "convolution", "channel": 0, "cell": (2, 3), "seeds": 1, **PLAIN}
    made = cnn.synthesise(model, steps=30, **asked)
    short = cnn.synthesise(model, steps=1, **asked)
    others = np.ones(made.pictures.shape, bool)
    others[0, 2, 3] = False
    np.testing.assert_array_equal(made.pictures[others], short.pictures[others])
    assert made.pictures[0, 2, 3, 0] == 255
    assert made.after[0] == pytest.approx(1)


def test_a_unit_in_a_nested_block_of_a_network_of_colours(second_model):
    made = cnn.synthesise(second_model, layer="block/conv", channel=2, cell=(4, 5), **FEW)
    assert made.pictures.shape == (2, 20, 30, 3)
    assert (made.after >= made.before).all() and (made.after > made.before).any()
    values = [value(second_model, one, made.target) for one in made.pictures]
    np.testing.assert_allclose(values, made.after, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("target", [Target(2), Target(3, layer="maps", cell=(1, 0))])
def test_a_network_with_its_channels_first_or_in_half_precision(other, target):
    model, tolerance = other
    made = cnn.synthesise(
        model, layer=target.layer, channel=target.of, cell=target.cell, **FEW, step_size=20
    )
    assert made.pictures.shape == (2, 8, 9, 3)
    assert (made.after > made.before).all()
    for one, after in zip(made.pictures, made.after, strict=True):
        assert value(model, one, made.target) == pytest.approx(after, rel=tolerance)


def test_a_network_of_any_size_gets_the_size_that_is_asked_for():
    picture = keras.Input((None, None, 1))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, name="maps")(picture))
    model = as_functional(keras.Model(picture, layers.Dense(2)(pooled)))
    made = cnn.synthesise(model, layer="maps", channel=0, size=(9, 11), steps=1, seeds=1)
    assert made.pictures.shape == (1, 9, 11, 1)


class EnoughError(Exception):
    """Raised where somebody has seen enough."""


def test_every_step_is_told_and_can_be_the_last(classifier):
    told = []
    made = cnn.synthesise(classifier, channel=3, steps=3, seeds=2, on_step=told.append)
    assert [(one.number, one.step) for one in told] == [(i, j) for i in (0, 1) for j in range(4)]
    np.testing.assert_allclose([one.value for one in told], made.paths.reshape(-1))
    assert value(classifier, told[2].picture, made.target) == pytest.approx(told[2].value, rel=1e-5)

    def stop(ascent):
        if ascent.step == 2:
            raise EnoughError

    with pytest.raises(EnoughError):
        cnn.synthesise(classifier, channel=3, on_step=stop)


def test_what_cannot_be_raised_is_told(classifier, linear):
    with pytest.raises(cnn.LayerError, match="conv9"):
        cnn.synthesise(classifier, layer="conv9", channel=0)
    with pytest.raises(cnn.AttributionError, match="has 32 units: choose 0 to 31, not 32"):
        cnn.synthesise(classifier, layer="conv2d", channel=32)
    with pytest.raises(cnn.AttributionError, match="there is no cell"):
        cnn.synthesise(classifier, layer="conv2d", channel=0, cell=(26, 0))
    with pytest.raises(cnn.AttributionError, match="synthesis has no option 'colour'"):
        cnn.synthesise(classifier, channel=0, colour=3)
    for name, option in OPTIONS.items():
        with pytest.raises(cnn.AttributionError, match=f"given as {name} of synthesis: expected"):
            cnn.synthesise(classifier, channel=0, **{name: option.limits.high + 1})


def test_of_several_inputs_or_without_a_gradient_nothing_is_synthesised():
    left, right = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
    both = layers.Dense(2)(layers.Flatten()(layers.Add()([left, right])))
    with pytest.raises(cnn.AttributionError, match="has 2 inputs, and one picture"):
        cnn.synthesise(keras.Model([left, right], both), channel=0)
    black = np.zeros((4, 4, 1), np.uint8)
    with pytest.raises(cnn.AttributionError, match="has 2 inputs, and one picture is explained"):
        cnn.attribute(keras.Model([left, right], both), black)
    with pytest.raises(cnn.AttributionError, match="has 2 inputs, and one picture is changed"):
        cnn.counterfactual(keras.Model([left, right], both), black, target=1)
    winner = keras.ops.argmax(layers.Flatten()(left), axis=-1, keepdims=True)
    compared = as_functional(keras.Model(left, keras.ops.cast(winner, "float32")))
    with pytest.raises(cnn.AttributionError, match="No gradient leads"):
        cnn.synthesise(compared, channel=0)
