"""Pages of a network with channels first, attention and a recurrent layer both ways."""

import keras
import numpy as np
import pytest
from keras import layers

from dashboard.app import runtime_of
from dashboard.state.view import parse
from pages import activations, architecture, filters, why
from tests.screens import application_of, caption, screen, unpacked


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """An application whose model has such layers."""
    keras.utils.set_random_seed(5)
    first = {"data_format": "channels_first"}
    picture = keras.Input((8, 8, 1), name="picture")
    x = layers.Permute((3, 1, 2), name="turn")(picture)
    x = layers.Conv2D(4, 3, activation="relu", name="conv", **first)(x)
    x = layers.Flatten(name="flat", **first)(x)
    x = layers.Reshape((36, 4), name="rows")(x)
    x = layers.Activation("linear", name="two\nlines")(x)
    x = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.Bidirectional(layers.LSTM(3, name="cells"), name="both")(x)
    model = keras.Model(picture, layers.Dense(10, "softmax", name="classes")(x))
    return application_of(model, tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def solid(tmp_path_factory):
    """An application whose model sees its picture as a volume of four slices."""
    keras.utils.set_random_seed(6)
    picture = keras.Input((8, 6, 1), name="picture")
    x = layers.Reshape((4, 2, 6, 1), name="volume")(picture)
    x = layers.Conv3D(3, (2, 1, 3), padding="same", name="solid")(x)
    x = layers.GlobalMaxPooling3D(name="most")(x)
    return application_of(
        keras.Model(picture, layers.Dense(10, "softmax", name="classes")(x)),
        tmp_path_factory.mktemp("solid"),
    )


def test_a_slice_of_a_volume_is_chosen(solid, request_of):
    request_of(solid)
    query = runtime_of(solid).default_view().to_query()
    chosen = {**query, "channel": "1", "depth": "2", "row": "1", "column": "3"}
    values = runtime_of(solid).forward(parse(query)[0]).activations["solid"]
    shown = screen(activations, chosen, "solid")
    assert shown.charts[activations.MAIN].layout["title.text"] == "solid: 4×2×6×3, slice 2"
    trace = shown.charts[activations.DETAIL].traces[0]
    np.testing.assert_array_equal(trace["z"], values[2, :, :, 1])
    assert (trace["meta.slices"], trace["meta.cell"]) == ([2, 2], [2, 1, 3, 1])
    assert shown.properties[activations.DEPTH] == {"data-now": "2", "data-most": 3}
    assert not shown.hidden[f"{activations.DEPTH}-box"]
    told = screen(why, chosen, "solid")
    assert told.texts[why.FORMULA].startswith("solid, channel 1, slice 2, row 1, column 3:")
    assert not told.hidden[f"{why.DEPTH}-box"]
    np.testing.assert_array_equal(told.charts[why.MAP].traces[0]["z"], values[2, :, :, 1])
    # What it reads is in several slices, all of which are drawn, one below the other.
    before = told.charts[why.BEFORE].figure().data[0]
    assert (before.meta["slices"], before.meta["tiles"]["slice_rows"]) == ([0, 2], 2)
    assert "slice %{customdata[3]}, row %{customdata[1]}" in before.hovertemplate
    assert before.customdata[5, 4].tolist() == [0, 1, 4, 2]
    assert "slice" not in told.charts[why.MAP].traces[0]["hovertemplate"]
    assert (
        "slice"
        not in screen(activations, {**chosen}, "most").charts[activations.MAIN].layout["title.text"]
    )


def test_without_a_choice_the_slice_of_the_strongest_cell_is_shown(solid, request_of):
    request_of(solid)
    query = runtime_of(solid).default_view().to_query()
    values = runtime_of(solid).forward(parse(query)[0]).activations["solid"]
    strongest = np.unravel_index(np.abs(values[..., 0]).argmax(), values.shape[:-1])[0]
    shown = screen(activations, query, "solid")
    assert shown.properties[activations.DEPTH]["data-now"] == str(strongest)
    beyond = screen(why, {**query, "depth": "9"}, "solid").texts[why.MISSING]
    assert beyond == "There is no slice 9 here: 3, the last one, is shown."


@pytest.fixture
def query(other, request_of):
    request_of(other)
    return runtime_of(other).default_view().to_query()


def test_an_attention_shows_a_map_of_scores_for_every_head(query):
    shown = screen(activations, query, "attention")
    scores = shown.charts[activations.KERNEL].figure()
    assert scores.layout.title.text.startswith("scores of 2 heads")
    assert caption(shown, activations.KERNEL).startswith("2 heads: a row per query (36)")
    assert not shown.hidden[f"{activations.KERNEL}-box"]
    assert screen(activations, query, "rows").hidden[f"{activations.KERNEL}-box"]


def test_a_layer_whose_name_has_a_line_end_has_its_page_and_its_values(other, query):
    client = other.server.test_client()
    assert client.get("/activations/two%0Alines", query_string=query).status_code == 200
    form = screen(activations, query, "two\nlines").form
    answer = client.get("/values/activations/two%0Alines", query_string={**query, "form": form})
    assert answer.status_code == 200
    assert unpacked(answer.data)[0]["page"]["form"] == form


def test_maps_with_channels_first_are_shown_as_all_others(query):
    shown = screen(activations, query, "conv")
    assert "6×6×4" in str(shown.texts[activations.FACTS])
    assert "4 feature maps of 6×6" in caption(shown, activations.MAIN)
    assert "difference" in screen(why, {**query, "channel": "3"}, "conv").texts[why.PROOF]


def test_every_weight_of_a_layer_both_ways_is_in_the_table(query):
    shown = screen(filters, query, "both")
    table = str(shown.properties[filters.NUMBERS])
    assert table.count("recurrent_kernel") == 2
    title = shown.charts[filters.MAIN].figure().layout.title.text
    assert title.startswith("both, forward_cells/lstm_cell/kernel: 4×12 weights")


@pytest.mark.parametrize(
    ("number", "title", "bias"),
    [
        ("1", "attention, key/kernel: 4×6 weights", "attention: key/bias"),
        (
            "3",
            "attention, attention_output/kernel: 6×4 weights",
            "attention: attention_output/bias",
        ),
        ("99", "attention, query/kernel: 4×6 weights", "attention: query/bias"),
    ],
)
def test_one_of_the_kernels_of_a_layer_is_chosen(query, number, title, bias):
    shown = screen(filters, {**query, "weights": number}, "attention")
    titles = [
        shown.charts[one].figure().layout.title.text for one in (filters.MAIN, filters.BIASES)
    ]
    assert titles[0].startswith(title) and titles[1].startswith(bias)
    offered = [one["label"] for one in shown.properties[filters.WEIGHTS]["options"]]
    assert offered == [f"{one}/kernel" for one in ("query", "key", "value", "attention_output")]
    assert not shown.hidden[f"{filters.WEIGHTS}-box"]
    assert screen(filters, query, "classes").hidden[f"{filters.WEIGHTS}-box"]


def test_the_table_of_layers_says_what_they_cost_and_see(query):
    rows = str(screen(architecture, query).properties[architecture.TABLE]["rows"])
    assert f"{36 * 2 * (4 + 3) * 12:,}" in rows
    assert "3×3 pixels" in rows
    assert "at most" not in rows
    assert np.all([name in rows for name in ("Bidirectional", "MultiHeadAttention")])
