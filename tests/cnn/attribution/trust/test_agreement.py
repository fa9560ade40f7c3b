import numpy as np
import pytest

from cnn.attribution.attribution import Attribution
from cnn.attribution.resizing import resized
from cnn.attribution.target import Target
from cnn.attribution.trust.agreement import agreement
from cnn.attribution.trust.ranks import rank_correlation
from cnn.errors import AttributionError

STEPS = np.arange(-8, 8, dtype=np.float32).reshape(4, 4)


def made(method: str, plane: np.ndarray, of: int = 0) -> Attribution:
    return Attribution(method, Target(of), 1.0, plane.astype(np.float32))


def test_signed_maps_are_compared_by_their_numbers_and_others_by_their_magnitudes():
    signed = agreement([made("input_x_gradient", STEPS), made("input_x_gradient", -STEPS)])
    assert signed.correlations[0] == pytest.approx((1, -1))
    one_of_them = agreement([made("input_x_gradient", -STEPS), made("saliency", abs(STEPS))])
    assert one_of_them.correlations[0] == pytest.approx((1, 1))
    assert one_of_them.methods == ("input_x_gradient", "saliency")
    assert one_of_them.mark("saliency") == "pass"


def test_it_is_the_same_both_ways_and_maps_of_layers_are_resized():
    small = np.random.default_rng(0).random((2, 2))
    found = agreement([made("saliency", small), made("input_x_gradient", STEPS)])
    expected = rank_correlation(resized(small.astype(np.float32), 4, 4), abs(STEPS))
    assert found.correlations[0][1] == pytest.approx(expected)
    assert found.correlations[1][0] == pytest.approx(expected)


def test_who_agrees_with_nobody_fails_and_a_constant_map_says_nothing():
    pattern = np.random.default_rng(1).permutation(64).reshape(8, 8)
    other = np.random.default_rng(2).permutation(64).reshape(8, 8)
    found = agreement([made("saliency", pattern), made("saliency", other)])
    assert abs(found.with_others("saliency")) < 0.2
    assert found.mark("saliency") == "fail"
    flat = agreement([made("saliency", np.zeros((8, 8))), made("input_x_gradient", pattern)])
    assert flat.correlations == ((None, None), (None, pytest.approx(1)))
    assert flat.mark("saliency") == flat.mark("input_x_gradient") == "inconclusive"


def test_maps_of_different_numbers_are_not_compared():
    with pytest.raises(AttributionError, match="different targets"):
        agreement([made("saliency", STEPS), made("saliency", STEPS, of=1)])
