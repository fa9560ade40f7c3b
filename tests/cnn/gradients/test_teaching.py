from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import cnn
from cnn.figures import teaching as figures
from cnn.gradients.teaching import MOST_STEPS, checked_rate, teach
from cnn.models.loading import as_functional
from cnn.models.twins import twin
from tests import nets


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A picture for the second model, uint8 (20, 30, 3)."""
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def teaching(classifier, seven):
    """The 7 taught as a 3, in two steps."""
    return teach(classifier, seven, label=3, learning_rates=[0.001, 0.002])


def smooth_network(*end: layers.Layer) -> keras.Model:
    """A network on 5x7 RGB without kinks, so that differences tell its gradient."""
    keras.utils.set_random_seed(4)
    x = picture = keras.Input((5, 7, 3))
    x = layers.Conv2D(4, 3, activation="tanh", name="conv")(x)
    for layer in (layers.Flatten(), *end):
        x = layer(x)
    return as_functional(keras.Model(picture, x))


ENDS = {
    "softmax": [layers.Dense(3, activation="softmax")],
    "logits": [layers.Dense(3)],
    "softmax as a layer": [layers.Dense(3), layers.Softmax()],
    "probabilities only": [
        layers.Dense(3),
        layers.Reshape((1, 1, 3)),
        layers.Softmax(),
        layers.Flatten(),
    ],
}


def test_of_a_table_the_rows_that_were_looked_up_move():
    own = keras.Input((8, 8), dtype="int32", name="own")
    x = layers.GlobalAveragePooling2D()(layers.Embedding(256, 2, name="table")(own))
    model = as_functional(keras.Model(own, layers.Dense(3, activation="softmax")(x)))
    picture = np.where(np.arange(64).reshape(8, 8, 1) < 32, 7, 200).astype(np.uint8)
    gradient = teach(model, picture, label=1).layers["table"].gradients["embeddings"]
    assert gradient.shape == (256, 2)
    assert np.flatnonzero(gradient.any(axis=1)).tolist() == [7, 200]


@pytest.mark.parametrize("end", ENDS)
def test_the_gradient_is_the_slope_of_the_loss_along_every_array(end):
    model = smooth_network(*[type(one).from_config(one.get_config()) for one in ENDS[end]])
    image = np.random.default_rng(5).integers(20, 236, (5, 7, 3), dtype=np.uint8)
    taught = teach(model, image, label=1)
    share = cnn.predict(model, image).probabilities[1]
    assert taught.loss_before == pytest.approx(-np.log(share), rel=1e-4)
    gradients = [g for layer in taught.moving for g in layer.gradients.values()]
    weights = model.get_weights()
    for place, gradient in enumerate(gradients):
        direction = np.sign(gradient) / np.sqrt(gradient.size)
        ends = []
        for step in (-0.02, 0.02):
            moved = [*weights]
            moved[place] = weights[place] + np.float32(step) * direction
            ends.append(teach(twin(model, moved), image, label=1).loss_before)
        assert np.abs(gradient).max() > 1e-3
        slope = (ends[1] - ends[0]) / 0.04
        assert slope == pytest.approx(float((gradient * direction).sum()), rel=0.02)


def test_a_step_is_that_of_keras_sgd(classifier, seven):
    copy = twin(classifier, classifier.get_weights())
    copy.compile(keras.optimizers.SGD(0.002), "sparse_categorical_crossentropy")
    loss = copy.train_on_batch(cnn.prepare(seven, copy), np.array([3]))
    taught = teach(classifier, seven, label=3, learning_rates=[0.002])
    assert taught.loss_before == pytest.approx(float(loss), rel=1e-4)
    for expected, found in zip(copy.get_weights(), taught.model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_the_gradients_of_a_nested_model_are_those_of_a_tape(second_model, scene):
    with tf.GradientTape() as tape:
        share = second_model(cnn.prepare(scene, second_model), training=False)[0, 3]
        loss = -tf.math.log(share)
    expected = tape.gradient(loss, second_model.trainable_variables)
    taught = teach(second_model, scene, label=3, learning_rates=[0.1])
    found = [g for layer in taught.moving for g in layer.gradients.values()]
    assert taught.loss_before == pytest.approx(float(loss), rel=1e-5)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-5)


def test_every_use_of_a_layer_has_an_entry_and_moves_once(second_model, scene):
    taught = teach(second_model, scene, label=3, learning_rates=[0.1])
    weighted = [i.name for i in cnn.layer_infos(second_model) if i.weight_shapes and not i.nested]
    assert list(taught.layers) == weighted
    assert taught.layers["shared:2"] is taught.layers["shared"]
    assert [layer.name for layer in taught.moving] == [n for n in weighted if n != "shared:2"]
    norm = taught.layers["norm"]
    assert set(norm.gradients) == {"gamma", "beta"}
    np.testing.assert_array_equal(norm.after["moving_mean"], norm.before["moving_mean"])


def test_each_weight_moves_by_the_rate_times_the_gradient(classifier, seven):
    taught = teach(classifier, seven, label=3, learning_rates=[0.01])
    for layer in taught.moving:
        for name, gradient in layer.gradients.items():
            expected = layer.before[name] - np.float32(0.01) * gradient
            np.testing.assert_array_equal(layer.after[name], expected)
        every = np.concatenate([g.ravel() for g in layer.gradients.values()])
        assert layer.gradient_norm == pytest.approx(np.linalg.norm(every), rel=1e-5)
        assert layer.change_norm == pytest.approx(0.01 * layer.gradient_norm, rel=1e-3)
        assert layer.relative_change == layer.change_norm / layer.weight_norm
        np.testing.assert_array_equal(
            cnn.weights(taught.model, layer.name)["kernel"], layer.after["kernel"]
        )


def test_the_model_given_stays_as_it_is(classifier, seven):
    before = classifier.get_weights()
    said = cnn.predict(classifier, seven).probabilities
    taught = teach(classifier, seven, label=3, learning_rates=[0.1] * 3)
    for one, other in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(cnn.predict(classifier, seven).probabilities, said)
    np.testing.assert_allclose(taught.before.probabilities, said, rtol=1e-4, atol=1e-7)
    after = cnn.predict(taught.model, seven).probabilities
    np.testing.assert_allclose(taught.after.probabilities, after, rtol=1e-4, atol=1e-7)


def test_fewer_rates_give_the_same_bits_again(classifier, seven, teaching):
    first = teach(classifier, seven, label=3, learning_rates=[0.001])
    teach(classifier, seven, label=3, learning_rates=[0.001, 0.002, 0.5])
    again = teach(classifier, seven, label=3, learning_rates=teaching.learning_rates)
    for one, other in zip(teaching.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.loss_after == teaching.loss_after
    onwards = teach(first.model, seven, label=3, learning_rates=[0.002])
    for one, other in zip(teaching.model.get_weights(), onwards.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_gradient_is_compiled_once_for_all_weights(classifier, seven, teaching):
    compiled = classifier._cnn_compiled["_cnn_weight_gradients"]
    traced = compiled._ways[0].experimental_get_tracing_count()
    teach(teaching.model, seven, label=5, learning_rates=[0.001] * 3)
    assert teaching.model._cnn_compiled["_cnn_weight_gradients"] is compiled
    assert compiled._ways[0].experimental_get_tracing_count() == traced


def test_small_steps_lower_the_loss_and_raise_the_class(classifier, seven):
    for label in range(10):
        taught = teach(classifier, seven, label=label, learning_rates=[1e-4])
        assert taught.loss_after <= taught.loss_before
        assert taught.after.probabilities[label] >= taught.before.probabilities[label]
    several = teach(classifier, seven, label=3, learning_rates=[1e-3] * 8)
    assert several.after.label == 3


def test_without_a_step_nothing_moves_and_the_gradient_is_that_of_the_first(classifier, seven):
    none = teach(classifier, seven, label=3)
    one = teach(classifier, seven, label=3, learning_rates=[0.01])
    assert none.loss_after == none.loss_before == one.loss_before
    for still, moved in zip(none.moving, one.moving, strict=True):
        assert still.change_norm == 0
        np.testing.assert_array_equal(still.gradients["kernel"], moved.gradients["kernel"])


def test_a_frozen_layer_stays_and_a_frozen_model_is_refused(seven):
    keras.utils.set_random_seed(1)
    x = picture = keras.Input((28, 28, 1))
    x = layers.Conv2D(2, 3, name="frozen", trainable=False)(x)
    x = layers.Dense(10, activation="softmax", name="classes")(layers.Flatten()(x))
    model = as_functional(keras.Model(picture, x))
    taught = teach(model, seven, label=3, learning_rates=[0.01])
    assert taught.layers["frozen"].is_frozen
    assert [layer.name for layer in taught.moving] == ["classes"]
    change = figures.weights(model, taught, "frozen").charts[2]
    assert "frozen is frozen" in change.caption.notice
    assert not change.figure().data[0].z[0, 0]
    model.trainable = False
    with pytest.raises(cnn.LayerError, match="No weight of this model can learn"):
        teach(model, seven, label=3)


@pytest.mark.parametrize("label", [-1, 10, "3", 2.5])
def test_a_label_that_the_model_does_not_have_is_refused(classifier, seven, label):
    with pytest.raises(cnn.ModelError, match=f"no class {label}.*from 0 to 9"):
        teach(classifier, seven, label=label)


def test_a_network_whose_copies_would_fill_the_memory_is_refused(classifier, seven, monkeypatch):
    monkeypatch.setattr("cnn.gradients.teaching.MOST_WEIGHTS", 90_000)
    monkeypatch.setattr("cnn.gradients.teaching._BYTES_OF_A_WEIGHT", 50_000)
    told = (
        r"has 121,930 weights.*about 6\.1 GB.*at most 90,000 weights \(4\.5 GB\).*cnn\.teach_once"
    )
    with pytest.raises(cnn.ModelError, match=told):
        teach(classifier, seven, label=3)


@pytest.mark.parametrize("rate", [0, -0.1, 10.1, float("nan"), float("inf"), "0.1", True])
def test_a_learning_rate_outside_its_range_is_refused(classifier, seven, rate):
    with pytest.raises(cnn.RunError, match="learning rate of .* was given.*above 0 and at most 10"):
        teach(classifier, seven, label=3, learning_rates=[rate])


def test_no_learning_rate_and_too_many_are_refused(classifier, seven):
    with pytest.raises(cnn.RunError, match="No learning rate was given"):
        checked_rate(None)
    with pytest.raises(cnn.RunError, match="51 steps were asked for: expected at most 50"):
        teach(classifier, seven, label=3, learning_rates=[0.1] * (MOST_STEPS + 1))
    assert checked_rate(10) == 10.0


def test_a_step_into_numbers_that_are_not_finite_is_told():
    model = nets.overstepping()
    image = np.full((4, 4), 9, np.uint8)
    with pytest.raises(cnn.RunError, match="After step 1, with learning rate 10.*lower"):
        teach(model, image, label=0, learning_rates=[10, 10, 10])


def test_what_is_no_picture_is_refused(classifier):
    with pytest.raises(cnn.ImageError):
        teach(classifier, np.zeros(3), label=3)


def test_the_bars_are_the_norms_of_each_layer_that_learns(teaching):
    gradients, change = figures.gradient_norms(teaching), figures.relative_changes(teaching)
    norms = [layer.gradient_norm for layer in teaching.moving]
    assert list(gradients.figure().data[0].x) == norms
    assert list(change.figure().data[0].x) == [layer.relative_change for layer in teaching.moving]
    steepest = teaching.moving[int(np.argmax(norms))]
    assert (
        f"{steepest.name} has the steepest slope ({cnn.captions.number(max(norms))})"
        in gradients.caption.notice
    )


def test_layers_of_equal_slope_are_named_together(teaching):
    """Those that lead to another output have none at all."""
    some = teaching.moving[0]

    def told(flat):
        norms = {"a": 1.0, **dict.fromkeys(flat, 0.0)}
        layers = {
            name: replace(some, name=name, gradients={"kernel": np.array([norm])})
            for name, norm in norms.items()
        }
        return figures.gradient_norms(replace(teaching, layers=layers)).caption.notice

    assert told("b") == "a has the steepest slope (1), b the gentlest (0)."
    assert told("bcd") == "a has the steepest slope (1), b, c and d the gentlest (0)."
    assert told("bcde") == "a has the steepest slope (1), 4 layers the gentlest (0)."


def test_the_prediction_is_paired_and_the_classes_are_marked(teaching):
    shown = figures.predictions(teaching, true=7)
    before, after = shown.figure().data
    np.testing.assert_array_equal(before.x, teaching.before.probabilities)
    np.testing.assert_array_equal(after.x, teaching.after.probabilities)
    assert (before.marker.pattern.shape, after.marker.pattern.shape) == ("/", None)
    ticks = shown.figure().layout.yaxis.ticktext
    assert (ticks[3], ticks[7], ticks[0]) == ("taught <b>3</b>", "true <b>7</b>", "0")
    assert "Class 3, which was taught, goes from" in shown.caption.notice


def test_many_layers_and_classes_are_drawn_in_a_figure_that_fits():
    keras.utils.set_random_seed(3)
    x = picture = keras.Input((4, 4, 1))
    for _ in range(30):
        x = layers.Conv2D(1, 1)(x)
    x = layers.Dense(40, activation="softmax")(layers.Flatten()(x))
    model = as_functional(keras.Model(picture, x))
    taught = teach(model, np.full((4, 4), 99, np.uint8), label=33, learning_rates=[0.01])
    bars = figures.gradient_norms(taught)
    assert len(bars.figure().data[0].x) == 31
    assert len(bars.figure().layout.yaxis.ticktext) <= 24
    classes = figures.predictions(taught)
    assert len(classes.figure().data[0].x) in (20, 21, 22)
    assert "taught <b>33</b>" in classes.figure().layout.yaxis.ticktext
    assert int(classes.size["height"].removesuffix("px")) < 1000


def test_a_picture_that_is_known_already_says_why_little_moves(classifier, seven):
    taught = teach(classifier, seven, label=7, learning_rates=[0.01] * 9)
    known = teach(taught.model, seven, label=7)
    assert "close to zero already" in figures.gradient_norms(known).caption.notice
    assert "Nothing has moved yet." in figures.relative_changes(known).caption.notice
    assert (
        figures.predictions(known, true=7).figure().layout.yaxis.ticktext[7].startswith("taught, ")
    )


@pytest.mark.parametrize(("layer", "source"), [("conv2d", None), ("conv2d_1", 3)])
def test_kernels_before_and_after_share_a_range_and_the_difference_has_its_own(
    classifier, teaching, layer, source
):
    before, after, change = (
        one.figure().data[0]
        for one in figures.weights(classifier, teaching, layer, source=source).charts
    )
    assert (before.zmin, before.zmax) == (after.zmin, after.zmax)
    assert before.zmin == -before.zmax
    inside = np.isfinite(before.z)
    moved = after.z[inside] - before.z[inside]
    np.testing.assert_allclose(change.z[inside], moved, atol=1e-7)
    assert change.zmax == -change.zmin == pytest.approx(np.abs(change.z[inside]).max())
    assert f"its own range: −{change.zmax:.2g} to {change.zmax:.2g}" in change.colorbar.title.text


def test_the_norm_of_the_change_is_not_the_change_of_the_norm(classifier, teaching):
    shown = figures.weights(classifier, teaching, "conv2d_1").charts
    kernel = (
        teaching.layers["conv2d_1"].after["kernel"] - teaching.layers["conv2d_1"].before["kernel"]
    )
    change = shown[2].figure().data[0]
    assert change.zmin == 0
    assert np.nanmax(change.z) == pytest.approx(cnn.kernel_norms(kernel).max())
    assert f"at most {cnn.captions.number(np.abs(kernel).max(), 2)}" in shown[2].caption.notice


def test_an_input_channel_that_does_not_exist_is_told(classifier, teaching):
    shown = figures.weights(classifier, teaching, "conv2d_1", source=99)
    assert shown.inputs == 32
    assert shown.charts[0].caption.seen == "There is no input channel 99: choose 0 to 31."


def test_a_dense_layer_is_a_matrix_and_of_a_large_one_the_part_that_moved(classifier, teaching):
    shown = figures.weights(classifier, teaching, "dense_1")
    assert shown.wide
    np.testing.assert_array_equal(
        shown.charts[2].figure().data[0].z.T,
        teaching.layers["dense_1"].after["kernel"] - teaching.layers["dense_1"].before["kernel"],
    )
    keras.utils.set_random_seed(2)
    x = picture = keras.Input((28, 28, 1))
    x = layers.Dense(300, name="large")(layers.Flatten()(x))
    model = as_functional(keras.Model(picture, layers.Dense(3, activation="softmax")(x)))
    image = np.zeros((28, 28), np.uint8)
    image[3:5] = 200
    taught = teach(model, image, label=1, learning_rates=[0.1])
    _, _, change = figures.weights(model, taught, "large").charts
    trace = change.figure().data[0]
    assert trace.z.shape == (230, 230)
    assert {str(i) for i in range(84, 140)} <= set(trace.x)
    row, column = 100, trace.x.index("100")
    moved = taught.layers["large"].after["kernel"] - taught.layers["large"].before["kernel"]
    assert trace.z[row, column] == moved[100, int(trace.y[row])]


def test_vectors_are_bars_on_a_common_range(second_model, scene):
    taught = teach(second_model, scene, label=3, learning_rates=[0.1])
    before, after, change = figures.weights(second_model, taught, "norm").charts
    assert before.figure().layout.yaxis.range == after.figure().layout.yaxis.range
    gamma = taught.layers["norm"].after["gamma"] - taught.layers["norm"].before["gamma"]
    np.testing.assert_array_equal(change.figure().data[0].y, gamma)


def test_every_layer_of_a_nested_model_is_shown_with_two_sentences(second_model, scene):
    for rates in ([], [0.1], [0.1, 0.2]):
        taught = teach(second_model, scene, label=3, learning_rates=rates)
        for name in taught.layers:
            shown = figures.weights(second_model, taught, name).charts
            for one in shown:
                assert one.figure().layout.title.text.startswith(name)
                assert one.caption.seen.endswith(".") and one.caption.notice.endswith(".")
