"""Every page in all its ways: whole figures, their numbers alone, and answers while something moves."""

import json
import pickle
from functools import cache

import numpy as np
import pytest

import cnn
from cnn.attribution.methods import METHODS
from cnn.figures import Chart
from dashboard.app import runtime_of
from dashboard.runtime.attributing import attributed
from dashboard.screens.screen import parts_of_pages
from dashboard.state.view import LOOKS
from pages import (
    activations,
    all_layers,
    counterfactual,
    diagnosis,
    explain,
    features,
    filters,
    moments,
    one_step,
    output,
    perturb,
    quiz,
    surgery,
    why,
)  # fmt: skip
from tests.screens import call, screen, unpacked

CHANGES = {
    "digit": {"index": "42"},
    "drawing": {"pixels": ""},
    "epoch": {"epoch": "5"},
    "range": {"range": "0..255"},
    "slider": {"rotate": "40", "noise": "20"},
    "adversarial": {"epsilon": "0.1"},
    "channel": {"channel": "5"},
    "scale": {"scale": "channel"},
    "network": {"scale": "network"},
    "source": {"source": "0"},
    "step": {"teach": "3", "rates": "0.01"},
    "other": {"other": "0-8"},
    "over": {"over": "zoom"},
    "guess": {"guess": "1"},
    "pick": {"pick": "3,,wrong,2", "picking": "1"},
    "cell": {"channel": "3", "row": "2", "column": "4"},
    "class": {"of": "3"},
    "against": {"against": "8"},
    "by": {"by": "channels"},
    "weights": {"weights": "1"},
    "blocks": {"blocks": "0"},
    "slice": {"depth": "0"},
    "broken": {"broken": "1"},
    "question": {"quiz": "1"},
}
# What changes the form of the screens that depend on it, and what one page alone depends on.
UNFOLDED = {
    "effective": "1", "method": "saliency", "overlay": "over", "options": "grad_cam.layer:conv2d",
    "norm": "l1", "step": "5", "focus": "cell", "unit": "conv2d",
}  # fmt: skip
PLACES = [
    (activations, "conv2d"), (activations, "conv2d_1"), (activations, "dense"),
    (activations, "dense_1"), (all_layers, None), (diagnosis, None), (features, "conv2d"),
    (features, "class logits"), (filters, "conv2d_1"), (filters, "dense"),
    (moments, "conv2d"), (moments, "dense"), (one_step, "conv2d"), (one_step, "dense"),
    (perturb, None), (why, "conv2d"), (why, "conv2d_1"), (why, "max_pooling2d"), (why, "dense"),
    (why, "dense_1"), (output, None), (explain, None), (counterfactual, None), (surgery, "conv2d"),
    (surgery, "dense"), (quiz, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


def changed(query, change):
    if change == "drawing":
        from dashboard.state import pixels

        drawn = np.zeros((28, 28, 1), np.uint8)
        drawn[4:24, 10:14] = 255
        return {**query, "pixels": pixels.encode(drawn)}
    return {**query, **CHANGES[change]}


def address_of(page, layer):
    return f"/values/{page.PAGE}" + (f"/{layer}" if layer else "")


def others_than_those_of(app, page) -> frozenset[str]:
    """Return the parts of the view that the page does not say it depends on, of those of its look."""
    return LOOKS - set(parts_of_pages(app.server)[page.PAGE])


def drawn(chart: Chart) -> str:
    """Return all of a figure, every number in it."""
    return chart.figure().to_json()


def are_alike(one: Chart, other: Chart) -> bool:
    """Whether both give the same figure; they are drawn where what they are made of differs."""
    parts = [pickle.dumps((chart.frame(), chart.traces, chart.layout)) for chart in (one, other)]
    return parts[0] == parts[1] or drawn(one) == drawn(other)


@pytest.fixture(scope="module")
def unchanged(app, query):
    """The screens of the places before any change."""

    @cache
    def unchanged(page, layer):
        with app.server.test_request_context():
            return screen(page, query, layer)

    return unchanged


@pytest.fixture
def compiled(app, request_of, page):
    """All that the page computes quickly, compiled: what is not compiled yet comes later, as words."""
    if page not in (explain, quiz):
        return
    request_of(app)
    runtime = runtime_of(app)
    view = runtime.default_view()
    model, picture = runtime.model(view), runtime.look(view).seen
    for name, method in METHODS.items():
        for against in (None, int(CHANGES["against"]["against"])):
            if not method.is_slow:
                attributed(model, picture, name, cnn.Target(0, against), {})


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize(("page", "layer"), PLACES)
def test_numbers_in_the_figures_on_the_screen_make_the_figures_of_the_next(
    app, request_of, query, unchanged, page, layer
):
    """After a change of a part of the view that the page depends on; of the others see below."""
    request_of(app)
    before = unchanged(page, layer)
    for change, parts in CHANGES.items():
        if not others_than_those_of(app, page).issuperset(parts):
            after = screen(page, changed(query, change), layer)
            assert before.form == after.form, change
            assert list(before.charts) == list(after.charts), change
            for place, chart in after.charts.items():
                filled = Chart(chart.form, before.charts[place].frame, chart.traces, chart.layout)
                assert are_alike(filled, chart), (change, place)


@pytest.mark.parametrize(("page", "layer"), PLACES)
def test_the_binary_answer_has_what_the_page_shows(app, request_of, query, page, layer):
    request_of(app)
    asked = changed(query, "slider")
    shown = screen(page, asked, layer)
    asked_with = {**asked, "form": shown.form}
    got = app.server.test_client().get(address_of(page, layer), query_string=asked_with)
    facts, arrays = unpacked(got.data)
    around = json.loads(json.dumps(shown.around(), default=lambda part: part.to_plotly_json()))
    for name in ("texts", "hidden"):
        assert facts["page"][name] == around[name]
    assert facts["page"]["charts"].keys() == shown.charts.keys()
    for place, chart in shown.charts.items():
        for sent, trace in zip(facts["page"]["charts"][place]["traces"], chart.traces, strict=True):
            assert sent.keys() == trace.keys()
            for name, value in trace.items():
                if isinstance(value, np.ndarray):
                    np.testing.assert_array_equal(
                        arrays[sent[name]["array"]], value.astype(np.float32)
                    )


@pytest.mark.parametrize(("page", "layer"), PLACES)
def test_what_still_moves_has_the_form_and_the_numbers_of_what_rests(
    app, request_of, query, page, layer
):
    if page in (counterfactual, diagnosis, one_step, quiz):
        address, moving = address_of(page, layer), {**query, "moving": "picture"}
        got = app.server.test_client().get(address, query_string=moving)
        assert unpacked(got.data)[0]["page"] == {"form": None}
        return
    request_of(app)
    asked = changed(query, "slider")
    rest, moving = screen(page, asked, layer), screen(page, asked, layer, "picture")
    assert moving.form == rest.form
    assert {*moving.charts, *moving.later} == set(rest.charts)
    for place, chart in moving.charts.items():
        assert drawn(chart) == drawn(rest.charts[place])
        assert chart.caption == rest.charts[place].caption


FIGURES = (activations.MAIN, activations.DETAIL, activations.KERNEL)


def test_dash_brings_the_same_figures_and_texts(app, request_of, query):
    request_of(app)
    asked = changed(query, "channel")
    shown = screen(activations, asked, "conv2d")
    got = call(app, activations, asked, "conv2d", "/activations/conv2d", FIGURES)
    answer = got.get_json()["response"]
    held = answer["activations-screen"]["data"]
    assert held["form"] == shown.form
    assert held["texts"] == shown.around()["texts"]
    assert held["places"] == list(FIGURES)
    assert (held["view"], held["number"]) == (asked, 3)
    for figure in FIGURES:
        chart = shown.charts[figure]
        assert answer[figure]["style"] == chart.size
        whole = json.loads(chart.figure().to_json())
        for trace in whole["data"]:
            assert trace.pop("customdata", None), "a mosaic, whose places the browser works out"
        assert answer[figure]["figure"] == whole


@pytest.mark.parametrize("elsewhere", ["/", "/layers", "/activations/conv2d_1", "/activations"])
def test_a_page_that_is_about_to_go_does_not_answer(app, query, elsewhere):
    got = call(app, activations, query, "conv2d", elsewhere, FIGURES)
    assert got.status_code == 204


@pytest.mark.parametrize("wrong", [{"model": "0" * 12}, {"index": "99999"}, {"epoch": "99"}])
def test_what_cannot_be_shown_is_left_to_the_panel_to_say(app, query, wrong):
    got = call(app, activations, {**query, **wrong}, "conv2d", "/activations/conv2d", FIGURES)
    assert got.status_code == 204


def test_a_layer_that_is_not_there_is_left_to_the_tabs_to_say(app, request_of, query):
    request_of(app)
    with pytest.raises(cnn.LayerError, match="No layer 'nonsense'"):
        screen(activations, query, "nonsense")
    with pytest.raises(cnn.LayerError, match="No layer 'flatten'"):
        screen(filters, query, "flatten")


def test_without_a_layer_in_the_address_the_page_opens_with_the_first_convolution(
    second_app, request_of
):
    request_of(second_app)
    query = runtime_of(second_app).default_view().to_query()
    assert (
        screen(activations, query)
        .charts[activations.MAIN]
        .layout["title.text"]
        .startswith("left: ")
    )


@pytest.mark.parametrize(("page", "layer"), PLACES)
def test_a_page_depends_on_no_other_part_of_the_view_than_it_says(
    app, request_of, query, unchanged, page, layer
):
    """Parts that it does not name are not asked for again when they change."""
    request_of(app)
    before = unchanged(page, layer)
    values = {
        name: part for change in (*CHANGES.values(), UNFOLDED) for name, part in change.items()
    }
    for name in others_than_those_of(app, page) - {"runs", "present", "lines"}:
        after = screen(page, {**query, name: values[name]}, layer)
        assert str(after.around()) == str(before.around()), name
        assert list(after.charts) == list(before.charts), name
        for place, chart in after.charts.items():
            assert are_alike(chart, before.charts[place]), (name, place)


def test_before_tensorflow_is_there_no_figure_is_made(tmp_path, query):
    from dashboard.app import create_app
    from dashboard.settings import Settings

    app = create_app(Settings(home=tmp_path, data_dir=tmp_path, download=False))
    got = call(app, activations, query, "conv2d", "/activations/conv2d", FIGURES)
    assert got.status_code == 204
