import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.view import View, parse

whole = st.integers(0, 99_999)
views = st.builds(
    View,
    model=st.text("0123456789abcdef", min_size=12, max_size=12),
    data=st.sampled_from(["mnist", "digits", "fashion_mnist"]),
    split=st.sampled_from(["train", "test", "all"]),
    index=whole,
    scale=st.sampled_from(["channel", "layer", "network"]),
    channel=st.none() | whole,
    source=st.none() | whole,
)


@given(views)
def test_a_view_survives_the_query(view):
    assert parse(view.to_query()) == (view, ())


def test_what_is_at_its_default_is_left_out():
    assert set(View(model="0" * 12).to_query()) == {"model", "data", "split", "index"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"scale": "banana"}, "scale is 'banana': expected channel, layer or network"),
        ({"index": "-1"}, "index is '-1': expected a whole number"),
        ({"index": "1e9999"}, "expected a whole number"),
        ({"model": "../../etc"}, "expected 12 hexadecimal digits"),
        ({"data": "imagenet"}, "expected mnist, fashion_mnist or digits"),
        ({"utm": "x"}, "'utm' that is not known; it is ignored"),
        ({"index": ["1", "2"]}, "gives index 2 times"),
        ({"scale": "x" * 500}, "…"),
    ],
)
def test_an_unusable_part_keeps_its_default_and_is_explained(query, words):
    view, problems = parse(query)
    assert view == View()
    assert len(problems) == 1
    assert words in problems[0]
    assert len(problems[0]) < 200


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.lists(st.text(), max_size=3)))
def test_no_query_breaks_the_codec(query):
    view, _ = parse(query)
    assert parse(view.to_query())[0] == view
