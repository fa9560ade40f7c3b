"""What layers read, as data. That fields composed of it are right, `tests/js/fields.test.js` sees."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

import cnn
from cnn.models import as_functional
from cnn.models.field_table import field_table, progression
from cnn.models.windows import inside
from tests import nets


@given(
    st.integers(-4, 4), st.integers(0, 4), st.integers(1, 3), st.integers(1, 5),
    st.integers(1, 12), st.integers(1, 12),
)  # fmt: skip
def test_four_numbers_say_what_a_progression_reads(start, stride, apart, count, length, size):
    def places(start, stride, apart, count):
        return start + stride * np.arange(length)[:, None] + apart * np.arange(count)

    taps = inside(places(start, stride, apart, count), size)
    told = progression(taps, size)
    if told is None:
        # Where no two cells beside each other read all their places, these are told one by one.
        reads_all = (taps >= 0).all(axis=1)
        assert not (reads_all[1:] & reads_all[:-1]).any()
    else:
        np.testing.assert_array_equal(inside(places(*told), size), taps)


def test_what_is_no_progression_is_told_place_by_place():
    assert progression(np.array([[0], [0], [1], [1]]), 2) is None


def axes_of(layer, shape=(12, 12, 1)):
    picture = keras.Input(shape, name="picture")
    layer = type(layer).from_config({**layer.get_config(), "name": "layer"})
    table = field_table(as_functional(keras.Model(picture, layer(picture))))
    (read,) = table["layers"][-1]["reads"]
    return read["axes"]


@pytest.mark.parametrize(
    ("layer", "axis"),
    [
        (layers.Conv2D(1, 3), {"start": 0, "stride": 1, "apart": 1, "count": 3}),
        (layers.Conv2D(1, 3, strides=2, padding="same"),
         {"start": 0, "stride": 2, "apart": 1, "count": 3}),
        (layers.Conv2D(1, 3, dilation_rate=2, padding="same"),
         {"start": -2, "stride": 1, "apart": 2, "count": 3}),
        (layers.ZeroPadding2D(2), {"start": -2, "stride": 1, "apart": 0, "count": 1}),
        (layers.ReLU(), None),
        (layers.UpSampling2D(2), {"places": [[i // 2] for i in range(24)]}),
    ],
)  # fmt: skip
def test_windows_are_four_numbers_an_axis(layer, axis):
    assert axes_of(layer) == [axis, axis]


@pytest.mark.parametrize(
    ("move", "told"),
    [
        (lambda x: x[:, 2:10, ::3], {"axes": [{"start": 2, "stride": 1, "apart": 0, "count": 1},
                                              {"start": 0, "stride": 3, "apart": 0, "count": 1}],
                                     "channels": {"first": 0, "count": 2, "groups": 2}}),
        (lambda x: x[..., ::-1], {"axes": [None, None],
                                  "channels": {"start": 1, "stride": -1, "apart": 0, "count": 1}}),
        (lambda x: keras.ops.roll(x, 11, axis=1),
         {"axes": [{"places": [*[[i] for i in range(1, 12)], [0]]}, None],
          "channels": {"first": 0, "count": 2, "groups": 2}}),
        (lambda x: x[..., 1], {"terms": [{"start": 1, "stride": 24}, {"start": 0, "stride": 2}]}),
        (lambda x: keras.ops.stack([x[..., 0]], axis=1),
         {"terms": [{"start": 0, "stride": 0}, {"start": 0, "stride": 12}, {"start": 0, "stride": 1}]}),
    ],
)  # fmt: skip
def test_what_is_moved_is_told_along_the_axes(move, told):
    picture = keras.Input((12, 12, 2), name="picture")
    table = field_table(as_functional(keras.Model(picture, move(picture))))
    (read,) = table["layers"][-1]["reads"]
    assert {name: read[name] for name in told} == told


def test_where_one_of_several_is_not_read_its_terms_are_none():
    picture = keras.Input((4, 4, 1), name="picture")
    pair = keras.ops.stack([picture, picture + 1.0], axis=1)
    table = field_table(as_functional(keras.Model(picture, pair)))
    first, second = (read["terms"][0] for read in table["layers"][-1]["reads"])
    assert (first, second) == ({"places": [0, None]}, {"places": [None, 0]})


def test_the_table_of_the_bundled_classifier_is_in_graph_order(classifier):
    table = field_table(classifier)
    names = [layer["name"] for layer in table["layers"]]
    assert names == [info.name for info in cnn.layer_infos(classifier)]
    assert table["picture"] == names[0]
    sources = {one["name"]: [r["source"] for r in one["reads"]] for one in table["layers"]}
    assert sources["conv2d_1"] == [names.index("max_pooling2d")]
    assert {one["name"]: one["reads"][0]["how"] for one in table["layers"][1:]} == {
        "conv2d": "along", "max_pooling2d": "along", "conv2d_1": "along",
        "max_pooling2d_1": "along", "flatten": "moved", "dense": "everything",
        "dense_1": "everything",
    }  # fmt: skip


def test_the_table_of_a_deep_network_is_small():
    assert len(json.dumps(field_table(nets.deep(150)))) < 40_000


def test_a_size_that_is_left_open_must_be_given():
    picture = keras.Input((None, None, 1), name="picture")
    model = as_functional(keras.Model(picture, layers.Conv2D(1, 3, name="maps")(picture)))
    assert field_table(model, size=(9, 12))["layers"][1]["shape"] == (7, 10, 1)
    with pytest.raises(cnn.LayerError, match="size="):
        field_table(model)
