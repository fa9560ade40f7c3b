import numpy as np
import pytest

from cnn.words import counted, listed, number, percent, scaled


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0, 1, "0.0%"), (1e-9, 1, "<0.1%"), (0.00049, 1, "<0.1%"), (0.0005, 1, "0.1%"),
        (0.5, 1, "50.0%"), (0.99949, 1, "99.9%"), (0.99999, 1, ">99.9%"), (1, 1, "100.0%"),
        (np.float32(0.99999994), 1, ">99.9%"), (np.float32(0.99999994), 4, ">99.9999%"),
        (0.9985, 0, ">99%"), (0.994, 0, "99%"), (0.004, 0, "<1%"), (0.99996, 2, ">99.99%"),
        (1, 0, "100%"), (0, 0, "0%"),
    ],
)  # fmt: skip
def test_nothing_is_rounded_to_certainty(share, digits, text):
    assert percent(share, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.281, "−0.281"), (0.0, "0"), (-0.0, "0"), (12345, "12,345"), (2.0, "2"),
        (2.3e-5, "2.3×10⁻⁵"), (-4e9, "−4×10⁹"), (999.6, "1,000"), (np.float32(0.1), "0.1"),
    ],
)  # fmt: skip
def test_a_number_has_a_minus_sign_and_a_power_of_ten(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("scale", "offset", "text"),
    [
        (1 / 255, 0, "divided by 255"), (0.00392157, 0, "divided by 255"),
        (1 / 127.5, -1, "divided by 127.5, and 1 is taken away"), (1.0, 0, "multiplied by 1"),
        (0.3, 0.5, "multiplied by 0.3, and 0.5 is added"), (0.0, 0, "multiplied by 0"),
    ],
)  # fmt: skip
def test_a_scale_is_said_as_a_division_where_it_is_one(scale, offset, text):
    assert scaled(scale, offset) == text


def test_one_thing_is_no_plural():
    assert [counted(n, "kernel") for n in (0, 1, 2)] == ["0 kernels", "1 kernel", "2 kernels"]


@pytest.mark.parametrize(
    ("things", "text"),
    [([], ""), (["row"], "row"), (["row", "column"], "row and column"), ("abc", "a, b and c")],
)
def test_a_list_ends_with_and(things, text):
    assert listed(things) == text
