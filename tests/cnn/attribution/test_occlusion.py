import numpy as np
import pytest
from saliency import core

import cnn
from cnn.attribution import objective
from cnn.attribution.baselines import BASELINES, baseline
from cnn.attribution.occlusion import count_of_patches
from cnn.errors import AttributionError


def by_hand(value, batch, filling, patch, starts):
    """What `value` loses by each patch, its mean over those that cover a pixel, in a plain loop."""
    lost: dict[tuple[int, int], list[float]] = {}
    whole = value(batch)
    for row in starts(batch.shape[1]):
        for column in starts(batch.shape[2]):
            covered = batch.copy()
            covered[:, row : row + patch, column : column + patch] = filling
            for place in np.ndindex(patch, patch):
                at = (row + place[0], column + place[1])
                lost.setdefault(at, []).append(whole - value(covered))
    return np.array(
        [
            [np.mean(lost[row, column]) for column in range(batch.shape[2])]
            for row in range(batch.shape[1])
        ]
    )


def test_of_a_linear_model_it_is_the_sum_of_weights_times_differences(linear, scene, weights):
    x = cnn.prepare(scene, linear)[0]
    found = cnn.attribute(linear, scene, method="occlusion", target=1, patch=1, fill="mean")
    expected = (weights * (x - x.mean((0, 1)))).sum(-1)
    np.testing.assert_allclose(found.map, expected, rtol=1e-5, atol=2e-6)
    found = cnn.attribute(linear, scene, method="occlusion", target=1, patch=3, stride=2)
    by_cell = by_hand(
        lambda batch: float((weights * batch[0]).sum()), x[None], 0, 3, lambda n: _starts(n, 3, 2)
    )
    np.testing.assert_allclose(found.map, by_cell, rtol=1e-5, atol=2e-6)


def _starts(side: int, patch: int, stride: int) -> list[int]:
    return sorted({*range(0, side - patch + 1, stride), side - patch})


def test_a_patch_of_one_pixel_is_the_loop_over_all_pixels(smooth, scene, ask_smooth):
    batch = cnn.prepare(scene, smooth)
    found = cnn.attribute(smooth, scene, method="occlusion", target=1, patch=1)
    expected = by_hand(
        lambda one: float(ask_smooth(one)["OUTPUT_LAYER_VALUES"][0]), batch, 0, 1, range
    )
    assert found.map.shape == (6, 7)
    np.testing.assert_allclose(found.map, expected, rtol=1e-5, atol=2e-6)


def test_it_agrees_with_that_of_others_but_for_the_mean(smooth, scene, ask_smooth):
    x = cnn.prepare(scene, smooth)[0]
    summed = core.Occlusion().GetMask(x, ask_smooth, size=3)[..., 0]
    times = np.zeros((6, 7))
    for row, column in np.ndindex(4, 5):
        times[row : row + 3, column : column + 3] += 1
    found = cnn.attribute(smooth, scene, method="occlusion", target=1, patch=3, stride=1)
    np.testing.assert_allclose(found.map, summed / times, rtol=1e-5, atol=2e-6)


def test_patch_and_stride_follow_from_the_picture_where_none_is_given(classifier, seven, linear):
    found = cnn.attribute(classifier, seven, method="occlusion", target=7)
    assert found.settings == {"patch": 4, "stride": 1, "fill": "black"}
    assert found.map.shape == (28, 28)
    assert found.plane is found.map


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"patch": 7}, "A patch of 7 pixels was given for a picture of 6×7: choose at most 6"),
        ({"patch": 2, "stride": 3}, "A stride of 3 pixels was given for a patch of 2"),
        ({"fill": "red"}, "'red' was given as fill of occlusion: expected black or white or mean"),
    ],
)
def test_what_would_leave_pixels_out_is_refused(linear, scene, options, said):
    with pytest.raises(AttributionError, match=said):
        cnn.attribute(linear, scene, method="occlusion", **options)


def test_a_patch_that_changes_nothing_loses_exactly_nothing(classifier):
    """Numbers next to zero would put pixels in an order that tell nothing of the picture."""
    picture = cnn.load_dataset("digits").sample(label=7, seed=0).pixels
    found = cnn.attribute(classifier, picture, method="occlusion", target=7, patch=4, fill="black")
    is_empty = np.zeros((28, 28), bool)
    for row, column in np.ndindex(28, 28):
        near = picture[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4]
        is_empty[row, column] = not near.any()
    assert is_empty.any()
    assert not found.map[is_empty].any()


@pytest.mark.parametrize(("patch", "stride"), [(2, 1), (3, 2), (5, 3)])
@pytest.mark.parametrize("fill", BASELINES)
def test_of_a_linear_model_it_is_the_mean_over_patches_of_the_sum_for_any_fill(
    linear, scene, weights, patch, stride, fill
):
    batch = cnn.prepare(scene, linear)
    known = {"black": 0.0, "white": 1.0, "mean": batch.mean((1, 2))}
    filling = known[fill] if fill in known else baseline(linear, batch, fill)
    by_pixel = (weights * (batch - filling)[0]).sum(-1)
    total, times = np.zeros((6, 7)), np.zeros((6, 7))
    for row in _starts(6, patch, stride):
        for column in _starts(7, patch, stride):
            inside = np.s_[row : row + patch, column : column + patch]
            total[inside] += by_pixel[inside].sum()
            times[inside] += 1
    found = cnn.attribute(
        linear, scene, method="occlusion", target=1, patch=patch, stride=stride, fill=fill
    )
    np.testing.assert_allclose(found.map, total / times, rtol=1e-5, atol=5e-6)


def test_all_patches_of_a_digit_are_one_batch_and_parts_of_it_give_the_same(
    classifier, seven, monkeypatch
):
    sizes = []
    values = objective.Objective.values

    def counted(self, batch):
        sizes.append(len(batch))
        return values(self, batch)

    monkeypatch.setattr(objective.Objective, "values", counted)
    noise = np.random.default_rng(0).integers(1, 256, seven.shape, np.uint8)
    whole = cnn.attribute(classifier, noise, method="occlusion").map
    assert sizes == [1 + count_of_patches(28, 28, patch=0, stride=0)] == [626]
    sizes.clear()
    monkeypatch.setattr(objective, "most_at_once", lambda _infos: 100)
    in_parts = cnn.attribute(classifier, noise, method="occlusion").map
    assert sum(sizes) == 626 and max(sizes) <= 100
    np.testing.assert_allclose(in_parts, whole, atol=1e-6 * float(np.abs(whole).max()))
