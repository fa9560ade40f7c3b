"""The smallest change that turns a picture into another class."""

import keras
import numpy as np
import pytest

import cnn
from cnn import counterfactual
from cnn.attribution.counterfactual import NORMS, WAY, Search

DIGITS = cnn.load_dataset("digits")


@pytest.fixture(scope="module")
def seven():
    return DIGITS.sample(7, seed=0).pixels


@pytest.mark.parametrize("norm", NORMS)
def test_the_network_says_the_class_of_the_picture_that_was_changed(classifier, seven, norm):
    for target in (1, 4, 9):
        made = counterfactual(classifier, seven, target=target, norm=norm)
        assert cnn.predict(classifier, made.after).label == target
        np.testing.assert_array_equal(made.before, seven)
        np.testing.assert_array_equal(made.way[0], seven)
        np.testing.assert_array_equal(made.way[-1], made.after)
        assert (made.probabilities.argmax(1) == target).tolist() == [False] * 31 + [True]
        np.testing.assert_allclose(made.probabilities.sum(1), 1, rtol=1e-5)
        magnitudes = np.abs(made.difference)
        size = magnitudes.sum() if norm == "l1" else np.sqrt((magnitudes**2).sum())
        assert made.size == pytest.approx(size, rel=1e-5)


def test_each_norm_is_smaller_where_it_was_kept_small(classifier, seven):
    by_norm = {norm: counterfactual(classifier, seven, target=1, norm=norm) for norm in NORMS}
    few, many = by_norm["l1"], by_norm["l2"]
    assert few.changed < many.changed
    assert few.size < np.abs(many.difference).sum()
    assert many.size < np.sqrt((few.difference**2).sum())


def test_of_a_linear_network_the_change_is_the_distance_to_the_boundary():
    weights = np.zeros((16, 2), np.float32)
    weights[3, 1], weights[5, 1] = 3.0, 4.0
    inputs = keras.Input((4, 4, 1))
    logits = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, logits)
    model.layers[-1].set_weights([weights, np.array([2.0, 0.0], np.float32)])
    made = counterfactual(model, np.full((4, 4, 1), 0, np.uint8), target=1, norm="l2")
    # The boundary 3a + 4b = 2 is 2/5 away; pixels are rounded to 8 bits.
    assert made.size == pytest.approx(2 / 5, abs=0.02)
    assert made.size >= 2 / 5 - 1e-6
    np.testing.assert_allclose(made.difference.reshape(-1)[[3, 5]], [0.24, 0.32], atol=0.02)
    sparse = counterfactual(model, np.full((4, 4, 1), 0, np.uint8), target=1, norm="l1")
    assert sparse.difference.reshape(-1)[5] == pytest.approx(0.5, abs=0.04)
    assert sparse.changed == 1


# Five pixels of sixteen count; what they have above and below them is known.
STEEPNESS = np.zeros(16)
STEEPNESS[[1, 4, 6, 9, 12]] = [4, -3, 2.5, 2, -1]
PIXELS = np.full(16, 102, np.uint8)
PIXELS[4], PIXELS[6] = 51, 204
BEGAN = PIXELS / 255
ROOM = np.where(STEEPNESS > 0, 1 - BEGAN, BEGAN)


def missing_by(number: float) -> keras.Model:
    """A network that is linear, with class 1 that much below class 0 for these pixels."""
    inputs = keras.Input((4, 4, 1))
    logits = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, logits)
    kernel = np.stack([np.zeros(16), STEEPNESS], axis=1)
    model.layers[-1].set_weights([kernel, np.array([float(STEEPNESS @ BEGAN) + number, 0.0])])
    return model


def least_l1(missing: float) -> np.ndarray:
    """Each pixel as far as it goes, the steepest first, and the last as far as it must."""
    change = np.zeros(16)
    for pixel in np.argsort(-abs(STEEPNESS)):
        change[pixel] = min(ROOM[pixel], missing / max(abs(STEEPNESS[pixel]), 1e-9))
        missing -= change[pixel] * abs(STEEPNESS[pixel])
    return change * np.sign(STEEPNESS)


def least_l2(missing: float) -> np.ndarray:
    """Along the slopes, by the factor that is enough, but for pixels at an end of their range."""
    low, high = 0.0, 100.0
    for _ in range(100):
        middle = (low + high) / 2
        enough = STEEPNESS @ np.clip(middle * STEEPNESS, -BEGAN, 1 - BEGAN) >= missing
        low, high = (low, middle) if enough else (middle, high)
    return np.clip(high * STEEPNESS, -BEGAN, 1 - BEGAN)


@pytest.mark.parametrize("missing", [3.2, 3.9, 4.4, 5.0])
@pytest.mark.parametrize("norm", NORMS)
def test_of_a_linear_network_it_is_the_least_change_that_the_range_of_pixels_allows(norm, missing):
    least = {"l1": least_l1, "l2": least_l2}[norm](missing)
    assert STEEPNESS @ least == pytest.approx(missing)
    at_an_end = np.isclose(abs(least), ROOM) & (STEEPNESS != 0)
    assert at_an_end.any() and np.count_nonzero(least) >= 3
    made = counterfactual(missing_by(missing), PIXELS.reshape(4, 4, 1), target=1, norm=norm)
    size = {"l1": abs(least).sum(), "l2": np.linalg.norm(least)}[norm]
    # 0.02 beyond the boundary, by the pixel that is moved last, and a step of 8 bits for each.
    steepness = abs(STEEPNESS[(least != 0) & ~at_an_end]).max(initial=1)
    assert size - 1e-6 <= made.size <= size + 0.02 / steepness + 1 / 255
    change = made.difference.reshape(-1)
    np.testing.assert_allclose(change, least, rtol=0, atol=0.02 / steepness + 2 / 255)
    np.testing.assert_array_equal(change == 0, least == 0)


def test_a_picture_that_is_of_the_class_is_not_changed(classifier, seven):
    made = counterfactual(classifier, seven, target=7)
    assert (made.changed, made.size) == (0, 0)


def test_what_cannot_be_reached_is_told(classifier, seven):
    inputs = keras.Input((4, 4, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    fixed = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(pooled))
    fixed.layers[-1].set_weights([np.zeros((1, 2), np.float32), np.array([1.0, 0.0], np.float32)])
    told = "not turned into class 1 in 200 steps: its score was 1 below .* came within 1 of it"
    with pytest.raises(cnn.AttributionError, match=told):
        counterfactual(fixed, np.full((4, 4, 1), 100, np.uint8), target=1)
    with pytest.raises(cnn.ModelError):
        counterfactual(classifier, seven, target=12)
    with pytest.raises(cnn.AttributionError, match="'l3' was given as norm: expected l1 or l2"):
        counterfactual(classifier, seven, target=1, norm="l3")


def test_a_class_that_is_ahead_by_too_little_for_its_probability_is_told():
    inputs = keras.Input((4, 4, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    alike = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(pooled))
    alike.layers[-1].set_weights([np.array([[0.0, 1e-9]], np.float32), np.zeros(2, np.float32)])
    told = (
        "in 200 steps: its score was 1×10⁻⁹ above that of the class named, too little for "
        "the larger probability"
    )
    search = Search(alike, np.full((4, 4, 1), 100, np.uint8), target=1)
    with pytest.raises(cnn.AttributionError, match=told):
        search.go_on(alike)
    assert max(search.missing) < 0


def test_the_change_has_its_numbers(classifier, seven):
    made = counterfactual(classifier, seven, target=9)
    change = (made.after.astype(int) - made.before) / 255
    assert made.l1 == pytest.approx(np.abs(change).sum(), rel=1e-5)
    assert made.l2 == pytest.approx(np.linalg.norm(change), rel=1e-5)
    assert made.largest == pytest.approx(np.abs(change).max(), rel=1e-5)
    assert made.changed == np.count_nonzero(change)
    assert made.changed_by(0.01) == np.count_nonzero(np.abs(change) > 0.01)
    assert 0 < made.changed_by(0.01) < made.changed


def test_random_changes_have_the_same_magnitudes_at_other_places(classifier, seven):
    made = counterfactual(classifier, seven, target=9)
    assert made.largest <= 0.5, "else a change may have no room, whichever its sign"
    magnitudes = np.sort(np.abs(made.after.astype(int) - made.before), axis=None)
    for control, label in zip(made.controls, made.labels, strict=True):
        drawn = np.abs(control.astype(int) - made.before)
        np.testing.assert_array_equal(np.sort(drawn, axis=None), magnitudes)
        assert not np.array_equal(drawn, np.abs(made.after.astype(int) - made.before))
        assert cnn.predict(classifier, control).label == label
    again = counterfactual(classifier, seven, target=9)
    np.testing.assert_array_equal(again.controls, made.controls)


@pytest.mark.parametrize("norm", NORMS)
def test_a_search_that_is_left_and_gone_on_with_finds_the_same(classifier, seven, norm):
    search = Search(classifier, seven, target=4, norm=norm)
    answers = 0
    while not search.is_over:
        search.go_on(classifier, seconds=0)
        answers += 1
    assert answers > WAY
    at_once = counterfactual(classifier, seven, target=4, norm=norm)
    np.testing.assert_array_equal(search.found.after, at_once.after)
    np.testing.assert_array_equal(search.found.probabilities, at_once.probabilities)


def test_the_order_of_channels_and_the_precision_change_little(plain, other):
    model, _ = other
    picture = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    target = int(cnn.predict(plain, picture).probabilities.argsort()[-2])
    expected = counterfactual(plain, picture, target=target)
    made = counterfactual(model, picture, target=target)
    assert cnn.predict(model, made.after).label == target
    assert made.after.shape == (8, 9, 3) and made.changed
    assert made.size == pytest.approx(expected.size, rel=0.1)
