"""The pages' callbacks as the plain functions they are, on both models."""

import json
from urllib.parse import quote

import numpy as np
import plotly.graph_objects as go
import pytest
from dash import Patch
from dash.exceptions import PreventUpdate

import cnn
from dashboard.app import runtime_of
from dashboard.shell import panel
from dashboard.state.view import parse
from pages import activations, all_layers, architecture, filters, moments, training


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


def paint(query, layers, name, painted):
    """Ask the page of a layer's activations, open at its own address."""
    return activations.paint(query, layers, name, painted, f"/activations/{quote(name, safe='')}")


def test_all_layers_has_a_tile_per_layer_that_computes(both):
    query, layers = both
    tiles = all_layers.tiles(layers)
    figures = [{"type": "all-layers-figure", "layer": name} for name in layers["names"]]
    shown, sizes, captions, kinds = all_layers.paint(query, figures, None, "/layers")
    shown_names = [tile.children[0].children[0].children.children for tile in tiles]
    assert shown_names == [name for name in layers["names"] if name not in ("block", "tail")]
    assert all(isinstance(figure, go.Figure) for figure in shown)
    assert set(kinds) == set(layers["names"])
    assert all(caption.count(".") >= 2 for caption in captions)
    again, *_ = all_layers.paint({**query, "index": "3"}, figures, kinds, "/layers")
    assert all(isinstance(figure, Patch) for figure in again)
    assert len(sizes) == len(figures)


def test_every_layer_has_its_activations(both):
    query, layers = both
    for name in layers["names"]:
        main, _, caption, facts, detail, *_ = paint(query, layers, name, None)
        assert main.layout.title.text.startswith(name)
        assert isinstance(detail, go.Figure)
        assert caption.count(".") >= 2
        assert facts


def test_a_repaint_brings_exactly_the_new_values(bundled):
    query, layers = bundled
    first = paint(query, layers, "conv2d", None)
    query = {**query, "index": "42"}
    patch = paint(query, layers, "conv2d", first[-1])[0].to_plotly_json()
    z = next(o["params"]["value"] for o in patch["operations"] if o["location"][-1] == "z")
    fresh = paint(query, layers, "conv2d", None)[0].data[0].z
    import base64

    sent = np.frombuffer(base64.b64decode(z["bdata"]), "f4").reshape(fresh.shape)
    np.testing.assert_array_equal(sent, fresh)
    json.dumps(patch)


def test_the_chosen_channel_and_its_kernel_say_their_own_number(bundled):
    query, layers = bundled
    first = paint({**query, "channel": "17"}, layers, "conv2d", None)
    detail, kernel = first[4], first[7]
    assert detail.data[0].hovertemplate.startswith("channel 17<br>")
    assert kernel.data[0].hovertemplate.startswith("kernel 17<br>")
    patch = paint({**query, "channel": "5"}, layers, "conv2d", first[-1])[4].to_plotly_json()
    said = {o["location"][-1]: o["params"]["value"] for o in patch["operations"]}
    assert said["hovertemplate"].startswith("channel 5<br>")
    assert said["text"].endswith("channel 5")


def test_another_scale_is_another_figure(bundled):
    query, layers = bundled
    first = paint(query, layers, "conv2d", None)
    other = paint({**query, "scale": "channel"}, layers, "conv2d", first[-1])[0]
    assert isinstance(other, go.Figure)
    assert other.data[0].zmax == 1


def test_a_click_on_a_tile_chooses_its_channel(bundled):
    query, layers = bundled
    maps = runtime_maps(query)
    mosaic = cnn.figures.Mosaic.of(maps.shape)
    x, y = 3 * (26 + mosaic.gap) + 5, (26 + mosaic.gap) + 2
    chosen = activations.look_closely({"points": [{"x": x, "y": y}]}, query, layers, "conv2d")
    assert chosen["channel"] == str(mosaic.columns + 3)
    with pytest.raises(PreventUpdate):
        activations.look_closely({"points": [{"x": 26, "y": 0}]}, query, layers, "conv2d")


def runtime_maps(query):
    from dashboard.runtime.runtime import current

    return current().forward(parse(query)[0]).activations["conv2d"]


def test_the_chosen_channel_is_shown_with_its_kernel_and_numbers(bundled):
    query, layers = bundled
    shown = paint({**query, "channel": "5"}, layers, "conv2d", None)
    maps = runtime_maps(query)
    detail, kernel = shown[4], shown[7]
    np.testing.assert_array_equal(detail.data[0].z, maps[..., 5])
    assert detail.layout.title.text == "conv2d, channel 5"
    model = cnn.load_model()
    np.testing.assert_allclose(
        kernel.data[0].z, cnn.kernels(model, "conv2d")[:, :, 0, 5], rtol=1e-6
    )
    assert f"maximum {maps[..., 5].max():.4g}" in shown[11]


def test_every_layer_with_weights_has_its_filters(both):
    query, layers = both
    for name in layers["weighted"]:
        main, *_, table, options, _ = filters.paint(query, name, layers)
        assert main.layout.title.text.startswith(name)
        assert options[0]["value"] == "norm"
        assert len(table.children[1].children) >= 1


def test_an_input_channel_is_shown_when_chosen(bundled):
    query, layers = bundled
    main, _, caption, *_ = filters.paint({**query, "source": "3"}, "conv2d_1", layers)
    assert "input channel 3" in main.layout.title.text
    assert "red is positive" in caption


def test_the_architecture_adds_up(both):
    _, layers = both
    figure, size, caption, table, facts = architecture.describe(layers)
    rows = table.children[1].children
    assert len(rows) == len(layers["names"])
    assert figure.data[0].customdata
    assert size["width"].endswith("px")
    assert caption
    assert "parameters" in facts


def test_layouts_stand_without_arguments_and_with_nonsense():
    for page in (all_layers, architecture, filters, activations, training, moments):
        assert page.layout()
        assert page.layout(layer="x/../y", foo=["a", "b"])


def test_a_channel_that_does_not_exist_is_told_and_the_last_one_is_shown(bundled):
    query, layers = bundled
    shown = paint({**query, "channel": "999"}, layers, "conv2d", None)
    assert shown[6].startswith("There is no channel 999: 31, the last one, is shown.")
    assert shown[4].layout.title.text == "conv2d, channel 31"


def test_an_input_channel_that_does_not_exist_is_told(bundled):
    query, layers = bundled
    caption = filters.paint({**query, "source": "99"}, "conv2d_1", layers)[2]
    assert caption.startswith("There is no input channel 99: choose 0 to 31.")


def test_a_depthwise_kernel_shows_weights_and_says_so(second_app, request_of):
    request_of(second_app)
    query = runtime_of(second_app).default_view().to_query()
    layers = panel.layers(parse(query)[0])
    shown = paint({**query, "channel": "2"}, layers, "block/depthwise", None)
    assert shown[7].layout.title.text == "kernel 2"
    assert "its weights" in shown[9]
    shown = paint(query, layers, "shared", None)
    assert shown[7].layout.title.text == "kernel 0, norm"
    assert "norm of its weights" in shown[9]


def test_a_page_that_is_about_to_go_does_not_answer(bundled):
    query, layers = bundled
    for elsewhere in ("/", "/layers", "/activations/conv2d_1", "/activations", None):
        with pytest.raises(PreventUpdate):
            activations.paint(query, layers, "conv2d", None, elsewhere)
    figures = [{"type": "all-layers-figure", "layer": "conv2d"}]
    with pytest.raises(PreventUpdate):
        all_layers.paint(query, figures, None, "/activations/conv2d")
