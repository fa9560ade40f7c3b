"""A network of many layers with large maps: what a page sends of it, and that it is true."""

import json
from dataclasses import replace

import numpy as np
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate
from plotly.io.json import to_json_plotly

import cnn
from cnn.figures import Mosaic
from dashboard.app import runtime_of
from dashboard.screens import attributions
from dashboard.screens.request import Request
from dashboard.screens.screen import _whole
from dashboard.state.view import parse
from pages import (
    activations,
    all_layers,
    architecture,
    explain,
    filters,
    network,
    one_step,
    surgery,
    why,
)
from tests import nets
from tests.screens import application_of, screen, unpacked

MEGABYTE = 1_000_000
# Methods of many passes with few.
QUICK = {
    "options": "smoothgrad.samples:2;expected_gradients.samples:8;integrated_gradients.steps:2;"
    "occlusion.patch:130;occlusion.stride:130"
}


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """An application that opens a network of 61 layers."""
    return application_of(nets.in_blocks(), tmp_path_factory.mktemp("large"))


@pytest.fixture
def query(large, request_of):
    request_of(large)
    return runtime_of(large).default_view().to_query()


@pytest.mark.parametrize("scale", ["layer", "channel"])
@pytest.mark.parametrize(
    ("page", "layer"),
    [
        (activations, "stem"), (all_layers, None), (all_layers, "block_9_relu"),
        (architecture, None), (surgery, "stem"), (why, "stem"),
    ],
)  # fmt: skip
def test_no_answer_is_larger_than_a_megabyte(large, query, page, layer, scale):
    asked = {**query, "scale": scale}
    shown = page.show(Request(parse(asked)[0], layer))
    whole = _whole(page.show, Request(parse(asked)[0], layer), (), page.PAGE)
    assert set(whole["charts"]) == set(shown.charts)
    assert len(to_json_plotly(whole)) < MEGABYTE
    address = f"/values/{page.PAGE}" + (f"/{layer}" if layer else "")
    got = large.server.test_client().get(address, query_string={**asked, "form": shown.form})
    assert b'"charts"' in got.data
    assert len(got.data) < MEGABYTE


@pytest.mark.parametrize("scale", ["layer", "channel"])
def test_the_units_of_a_flat_layer_leave_less_to_the_maps_beside_them(tmp_path, request_of, scale):
    app = application_of(nets.flattened(), tmp_path)
    request_of(app)
    request = Request(parse({**runtime_of(app).default_view().to_query(), "scale": scale})[0])
    whole = _whole(all_layers.show, request, (), all_layers.PAGE)
    assert len(whole["charts"]) == 6
    assert len(to_json_plotly(whole)) < MEGABYTE


def screen_below_a_megabyte(app, page, layer, **more):
    """Return the screen of a page, after both answers of it are held against a megabyte."""
    query = {**runtime_of(app).default_view().to_query(), **more}
    shown = page.show(Request(parse(query)[0], layer))
    whole = _whole(page.show, Request(parse(query)[0], layer), (), page.PAGE)
    assert set(whole["charts"]) == set(shown.charts)
    assert len(to_json_plotly(whole)) < MEGABYTE
    given = {**query, "form": shown.form}
    got = app.server.test_client().get(f"/values/{page.PAGE}/{layer}", query_string=given)
    assert b'"charts"' in got.data
    assert len(got.data) < MEGABYTE
    return shown


def test_the_arithmetic_of_a_large_picture_is_in_answers_below_a_megabyte(tmp_path, request_of):
    app = application_of(nets.segmenting(classes=5, side=512), tmp_path)
    request_of(app)
    for layer in ("picture", "up", "classes"):
        here = {"row": "201", "column": "410", "channel": "2"} if layer == "classes" else {}
        shown = screen_below_a_megabyte(app, why, layer, effective="1", **here)
    chart = shown.charts[why.MAP]
    block = chart.figure().data[0].meta["tiles"]["block"]
    frame = chart.layout["shapes"][0]
    assert block > 2
    assert (frame["x0"] + 0.5, frame["y0"] + 0.5) == (410 // block, 201 // block)
    field = shown.charts[why.EFFECTIVE].layout["shapes"][0]
    assert field["x0"] < 410 // block < field["x1"]


def test_the_numbers_of_a_whole_map_are_in_answers_below_a_megabyte(tmp_path, request_of):
    app = application_of(nets.pooled(400), tmp_path)
    request_of(app)
    means = screen_below_a_megabyte(app, why, "means", effective="1")
    products = means.charts[why.PRODUCTS]
    assert "cells" in products.caption.seen and products.enlarged is not None
    largest = screen_below_a_megabyte(app, why, "largest", channel="1")
    maps = Request(parse(runtime_of(app).default_view().to_query())[0]).passed.activations["maps"]
    row, column = np.unravel_index(maps[..., 1].argmax(), (400, 400))
    candidates = largest.charts[why.PATCH]
    block = candidates.figure().data[0].meta["tiles"]["block"]
    frame = candidates.layout["shapes"][0]
    assert block > 1
    assert (frame["x0"] + 0.5, frame["y0"] + 0.5) == (column // block, row // block)
    assert candidates.traces[0]["z"][row // block, column // block] == maps[..., 1].max()


def test_of_a_sum_of_many_steps_not_all_are_drawn_but_the_first_and_the_last(tmp_path, request_of):
    app = application_of(nets.flattened(), tmp_path)
    request_of(app)
    shown = screen_below_a_megabyte(app, why, "classes", channel="3")
    chart = shown.charts[why.RUNNING]
    (line,) = chart.figure().data
    assert len(line.y) == 1000
    assert (line.x[0], line.x[-1]) == ("0", "36864")
    form = cnn.explain_unit(
        runtime_of(app).model(runtime_of(app).default_view()),
        Request(runtime_of(app).default_view()).look.seen, layer="classes", channel=3,
    ).form  # fmt: skip
    np.testing.assert_allclose(line.y[500], form.running[int(line.x[500])], rtol=1e-5)
    assert line.y[-1] == pytest.approx(form.value, rel=1e-5)
    assert "1,000 of these steps are drawn" in chart.caption.seen


def test_a_step_of_learning_with_many_weights_is_in_answers_below_a_megabyte(tmp_path, request_of):
    app = application_of(nets.many_units(), tmp_path)
    request_of(app)
    shown = screen_below_a_megabyte(app, one_step, "classes", rates="0.01")
    change = shown.charts[one_step.DIFFERENCE].figure().data[0]
    assert min(change.z.shape) > 200


def quick(app, **more):
    """A view whose methods have few passes; where one refused its options, all would have many."""
    query = {**runtime_of(app).default_view().to_query(), **QUICK, **more}
    assert parse(query)[1] == ()
    return query


@pytest.mark.parametrize("more", [{}, {"overlay": "over"}, {"method": "saliency"}])
def test_maps_of_a_large_picture_come_in_answers_below_a_megabyte(tmp_path, request_of, more):
    app = application_of(nets.few_weights(260), tmp_path)
    request_of(app)
    query = quick(app, **more)
    first = explain.show(Request(parse(query)[0]))
    whole = _whole(explain.show, Request(parse(query)[0]), (), explain.PAGE)
    assert len(to_json_plotly(whole)) < MEGABYTE
    client, address = app.server.test_client(), "/values/explain"
    body = client.get(address, query_string={**query, "form": first.form}).data
    assert len(body) < MEGABYTE
    page, answers = unpacked(body)[0]["page"], 0
    maps, ends = {}, {}
    had = [place for place in page["charts"] if place not in page["later"]]
    while page["later"]:
        body = client.get(address, query_string={**query, "rest": "1", "had": had}).data
        assert len(body) < MEGABYTE
        page, arrays = unpacked(body)[0]["page"], unpacked(body)[1]
        for place, chart in page["charts"].items():
            for trace in chart["traces"]:
                ends[place] = trace["zmax"]
                if "z" in trace:
                    assert place not in had
                    maps[place] = arrays[trace["z"]["array"]]
        had += page["charts"]
        answers += 1
    expected = attributions.maps_of(Request(parse(query)[0]))
    assert {one.figure for one in expected} <= set(had) and 1 < answers <= len(expected)
    if "method" in more:
        largest = max(np.abs(one.make().plane).max() for one in expected)
        assert len(maps) > 1
        assert [ends[place] for place in maps] == pytest.approx([largest] * len(maps))


def test_weights_of_a_large_dense_layer_come_in_blocks(tmp_path, request_of):
    app = application_of(nets.flattened(), tmp_path)
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    request = Request(parse(query)[0], "classes")
    kernel = cnn.kernels(request.model, "classes")
    chart = filters.show(request).charts[filters.MAIN]
    assert kernel.size > chart.traces[0]["z"].size
    assert "enlarge a part to see them all" in chart.caption.seen
    rows, columns = kernel.T.shape
    window = f"{columns - 30},-0.5,{columns + 9},{rows}"
    form = filters.show(request).form
    given = {**query, "form": form, "figure": filters.MAIN, "window": window}
    facts, arrays = unpacked(
        app.server.test_client().get("/values/filters/classes", query_string=given).data
    )
    z = arrays[facts["page"]["enlarged"]["z"]["array"]]
    np.testing.assert_array_equal(z, kernel.T[:, -z.shape[1] :])


def test_to_enlarge_a_part_of_the_weights_nothing_else_is_made_of_them(
    tmp_path, request_of, monkeypatch
):
    app = application_of(nets.flattened(), tmp_path)
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    monkeypatch.setattr(cnn, "summarise", None)
    monkeypatch.setattr(cnn.figures, "histogram_chart", None)
    window = {"figure": filters.MAIN, "window": "-0.5,-0.5,39.5,9.5"}
    got = app.server.test_client().get("/values/filters/classes", query_string={**query, **window})
    facts, arrays = unpacked(got.data)
    z = arrays[facts["page"]["enlarged"]["z"]["array"]]
    kernel = cnn.kernels(Request(parse(query)[0]).model, "classes")
    np.testing.assert_array_equal(z, kernel.T[:10, :40])


def test_what_is_enlarged_of_a_map_that_came_later_is_its_own(tmp_path, request_of):
    app = application_of(nets.few_weights(400), tmp_path)
    request_of(app)
    query = quick(app)
    request = Request(parse(query)[0])
    first = explain.show(request)
    last = first.later[-1]
    made = next(one for one in attributions.maps_of(request) if one.figure == last).make()
    given = {**query, "form": first.form, "figure": last, "window": "-0.5,-0.5,19.5,19.5"}
    got = app.server.test_client().get("/values/explain", query_string=given)
    facts, arrays = unpacked(got.data)
    z = arrays[facts["page"]["enlarged"]["z"]["array"]]
    np.testing.assert_array_equal(z, made.plane[: len(z), : z.shape[1]])


@pytest.mark.parametrize("page", [activations, all_layers, surgery, why])
def test_a_flat_layer_of_many_units_is_shown_in_less_than_a_megabyte(tmp_path, request_of, page):
    app = application_of(nets.flat_pixels(224), tmp_path)
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    layer = None if page is all_layers else "flat"
    request = Request(parse(query)[0], layer)
    whole = _whole(page.show, request, (), page.PAGE)
    assert len(to_json_plotly(whole)) < MEGABYTE
    address = f"/values/{page.PAGE}" + (f"/{layer}" if layer else "")
    asked = {**query, "form": whole["around"]["form"]}
    body = app.server.test_client().get(address, query_string=asked).data
    assert b'"charts"' in body and len(body) < MEGABYTE


def test_all_layers_shows_each_layer_in_one_part(query):
    request = Request(parse(query)[0])
    names = [info.name for info in cnn.layer_infos(request.model)]
    places, links, message, is_told = all_layers.tiles(request)
    assert (message, is_told, len(links)) == ("", False, len(places))
    found = []
    for place, link in zip(places, links, strict=True):
        listed = json.loads(getattr(place, "data-layers"))
        for asked in (
            replace(request, layer=link.href.rpartition("/")[2]),
            replace(request, layers=(listed[-1],)),
        ):
            shown = [json.loads(figure)["layer"] for figure in all_layers.show(asked).charts]
            assert shown == listed
        assert link.children == f"{len(found) + 1}–{len(found) + len(shown)}"
        assert not place.children and len(shown) <= 12
        found += shown
    assert found == names


def test_tiles_come_for_the_parts_in_sight_and_others_are_let_go(query):
    request = Request(parse(query)[0])
    places, *_ = all_layers.tiles(request)
    ids = [place.id for place in places]
    first, second, third = [identity["first"] for identity in ids[:3]]
    layers = {"model": request.view.model}
    window = {"shown": [second, third, "nowhere"], "there": [first, second]}
    gone, stays, comes, *untouched = all_layers.bring_parts(window, ids, layers)
    assert gone == [] and stays is no_update and set(untouched) == {no_update}
    told, *tiles = comes
    assert told["props"]["children"] == "Layers 25–36 of 61" and len(tiles) == 12
    for given in ((None, layers), (window, None)):
        with pytest.raises(PreventUpdate):
            all_layers.bring_parts(given[0], ids, given[1])


@pytest.mark.parametrize("scale", ["layer", "channel"])
def test_two_parts_in_sight_are_one_answer_below_a_megabyte(large, query, scale):
    asked = {**query, "scale": scale, "layer": ["picture", "block_2_relu"]}
    view = parse({**query, "scale": scale})[0]
    request = Request(view, layers=("picture", "block_2_relu"))
    whole = _whole(all_layers.show, request, (), all_layers.PAGE)
    assert len(whole["charts"]) == 24 and len(to_json_plotly(whole)) < MEGABYTE
    asked["form"] = whole["around"]["form"]
    got = large.server.test_client().get("/values/layers", query_string=asked)
    facts, _ = unpacked(got.data)
    assert set(facts["page"]["charts"]) == set(whole["charts"]) and len(got.data) < MEGABYTE
    one = {**asked, "layer": ["picture"]}
    got = large.server.test_client().get("/values/layers", query_string=one)
    assert unpacked(got.data)[0]["page"].keys() == {"form"}


def test_a_layer_leads_to_its_part_and_one_that_is_not_there_is_told(query):
    within = Request(parse(query)[0], "block_9_relu")
    _, links, _, _ = all_layers.tiles(within)
    assert len(all_layers.show(within).charts) == 12
    assert [link.href for link in links].count("/layers/block_9_relu") == 1
    places, links, message, is_told = all_layers.tiles(Request(parse(query)[0], "nowhere"))
    assert (places, is_told) == ([], True)
    assert "“nowhere” is not in this model" in message
    assert len(links) == 6


def test_a_chosen_channel_is_whole_where_all_channels_are_reduced(query):
    shown = screen(activations, {**query, "channel": "7"}, "stem")
    values = Request(parse(query)[0]).passed.activations["stem"]
    whole = shown.charts[activations.DETAIL].traces[0]["z"]
    np.testing.assert_array_equal(whole, values[..., 7])
    chart = shown.charts[activations.MAIN]
    mosaic = Mosaic(**chart.figure().data[0].meta["tiles"])
    z, block = chart.traces[0]["z"], mosaic.block
    assert block > 1 and f"{block}×{block} cells" in chart.caption.seen
    y, x = np.argwhere(np.isfinite(z))[1234]
    channel, row, column = mosaic.locate(x, y)
    inside = values[row : row + block, column : column + block, channel]
    assert z[y, x] == inside.flat[np.abs(inside).argmax()]


def test_what_is_enlarged_of_a_reduced_figure_is_asked_for_by_its_window(large, query):
    client = large.server.test_client()
    shown = screen(activations, query, "stem")
    figure = {**query, "figure": activations.MAIN, "form": shown.form}
    address = "/values/activations/stem"
    facts, arrays = unpacked(
        client.get(address, query_string={**figure, "window": "-0.5,-0.5,9.5,9.5"}).data
    )
    over = facts["page"]["enlarged"]
    assert "panel" not in facts and over["meta"]["tiles"]["block"] == 1
    values = Request(parse(query)[0]).passed.activations["stem"]
    times = over["meta"]["times"]
    z = arrays[over["z"]["array"]]
    assert z.shape == (10 * times, 10 * times)
    np.testing.assert_array_equal(z, values[: 10 * times, : 10 * times, 0])
    whole = client.get(address, query_string={**figure, "window": "-9,-9,9999,9999"})
    assert unpacked(whole.data)[0]["page"]["enlarged"] is None


@pytest.mark.parametrize("window", ["", "1,2,3", "1,2,3,nan", "a,b,c,d"])
def test_a_window_that_is_none_is_refused_in_words(large, query, window):
    given = {**query, "figure": activations.MAIN, "window": window}
    got = large.server.test_client().get("/values/activations/stem", query_string=given)
    assert got.status_code == 400 and "expected four numbers" in got.text


@pytest.mark.parametrize("figure", [activations.DETAIL, "nowhere"])
def test_a_figure_that_is_not_reduced_has_nothing_to_enlarge(large, query, figure):
    given = {**query, "figure": figure, "window": "0,0,1,1"}
    got = large.server.test_client().get("/values/activations/stem", query_string=given)
    assert got.status_code == 400 and got.text == f"No figure {figure} of this page is reduced."


def test_what_the_network_page_leaves_out_of_an_answer_it_sends_next(large, query, monkeypatch):
    monkeypatch.setattr("pages.network._MOST_BYTES", 100_000)
    client = large.server.test_client()
    left = [info.name for info in cnn.layer_infos(Request(parse(query)[0]).model)]
    left.reverse()
    answers = 0
    while left:
        got = client.get("/values/network", query_string={**query, "layer": left})
        facts, arrays = unpacked(got.data)
        sent = [layer["name"] for layer in facts["page"]["layers"]]
        assert sent and sent == left[: len(sent)]
        assert sum(arrays[layer["tiles"]].size for layer in facts["page"]["layers"]) <= 100_000
        left = left[len(sent) :]
        answers += 1
    assert answers > 1


def test_the_network_page_names_the_blocks(query):
    folded = {
        layer["name"]: layer["fold"]
        for layer in network.structure(Request(parse(query)[0]))["layers"]
    }
    assert folded["block_3_relu"] == folded["block_3_add"] == "block_3"
    assert folded["stem"] == folded["classes"] == ""
