"""What a form says of its number, and how far Keras may be from it."""

import numpy as np
import pytest

from cnn.models.arithmetic.cell import weighted
from cnn.models.arithmetic.forms import Copy, Function, Product, Shares
from cnn.models.arithmetic.functions import log_softmax, sigmoid, softmax


def test_a_sum_allows_for_a_part_of_its_absolute_products():
    form = weighted([1000.0, 1.0], [1.0, -1000.0])
    assert form.value == 0
    assert form.tolerance == pytest.approx(1e-5 * 2000)
    assert form.gives(0.01)
    assert not form.gives(0.03)


def test_a_copy_is_the_same_number():
    assert Copy(0.1).gives(0.1)
    assert not Copy(0.1).gives(0.1000001)


def test_what_overflows_in_float32_is_infinite():
    form = Product(np.array([1e30, 1e30]), np.ones(2))
    assert form.gives(np.inf)
    assert not form.gives(-np.inf)
    assert not form.gives(np.nan)


def test_a_function_passes_on_what_its_operand_may_be_off():
    steep = Function("exp", 5.0, np.exp, slack=0.1)
    assert steep.tolerance == pytest.approx(np.exp(5.1) - np.exp(5))
    flat = Function("sigmoid", 30.0, sigmoid, slack=0.1)
    assert flat.tolerance < 1e-4


def test_the_shares_of_softmax_are_off_by_a_factor():
    logits = np.log([1.0, 3.0])
    share = Shares("softmax", logits, 0, softmax, slack=1e-3)
    assert share.tolerance == pytest.approx(0.25 * (2e-3 + 1e-5))
    assert Shares("log_softmax", logits, 0, log_softmax, slack=1e-3).tolerance > 2e-3
