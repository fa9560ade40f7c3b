"""A few numbers say what many are, and of those that are none, or infinite, how many there are."""

import numpy as np

import cnn


def test_a_summary_is_of_the_finite_numbers_and_counts_the_others():
    found = cnn.summarise(np.array([[1, np.nan, 0], [np.inf, -np.inf, 5]], np.float32))
    assert (found.count, found.not_finite) == (6, 3)
    assert (found.minimum, found.maximum, found.mean, found.zeros) == (0, 5, 2, 1 / 6)
    np.testing.assert_allclose(found.deviation, np.std([1, 0, 5]))


def test_of_no_finite_number_nothing_is_known():
    found = cnn.summarise(np.full(2, np.nan, np.float32))
    known = (found.minimum, found.maximum, found.mean, found.deviation)
    assert np.isnan(known).all() and (found.not_finite, found.zeros) == (2, 0)
