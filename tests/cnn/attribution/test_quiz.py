"""Questions of the quiz: which of four maps comes from the network without its training."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from keras import layers
from PIL import Image
from scipy import ndimage

import cnn
from cnn.attribution import methods
from cnn.attribution.attribution import Attribution, Found
from cnn.attribution.quiz import MAPS, Case, Choice, Quiz, choose, shares
from cnn.attribution.target import Target
from cnn.attribution.untrained import untrained
from cnn.errors import AttributionError, DatasetError
from cnn.models.twins import kept_for_twins
from tests import nets


@pytest.fixture(scope="module")
def digits():
    return cnn.load_dataset("digits")


@pytest.fixture(scope="module")
def question(classifier, digits):
    return cnn.quiz(classifier, digits, seed=3, method="input_x_gradient")


def test_the_pictures_are_four_that_the_network_gets_right(classifier, digits, question):
    assert len(set(question.choice.places)) == MAPS == question.choice.right
    for place, case in zip(question.choice.places, question.cases, strict=True):
        np.testing.assert_array_equal(case.picture, digits[place].pixels)
        assert cnn.predict(classifier, case.picture).label == digits.label(place)


def test_maps_of_the_network_are_those_that_the_library_attributes(classifier, question):
    for place, case in enumerate(question.cases):
        made = cnn.attribute(classifier, case.picture, method="input_x_gradient")
        np.testing.assert_array_equal(case.trained.map, made.map)
        assert case.trained.target == made.target
        if place != question.choice.untrained:
            np.testing.assert_array_equal(question.maps[place], made.plane)


def test_the_other_map_is_of_a_network_that_has_only_its_start(classifier, question):
    other = untrained(classifier, 3).model
    place = question.choice.untrained
    case = question.cases[place]
    made = cnn.attribute(other, case.picture, method="input_x_gradient", target=case.trained.target)
    np.testing.assert_allclose(question.maps[place], made.plane, rtol=1e-5, atol=1e-8)
    assert case.signed < 0.5


def test_a_question_is_the_same_for_the_same_seed_and_compiles_nothing_anew(
    classifier, digits, question
):
    compiled = set(kept_for_twins(classifier))
    before = [np.array(one) for one in classifier.get_weights()]
    again = cnn.quiz(classifier, digits, seed=3, method="input_x_gradient")
    assert again.choice == question.choice
    for one, other in zip(again.maps, question.maps, strict=True):
        np.testing.assert_array_equal(one, other)
    next_one = cnn.quiz(classifier, digits, seed=4, method="input_x_gradient")
    assert not set(next_one.choice.places) & set(question.choice.places)
    assert set(kept_for_twins(classifier)) == compiled
    for weight, was in zip(classifier.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, was)


def test_each_letter_is_the_untrained_one_as_often(digits):
    """Of numbers nobody knows what is right, so that no picture is sent through the network."""
    model = nets.ending(layers.Dense(4, activation="tanh", name="last"))
    choices = [choose(model, digits, seed) for seed in range(400)]
    counts = Counter(choice.untrained for choice in choices)
    assert set(counts) == set(range(MAPS))
    assert all(70 <= count <= 130 for count in counts.values())
    assert {choice.right for choice in choices} == {None}
    assert len({choice.places for choice in choices}) == 400


def test_what_was_learned_is_drawn_anew_and_statistics_are_those_of_the_start():
    model = nets.second()
    model.set_weights([weight + 3 for weight in model.get_weights()])
    other = untrained(model, 0)
    assert other.kept == ()
    fresh = other.model.get_layer("norm")
    for name, start in (("gamma", 1), ("beta", 0), ("moving_mean", 0), ("moving_variance", 1)):
        np.testing.assert_array_equal(getattr(fresh, name), np.full(16, start, np.float32))
    for mine, its in zip(model.get_weights(), other.model.get_weights(), strict=True):
        assert not np.array_equal(mine, its)
    assert not np.array_equal(
        untrained(model, 1).model.get_weights()[0], other.model.get_weights()[0]
    )
    again = untrained(model, 0).model.get_weights()
    for one, its in zip(again, other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, its)


def test_channels_that_are_changed_stay_changed(classifier):
    other = untrained(cnn.ablate(classifier, {"conv2d_1": {3: 0.0}}), 1).model
    assert np.flatnonzero(np.equal(other.get_layer("conv2d_1_operated").scale, 0)).tolist() == [3]


@pytest.fixture(scope="module")
def small():
    """A network of few layers, of which nobody knows what its classes are."""
    return nets.residual(1)


@pytest.mark.parametrize("method", methods.METHODS)
def test_every_method_can_be_asked_about(method, small, digits):
    options = {"baselines": [digits[0].pixels]} if method == "expected_gradients" else {}
    found = cnn.quiz(small, digits, seed=2, method=method, **options)
    assert len(found.maps) == len(found.cases) == MAPS
    assert all(np.isfinite(plane).all() and plane.ndim == 2 for plane in found.maps)


def test_others_fill_up_where_the_network_gets_too_few_right(classifier, digits):
    shifted = replace(digits, labels=(digits.labels + 1) % 10)
    choice = choose(classifier, shifted, 0)
    said = [cnn.predict(classifier, shifted[place].pixels).label for place in choice.places]
    right = [one == shifted.label(place) for one, place in zip(said, choice.places, strict=True)]
    assert choice.right == sum(right) < MAPS
    assert choice.looked_at == 40


def test_fewer_than_four_pictures_are_refused_and_damaged_ones_passed_by(classifier, tmp_path):
    for number in range(4):
        Image.new("L", (28, 28), 40 * number).save(tmp_path / f"{number}.png")
    (tmp_path / "4.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    assert sorted(choose(classifier, cnn.load_dataset(str(tmp_path), "all"), 0).places) == [
        0, 1, 2, 3,
    ]  # fmt: skip
    (tmp_path / "3.png").unlink()
    with pytest.raises(DatasetError, match="shows 4 pictures, and of .* only 3 can be read"):
        choose(classifier, cnn.load_dataset(str(tmp_path), "all"), 0)


def test_a_network_without_weights_and_a_method_that_there_is_not_are_refused(classifier, digits):
    with pytest.raises(AttributionError, match="no layer with weights"):
        untrained(nets.ending(layers.ReLU()), 0)
    with pytest.raises(AttributionError, match="no method 'none'"):
        cnn.quiz(classifier, digits, method="none")


class Unbuilt(layers.Dense):
    """A layer that does not say for which shape it was made."""

    def get_build_config(self):
        return None


def test_a_layer_that_cannot_be_drawn_is_named_and_one_alone_is_refused():
    two = nets.ending(Unbuilt(8, name="odd"), layers.Dense(2, name="top"))
    assert untrained(two, 0).kept == ("odd",)
    with pytest.raises(AttributionError, match="No layer of this network can be made again"):
        untrained(nets.ending(Unbuilt(2, name="odd")), 0)


def test_an_edge_detector_cannot_be_told_apart(classifier, digits, monkeypatch):
    def edges(_objective, batch):
        return Found(ndimage.sobel(batch[0, ..., 0], 0))

    method = methods.Method("Edges", "none", "The edges of the picture.", edges)
    monkeypatch.setitem(methods.METHODS, "edges", method)
    found = cnn.quiz(classifier, digits, method="edges")
    assert (found.signed, found.absolute) == pytest.approx((1, 1))
    assert found.alike == "order"


PLANE = np.random.default_rng(0).normal(size=(12, 12)).astype(np.float32)
NOISE = np.random.default_rng(1).normal(size=(12, 12)).astype(np.float32)


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (2 * PLANE, "order"), (-PLANE, "strength"), (NOISE, "hardly"), (PLANE + 2 * NOISE, "partly"),
        (0 * PLANE, None),
    ],
)  # fmt: skip
def test_what_both_have_in_common_is_told_by_the_medians(other, alike):
    made = Attribution("lrp", Target(0), 1.0, PLANE)
    case = Case(np.zeros((12, 12, 1), np.uint8), made, other)
    assert Quiz(Choice((0, 1, 2, 3), 2, 4, 4), (case,) * MAPS, ()).alike == alike


def test_shares_are_of_the_largest_magnitude_and_zeros_stay():
    assert shares(np.array([[1, -4]], np.float32)).tolist() == [[0.25, -1.0]]
    assert shares(np.zeros((1, 2), np.float32)).tolist() == [[0.0, 0.0]]
