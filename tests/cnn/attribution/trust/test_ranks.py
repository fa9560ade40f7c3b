import math

import numpy as np
import pytest
from scipy import stats

from cnn.attribution.trust.ranks import entropy, rank_correlation


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_it_is_the_rank_correlation_of_scipy_with_ties_too(levels):
    random = np.random.default_rng(levels)
    one, other = random.integers(0, levels, (2, 12, 12)).astype(np.float32)
    mixed = one + other
    for plane in (other, mixed, -mixed):
        expected = stats.spearmanr(one.ravel(), plane.ravel()).statistic
        assert rank_correlation(one, plane) == pytest.approx(expected, rel=1e-6)


def test_a_constant_map_has_no_order():
    flat, steps = np.full((3, 3), 2.0), np.arange(9.0).reshape(3, 3)
    assert rank_correlation(flat, steps) is rank_correlation(steps, flat) is None
    assert rank_correlation(steps, np.exp(steps)) == pytest.approx(1)


def test_the_entropy_is_that_of_a_histogram_of_a_hundred_bins():
    assert entropy(np.full((4, 4), 3.0)) == 0
    assert entropy(np.arange(200.0).reshape(10, 20)) == pytest.approx(math.log(100))
    assert entropy(np.array([[0.0, 1.0], [0.0, 0.0]])) == pytest.approx(
        -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    )
