"""A network that computes with channels first is read as its twin that has them last."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.inspection.connections import sides
from cnn.models.orientation import channels_first

COMPUTED = ("conv", "norm", "relu", "join", "pool", "deep", "means")


def network(*, first: bool) -> keras.Model:
    form = {"data_format": "channels_first" if first else "channels_last"}
    axis = 1 if first else -1
    picture = keras.Input((11, 9, 3), name="picture")
    x = layers.Permute((3, 1, 2), name="turn")(picture) if first else picture
    x = layers.Conv2D(4, 3, name="conv", **form)(x)
    x = layers.BatchNormalization(axis=axis, name="norm")(x)
    y = layers.ReLU(name="relu")(x)
    x = layers.Concatenate(axis=axis, name="join")([x, y])
    x = layers.MaxPooling2D(2, name="pool", **form)(x)
    x = layers.Conv2D(6, (2, 1), groups=2, padding="same", name="deep", **form)(x)
    x = layers.GlobalAveragePooling2D(name="means", **form)(x)
    return keras.Model(picture, layers.Dense(3, "softmax", name="classes")(x))


@pytest.fixture(scope="module")
def pair() -> tuple[keras.Model, keras.Model]:
    keras.utils.set_random_seed(3)
    ours, twin = network(first=True), network(first=False)
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.1, 1, w.shape) * rng.choice([-1, 1]) for w in twin.get_weights()]
    weights[5] = np.abs(weights[5])
    for model in (ours, twin):
        model.set_weights(weights)
    return ours, twin


IMAGE = np.random.default_rng(1).integers(0, 255, (11, 9, 3), np.uint8)


def test_those_that_hand_channels_on_are_turned_too(pair):
    assert channels_first(pair[0]) == {"turn", *COMPUTED} - {"means"}
    assert channels_first(pair[1]) == frozenset()


def test_maps_shapes_and_costs_are_those_of_the_twin(pair):
    passes = [cnn.forward(model, IMAGE).activations for model in pair]
    infos = [{info.name: info for info in cnn.layer_infos(model)} for model in pair]
    for name in COMPUTED:
        np.testing.assert_allclose(passes[0][name], passes[1][name], rtol=1e-4, atol=1e-5)
        ours, twin = infos[0][name], infos[1][name]
        assert (ours.output_shape, ours.multiply_adds) == (twin.output_shape, twin.multiply_adds)
        assert cnn.captions.explanation(ours) == cnn.captions.explanation(twin)
    np.testing.assert_array_equal(cnn.kernels(pair[0], "conv"), cnn.kernels(pair[1], "conv"))


def test_what_feeds_a_channel_is_what_feeds_that_of_the_twin(pair):
    passes = [cnn.forward(model, IMAGE).activations for model in pair]
    for name in COMPUTED[1:]:
        for values in (None, passes):
            ours, twin = (
                sides(model, name, 1, activations=values and values[i])
                for i, model in enumerate(pair)
            )
            for one, other in zip(ours, twin, strict=True):
                assert (one.layer, one.kind) == (other.layer, other.kind)
                np.testing.assert_allclose(one.amounts, other.amounts, rtol=1e-3, atol=1e-5)


def test_cells_and_outputs_are_taken_apart_as_those_of_the_twin(pair):
    for before, cell in (
        ("pool", {"layer": "deep", "row": 2, "column": 1, "channel": 4}),
        ("conv", {"layer": "relu", "row": 0, "column": 3, "channel": 1}),
        ("deep", {"layer": "means", "channel": 5}),
    ):
        ours, twin = (cnn.explain_unit(model, IMAGE, **cell) for model in pair)
        assert ours.is_proved
        assert ours.place == twin.place
        assert [s.layer for s in ours.sources] == [s.layer for s in twin.sources]
        for one, other in zip(ours.sources, twin.sources, strict=True):
            assert set(map(tuple, one.cells)) == set(map(tuple, other.cells))
        fields = [cnn.receptive_field(model, **cell).cells for model in pair]
        np.testing.assert_array_equal(*[field[before].mask for field in fields])
        slopes = [cnn.effective_field(model, IMAGE, **cell) for model in pair]
        np.testing.assert_allclose(*slopes, rtol=1e-3, atol=1e-5)
    assert all(cnn.explain_output(model, IMAGE, target=1).is_proved for model in pair)
