"""The page "One step" as the plain functions it is made of."""

import numpy as np
import pytest

import cnn
from dashboard.app import runtime_of
from dashboard.runtime import teachings
from dashboard.runtime.runtime import current
from dashboard.shell import panel
from dashboard.state import pixels
from dashboard.state.view import parse
from pages import one_step
from tests.screens import screen

FIGURES = (*one_step._GENERAL, *one_step._OF_LAYER)


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


def paint(query, layer=None):
    """Return what the page shows, by name; figures by their id."""
    shown = screen(one_step, query, layer)
    told = shown.properties[one_step.PROBLEM]
    texts = shown.around()["texts"]
    no_choice = shown.hidden.get(f"{one_step.SOURCE}-box", True)
    return {
        "told": told["children"] if told["is_open"] else "",
        "hidden": shown.hidden[one_step.RESULT],
        "facts": shown.texts.get(one_step.FACTS),
        "figures": {figure: chart.figure() for figure, chart in shown.charts.items()},
        "captions": {f: texts[f"{f}-caption"] for f in FIGURES if shown.charts},
        "row": shown.properties.get(one_step.WEIGHTS, {}).get("className"),
        "sources": [] if no_choice else shown.properties[one_step.SOURCE]["options"],
    }


def taught(query, label, rates=""):
    """Return the query with a class taught, and the learning rates of the steps made."""
    return {**query, "teach": str(label), **({"rates": rates} if rates else {})}


def test_every_layer_with_weights_is_shown_before_and_after_steps(both):
    query, layers = both
    for view in (query, taught(query, 1, "0.01,0.02")):
        for name in (None, *layers["weighted"]):
            shown = paint(view, name)
            assert not shown["told"] and not shown["hidden"]
            assert set(shown["figures"]) == set(FIGURES)
            assert all(caption.count(".") >= 2 for caption in shown["captions"].values())
            title = shown["figures"][one_step.BEFORE].layout.title.text
            assert title.startswith(name or layers["opening"])


def test_the_steps_are_those_of_the_library(bundled):
    query, _ = bundled
    shown = paint(taught(query, 3, "0.001,0.002"), "dense_1")
    seen = current().look(parse(query)[0]).seen
    teaching = cnn.teach(cnn.load_model(), seen, label=3, learning_rates=[0.001, 0.002])
    after = shown["figures"][one_step.PREDICTION].data[1]
    assert list(after.x) == teaching.after.probabilities.tolist()
    assert f"loss after {cnn.captions.number(teaching.loss_after, 4)}" in shown["facts"]
    assert "dense_1 after 2 steps" in shown["figures"][one_step.AFTER].layout.title.text
    assert shown["row"] == "one-step-row wide"


def test_the_moment_of_the_training_is_the_one_that_is_taught(bundled):
    query, _ = bundled
    early = {**query, "epoch": "1"}
    late = paint(query)
    shown = paint(early)
    prediction = current().look(parse(early)[0]).passed.prediction
    before = shown["figures"][one_step.PREDICTION].data[0]
    assert list(before.x) == pytest.approx(prediction.probabilities.tolist(), abs=1e-6)
    assert shown["facts"] != late["facts"]


def test_an_input_channel_is_shown_when_chosen(bundled):
    query, _ = bundled
    shown = paint({**query, "source": "3"}, "conv2d_1")
    assert "input channel 3" in shown["figures"][one_step.BEFORE].layout.title.text
    assert len(shown["sources"]) == 33
    assert not paint(query, "conv2d")["sources"]


def test_what_cannot_be_taught_is_told_and_nothing_is_drawn(bundled):
    shown = paint(taught(bundled[0], 12))
    assert "The model has no class 12" in shown["told"]
    assert shown["hidden"] and not shown["figures"]


@pytest.fixture
def large(monkeypatch):
    """Networks of more than 90,000 weights are taught once."""
    monkeypatch.setattr("cnn.gradients.once.MOST_WEIGHTS", 90_000)


def test_of_a_large_network_one_step_is_shown_as_of_any_and_the_page_says_how_many_are_made(
    bundled, large, monkeypatch
):
    query, layers = bundled
    for rates in ("", "0.002"):
        for name in layers["weighted"]:
            shown = paint(taught(query, 3, rates), name)
            monkeypatch.setattr("cnn.gradients.once.MOST_WEIGHTS", 30_000_000)
            usual = paint(taught(query, 3, rates), name)
            monkeypatch.setattr("cnn.gradients.once.MOST_WEIGHTS", 90_000)
            assert not shown["told"] and set(shown["figures"]) == set(FIGURES)
            assert shown["facts"] == usual["facts"] and shown["row"] == usual["row"]
            assert shown["captions"] == usual["captions"]
    _, _, line, disabled = control(taught(query, 3, "0.002"))
    assert line.startswith("1 step made with learning rate 0.002. Of a network of 121,930 ")
    assert line.endswith("one step is the most; it moves all of them.")
    assert disabled == [True, False, False, False]
    assert control(taught(query, 3))[3] == [False, True, True, True]


def weights_in(shown):
    """Return the numbers of the figures of a layer's weights, in the order of the page."""
    figures = [shown["figures"][name] for name in one_step._OF_LAYER]
    return [[trace.to_plotly_json() for trace in figure.data] for figure in figures]


@pytest.mark.parametrize("several", [False, True])
def test_the_steps_of_a_large_network_are_made_once_for_all_layers_that_fit(
    bundled, monkeypatch, several
):
    query, layers = bundled
    usual = {n: weights_in(paint(taught(query, 4, "0.003"), n)) for n in layers["weighted"]}
    if several:
        monkeypatch.setattr(teachings, "is_large", lambda _model: True)
    else:
        monkeypatch.setattr("cnn.gradients.once.MOST_WEIGHTS", 90_000)
    largest = "dense"  # 1,600 × 64, of 121,930 weights
    monkeypatch.setattr(teachings, "MOST_BYTES", 4 * 40_000)
    monkeypatch.setattr(current(), "_teachings", teachings.Teachings())
    made, name = [], "teach" if several else "teach_once"
    make = getattr(teachings, name)
    monkeypatch.setattr(teachings, name, lambda *a, **how: made.append(how) or make(*a, **how))
    for layer in [one for one in layers["weighted"] if one != largest] * 2:
        np.testing.assert_equal(weights_in(paint(taught(query, 4, "0.003"), layer)), usual[layer])
    assert len(made) == 1
    # One that does not fit is made anew; another class, rate or picture too.
    np.testing.assert_equal(weights_in(paint(taught(query, 4, "0.003"), largest)), usual[largest])
    assert len(made) == 2
    others = (
        taught(query, 5, "0.003"), taught(query, 4, "0.004"), {**taught(query, 4, "0.003"), "index": "3"},
    )  # fmt: skip
    for other in others:
        assert not paint(other, "conv2d")["told"]
    assert len(made) == 5


def test_of_a_large_network_a_link_to_more_steps_is_refused_and_they_can_be_undone(bundled, large):
    view = taught(bundled[0], 3, "0.002*2")
    assert (
        "2 steps were asked for: of a network of 121,930 weights one is made" in paint(view)["told"]
    )
    assert control(view)[3] == [True, False, False, False]


def control(query):
    shown = screen(one_step, query)
    label = shown.properties[one_step.LABEL]
    buttons = (one_step.STEP, one_step.AGAIN, one_step.UNDO, one_step.RESTART)
    disabled = [shown.properties[button]["disabled"] for button in buttons]
    name = label["options"][int(label["value"])]["label"]
    return name, shown.texts[one_step.WHY], shown.texts[one_step.LINE], disabled


def test_the_runner_up_is_taught_where_the_network_is_right_and_the_page_says_why(bundled):
    query, _ = bundled
    prediction = current().look(parse(query)[0]).passed.prediction
    assert current().picture(parse(query)[0]).label == prediction.top(1)[0][0]
    name, why, line, disabled = control(query)
    assert name == prediction.top(2)[1][0]
    assert "so the runner-up is chosen" in why
    assert line == "No step made yet."
    assert disabled == [False, True, True, True]
    drawn = {**query, "pixels": pixels.encode(np.zeros((28, 28, 1), np.uint8))}
    prediction = current().look(parse(drawn)[0]).passed.prediction
    assert control(drawn)[0] == prediction.top(2)[1][0]


def test_the_truth_is_taught_where_the_network_is_wrong(bundled):
    query, _ = bundled
    data = current().dataset(parse(query)[0])
    early = {**query, "epoch": "0"}
    for index in range(len(data)):
        view = parse({**early, "index": str(index)})[0]
        if current().look(view).passed.prediction.top(1)[0][0] != data[index].class_name:
            break
    name, why, *_ = control({**early, "index": str(index)})
    assert name == data[index].class_name
    assert why.endswith("it is taught what is true.")


def test_a_class_that_is_predicted_already_is_said_to_be_idle(bundled):
    query, _ = bundled
    label = current().look(parse(query)[0]).passed.prediction.label
    assert "teaching it that changes little" in control(taught(query, label))[1]
    assert control(taught(query, (label + 1) % 10))[1] == ""


def test_the_buttons_follow_the_steps(bundled):
    query, _ = bundled
    name, _, line, disabled = control(taught(query, 3, "0.1"))
    assert (name, line) == ("3", "1 step made with learning rate 0.1.")
    assert disabled == [False, False, False, False]
    _, _, line, disabled = control(taught(query, 3, "0.1*50"))
    assert line == "50 steps made with learning rate 0.1; more are not made here."
    assert disabled == [True, False, False, False]


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
    assert one_step.in_words(rates) == words


def test_the_layout_stands_without_arguments_and_with_nonsense():
    assert one_step.layout()
    assert one_step.layout(layer="x/../y", foo=["a", "b"])
