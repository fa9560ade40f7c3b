from typing import get_args

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn import Architecture, ModelError, RunError, build_classifier
from cnn.models.architecture import Activation, Initial, Padding, Pooling

DIGIT = (28, 28, 1)


def built(**options) -> keras.Model:
    return build_classifier(DIGIT, 10, architecture=Architecture(**options), seed=0)


def names(model) -> list[str]:
    return [layer.name for layer in model.layers]


def convolutions(model) -> list[keras.layers.Conv2D]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def test_without_options_it_is_the_network_of_the_bundled_classifier(classifier):
    model = built()
    assert names(model) == [layer.name for layer in classifier.layers]
    assert [tuple(layer.output.shape) for layer in model.layers] == [
        tuple(layer.output.shape) for layer in classifier.layers
    ]


def test_every_block_has_its_layers_and_twice_the_kernels_of_the_one_before():
    model = built(blocks=3, filters=5, padding="same")
    assert names(model) == [
        "input", "conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "conv2d_2",
        "max_pooling2d_2", "flatten", "dense", "dense_1",
    ]  # fmt: skip
    assert [layer.filters for layer in convolutions(model)] == [5, 10, 20]


def test_kernel_stride_and_padding_are_those_of_every_convolution():
    model = built(blocks=2, kernel=5, stride=2, padding="same", pooling="none")
    for layer in convolutions(model):
        assert (layer.kernel_size, layer.strides, layer.padding) == ((5, 5), (2, 2), "same")
    assert tuple(model.get_layer("conv2d_1").output.shape) == (None, 7, 7, 64)


@pytest.mark.parametrize(
    ("pooling", "kind"),
    [("max", keras.layers.MaxPooling2D), ("average", keras.layers.AveragePooling2D)],
)
def test_pooling_halves_the_maps(pooling, kind):
    pools = [layer for layer in built(pooling=pooling).layers if isinstance(layer, kind)]
    assert [tuple(pool.output.shape) for pool in pools] == [(None, 13, 13, 32), (None, 5, 5, 64)]


def test_without_pooling_there_is_no_such_layer():
    assert names(built(pooling="none")) == [
        "input", "conv2d", "conv2d_1", "flatten", "dense", "dense_1",
    ]  # fmt: skip


def test_batch_normalisation_stands_between_convolution_and_activation():
    model = built(blocks=1, batch_norm=True, activation="tanh")
    assert names(model)[1:5] == ["conv2d", "batch_normalization", "activation", "max_pooling2d"]
    assert model.get_layer("conv2d").activation is keras.activations.linear
    assert model.get_layer("activation").activation is keras.activations.tanh


def test_dropout_stands_before_the_units_that_it_thins_out():
    model = built(dropout=0.25)
    assert names(model)[-4:] == ["flatten", "dropout", "dense", "dense_1"]
    assert model.get_layer("dropout").rate == 0.25


def test_without_units_the_classes_follow_the_maps():
    model = built(dense=0, dropout=0.5)
    assert names(model)[-3:] == ["flatten", "dropout", "dense"]
    assert model.get_layer("dense").units == 10
    assert model.get_layer("dense").activation is keras.activations.softmax


@pytest.mark.parametrize("activation", get_args(Activation))
def test_the_activation_is_that_of_all_layers_but_the_last(activation):
    model = built(activation=activation)
    wanted = keras.activations.get(activation)
    assert [model.get_layer(name).activation for name in ("conv2d", "conv2d_1", "dense")] == [
        wanted
    ] * 3
    assert model.get_layer("dense_1").activation is keras.activations.softmax


def test_initial_weights_are_drawn_or_all_equal():
    spread = {
        initial: [float(w.std()) for w in built(initial=initial).get_weights() if w.ndim > 1]
        for initial in get_args(Initial)
    }
    assert all(deviation < 1e-8 for deviation in spread["equal"])
    for glorot, he in list(zip(spread["glorot"], spread["he"], strict=True))[1:]:
        assert 0 < glorot < he


def test_the_seed_fixes_the_initial_weights():
    one, again = built(), built()
    other = build_classifier(DIGIT, 10, architecture=Architecture(), seed=1)
    pairs = list(zip(one.get_weights(), again.get_weights(), other.get_weights(), strict=True))
    assert all((a == b).all() for a, b, _ in pairs)
    assert any((a != c).any() for a, _, c in pairs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"blocks": 4},
            "Block 4 gets maps of 1×1, smaller than its 3×3 kernels: choose fewer blocks",
        ),
        (
            {"blocks": 6, "padding": "same"},
            "Block 5 gets maps of 1×1 and makes maps of 1×1, which cannot be pooled 2×2",
        ),
        (
            {"blocks": 2, "kernel": 11, "stride": 4},
            "Block 2 gets maps of 2×2, smaller than its 11×11 kernels",
        ),
        (
            {"blocks": 6, "filters": 256, "padding": "same", "pooling": "none"},
            "more than the 20,000,000 that are trained here: choose 1 block or at most 11 filters.",
        ),
        (
            {"dense": 2048, "pooling": "none", "filters": 64},
            "choose a stride of 2, at most 8 filters or at most 270 dense units.",
        ),
    ],
)
def test_impossible_networks_are_refused_with_the_reason(options, words):
    with pytest.raises(ModelError, match=words):
        Architecture(**options).check(DIGIT, 10)
    with pytest.raises(ModelError, match=words):
        built(**options)


def test_of_large_pictures_more_blocks_are_advised_and_each_advice_is_accepted():
    photo, classes = (900, 1200, 3), 3
    with pytest.raises(ModelError) as refused:
        Architecture().check(photo, classes)
    assert str(refused.value) == (
        "This network would have 272,215,235 parameters, more than the 20,000,000 that are trained here: "
        "choose 6 blocks, a stride of 2, at most 2 filters or at most 4 dense units."
    )
    for advice in ({"blocks": 6}, {"stride": 2}, {"filters": 2}, {"dense": 4}):
        Architecture(**advice).check(photo, classes)
    for beyond in ({"blocks": 5}, {"filters": 3}, {"dense": 5}):
        with pytest.raises(ModelError):
            Architecture(**beyond).check(photo, classes)


def test_where_no_change_alone_is_enough_the_advice_is_of_pictures_and_several():
    with pytest.raises(ModelError, match=r"choose smaller pictures, or fewer filters and units\.$"):
        Architecture().check((6000, 8000, 3), 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"blocks": 0}, "blocks is 0: give a whole number from 1 to 6"),
        ({"filters": 257}, "filters is 257: give a whole number from 1 to 256"),
        ({"kernel": 2.5}, "kernel is 2.5"),
        ({"stride": True}, "stride is True"),
        ({"dense": -1}, "dense is -1: give a whole number from 0 to 2048"),
        ({"dropout": 1.0}, "dropout is 1.0: give a number from 0 to 0.9"),
        ({"dropout": float("nan")}, "dropout is nan"),
        ({"padding": "full"}, "padding is 'full': give one of valid, same"),
        ({"pooling": None}, "pooling is None: give one of max, average, none"),
        ({"activation": "softmax"}, "activation is 'softmax': give one of relu"),
        ({"initial": "zeros"}, "initial is 'zeros': give one of glorot, he, equal"),
    ],
)
def test_values_out_of_range_are_refused_with_what_is_accepted(options, words):
    with pytest.raises(RunError, match=words):
        Architecture(**options)


architectures = st.builds(
    Architecture,
    blocks=st.integers(1, 4),
    filters=st.integers(1, 4),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 3),
    padding=st.sampled_from(get_args(Padding)),
    pooling=st.sampled_from(get_args(Pooling)),
    dense=st.sampled_from([0, 3]),
    dropout=st.sampled_from([0.0, 0.5]),
    batch_norm=st.booleans(),
)
shapes = st.tuples(st.integers(3, 20), st.integers(3, 20), st.sampled_from([1, 3]))


def as_keras_builds(architecture: Architecture, shape) -> keras.Model:
    """The same network straight from Keras's layers, unchecked."""
    x = inputs = keras.Input(shape)
    for block in range(architecture.blocks):
        x = keras.layers.Conv2D(
            architecture.filters * 2**block, architecture.kernel,
            strides=architecture.stride, padding=architecture.padding,
        )(x)  # fmt: skip
        if architecture.batch_norm:
            x = keras.layers.BatchNormalization()(x)
        if architecture.pooling != "none":
            x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Flatten()(x)
    if architecture.dense:
        x = keras.layers.Dense(architecture.dense)(x)
    return keras.Model(inputs, keras.layers.Dense(4)(x))


@settings(max_examples=25, deadline=None)
@given(architectures, shapes)
def test_what_the_check_lets_pass_is_what_keras_builds_with_as_many_parameters(architecture, shape):
    try:
        straight = as_keras_builds(architecture, shape)
    except ValueError:
        with pytest.raises(ModelError, match="choose fewer blocks"):
            architecture.check(shape, 4)
        return
    architecture.check(shape, 4)
    model = build_classifier(shape, 4, architecture=architecture)
    assert model.count_params() == straight.count_params()
    assert architecture.parameters(shape, 4) == model.count_params()
