from itertools import pairwise

import numpy as np
import pytest

from cnn.attribution.attributing import explain
from cnn.attribution.objective import Objective, objective_of
from cnn.attribution.resizing import resized
from cnn.attribution.target import Target
from cnn.attribution.trust.curves import MAP, POINTS, curves
from cnn.attribution.trust.fills import FILLS, fills
from cnn.attribution.trust.orders import CONTROLS, controls, order
from cnn.models.preparing import prepare
from tests.cnn.attribution.trust.conftest import PATCH, linear


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    """Pictures of a data set, prepared: grey below the middle, (6, 12, 12, 1)."""
    return np.random.default_rng(1).random((6, 12, 12, 1), dtype=np.float32) * 0.4


@pytest.fixture(scope="module")
def true(patch):
    return explain(*patch, "input_x_gradient", {}).plane


@pytest.fixture(scope="module")
def found(patch, true, data):
    return curves(*patch, true, data=data)


def test_the_map_of_the_pixels_that_count_beats_every_control_with_every_fill(found, picture):
    assert [(trial.way, trial.fill) for trial in found.trials] == [
        (way, fill) for fill in FILLS for way in ("deletion", "insertion")
    ]
    for trial in found.trials:
        assert set(trial.curves) == {MAP, *CONTROLS}
        best = trial.curves[trial.best_control].area
        ahead = best - trial.curves[MAP].area
        assert (ahead if trial.way == "deletion" else -ahead) > 0
    assert min(found.margins) > 0.05
    assert found.mark == "pass"
    levels = picture[PATCH].ravel().tolist()
    alone = [level for level in levels if levels.count(level) == 1]
    assert found.tied == pytest.approx(1 - len(alone) / 144)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_map_by_chance_does_not(patch, data, seed):
    by_chance = np.random.default_rng([7, seed]).random((12, 12), dtype=np.float32)
    found = curves(*patch, by_chance, data=data, seed=seed)
    assert found.mark != "pass"
    assert sum(margin < 0 for margin in found.margins) >= 4


def test_the_reverse_of_the_true_map_fails(patch, true, data):
    found = curves(*patch, -true, data=data)
    assert max(found.margins) < 0
    assert found.mark == "fail"


def test_the_curves_are_those_of_pixels_taken_away_one_by_one(patch, data, found):
    picture = patch[1][0, ..., 0]
    distinct = np.random.default_rng(5).permutation(144).reshape(12, 12).astype(np.float32)
    made = curves(*patch, distinct, data=data)
    filled = fills(patch[1][0], data, 0)
    places = sorted(np.ndindex(12, 12), key=lambda place: -distinct[place])
    assert made.fractions == found.fractions
    for trial in made.trials:
        fill = filled[trial.fill][..., 0]
        start, end = (picture, fill) if trial.way == "deletion" else (fill, picture)
        sums = []
        for step in range(POINTS):
            changed = np.array(start, np.float64)
            for place in places[: round(step * 144 / (POINTS - 1))]:
                changed[place] = end[place]
            sums.append(changed[PATCH].sum())
        shares = 1 / (1 + np.exp(-np.array(sums)))
        np.testing.assert_allclose(trial.curves[MAP].values, sums, rtol=1e-5)
        np.testing.assert_allclose(trial.curves[MAP].shares, shares, rtol=1e-5)
        between = [(a + b) / 2 for a, b in pairwise(sums)]
        assert trial.curves[MAP].area == pytest.approx(np.mean(between), rel=1e-5)
        between = [(a + b) / 2 for a, b in pairwise(shares)]
        assert trial.curves[MAP].share_area == pytest.approx(np.mean(between), rel=1e-5)


def test_a_seed_breaks_ties_and_nothing_else(patch, data):
    steps = np.repeat([[3, 3, 1, 2]], 4, axis=0).astype(np.float32)
    first, again, other = (order(steps, seed).tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert sorted(first) == list(range(16))
    for places in (first, other):
        assert steps.ravel()[places].tolist() == [3] * 8 + [2] * 4 + [1] * 4
    whole = np.zeros((12, 12), np.float32)
    whole[PATCH] = 1
    assert curves(*patch, whole, data=data) == curves(*patch, whole, data=data)
    assert curves(*patch, whole, data=data).mark == "pass"
    assert curves(*patch, whole, data=data).tied == 1


def test_a_map_that_is_the_same_everywhere_proves_nothing(patch):
    found = curves(*patch, np.zeros((12, 12), np.float32))
    assert found.is_constant
    assert found.mark == "inconclusive"


def test_a_network_that_says_the_same_of_everything_divides_by_nothing(picture):
    model = linear(np.zeros((12, 12, 2), np.float32))
    batch = prepare(picture, model)
    plane = np.random.default_rng(2).random((12, 12), dtype=np.float32)
    found = curves(objective_of(model, batch, 0), batch, plane)
    assert found.margins == (None,) * 6
    assert found.mark == "inconclusive"


def test_a_unit_and_a_difference_have_no_probability(patch):
    objective, batch = patch
    plane = batch[0, ..., 0]
    for target in (Target(0, against=1), Target(20, layer="row")):
        found = curves(Objective(objective.model, target), batch, plane)
        assert all(trial.curves[MAP].shares is None for trial in found.trials)
        assert all(trial.curves[MAP].share_area is None for trial in found.trials)
        assert None not in found.margins


def test_progress_is_told_and_may_stop(patch, true):
    told = []

    def stop(done, count):
        told.append((done, count))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        curves(*patch, true, on_progress=stop)
    assert told == [(1, 15), (2, 15), (3, 15)]


def test_fills_are_of_the_data_and_never_black_where_a_digit_is(seven):
    digit = seven.astype(np.float32) / 255
    for filled in (fills(digit, None, 0), fills(digit, digit[None], 0)):
        assert set(filled) == set(FILLS)
        assert all(one.shape == digit.shape and one.dtype == np.float32 for one in filled.values())
        assert filled["blur"][digit > 0].min() > 0
    without = fills(digit, None, 0)
    assert np.unique(without["mean"]) == pytest.approx([digit.mean()])
    assert set(np.unique(without["noise"])) <= set(np.unique(digit))
    assert without["noise"].mean() == pytest.approx(digit.mean(), rel=0.3)
    data = np.stack([np.full((28, 28, 1), level, np.float32) for level in (0.25, 0.75)])
    of_data = fills(digit, data, 0)
    assert np.unique(of_data["mean"]) == [0.5]
    assert sorted(np.unique(of_data["noise"])) == [0.25, 0.75]
    np.testing.assert_array_equal(of_data["noise"], fills(digit, data, 0)["noise"])
    assert (of_data["noise"] != fills(digit, data, 1)["noise"]).any()


def test_controls_know_nothing_of_the_network():
    picture = np.zeros((9, 9, 2), np.float32)
    picture[:, 5:] = [1, 3]
    found = controls(picture, 0)
    assert tuple(found) == CONTROLS
    assert np.unravel_index(found["centre"].argmax(), (9, 9)) == (4, 4)
    assert set(np.flatnonzero(found["edges"][4])) == {4, 5}
    np.testing.assert_array_equal(found["intensity"], picture.mean(-1))
    np.testing.assert_array_equal(found["random"], controls(picture * 2, 0)["random"])


def test_a_smaller_map_is_resized_between_the_centres_of_its_cells(patch):
    np.testing.assert_allclose(
        resized(np.array([[0, 1]], np.float32), 1, 4), [[0, 0.25, 0.75, 1]], rtol=1e-6
    )
    small = np.zeros((4, 4), np.float32)
    small[0, 3] = 1
    assert curves(*patch, small) == curves(*patch, resized(small, 12, 12))


def test_edges_are_by_the_kernel_of_sobel_and_the_centre_is_a_gaussian():
    bright = np.zeros((5, 5, 2), np.float32)
    bright[2, 2] = [2, 0]  # 1 in grey
    corner, side = np.sqrt(2), 2
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = [[corner, side, corner], [side, 0, side], [corner, side, corner]]
    np.testing.assert_allclose(controls(bright, 0)["edges"], expected, rtol=1e-6, atol=1e-7)
    # Cells are 1/4 above and below the middle of two rows, 3/8 and 1/8 beside that of four columns.
    far, near = np.exp(-(1 / 16 + 9 / 64)), np.exp(-(1 / 16 + 1 / 64))
    found = controls(np.ones((2, 4, 1), np.float32), 0)["centre"]
    np.testing.assert_allclose(found, [[far, near, near, far]] * 2, rtol=1e-12)
