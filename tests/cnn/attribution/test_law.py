"""What the numbers of a map must come to, and how far they may be from it."""

from __future__ import annotations

import pytest

from cnn.attribution.attribution import Law, rounding
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS


def law(expected: float, found: float, tolerance: float = 0.05, **more: float) -> Law:
    return Law("completeness", "the map adds up to it", expected, found, tolerance, **more)


def test_a_residual_is_relative_to_what_is_expected():
    assert law(4.0, 3.9).residual == pytest.approx(0.025)
    assert law(1.0, 100.0).residual == pytest.approx(99)
    assert law(-2.0, 2.0).residual == pytest.approx(2)


def test_no_number_is_too_small_to_break_a_law():
    assert law(1e-9, 2e-9).mark == FAIL
    assert law(0.0, 1e-9).residual == 1
    assert law(0.0, 0.0).mark == PASS


def test_a_difference_of_large_numbers_is_off_by_what_float32_loses():
    small = rounding((1000.0, -200.0))
    assert small == pytest.approx(0.01)
    assert law(0.0, 0.005, small=small).residual == pytest.approx(0.5)
    assert law(0.0, 0.005, small=small).mark == INCONCLUSIVE
    assert law(0.0, 0.05, small=small).mark == FAIL
    assert law(2.0, 2.1, small=small).allowed == pytest.approx(0.055)


def test_what_chance_may_take_it_off_is_allowed():
    assert law(2.0, 2.3, 0.0, chance=0.4).mark == PASS
    assert law(2.0, 2.3, 0.0, chance=0.2).mark == FAIL
    assert law(2.0, 2.3, 0.0, chance=0.99).mark == PASS
    assert law(2.0, 2.3, 0.0, chance=1.01).mark == INCONCLUSIVE
    assert law(2.0, 4.3, 0.0, chance=2.4).mark == INCONCLUSIVE
