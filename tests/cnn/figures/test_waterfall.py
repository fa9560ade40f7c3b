"""What adds up to a sum, each bar from where the one before it ends."""

import numpy as np
import pytest

from cnn.figures import waterfall_chart
from cnn.figures.waterfall import MOST_NAMED
from cnn.models.arithmetic.forms import WeightedSum


def form_of(values, weights, bias=0.5):
    values, weights = np.asarray(values, float), np.asarray(weights, float)
    inside = np.ones(values.shape[:-1], bool)
    return WeightedSum(values, weights, np.arange(values.shape[-1]), inside, bias)


def drawn(form, **more):
    named = {"title": "logit of 7", "each": "input", "total": "logit", **more}
    (trace,) = waterfall_chart(form, **named).figure().data
    return trace


def test_the_strongest_come_first_and_all_add_up_to_the_total():
    form = form_of([1, 2, 3], [1, -3, 0.5])
    trace = drawn(form)
    assert list(trace.y) == ["1", "2", "0", "bias", "logit"]
    np.testing.assert_allclose(trace.x, [-6, 1.5, 1, 0.5, -3])
    assert list(trace.measure) == [*["relative"] * 4, "total"]
    assert trace.x[:-1].sum() == pytest.approx(form.value)
    assert trace.orientation == "h"


def test_what_many_weak_inputs_add_is_one_bar():
    form = form_of(np.ones(64), np.linspace(1, 2, 64))
    trace = drawn(form)
    assert len(trace.y) == MOST_NAMED + 3
    assert trace.y[0] == "63"
    assert trace.y[MOST_NAMED] == "52 others"
    assert trace.x[:-1].sum() == pytest.approx(form.value, rel=1e-6)


def test_what_is_pointed_at_is_told_with_its_product_and_the_sum_so_far():
    told = drawn(form_of([1, 2, 3], [1, -3, 0.5])).customdata
    assert told[0] == "input 1: 2 × −3<br>adds <b>−6</b>, so far −6"
    assert told[1] == "input 2: 3 × 0.5<br>adds <b>1.5</b>, so far −4.5"
    assert told[3] == "the bias<br>adds <b>0.5</b>, so far −3"
    assert told[4] == "logit<br><b>−3</b>"


def test_a_channel_adds_the_sum_of_its_cells():
    form = form_of(np.ones((2, 3, 2)), np.full((2, 3, 2), [0.5, -1.0]))
    trace = drawn(form, each="channel")
    assert list(trace.y) == ["1", "0", "bias", "logit"]
    np.testing.assert_allclose(trace.x, [-6, 3, 0.5, -2.5])
    assert trace.customdata[0] == "channel 1, all its cells<br>adds <b>−6</b>, so far −6"


def test_what_raises_the_sum_has_another_colour_than_what_lowers_it():
    trace = drawn(form_of([1, 2], [1, -1]))
    assert trace.increasing.marker.color != trace.decreasing.marker.color


def test_charts_of_as_many_inputs_differ_in_numbers_only():
    charts = [
        waterfall_chart(form_of(np.ones(20), weights), title=title, each="input", total=total)
        for weights, title, total in (
            (np.arange(20), "one", "logit"),
            (-np.arange(20), "other", "difference"),
        )
    ]
    assert charts[0].form == charts[1].form
    assert charts[0].frame() == charts[1].frame()
