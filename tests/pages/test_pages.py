"""The pages as the plain functions they are, on both models."""

import json
from dataclasses import asdict
from urllib.parse import quote

import numpy as np
import pytest

import cnn
from dashboard.app import runtime_of
from dashboard.screens.request import Request
from dashboard.shell import panel
from dashboard.state.view import parse
from pages import activations, all_layers, architecture, filters, moments, training
from tests import nets
from tests.screens import application_of, caption, screen, unpacked


@pytest.fixture(params=["app", "second_app"])
def both(request, request_of):
    """(the default query, the store of layers) of each application in turn."""
    app = request.getfixturevalue(request.param)
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    return query, panel.layers(parse(query)[0])


@pytest.fixture
def bundled(app, request_of):
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    return query, panel.layers(parse(query)[0])


def test_all_layers_has_a_tile_per_layer_that_computes(both):
    query, layers = both
    tiles, links, message, _ = all_layers.tiles(Request(parse(query)[0]))
    assert (links, message) == ([], "")
    shown = screen(all_layers, query)
    names = [tile.children[0].children[0].children.children for tile in tiles.children]
    assert names == [name for name in layers["names"] if name not in ("block", "tail")]
    assert [json.loads(place)["layer"] for place in shown.charts] == names
    assert all(text.count(".") >= 2 for text in shown.around()["texts"].values())


def test_every_layer_has_its_activations(both):
    query, layers = both
    for name in layers["names"]:
        shown = screen(activations, query, name)
        assert shown.charts[activations.MAIN].figure().layout.title.text.startswith(name)
        assert shown.charts[activations.DETAIL].figure().data
        assert caption(shown, activations.MAIN).count(".") >= 2
        assert shown.texts[activations.FACTS]


def test_the_chosen_channel_and_its_kernel_say_their_own_number(bundled):
    query, _ = bundled
    for channel in ("17", "5"):
        shown = screen(activations, {**query, "channel": channel}, "conv2d")
        detail, kernel = (
            shown.charts[figure].figure() for figure in (activations.DETAIL, activations.KERNEL)
        )
        assert detail.data[0].hovertemplate.startswith(f"channel {channel}<br>")
        assert kernel.data[0].hovertemplate.startswith(f"kernel {channel}<br>")
        assert detail.layout.title.text == f"conv2d, channel {channel}"


def test_with_another_scale_the_figure_says_so_and_keeps_the_true_values(bundled):
    query, _ = bundled
    plain, relative = (
        screen(activations, {**query, "scale": scale}, "conv2d").charts[activations.MAIN]
        for scale in ("layer", "channel")
    )
    figure = relative.figure()
    assert plain.form == relative.form
    assert figure.data[0].zmax == 1
    assert figure.data[0].colorbar.title.text == "share of each channel's maximum"
    np.testing.assert_array_equal(figure.data[0].text, plain.figure().data[0].z)


def about(chart):
    """What a figure tells the scripts of its cells."""
    return chart.figure().data[0].meta


def test_figures_tell_of_which_layer_channel_and_cell_they_are(bundled):
    query, _ = bundled
    shown = screen(activations, {**query, "channel": "3", "row": "4", "column": "99"}, "conv2d")
    mosaic = cnn.figures.Mosaic.of((26, 26, 32))
    every, closely = (about(shown.charts[one]) for one in (activations.MAIN, activations.DETAIL))
    assert every == {"tiles": asdict(mosaic), "layer": "conv2d", "channel": None, "cell": None}
    assert (closely["layer"], closely["channel"], closely["cell"]) == ("conv2d", 3, [4, 25, 3])
    assert about(shown.charts[activations.KERNEL]).get("layer") is None
    units = screen(activations, {**query, "channel": "5"}, "dense").charts
    assert about(units[activations.MAIN]) == {
        "units": 64, "layer": "dense", "channel": None, "cell": None
    }  # fmt: skip
    assert (about(units[activations.DETAIL])["units"], about(units[activations.DETAIL])["cell"]) == (
        64, [5]
    )  # fmt: skip


def runtime_maps(query):
    from dashboard.runtime.runtime import current

    return current().forward(parse(query)[0]).activations["conv2d"]


def test_the_chosen_channel_is_shown_with_its_kernel_and_numbers(bundled):
    query, _ = bundled
    shown = screen(activations, {**query, "channel": "5"}, "conv2d")
    maps = runtime_maps(query)
    detail, kernel = (
        shown.charts[figure].figure() for figure in (activations.DETAIL, activations.KERNEL)
    )
    np.testing.assert_array_equal(detail.data[0].z, maps[..., 5])
    model = cnn.load_model()
    np.testing.assert_allclose(
        kernel.data[0].z, cnn.kernels(model, "conv2d")[:, :, 0, 5], rtol=1e-6
    )
    assert f"maximum {maps[..., 5].max():.4g}" in shown.texts[activations.NUMBERS]


def test_every_layer_with_weights_has_its_filters(both):
    from dashboard.runtime.runtime import current

    query, layers = both
    model = current().model(parse(query)[0])
    for name in layers["weighted"]:
        shown = screen(filters, query, name)
        assert shown.charts[filters.MAIN].figure().layout.title.text.startswith(name)
        assert shown.properties[filters.SOURCE]["options"][0]["value"] == "norm"
        table = shown.properties[filters.NUMBERS]
        weights = cnn.weights(model, name)
        assert [row[0] for row in table["rows"]] == list(weights)
        assert {len(row) for row in table["rows"]} == {len(table["columns"])}
        for row, values in zip(table["rows"], weights.values(), strict=True):
            assert row[5] == cnn.captions.number(values.mean(), 4)


def test_an_input_channel_is_shown_when_chosen(bundled):
    query, _ = bundled
    shown = screen(filters, {**query, "source": "3"}, "conv2d_1")
    assert "input channel 3" in shown.charts[filters.MAIN].figure().layout.title.text
    assert "red is positive" in caption(shown, filters.MAIN)


def test_the_architecture_adds_up(both):
    query, layers = both
    shown = screen(architecture, query)
    diagram = shown.charts[architecture.DIAGRAM]
    table = shown.properties[architecture.TABLE]
    assert [row[0] for row in table["rows"]] == layers["names"]
    assert {len(row) for row in [*table["rows"], table["total"]]} == {len(table["columns"])}
    (links,) = table["parts"]
    assert [path for _, _, path in links] == [
        f"/activations/{quote(name, safe='')}" for name in layers["names"]
    ]
    assert diagram.figure().data[0].customdata
    assert diagram.size["width"].endswith("px")
    assert caption(shown, architecture.DIAGRAM)
    assert "parameters" in shown.texts[architecture.SUMMARY]


def test_a_long_table_comes_in_parts_and_the_first_with_all_names(tmp_path, request_of):
    app = application_of(nets.deep(150), tmp_path)
    request_of(app)
    view = runtime_of(app).default_view()
    names = [info.name for info in cnn.layer_infos(runtime_of(app).model(view))]
    first = architecture.show(Request(view))
    table = first.properties[architecture.TABLE]
    assert [name for part in table["parts"] for name, _, _ in part] == names
    assert [row[0] for row in table["rows"]] == names[:40]

    def rest(**layers):
        given = {**view.to_query(), "rest": "1", **layers}
        got = app.server.test_client().get("/values/architecture", query_string=given)
        page = unpacked(got.data)[0]["page"]
        assert page["charts"] == {}
        return page["properties"][architecture.TABLE]["more"]

    assert [row[0] for row in rest(layer=[names[40], names[125]])] == names[40:80] + names[120:]
    every = rest()
    assert [row[0] for row in every] == names and every[:40] == table["rows"]
    assert {len(row) for row in every} == {len(table["columns"])}


def test_layouts_stand_without_arguments_and_with_nonsense():
    for page in (all_layers, architecture, filters, activations, training, moments):
        assert page.layout()
        assert page.layout(layer="x/../y", foo=["a", "b"])


def test_a_channel_that_does_not_exist_is_told_and_the_last_one_is_shown(bundled):
    query, _ = bundled
    shown = screen(activations, {**query, "channel": "999"}, "conv2d")
    told = "There is no channel 999: 31, the last one, is shown."
    assert caption(shown, activations.DETAIL).startswith(told)
    assert shown.charts[activations.DETAIL].layout["title.text"] == "conv2d, channel 31"


def test_an_input_channel_that_does_not_exist_is_told(bundled):
    query, _ = bundled
    told = caption(screen(filters, {**query, "source": "99"}, "conv2d_1"), filters.MAIN)
    assert told.startswith("There is no input channel 99: choose 0 to 31.")


def test_a_depthwise_kernel_shows_weights_and_says_so(second_app, request_of):
    request_of(second_app)
    query = runtime_of(second_app).default_view().to_query()
    kernel = activations.KERNEL
    shown = screen(activations, {**query, "channel": "2"}, "block/depthwise")
    assert shown.charts[kernel].layout["title.text"] == "kernel 2"
    assert "its weights" in caption(shown, kernel)
    shown = screen(activations, query, "shared")
    assert shown.charts[kernel].layout["title.text"] == "kernel 0, norm"
    assert "norm of its weights" in caption(shown, kernel)


def test_a_layer_without_a_kernel_hides_its_place(bundled):
    query, _ = bundled
    for layer, is_hidden in (("conv2d", False), ("max_pooling2d", True), ("dense", True)):
        assert screen(activations, query, layer).hidden[f"{activations.KERNEL}-box"] is is_hidden
