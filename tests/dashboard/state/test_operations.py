"""Changes of channels as text of an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.models.surgery import Affine
from dashboard.state import operations
from dashboard.state.view import View, parse

numbers = st.floats(-10, 10, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-90)
changes = st.builds(Affine, numbers, st.sampled_from([0.0, 0.31, -1e-7, 12345.5]))
channels = st.dictionaries(st.integers(0, 9999), changes, min_size=1, max_size=8)
layers = st.dictionaries(st.text(min_size=1, max_size=9), channels, min_size=1, max_size=3)


@given(layers)
def test_changes_survive_the_query_of_a_view(changes):
    view = View(model="0" * 12, surgery=operations.encode(changes))
    view, problems = parse(view.to_query())
    assert not problems
    assert view.operations == changes
    assert list(view.operations) == list(changes)


def test_neighbouring_channels_that_are_changed_alike_are_one_entry():
    off = dict.fromkeys([0, 1, 2, 4, 5], Affine(0.0))
    held = {7: Affine(0.0, 0.25), 6: Affine(0.5)}
    text = operations.encode({"conv2d": {**off, **held}, "in/conv:2": {3: Affine(2.0)}, "none": {}})
    assert text == "conv2d:0-2*0,4-5*0,6*0.5,7*0@0.25;in%2Fconv%3A2:3*2"


@pytest.mark.parametrize(
    "text",
    ["conv2d", "conv2d:", ":3*0", "conv2d:3", "conv2d:3*", "conv2d:3*x", "conv2d:3*nan",
     "conv2d:3*11", "conv2d:3*0@2e6", "conv2d:5-3*0", "conv2d:3*0,3*1", "conv2d:0-4*0,2*1",
     "conv2d:3*0;conv2d:4*0", "conv2d:10000*0", "conv2d:3*0;", "conv2d:3*0," * 500],
)  # fmt: skip
def test_what_is_no_change_of_channels_is_told_and_none_is_changed(text):
    view, problems = parse({"surgery": text})
    assert view == View()
    assert problems[0].endswith(
        "changes of channels such as conv2d:3*0,7*0.5; no channel is changed."
    )


def test_views_have_one_network_where_the_same_layers_are_changed():
    one, other = View(model="a", surgery="x:3*0;y:1*0"), View(model="a", surgery="x:4-9*0.5;y:2*0")
    assert one.network == other.network == "a x y"
    assert View(model="a").network == "a"
