"""Networks whose answer is no probability per class, or no number at all, on every page."""

import json
import re

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.heads import head_of
from dashboard.app import runtime_of
from dashboard.runtime import links
from dashboard.screens.request import Request
from dashboard.shell import panel
from dashboard.state.view import parse
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
from tests import nets
from tests.screens import application_of, made_of, unpacked

OF_LAYERS = (activations, features, filters, why, moments, one_step, surgery)
OF_ALL = (all_layers, counterfactual, diagnosis, explain, output, perturb, quiz)


@pytest.fixture
def opened(tmp_path, request_of):
    """Open a network in a server of its own, and enter a request of it."""

    def open_(model, **card):
        app = application_of(model, tmp_path, card=cnn.models.Card(**card) if card else None)
        request_of(app)
        return app, runtime_of(app).default_view().to_query()

    return open_


def strict(text):
    """Read JSON as a browser does, which knows no NaN."""
    return json.loads(text, parse_constant=lambda token: pytest.fail(f"{token} in JSON"))


def require_strict(chart, read):
    """Read a figure as a browser does, if none that is made of the same was read before."""
    if (of := made_of(chart)) not in read:
        strict(chart.figure().to_json())
        read.add(of)


def shown(app, query):
    """Return every text that the pages show, after asking for each page as figures and as numbers."""
    names = panel.layers(parse(query)[0])["names"]
    places = [(page, name) for page in OF_LAYERS for name in names]
    texts, read = {}, set()
    for page, layer in [*places, *((page, None) for page in OF_ALL)]:
        try:
            screen = page.show(Request(parse(query)[0], layer))
        except cnn.LayerError:
            continue
        for chart in screen.charts.values():
            require_strict(chart, read)
        texts[page.PAGE, layer] = json.dumps(
            screen.around(), default=lambda part: part.to_plotly_json(), ensure_ascii=False
        )
        answers(app, page.PAGE, query, layer, screen.form)
    answers(app, "network", query)
    return texts


def answers(app, page, query, layer=None, form=""):
    address = f"/values/{page}" + (f"/{layer}" if layer else "")
    got = app.server.test_client().get(address, query_string={**query, "form": form})
    assert got.status_code == 200, (page, layer, got.get_data(as_text=True))
    strict(got.data[4 : 4 + int.from_bytes(got.data[:4], "little")])
    return unpacked(got.data)


@pytest.mark.parametrize(("value", "layer"), [(np.nan, "first"), (np.inf, "second")])
def test_numbers_that_are_not_finite_are_told_on_every_page_and_end_none(opened, value, layer):
    app, query = opened(nets.not_finite(value, layer))
    texts = shown(app, query)
    for place, text in texts.items():
        assert not re.search(r"(?<![a-zA-Z])(nan|inf)(?![a-zA-Z])", text), place
        assert "NaN%" not in text, place
    assert "not finite" in texts["activations", layer]
    assert "That begins here." in texts["activations", layer]
    assert "not finite" in texts["filters", layer]
    assert ", 1 not finite" in texts["filters", layer]
    assert "NaN" not in texts["filters", layer].replace("not finite (NaN)", "")
    assert "∞" not in texts["filters", layer]
    assert "NaN or infinity" in texts["one-step", layer]
    assert "NaN or infinity" in texts["output", None]
    facts, _ = answers(app, "activations", query, layer)
    note = facts["panel"]["prediction"]["note"]
    assert note.endswith(f"That begins in the layer {layer}.")


def test_a_weight_that_is_not_finite_is_neither_taught_nor_taken_apart():
    model = nets.not_finite(-np.inf, "classes")
    picture = np.full((16, 16, 1), 90, np.uint8)
    for asked in (
        lambda: cnn.teach(model, picture, label=0),
        lambda: cnn.explain_output(model, picture, target=0),
        lambda: cnn.fgsm(nets.not_finite(np.nan), picture, 0.1),
    ):
        with pytest.raises(cnn.ModelError, match="NaN or inf"):
            asked()


def test_a_wrong_number_is_told_to_begin_where_it_does(opened):
    _, query = opened(nets.not_finite(np.nan))
    asked = activations.show(Request(parse(query)[0], "means")).around()["texts"]
    assert "That begins with the layer first." in asked["activations-main-caption"]


def test_each_of_several_outputs_is_shown_on_every_page(opened):
    model = nets.several_outputs()
    app, query = opened(model)
    forms = []
    for place, name in enumerate(["even", "digit", "box", "maps"]):
        asked = {**query, "output": str(place)}
        facts, _ = answers(app, "activations", asked, "maps")
        told = facts["panel"]["prediction"]
        assert told["note"].startswith(f"The model has 4 outputs: this is {name}.")
        view = parse(asked)[0]
        prediction = runtime_of(app).look(view).passed.prediction
        forms.append(prediction.head.form)
        seen = runtime_of(app).look(view).seen
        expected = model(cnn.prepare(seen, model))[place].numpy()[0]
        np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-6)
        layers = panel.layers(view)
        assert {"even", "digit", "box", "maps", "relu"} < set(layers["names"])
        assert len(layers["outputs"]) == 4
        assert len(layers["classes"]) == (10 if name == "digit" else 0)
    assert forms == ["scores", "softmax", "numbers", "maps"]
    texts = shown(app, {**query, "output": "1"})
    assert "digit" in texts["output", None]


def test_a_number_without_an_axis_is_one_unit_on_every_page(opened):
    app, query = opened(nets.lone_numbers())
    texts = shown(app, query)
    assert "score" in texts["output", None]
    facts, _ = answers(app, "why", query, "means")
    assert facts["panel"]["prediction"]["caption"] == "a score between 0 and 1"
    prediction = runtime_of(app).look(parse(query)[0]).passed.prediction
    assert prediction.probabilities.shape == prediction.logits.shape == (1,)


@pytest.mark.parametrize(
    "end", [lambda sums: keras.ops.argmax(sums, -1), lambda sums: keras.ops.mean(sums, -1)]
)
def test_an_operation_may_leave_one_number_of_all(opened, end):
    picture = keras.Input((6, 6, 1), name="picture")
    sums = layers.Dense(3, name="sums")(layers.Flatten()(picture))
    app, query = opened(keras.Model(picture, end(sums)))
    shown(app, query)
    facts, _ = answers(app, "why", query, "sums")
    assert facts["panel"]["prediction"]["note"] == "The model gives one number."


def test_an_output_that_is_not_there_is_refused_and_repaired_in_the_link(opened):
    app, query = opened(nets.several_outputs())
    found = links.follow(runtime_of(app), {**query, "output": "7", "of": "3"})
    assert found.view.output == 0
    assert "the model has outputs 0 to 3; the first is shown" in found.messages[0]
    with pytest.raises(cnn.ModelError, match="no output 7: it has 4"):
        runtime_of(app).model(parse({**query, "output": "7"})[0])


def test_what_a_worker_does_is_of_the_output_that_is_chosen(opened):
    app, query = opened(nets.several_outputs())
    jobs, ids = runtime_of(app).settings.jobs, set()
    for place, name in enumerate(("even", "digit", "box")):
        sent = app.server.test_client().post(
            "/studies", query_string={**query, "output": str(place)},
            json={"kind": "tops", "layer": "maps"},
        )  # fmt: skip
        study = jobs.study(sent.get_json()["id"])
        ids.add(study.id)
        assert study.question.network.output == place
        assert head_of(study.question.network.load()).last == name
    assert len(ids) == 3


def test_a_class_for_each_cell_is_the_picture_in_colours_and_a_map_per_class(opened):
    app, query = opened(nets.segmenting(), class_names=("sky", "road", "car"))
    texts = shown(app, query)
    assert "A map each for sky, road and car" in texts["output", None]
    screen = output.show(Request(parse(query)[0]))
    maps = runtime_of(app).look(parse(query)[0]).passed.activations["classes"]
    drawn = {place for place, chart in screen.charts.items() if chart.traces}
    assert drawn == {"output-overlay", "output-classes-maps"}
    coloured = screen.charts["output-overlay"].traces[0]
    np.testing.assert_array_equal(np.floor(coloured["z"]), maps.argmax(-1))
    assert "sky, road, car" in coloured["colorbar.title.text"]
    assert screen.hidden["output-result"]
    assert not screen.hidden["output-maps"]
    facts, _ = answers(app, "output", {**query, "index": "9"}, form=screen.form)
    assert set(facts["page"]["charts"]) == set(screen.charts)
    assert facts["panel"]["prediction"]["note"].endswith("The page Output shows them.")


def test_what_needs_classes_is_not_offered_where_there_are_none(opened):
    _, query = opened(nets.segmenting(), class_names=("sky", "road", "car"))
    request = Request(parse(query)[0])
    assert explain.show(request).hidden[explain.TURN]
    screen = perturb.show(request)
    assert screen.hidden[perturb.TURN]
    assert screen.hidden[f"{perturb.OVER}-box"]
    curve = screen.charts[perturb.CURVE]
    assert curve.caption.seen.startswith("No curve is drawn: the model gives")
    assert curve.size["height"] == "0"
    for page, controls in (
        (one_step, one_step.CONTROLS),
        (counterfactual, counterfactual.CONTROLS),
    ):
        assert page.show(request).hidden[controls]


def test_a_method_that_a_network_does_not_allow_takes_the_room_of_its_reason(opened):
    flat = keras.Sequential(
        [keras.Input((12, 12, 1)), layers.Flatten(), layers.Dense(3, "softmax")]
    )
    _, query = opened(flat)
    explain.show(Request(parse(query)[0]))
    refused = explain.show(Request(parse(query)[0], rest=True)).charts["explain-of-grad_cam"]
    assert refused.caption.seen.startswith("Grad-CAM shows nothing here.")
    assert refused.size["height"] == "0"


@pytest.mark.parametrize(("activation", "what"), [("softmax", "probability"), ("sigmoid", "score")])
def test_maps_are_labelled_by_what_they_are(opened, activation, what):
    _, query = opened(nets.segmenting(activation=activation))
    chart = output.show(Request(parse(query)[0])).charts["output-classes-maps"]
    assert chart.traces[0]["colorbar.title.text"] == f"{what} of the class"


def test_an_autoencoder_is_picture_beside_picture_and_the_difference(opened):
    app, query = opened(nets.autoencoder())
    texts = shown(app, query)
    screen, look = output.show(Request(parse(query)[0])), runtime_of(app).look(parse(query)[0])
    made = look.passed.activations["image"]
    picture = look.seen.astype(np.float32) / 255
    drawn = {name: screen.charts[f"output-{name}"].traces[0]["z"] for name in ("given", "made")}
    np.testing.assert_allclose(drawn["given"], picture[..., 0], atol=1e-6)
    np.testing.assert_allclose(drawn["made"], made[..., 0])
    apart = screen.charts["output-difference"].traces[0]
    assert apart["colorbar.title.text"] == "answer minus picture"
    np.testing.assert_allclose(apart["z"], (made - picture)[..., 0], atol=1e-6)
    assert apart["zmin"] == -apart["zmax"]
    error = cnn.captions.number(float(np.square(made - picture).mean()))
    assert f"The mean squared error between both is {error}." in texts["output", None]


def activated(units, activation, **card):
    """What makes a network that ends so, and its card."""
    return lambda: nets.ending(layers.Dense(units, activation=activation, name="last")), card


def sums(units, **card):
    return activated(units, None, **card)


HEADS = {
    "softmax": activated(3, "softmax", class_names=("ape", "bee", "cat")),
    "logits": sums(3, class_names=("ape", "bee", "cat")),
    "one sigmoid": activated(1, "sigmoid"),
    "two names for one sigmoid": activated(1, "sigmoid", class_names=("cat", "dog")),
    "multi-label": activated(3, "sigmoid", class_names=("sky", "road", "car")),
    "regression": sums(1),
    "several numbers": activated(4, "tanh"),
    "embedding": sums(32),
}
_OF_CLASSES = ("softmax", "logits")


@pytest.mark.parametrize("kind", HEADS)
def test_what_is_said_of_an_answer_has_its_numbers_and_no_others(opened, kind):
    make, card = HEADS[kind]
    model = make()
    app, query = opened(model, **card)
    look = runtime_of(app).look(parse(query)[0])
    given = model(cnn.prepare(look.seen, model)).numpy()[0]
    shares = np.exp(given - given.max()) / np.exp(given - given.max()).sum()
    facts, _ = answers(app, "activations", query, "last")
    told = facts["panel"]["prediction"]
    texts = shown(app, query)
    said = (
        json.dumps(told, ensure_ascii=False) + texts["activations", "last"] + texts["perturb", None]
    )
    if kind in _OF_CLASSES:
        wanted = given if kind == "softmax" else shares
        assert cnn.captions.percent(float(wanted.max())) in said
        assert card["class_names"][int(wanted.argmax())] in said
        assert texts["one-step", "last"]
        return
    assert not re.search(r"\d ?%|runner-up|winner|(?<!no )probabilit", json.dumps(told)), told
    for value in given if len(given) < 10 else given[:0]:
        assert cnn.captions.number(float(value)) in said
    assert "class probabilities" in texts["one-step", "last"]
