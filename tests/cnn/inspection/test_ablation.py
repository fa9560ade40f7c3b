"""What is lost with a channel is what the operated network, run as a whole, gets wrong."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import cnn
from cnn.inspection.ablation import cost_of_ranking
from cnn.models.loading import as_functional
from tests import nets


@pytest.fixture(scope="module")
def residual() -> keras.Model:
    return nets.residual(blocks=2)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """So many that they fill one batch of 64 and begin another."""
    return np.random.default_rng(0).integers(0, 256, (70, 16, 16, 1), dtype=np.uint8)


@pytest.fixture(scope="module")
def labels(residual, pictures) -> np.ndarray:
    """What the network says of most of the pictures, so that there is something to lose."""
    said = cnn.batch_probabilities(residual, pictures).argmax(axis=1)
    said[::4] = (said[::4] + 1) % 9
    return said


def whole(model: keras.Model, pictures, labels) -> tuple[float, float, np.ndarray]:
    """Accuracy, loss and accuracy by class of the model, run from the pictures on."""
    found = cnn.batch_probabilities(model, pictures)
    is_right = found.argmax(axis=1) == labels
    losses = -np.log(found[np.arange(len(labels)), labels])
    by_class = [is_right[labels == c].mean() if c in labels else np.nan for c in range(10)]
    return is_right.mean(), losses.mean(), np.array(by_class)


def agrees(score: cnn.Score, expected: tuple[float, float, np.ndarray]) -> None:
    accuracy, loss, by_class = expected
    assert score.accuracy == pytest.approx(accuracy)
    assert score.loss == pytest.approx(loss, rel=1e-4)
    np.testing.assert_allclose(score.class_accuracy, by_class)


@pytest.mark.parametrize("layer", ["conv_1", "means"])
def test_the_ranking_is_that_of_every_operated_network(residual, pictures, labels, layer):
    table = cnn.rank_channels(residual, pictures, labels, layer=layer)
    assert sorted(table["channel"]) == [0, 1, 2, 3]
    assert list(table["cost"]) == sorted(table["cost"], reverse=True)
    before = whole(residual, pictures, labels)
    for row in table.to_dict("records"):
        after = whole(cnn.ablate(residual, {layer: {row["channel"]: 0.0}}), pictures, labels)
        for when, (accuracy, loss, by_class) in {"before": before, "after": after}.items():
            assert row[f"accuracy_{when}"] == pytest.approx(accuracy)
            assert row[f"loss_{when}"] == pytest.approx(loss, rel=1e-4)
            found = [row[f"accuracy_{when}_{class_}"] for class_ in range(10)]
            np.testing.assert_allclose(found, by_class)
        assert row["cost"] == row["loss_after"] - row["loss_before"]
    assert table["cost"].abs().max() > 1e-4


def test_one_surgery_on_several_layers_is_that_of_the_operated_network(residual, pictures, labels):
    changes = {"conv_0": {1: 0.0, 2: cnn.Affine(0.5, 0.1)}, "relu_1": {0: cnn.Affine(0.0, 0.3)}}
    effect = cnn.evaluate_ablation(residual, changes, pictures, labels)
    agrees(effect.before, whole(residual, pictures, labels))
    agrees(effect.after, whole(cnn.ablate(residual, changes), pictures, labels))
    assert effect.before.loss != pytest.approx(effect.after.loss, abs=1e-4)


def test_nested_and_shared_layers_are_evaluated_too(second_model):
    random = np.random.default_rng(1)
    pictures = random.integers(0, 256, (5, 20, 30, 3), dtype=np.uint8)
    labels = [0, 1, 2, 3, 4]
    changes = {"block/conv": {0: 0.0}, "shared": {2: 0.0}, "tail/last": {1: 2.0}}
    effect = cnn.evaluate_ablation(second_model, changes, pictures, labels)
    found = cnn.batch_probabilities(cnn.ablate(second_model, changes), pictures)
    expected = -np.log(found[np.arange(5), labels]).mean()
    assert effect.after.loss == pytest.approx(expected, rel=1e-4)


def test_a_loss_is_that_of_training_on_the_picture(residual, pictures):
    effect = cnn.evaluate_ablation(residual, {"conv_1": {}}, pictures[:1], [3])
    taught = cnn.teach(residual, pictures[0], label=3)
    assert effect.before.loss == pytest.approx(taught.loss_before, rel=1e-5)
    assert effect.after.loss == effect.before.loss


def test_a_prediction_before_and_after(classifier, seven):
    changes = {"conv2d": {3: 0.0, 7: cnn.Affine(0.5, 0.1)}, "dense": dict.fromkeys(range(60), 0.0)}
    effect = cnn.ablation_effect(classifier, changes, seven)
    operated = cnn.predict(cnn.ablate(classifier, changes), seven)
    assert effect.before.winner == "7"
    assert effect.after.winner == operated.winner
    for found, expected in (
        (effect.before, cnn.predict(classifier, seven)),
        (effect.after, operated),
    ):
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
        np.testing.assert_allclose(found.logits, expected.logits, rtol=1e-4, atol=1e-4)


def test_other_numbers_and_channels_are_not_compiled_anew(pictures):
    traced: list[int] = []

    class Counting(layers.Layer):
        """Passes its input on and counts how often it is traced."""

        def call(self, x):
            traced.append(1)
            return x

    picture = keras.Input((16, 16, 1), name="picture")
    x = layers.Flatten()(Counting()(layers.Conv2D(3, 3, name="conv")(picture)))
    model = as_functional(keras.Model(picture, layers.Dense(2)(x)))
    cnn.ablation_effect(model, {"conv": {0: 0.0}}, pictures[0])
    once = len(traced)
    after = [
        cnn.ablation_effect(model, {"conv": {channel: factor}}, pictures[1]).after.logits
        for channel in range(3)
        for factor in (0.0, 0.5)
    ]
    assert len(traced) == once
    assert len({tuple(logits) for logits in after}) == 6


def test_a_channel_is_held_at_its_mean_over_pictures(residual, pictures):
    outputs = np.stack([cnn.activations(residual, p)["relu_0"] for p in pictures])
    change = cnn.mean_replacement(residual, pictures, layer="relu_0", channels=[2, 0])
    assert list(change) == [2, 0]
    for channel, affine in change.items():
        assert affine.factor == 0
        assert affine.offset == pytest.approx(outputs[..., channel].mean(), rel=1e-4)
    operated = cnn.ablate(residual, {"relu_0": change})
    after = cnn.activations(operated, pictures[0])["relu_0_operated"]
    np.testing.assert_allclose(after[..., 2], change[2].offset, rtol=1e-6)
    np.testing.assert_array_equal(
        after[..., 1], cnn.activations(operated, pictures[0])["relu_0"][..., 1]
    )


def test_the_embedded_digits_can_be_ranked_by(classifier):
    digits = cnn.load_dataset("digits")
    table = cnn.rank_channels(
        classifier, _First(digits.pictures, 30), digits.labels[:30], layer="dense"
    )
    assert len(table) == 64
    assert table["accuracy_before"][0] > 0.9


class _First:
    """The first so many pictures, each made when it is asked for."""

    def __init__(self, pictures, count: int) -> None:
        self.pictures, self.count = pictures, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int):
        return self.pictures[index]


def test_what_the_change_does_not_reach_runs_once(pictures):
    runs = {"before": 0, "behind": 0}

    class Counting(layers.Layer):
        """Passes its input on, and counts how often it runs, by a function that is not compiled."""

        def call(self, x):
            return tf.ensure_shape(tf.numpy_function(self._count, [x], tf.float32), x.shape)

        def _count(self, values):
            runs[self.name] += 1
            return values

    picture = keras.Input((16, 16, 1), name="picture")
    x = layers.Conv2D(3, 3, name="conv")(Counting(name="before")(picture))
    x = layers.GlobalAveragePooling2D(name="means")(Counting(name="behind")(x))
    model = as_functional(keras.Model(picture, layers.Dense(2, name="sums")(x)))
    # The range of pixels is found by what stands before the first weights.
    cnn.scale_of(model)
    runs["before"] = 0
    cnn.rank_channels(model, pictures, np.zeros(70, int), layer="conv")
    batches, channels = 2, 3
    assert runs == {"before": batches, "behind": batches * (1 + channels)}


def test_progress_counts_pictures(residual, pictures, labels):
    told = []
    cnn.rank_channels(
        residual, pictures, labels, layer="means", on_progress=lambda *done: told.append(done)
    )
    passes = 1 + 4
    first, last = told[:passes], told[passes:]
    assert first == [(64 * n // passes, 70) for n in range(1, passes + 1)]
    assert last == [(64 + 6 * n // passes, 70) for n in range(1, passes + 1)]


def test_what_is_behind_a_layer_counts_for_each_of_its_channels(residual):
    costs = {info.name: info.multiply_adds or 0 for info in cnn.layer_infos(residual)}
    behind = costs["classes"]
    assert cost_of_ranking(residual, "means") == sum(costs.values()) + 4 * behind
    behind += costs["conv_1"]
    assert cost_of_ranking(residual, "relu_0") == sum(costs.values()) + 4 * behind


def test_large_layers_are_computed_in_smaller_batches(residual, pictures, labels, monkeypatch):
    expected = cnn.rank_channels(residual, pictures, labels, layer="conv_1")
    told = []
    monkeypatch.setattr("cnn.inspection.batches._MOST_NUMBERS", 20 * 16 * 16)
    table = cnn.rank_channels(
        residual, pictures, labels, layer="conv_1", on_progress=lambda done, _: told.append(done)
    )
    assert {20, 40, 60, 70} < set(told)
    np.testing.assert_allclose(table, expected, rtol=1e-4, atol=1e-6)


def test_a_layer_that_the_prediction_does_not_follow_is_refused():
    picture = keras.Input((6, 6, 1), name="picture")
    flat = layers.Flatten(name="flat")(picture)
    classes = layers.Dense(3, activation="softmax", name="classes")(flat)
    side = layers.Dense(2, name="other")(layers.Dense(4, name="side")(flat))
    model = as_functional(keras.Model(picture, [classes, side]))
    with pytest.raises(cnn.LayerError, match="made by 'classes', which does not read it"):
        cnn.rank_channels(model, np.zeros((2, 6, 6, 1), np.uint8), [0, 1], layer="side")


def test_who_stops_it_gets_nothing(residual, pictures, labels):
    asked = []

    def third() -> bool:
        asked.append(1)
        return len(asked) == 3

    assert cnn.rank_channels(residual, pictures, labels, layer="means", should_stop=third) is None
    assert len(asked) == 3
    changes = {"means": {0: 0.0}}
    stopped = cnn.evaluate_ablation(residual, changes, pictures, labels, should_stop=lambda: True)
    assert stopped is None


def test_what_cannot_be_ranked_is_refused_in_a_sentence(residual, pictures, labels):
    def refused(error, words, pictures=pictures, labels=labels, layer="means", model=residual):
        with pytest.raises(error, match=words):
            cnn.rank_channels(model, pictures, labels, layer=layer)

    refused(cnn.LayerError, "no layer 'conv9'.*stem", layer="conv9")
    refused(cnn.LayerError, "'classes' is what the network answers", layer="classes")
    refused(cnn.DatasetError, "69 labels came with 70 pictures", labels=labels[:69])
    refused(cnn.DatasetError, "from 0 to 10.*classes, 0 to 9", labels=np.arange(70) % 11)
    refused(cnn.DatasetError, "of type float64.*0 to 9", labels=np.zeros(70))
    refused(cnn.DatasetError, "No pictures were given", pictures=[], labels=[])
    scores = nets.ending(layers.Dense(3, activation="sigmoid", name="scores"))
    refused(
        cnn.ModelError, "needs class probabilities.*3 separate scores", layer="flat", model=scores
    )
    with pytest.raises(cnn.LayerError, match="No layer was given"):
        cnn.evaluate_ablation(residual, {}, pictures, labels)
    with pytest.raises(cnn.LayerError, match="no channel 4 in 'means'.*0 to 3"):
        cnn.mean_replacement(residual, pictures, layer="means", channels=[4])
    with pytest.raises(cnn.DatasetError, match="No pictures"):
        cnn.mean_replacement(residual, [], layer="means", channels=[0])
