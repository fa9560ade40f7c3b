import math

import pytest

from cnn.ranges import Limits

SHARE = Limits(0, 1, is_whole=False, above=True)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(1, 6), "a whole number from 1 to 6"),
        (Limits(0, 2**31 - 1), "a whole number from 0 to 2147483647"),
        (Limits(0, 0.9, is_whole=False), "a number from 0 to 0.9"),
        (SHARE, "a number above 0, up to 1"),
        (SHARE.times(100), "a number above 0, up to 100"),
    ],
)
def test_limits_say_what_they_accept(limits, words):
    assert limits.words == words


def test_a_number_is_accepted_within_its_limits_only():
    assert [Limits(1, 6).accept(value) for value in (0, 1, 6, 7)] == [False, True, True, False]
    assert [SHARE.accept(value) for value in (0, 1e-9, 1, 1.1)] == [False, True, True, False]


@pytest.mark.parametrize("value", [True, "1", None, math.nan, [1], 1j])
def test_what_is_no_number_is_not_accepted(value):
    assert not SHARE.accept(value)
    assert not Limits(0, 5).accept(value)


def test_a_whole_number_has_no_fraction():
    assert not Limits(0, 5).accept(2.5)
