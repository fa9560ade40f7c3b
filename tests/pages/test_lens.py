"""The page "One step" as the plain functions it is made of."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest
from dash.exceptions import PreventUpdate

import cnn
import cnn.lens
from dashboard import panel, pixels
from dashboard.app import runtime_of
from dashboard.components import layer_path
from dashboard.runtime import current
from dashboard.view import parse
from pages import lens

FIGURES = (*lens._GENERAL, *lens._OF_LAYER)
NO_CLICK = (None,) * 4


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


def paint(query, layers, made=None, layer=None):
    """Return what the page shows, by name; figures by their id."""
    address = layer_path("lens", layer) if layer else "/lens"
    told, is_told, is_hidden, facts, *figures, row, options, no_choice = lens.paint(
        query, layers, made, layer, address
    )
    parts = [figures[3 * i : 3 * i + 3] for i in range(len(FIGURES))]
    return {
        "told": told if is_told else "",
        "hidden": is_hidden,
        "facts": facts,
        "figures": {i: part[0] for i, part in zip(FIGURES, parts, strict=True)},
        "captions": {i: part[2] for i, part in zip(FIGURES, parts, strict=True)},
        "row": row,
        "sources": [] if no_choice else options,
    }


def made(query, label, *rates):
    of = parse(query)[0].picture.to_query()
    return {"of": of, "label": label, "rates": list(rates)}


def change(query, layers, kept, *, clicks=NO_CLICK, counted=None, label=None, rate=0.01):
    return lens.change(*clicks, label, rate, counted, kept, query, layers)


def test_every_layer_with_weights_is_shown_before_and_after_steps(both):
    query, layers = both
    for kept in (None, made(query, 1, 0.01, 0.02)):
        for name in (None, *layers["weighted"]):
            shown = paint(query, layers, kept, name)
            assert not shown["told"] and not shown["hidden"]
            assert all(isinstance(figure, go.Figure) for figure in shown["figures"].values())
            assert all(caption.count(".") >= 2 for caption in shown["captions"].values())
            title = shown["figures"][lens.BEFORE].layout.title.text
            assert title.startswith(name or layers["opening"])


def test_the_steps_are_those_of_the_library(bundled):
    query, layers = bundled
    shown = paint(query, layers, made(query, 3, 0.001, 0.002), "dense_1")
    seen = current().look(parse(query)[0]).seen
    teaching = cnn.lens.teach(cnn.load_model(), seen, label=3, learning_rates=[0.001, 0.002])
    after = shown["figures"][lens.PREDICTION].data[1]
    assert list(after.x) == teaching.after.probabilities.tolist()
    assert f"loss after {teaching.loss_after:.4g}" in shown["facts"]
    assert "dense_1 after 2 steps" in shown["figures"][lens.AFTER].layout.title.text
    assert shown["row"] == "lens-row wide"


def test_the_moment_of_the_training_is_the_one_that_is_taught(bundled):
    query, layers = bundled
    early = {**query, "epoch": "1"}
    late = paint(query, layers)
    shown = paint(early, layers)
    prediction = current().look(parse(early)[0]).passed.prediction
    before = shown["figures"][lens.PREDICTION].data[0]
    assert list(before.x) == pytest.approx(prediction.probabilities.tolist(), abs=1e-6)
    assert shown["facts"] != late["facts"]


def test_an_input_channel_is_shown_when_chosen(bundled):
    query, layers = bundled
    shown = paint({**query, "source": "3"}, layers, None, "conv2d_1")
    assert "input channel 3" in shown["figures"][lens.BEFORE].layout.title.text
    assert len(shown["sources"]) == 33
    assert not paint(query, layers, None, "conv2d")["sources"]


def test_steps_on_another_picture_count_for_nothing(bundled):
    query, layers = bundled
    kept = made(query, 3, 0.01)
    other = {**query, "index": "5"}
    assert "loss after" in paint(query, layers, kept)["facts"]
    assert "loss after" not in paint(other, layers, kept)["facts"]
    assert (
        "loss after" in paint({**query, "source": "2", "scale": "channel"}, layers, kept)["facts"]
    )


def test_what_cannot_be_taught_is_told_and_nothing_is_drawn(bundled):
    query, layers = bundled
    for kept, words in (
        (made(query, 3, 99), "A learning rate of 99 was given"),
        (made(query, 12), "The model has no class 12"),
        (made(query, 3, *[0.01] * 51), "51 steps were asked for"),
    ):
        told, is_told, is_hidden, *_ = lens.paint(query, layers, kept, None, "/lens")
        assert words in told
        assert is_told and is_hidden


def test_a_page_that_is_about_to_go_does_not_answer(bundled):
    query, layers = bundled
    for elsewhere in ("/", "/lens/conv2d_1", "/filters/conv2d", None):
        with pytest.raises(PreventUpdate):
            lens.paint(query, layers, None, "conv2d", elsewhere)
    for given in ((None, layers), (query, None), ({**query, "model": "0" * 12}, layers)):
        with pytest.raises(PreventUpdate):
            lens.paint(*given, None, None, "/lens")
        with pytest.raises(PreventUpdate):
            lens.control(*given, None, None, "/lens")


def test_the_label_is_taught_where_it_is_known_and_else_the_prediction(bundled):
    query, layers = bundled
    options, value, line, *disabled = lens.control(query, layers, None, None, "/lens")
    assert [option["label"] for option in options] == list(layers["classes"])
    assert options[int(value)]["label"] == current().picture(parse(query)[0]).label
    assert line == "No step made yet."
    assert disabled == [False, True, True, True]
    drawn = {**query, "pixels": pixels.encode(np.zeros((28, 28, 1), np.uint8))}
    _, value, *_ = lens.control(drawn, layers, None, None, "/lens")
    assert int(value) == current().look(parse(drawn)[0]).passed.prediction.label


def test_the_buttons_follow_the_steps(bundled):
    query, layers = bundled
    some = lens.control(query, layers, made(query, 3, 0.1), None, "/lens")
    assert some[1:] == ("3", "1 step made with learning rate 0.1.", False, False, False, False)
    full = lens.control(query, layers, made(query, 3, *[0.1] * 50), None, "/lens")
    assert full[3:] == (True, False, False, False)
    assert full[2] == "50 steps made with learning rate 0.1; more are not made here."


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ((), "No step made yet."),
        ((0.01,), "1 step made with learning rate 0.01."),
        ((0.01, 0.01), "2 steps made with learning rate 0.01."),
        ((0.01, 0.01, 0.5), "3 steps made: 2 with 0.01, then 1 with 0.5."),
    ],
)
def test_the_steps_are_told_in_words(rates, words):
    assert lens.in_words(rates) == words


@pytest.mark.parametrize(
    ("button", "rates"),
    [
        (lens.STEP, (0.1, 0.2, 0.5)),
        (lens.AGAIN, (0.1, 0.5)),
        (lens.UNDO, (0.1,)),
        (lens.RESTART, ()),
    ],
)
def test_a_press_changes_the_steps(button, rates):
    assert lens.after(lens.Made({}, 3, (0.1, 0.2)), button, 0.5).rates == rates


def test_presses_without_effect_change_nothing():
    none, full = lens.Made({}, 3), lens.Made({}, 3, (0.1,) * 50)
    for button in (lens.AGAIN, lens.UNDO, lens.RESTART):
        assert lens.after(none, button, None) == none
    assert lens.after(full, lens.STEP, 0.1) == full


def test_a_press_is_one_step_and_presses_whose_answers_were_lost_are_made_up_for(bundled):
    query, layers = bundled
    first, counts, told = change(query, layers, None, clicks=(1, None, None, None), label="7")
    assert (first["rates"], counts, told) == ((0.01,), [1, 0, 0, 0], "")
    json.dumps(first)
    more, counts, _ = change(query, layers, first, clicks=(4, None, 1, None), counted=counts)
    assert more["rates"] == (0.01, 0.01, 0.01)
    assert counts == [4, 0, 1, 0]


def test_a_rate_that_cannot_be_used_is_told_and_its_press_is_counted(bundled):
    query, layers = bundled
    kept = made(query, 3, 0.1)
    same, counts, told = change(query, layers, kept, clicks=(1, None, None, None), rate=None)
    assert not isinstance(same, dict)
    assert counts == [1, 0, 0, 0]
    assert told.startswith("No learning rate was given")


def test_another_class_starts_again(bundled):
    query, layers = bundled
    kept = made(query, 3, 0.1)
    now, *_ = change(query, layers, kept, label="5", clicks=(2, 0, 0, 0), counted=[2, 0, 0, 0])
    assert (now["label"], now["rates"]) == (5, ())
    for same in ("3", None):
        with pytest.raises(PreventUpdate):
            change(query, layers, kept, label=same)


def test_the_layout_stands_without_arguments_and_with_nonsense():
    assert lens.layout()
    assert lens.layout(layer="x/../y", foo=["a", "b"])
