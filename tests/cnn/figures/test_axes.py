import numpy as np
import pytest

from cnn.figures.axes import amounts, from_zero, logarithmic, spans_decades

COSINE = 0.0005 * (1 + np.cos(np.pi * np.arange(1000) / 1000))


@pytest.mark.parametrize(
    ("values", "is_wide"),
    [
        ([], False),
        ([0.001] * 9, False),
        ([0.0, 0.0], False),
        ([np.nan, 1.0, np.inf], False),
        ([2.3, 1.0, 0.03], False),
        (COSINE, False),
        ([2.3, 20_000, *[2.3] * 50], True),
        ([1e-3] * 50 + [1e-4] * 25 + [1e-5] * 25, True),
        ([0.3] * 50 + [1e-6] * 50, True),
        ([-1000.0, 1.0], False),
    ],
)
def test_values_span_decades_where_a_linear_axis_would_hide_most_of_them(values, is_wide):
    assert spans_decades(values) is is_wide
    assert amounts(values, "loss")["type"] == ("log" if is_wide else "linear")


def test_an_axis_from_zero_has_room_above_and_one_of_nothing_goes_to_one():
    assert from_zero([1.0, 2.0, np.nan], "loss")["range"] == [0, pytest.approx(2.08)]
    assert from_zero([0.0], "loss")["range"] == [0, pytest.approx(1.04)]


def test_what_is_not_positive_does_not_count_on_a_logarithmic_axis():
    assert logarithmic([0.0, -5.0, 1.0, 50.0], "loss")["dtick"] == "D2"
    assert logarithmic([0.0, 1e-6, 1e4], "loss")["dtick"] == 2
    assert logarithmic([], "loss")["title"]["text"] == "loss, logarithmic axis"
