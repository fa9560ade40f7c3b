import numpy as np
import pytest

import cnn
from cnn.attribution.objective import Objective
from cnn.errors import AttributionError, ImageError


@pytest.fixture(scope="module")
def baselines() -> np.ndarray:
    """Pictures to compare with, uint8 (5, 6, 7, 2)."""
    return np.random.default_rng(2).integers(0, 256, (5, 6, 7, 2), dtype=np.uint8)


def drawn(count: int, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which baselines are drawn from a seed, and at which shares of the way."""
    random = np.random.default_rng(seed)
    return random.integers(count, size=samples), random.random((samples, 1, 1, 1), np.float32)


def test_of_a_linear_model_it_is_weights_times_mean_differences(linear, scene, weights, baselines):
    found = cnn.attribute(
        linear, scene, method="expected_gradients", target=1, baselines=baselines, samples=70
    )
    chosen, _ = drawn(5, 70, 0)
    mean = (scene - baselines[chosen].astype(float)).mean(0) / 255
    np.testing.assert_allclose(found.map, weights * mean, rtol=1e-5, atol=1e-6)
    assert found.residual < 1e-5
    assert found.law.allowed < 1e-3


def test_it_is_the_mean_over_pairs_of_a_picture_and_a_place(smooth, scene, baselines, ask_smooth):
    found = cnn.attribute(
        smooth, scene, method="expected_gradients", target=1, baselines=baselines, samples=9, seed=4
    )
    chosen, shares = drawn(5, 9, 4)
    way = (scene - baselines[chosen].astype(np.float32)) / 255
    places = baselines[chosen] / np.float32(255) + shares * way
    gradients = ask_smooth(places)["INPUT_OUTPUT_GRADIENTS"]
    np.testing.assert_allclose(found.map, (way * gradients).mean(0), rtol=1e-5, atol=1e-6)


def test_its_law_tells_chance_from_error(classifier):
    digits = cnn.load_dataset("digits")
    pictures = [digits[place].pixels for place in range(40)]
    off = []
    for label in range(10):
        picture = digits.sample(label, seed=1).pixels
        options = {"method": "expected_gradients", "baselines": pictures}
        few, many = (
            cnn.attribute(classifier, picture, samples=count, **options) for count in (16, 1024)
        )
        assert many.law.allowed < few.law.allowed
        off.append((few.residual, many.residual))
    few, many = np.mean(off, axis=0)
    assert many < few / 3


def test_pictures_must_be_given_and_be_pictures(linear, scene, baselines):
    with pytest.raises(AttributionError, match="none were given: give baselines"):
        cnn.attribute(linear, scene, method="expected_gradients")
    for wrong in (3, [], np.float32(0), None):
        with pytest.raises(AttributionError, match="expected one or more pictures"):
            cnn.attribute(linear, scene, method="expected_gradients", baselines=wrong)
    with pytest.raises(ImageError):
        cnn.attribute(linear, scene, method="expected_gradients", baselines=["a", "b"])


def test_the_seed_decides_on_the_pairs(smooth, scene, baselines):
    options = {"method": "expected_gradients", "baselines": baselines, "samples": 8, "target": 0}
    one, again, other = (cnn.attribute(smooth, scene, seed=seed, **options) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.map, again.map)
    assert not np.allclose(one.map, other.map)


def test_baselines_are_computed_once_and_again_for_other_weights_targets_or_baselines(
    smooth, scene, baselines, monkeypatch
):
    computed: list[int] = []
    values = Objective.values

    def counted(objective: Objective, pictures: np.ndarray) -> np.ndarray:
        computed.append(len(pictures))
        return values(objective, pictures)

    monkeypatch.setattr(Objective, "values", counted)

    def law(picture=scene, target=1, given=baselines):
        made = cnn.attribute(
            smooth, picture, method="expected_gradients", target=target, baselines=given, samples=16
        )
        return made.law.expected

    first = law()
    assert law(255 - scene) != first
    assert len(computed) == 1
    assert law() == first
    law(given=baselines[::-1])
    law(target=0)
    assert len(computed) == 3
    before = smooth.get_weights()
    smooth.set_weights([0.5 * array for array in before])
    assert law() != first
    smooth.set_weights(before)
    assert law() == first
    assert len(computed) == 5
    smooth.set_weights(before)
    assert law() == first
    assert len(computed) == 5
