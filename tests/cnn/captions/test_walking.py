"""Sentences on the cells of a map and on sums that come about step by step."""

import numpy as np
import pytest

from cnn.captions import cell_number, running, step_of
from cnn.models.arithmetic.cell import weighted
from cnn.models.arithmetic.forms import Choice, WeightedSum


def summed(products, bias=0.0):
    """A window of products, (1, width, channels), with weights of one."""
    values = np.array(products, float)[None]
    channels = np.arange(values.shape[-1])
    inside = np.ones(values.shape[:2], bool)
    return WeightedSum(values, np.ones_like(values), channels, inside, bias)


def test_cells_are_counted_row_by_row():
    assert cell_number(1, 14, rows=26, columns=26) == "cell 41 of 676: row 1, column 14"
    assert cell_number(59, 59, rows=60, columns=60) == "cell 3,600 of 3,600: row 59, column 59"


def test_a_step_is_a_product_an_input_channel_or_an_input():
    assert step_of(summed([[1], [2]])) == "product"
    assert step_of(summed([[1, 2]])) == "input channel"
    assert step_of(weighted([1.0, 2.0], [1.0, 1.0])) == "input"


def test_the_sum_so_far_goes_from_the_bias_to_the_sum():
    form = summed([[1, -5], [2, 1]], bias=0.5)
    np.testing.assert_allclose(form.running, [0.5, 3.5, -0.5])
    assert running(form).seen == (
        "The sum so far: it starts with the bias, 0.5, and 2 input channels make it −0.5."
    )
    assert running(form).notice == "It is farthest from zero, 3.5, after 1 of 2."


def test_of_one_input_channel_each_product_is_a_step():
    form = summed([[1], [2], [4]])
    np.testing.assert_allclose(form.running, [0, 1, 3, 7])
    assert running(form).seen == ("The sum so far: it starts with zero, and 3 products make it 7.")
    assert running(form).notice == "It is never farther from zero than at the end."


def test_a_sum_that_is_no_number_has_no_place_farthest_from_zero():
    assert running(summed([[np.inf], [1]])).notice == ""


@pytest.mark.parametrize(
    ("takes_largest", "so_far", "what", "last"),
    [(True, [2, 7, 7], "largest", "2, 7"), (False, [2, 2, 1], "smallest", "3, 1")],
)
def test_of_numbers_to_choose_among_the_best_so_far_is_told(takes_largest, so_far, what, last):
    inside = np.array([[True, True], [False, True]])
    form = Choice(np.array([[2.0, 7.0], [99.0, 1.0]]), inside, takes_largest)
    np.testing.assert_array_equal(form.running, so_far)
    assert running(form).seen == f"The {what} so far of 3 numbers, row by row."
    assert running(form).notice == f"It does not change after number {last}."


@pytest.mark.parametrize(
    ("products", "notice"),
    [([[-1], [0]], "It is farthest from zero at the start."), ([[0], [0]], "No step changes it.")],
)
def test_what_never_grows_is_said_so(products, notice):
    assert running(summed(products, bias=1)).notice == notice
