"""One step of a large network, against the same step of one whose weights are all kept."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.gradients.once import teach_once
from cnn.gradients.teaching import fitting, teach
from cnn.models.loading import as_functional
from tests import nets
from tests.memory import memory_at_most


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("rate", [None, 0.01])
@pytest.mark.parametrize("layer", ["conv2d_1", "dense_1"])
def test_it_is_the_step_of_all_weights_of_which_one_layer_is_kept(classifier, seven, layer, rate):
    rates = [] if rate is None else [rate]
    whole = teach(classifier, seven, label=3, learning_rates=rates)
    once = teach_once(classifier, seven, label=3, layer=layer, learning_rate=rate)
    assert (once.model, once.label, once.learning_rates) == (None, 3, tuple(rates))
    assert once.loss_before == pytest.approx(whole.loss_before, rel=1e-5)
    assert once.loss_after == pytest.approx(whole.loss_after, rel=1e-5)
    for one, other in ((once.before, whole.before), (once.after, whole.after)):
        np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=1e-4, atol=1e-7)
    assert list(once.layers) == list(whole.layers)
    for name, taught in once.layers.items():
        usual = whole.layers[name]
        assert taught.moving == usual.moving
        assert taught.gradient_norm == pytest.approx(usual.gradient_norm, rel=1e-5)
        assert taught.change_norm == pytest.approx(usual.change_norm, rel=1e-3)
        assert taught.weight_norm == pytest.approx(usual.weight_norm, rel=1e-6)
        assert bool(taught.before) == bool(taught.after) == (name == layer)
    for name, values in whole.layers[layer].after.items():
        np.testing.assert_array_equal(
            once.layers[layer].before[name], whole.layers[layer].before[name]
        )
        np.testing.assert_allclose(once.layers[layer].after[name], values, atol=1e-7)


def test_the_model_given_stays_as_it_is(classifier, seven):
    before = classifier.get_weights()
    teach_once(classifier, seven, label=3, layer="dense", learning_rate=1.0)
    for one, other in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_layers_that_are_used_twice_or_keep_statistics_are_as_in_many_steps(second_model, scene):
    whole = teach(second_model, scene, label=3, learning_rates=[0.1])
    once = teach_once(second_model, scene, label=3, layer="shared:2", learning_rate=0.1)
    assert list(once.layers) == list(whole.layers)
    assert once.layers["shared:2"] is once.layers["shared"]
    for name, values in whole.layers["shared"].after.items():
        np.testing.assert_allclose(once.layers["shared"].after[name], values, atol=1e-6)
    norm = teach_once(second_model, scene, label=3, layer="norm", learning_rate=0.1).layers["norm"]
    assert set(norm.moving) == {"gamma", "beta"}
    np.testing.assert_array_equal(norm.after["moving_mean"], norm.before["moving_mean"])


def test_layers_that_fit_are_the_smallest_and_uses_of_one_layer_count_once(second_model):
    whole = teach(second_model, np.zeros((20, 30, 3), np.uint8), label=0)

    def size(name):
        return sum(weights.nbytes for weights in whole.layers[name].before.values())

    assert fitting(second_model, 0) == frozenset()
    everything = fitting(second_model, 4 * second_model.count_params())
    assert everything == set(whole.layers)
    for most in range(0, 4 * second_model.count_params(), 200):
        fit = fitting(second_model, most)
        assert ("shared" in fit) == ("shared:2" in fit)
        left = everything - fit
        assert max(map(size, fit), default=0) <= min(map(size, left))
        assert sum(map(size, fit - {"shared:2"})) <= most


@pytest.mark.parametrize("names", [["shared"], ["norm", "shared:2"]])
def test_what_is_kept_of_steps_is_the_layers_named_and_the_norms_of_all(second_model, scene, names):
    whole = teach(second_model, scene, label=3, learning_rates=[0.1])
    kept = whole.keeping(names)
    once = teach_once(
        second_model, scene, label=3, layer=names[0], learning_rate=0.1, also=names[1:]
    )
    assert kept.model is None and list(kept.layers) == list(whole.layers)
    for name, layer in kept.layers.items():
        assert layer.is_kept == once.layers[name].is_kept
        assert layer.gradient_norm == whole.layers[name].gradient_norm
        assert layer.change_norm == whole.layers[name].change_norm
        assert layer.moving == whole.layers[name].moving
        for weight, values in layer.after.items():
            np.testing.assert_array_equal(values, whole.layers[name].after[weight])
    assert kept.layers["shared"] is kept.layers["shared:2"]
    assert kept.layers["shared"].is_kept
    held = {id(layer): layer for layer in kept.layers.values() if layer.is_kept}
    assert kept.nbytes == 2 * sum(a.nbytes for one in held.values() for a in one.after.values())


def test_a_frozen_layer_stands_still():
    picture = keras.Input((4, 4, 1))
    x = layers.Conv2D(2, 3, name="still", trainable=False)(picture)
    x = layers.Dense(3, name="end")(layers.Flatten()(x))
    model = as_functional(keras.Model(picture, layers.Softmax()(x)))
    once = teach_once(
        model, np.full((4, 4), 9, np.uint8), label=0, layer="still", learning_rate=0.1
    )
    still = once.layers["still"]
    assert still.is_frozen and not once.layers["end"].is_frozen
    assert [layer.name for layer in once.moving] == ["end"]
    np.testing.assert_array_equal(still.after["kernel"], still.before["kernel"])


def test_what_cannot_be_taught_is_refused(classifier, seven, monkeypatch):
    with pytest.raises(cnn.LayerError, match="no weights of its own"):
        teach_once(classifier, seven, label=3, layer="flatten")
    with pytest.raises(cnn.LayerError, match="nowhere"):
        teach_once(classifier, seven, label=3, layer="nowhere")
    with pytest.raises(cnn.RunError, match="learning rate of 11 was given"):
        teach_once(classifier, seven, label=3, layer="dense", learning_rate=11)
    with pytest.raises(cnn.ModelError, match="no class 12"):
        teach_once(classifier, seven, label=12, layer="dense")
    monkeypatch.setattr("cnn.gradients.once.MOST_AT_ALL", 90_000)
    with pytest.raises(cnn.ModelError, match=r"has 121,930 weights.*at most 90,000.*RunRecorder"):
        teach_once(classifier, seven, label=3, layer="dense")


def test_a_step_into_numbers_that_are_not_finite_is_told():
    model = nets.overstepping()
    image = np.full((4, 4), 9, np.uint8)
    name = model.layers[-1].name
    with pytest.raises(cnn.RunError, match="After step 1, with learning rate 10.*lower"):
        teach_once(model, image, label=0, layer=name, learning_rate=10)


def test_weights_that_are_not_finite_are_told():
    picture = keras.Input((4, 4, 1))
    dense = layers.Dense(3, name="end")
    model = as_functional(keras.Model(picture, dense(layers.Flatten()(picture))))
    dense.set_weights([dense.get_weights()[0], np.array([0, 0, np.nan], np.float32)])
    with pytest.raises(cnn.ModelError, match="finite"):
        teach_once(model, np.full((4, 4), 9, np.uint8), label=0, layer="end")


def test_it_takes_a_second_set_of_weights_and_one_layer_s_gradient():
    count = 10_000_000
    picture = keras.Input((40, 40, 1))
    x = layers.Flatten()(picture)
    for units in (count // 1600, count // 6250):
        x = layers.Dense(units)(x)
    model = as_functional(keras.Model(picture, layers.Dense(3, name="end")(x)))
    seen = np.full((40, 40), 9, np.uint8)
    teach_once(model, seen, label=0, layer="end", learning_rate=0.001)
    with memory_at_most(4 * (2 * count + count) + 30_000_000):
        teach_once(model, seen, label=0, layer="end", learning_rate=0.001)
    with memory_at_most(4 * 2 * count + 30_000_000):
        teach_once(model, seen, label=0, layer="end")
