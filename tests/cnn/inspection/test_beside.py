"""What a file has beside each picture is fed with it wherever many pictures are looked at.

Everything is held against what plain Keras makes of all inputs at once.
"""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.quiz import choose, quiz
from cnn.attribution.target import Target
from cnn.inspection.diagnosis.observation import observe
from cnn.inspection.top_pictures import CLASSES
from cnn.models.rows import rows_beside
from cnn.studies import Sought
from cnn.studies.raising import raised

COUNT = 70  # More than a batch.


def network() -> keras.Model:
    """A picture, two numbers and a second picture; channels that need their numbers, and classes."""
    keras.utils.set_random_seed(4)
    first, second = keras.Input((12, 10, 1), name="first"), keras.Input((6, 5, 1), name="second")
    age = keras.Input((2,), name="age")
    maps = layers.Conv2D(3, 3, strides=2, name="conv")(first)
    ages = layers.Dense(4, activation="relu", name="ages")(age)
    joined = layers.Concatenate(name="joined")(
        [layers.Flatten()(maps), ages, layers.Flatten()(second)]
    )
    hidden = layers.Dense(6, activation="tanh", name="hidden")(joined)
    sums = layers.Dense(3, name="sums")(hidden)
    return keras.Model([first, age, second], layers.Softmax(name="classes")(sums))


class Known:
    """Pictures with their rows, the network, and what plain Keras makes of all of them."""

    def __init__(self, folder):
        random = np.random.default_rng(7)
        self.pictures = random.integers(0, 256, (COUNT, 12, 10), np.uint8)
        self.labels = random.integers(0, 3, COUNT)
        # None of them is what the network gets without a file.
        self.ages = random.uniform(1, 3, (COUNT, 2)) * random.choice([-1, 1], (COUNT, 2))
        self.seconds = random.integers(0, 256, (COUNT, 6, 5), np.uint8)
        np.savez(
            folder / "mine.npz", x=self.pictures, y=self.labels, age=self.ages, second=self.seconds
        )
        self.plain = network()
        self.model = cnn.models.as_functional(network())
        self.data = cnn.load_dataset(str(folder / "mine.npz"), "all")
        self.given = rows_beside(self.model, self.data.beside, range(COUNT))

    def keras(self, layer: str, rows=slice(None)) -> np.ndarray:
        """What a layer gives for some of the pictures."""
        part = keras.Model(self.plain.inputs, self.plain.get_layer(layer).output)
        first, second = (
            of[rows][..., None].astype(np.float32) / 255 for of in (self.pictures, self.seconds)
        )
        return part.predict([first, self.ages[rows].astype(np.float32), second], verbose=0)


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> Known:
    return Known(tmp_path_factory.mktemp("beside"))


def test_statistics_of_a_diagnosis_are_those_of_keras(known):
    seen = known.data.images
    observed = observe(
        known.model, seen, scale=cnn.scale_of(known.model), batch=32, given=known.given
    )
    np.testing.assert_allclose(observed.outputs, known.keras("classes"), atol=1e-5)
    for name in ("ages", "hidden", "sums"):
        expected = known.keras(name).reshape(COUNT, -1)
        statistics = observed.statistics[name]
        np.testing.assert_allclose(statistics.maximum, expected.max(0), atol=1e-5)
        np.testing.assert_allclose(statistics.minimum, expected.min(0), atol=1e-5)
        np.testing.assert_allclose(statistics.mean, expected.mean(0), atol=1e-5)


def test_a_channel_is_dead_only_where_the_rows_leave_it_so(known):
    model = cnn.models.as_functional(network())
    kernel, bias = np.array([[1, -1, 0, 0], [0, 0, 1, 0]], np.float32), np.array([0, 0, 0, -1.0])
    model.get_layer("ages").set_weights([kernel, bias])
    dead = {
        finding.layer: finding.channels
        for finding in cnn.diagnose(model, known.data).findings
        if finding.kind == "dead"
    }
    assert dead == {"ages": (3,)}


@pytest.mark.parametrize(("layer", "expected"), [("ages", "ages"), (CLASSES, "sums")])
def test_the_pictures_that_excite_a_channel_are_those_of_keras(known, layer, expected):
    found, values = cnn.top_pictures(known.model, known.data, layer=layer), known.keras(expected)
    for channel, extremes in enumerate(found.channels):
        order = np.argsort(-values[:, channel], kind="stable")
        top = values[order[:9], channel]
        np.testing.assert_allclose([one.value for one in extremes.top], top, atol=1e-5)
        own = [values[one.picture, channel] for one in (*extremes.top, *extremes.bottom)]
        told = [one.value for one in (*extremes.top, *extremes.bottom)]
        np.testing.assert_allclose(told, own, atol=1e-5)


def test_the_mean_of_a_channel_is_that_of_keras(known):
    for layer in ("ages", "hidden"):
        held = cnn.mean_replacement(
            known.model, known.data.images, layer=layer, channels=[0, 2], given=known.given
        )
        mean = known.keras(layer).mean(0)
        np.testing.assert_allclose([held[0].offset, held[2].offset], mean[[0, 2]], atol=1e-5)


def test_what_changes_cost_is_that_of_keras(known):
    def score(probabilities):
        right = probabilities.argmax(1) == known.labels
        return right.mean(), -np.log(probabilities[np.arange(COUNT), known.labels]).mean()

    effect = cnn.evaluate_ablation(
        known.model, {"ages": {1: 0.0}}, known.data.images, known.labels, given=known.given
    )
    without = Known.__new__(Known)
    vars(without).update(vars(known), plain=network())
    kernel, bias = without.plain.get_layer("ages").get_weights()
    kernel[:, 1] = 0
    without.plain.get_layer("ages").set_weights([kernel, bias])
    for found, of in ((effect.before, known), (effect.after, without)):
        expected = score(of.keras("classes"))
        np.testing.assert_allclose((found.accuracy, found.loss), expected, atol=1e-5)
    table = cnn.rank_channels(
        known.model, known.data.images, known.labels, layer="ages", given=known.given
    )
    row = table[table["channel"] == 1].iloc[0]
    np.testing.assert_allclose(row["loss_after"], effect.after.loss, atol=1e-5)


def test_a_quiz_asks_about_what_keras_says_of_each_picture_with_its_rows(known):
    asked, sums = quiz(known.model, known.data, seed=3), known.keras("sums")
    for place, case in zip(asked.choice.places, asked.cases, strict=True):
        assert case.trained.target.of == sums[place].argmax()
        np.testing.assert_allclose(case.trained.value, sums[place].max(), atol=1e-5)
    of_data = cnn.Dataset("mine", "all", known.data.pictures, sums.argmax(1), ("0", "1", "2"), "")
    data = cnn.Dataset(**{**vars(of_data), "beside": known.data.beside, "key": "k"})
    assert choose(known.model, data, 5).right == choose(known.model, data, 5).looked_at == 4


def test_the_best_real_picture_beside_what_is_made_is_that_of_keras(known):
    class Onlooker:
        def say(self, message): ...
        def tell_or_stop(self, done, count): ...
        def show(self, made): ...

    sought = Sought(Target(2, layer="hidden"), {"steps": 1, "seeds": 1})
    best = raised(known.model, sought, known.data, Onlooker()).best
    values = known.keras("hidden")[:, 2]
    assert (best.place, best.beside) == (values.argmax(), ("age", "second"))
    assert best.value == pytest.approx(values.max(), abs=1e-5)


def test_ranges_are_compared_with_the_rows_of_each_picture(known):
    targets = known.keras("classes").argmax(1)
    found = cnn.compare_ranges(known.model, known.data.images, targets, given=known.given)
    assert found.scores["0..1"] == 1


def test_what_is_given_to_no_input_or_not_with_each_picture_is_refused(known):
    few = known.data.images[:3]
    with pytest.raises(cnn.ModelError, match="no further input 'agee': it has age and second"):
        cnn.batch_probabilities(known.model, few, given={"agee": known.ages[:3]})
    with pytest.raises(cnn.ModelError, match="age is given 2 rows, and there are 3 pictures: give"):
        cnn.mean_replacement(
            known.model, few, layer="ages", channels=[0], given={"age": known.ages[:2]}
        )


def test_rows_are_read_through_what_was_chosen_and_what_is_taken_out(known):
    some = known.data.beside.chosen(np.array([5, 2]))
    rows = rows_beside(known.model, some, [1, 0])
    np.testing.assert_allclose(rows["age"][0], known.ages[2], rtol=1e-6)
    assert len(rows["age"][1:]) == 1
    assert set(rows_beside(known.model, some.without(["AGE"]), [0])) == {"second"}
