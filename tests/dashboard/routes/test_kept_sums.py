"""What somebody takes a model's sums for: part of the link, and kept on its card for every reader."""

from __future__ import annotations

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.card import card_path, read_card
from dashboard.app import runtime_of
from dashboard.runtime import links
from dashboard.runtime.catalogue import Catalogue
from dashboard.runtime.studied import question
from dashboard.shell import panel
from dashboard.state.view import GOES, View, parse
from pages import one_step
from tests.screens import application_of, screen

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
GUESS = "That they are one per class is a guess: no loss is known, and no card names the classes."
CHOSEN = "What its sums are was chosen: no loss is known."


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    picture = keras.Input((8, 8, 1))
    x = layers.Flatten()(layers.Conv2D(2, 3, name="conv")(picture))
    ends = [layers.Dense(n, name=name)(x) for n, name in ((3, "sums"), (1, "age"))]
    ends.append(layers.Dense(2, activation="softmax", name="classes")(x))
    return keras.Model(picture, ends)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return application_of(network(), tmp_path_factory.mktemp("kept"))


@pytest.fixture
def runtime(app):
    """What the application holds, of a model that has no card yet."""
    runtime = runtime_of(app)
    card_path(runtime.settings.model_path).unlink(missing_ok=True)
    return runtime


@pytest.fixture
def client(app, runtime):
    with app.server.test_request_context():
        yield app.server.test_client()


def shown(runtime, **chosen):
    view = replace(runtime.default_view(), **chosen)
    facts = panel.facts(view, runtime.picture(view), runtime.look(view))
    return facts["sums"], facts["prediction"]


def keep(client, runtime, aim, *, output=0, **how):
    link = replace(runtime.default_view(), output=output).to_query()
    return client.post("/sums", query_string=link, json={"sums": aim}, **how)


def test_what_its_sums_are_is_asked_where_nothing_says_it(client, runtime):
    sums, prediction = shown(runtime)
    assert GUESS in prediction["note"]
    assert sums == {
        "choices": [
            ["", "as found"], ["classes", "one per class"],
            ["separate", "separate scores, by their sigmoids"], ["numbers", "numbers by themselves"],
        ],
        "chosen": "", "kept": "", "keeps": True,
    }  # fmt: skip
    assert shown(runtime, output=2)[0] is None
    assert [aim for aim, _ in shown(runtime, output=1)[0]["choices"]] == ["", "separate", "numbers"]


def test_a_link_says_what_they_are_and_nothing_speaks_of_shares_then(app, client, runtime):
    plain = runtime.model(runtime.default_view())
    sums, prediction = shown(runtime, sums="numbers")
    assert (sums["chosen"], sums["kept"]) == ("numbers", "")
    assert CHOSEN in prediction["note"]
    assert "3 numbers that are no probabilities" in prediction["note"]
    assert not [text for _, _, text in prediction["bars"] if "%" in text]
    view = replace(runtime.default_view(), sums="numbers")
    picture = runtime.picture(view).pixels
    wanted = cnn.predict(cnn.models.with_sums_as(plain, "numbers"), picture).probabilities
    np.testing.assert_array_equal(runtime.forward(view).prediction.probabilities, wanted)
    refused = screen(one_step, view.to_query(), "sums").properties[one_step.PROBLEM]["children"]
    assert "needs class probabilities" in refused
    assert panel.layers(view)["classes"] == ()
    assert panel.layers(view)["network"] != panel.layers(runtime.default_view())["network"]


def test_a_worker_asks_the_network_with_its_sums_as_on_the_screen(client, runtime):
    view = replace(runtime.default_view(), sums="numbers")
    found = {}

    def ask(network, data):
        found["network"] = network
        return cnn.studies.Question.diagnosis(network, {}, data, "all")

    asked, plain = question(runtime, view, ask), question(runtime, replace(view, sums=""), ask)
    assert asked.id != plain.id
    assert cnn.models.heads.head_of(asked.network.load()).form == "numbers"
    assert cnn.models.heads.head_of(plain.network.load()).form == "logits"


def test_another_output_and_another_model_are_asked_anew(runtime):
    assert ("output",) in [changed for changed, goes in GOES if "sums" in goes]
    view = replace(runtime.default_view(), sums="numbers")
    assert view.of_model("0" * 12).sums == ""


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"sums": "loud"}, "says sums is 'loud': expected classes, separate or numbers"),
        (
            {"sums": "classes", "output": "1"},
            "says sums are 'classes' (The sums of age cannot be taken for 'classes': choose separate, "
            "numbers); the output is shown as found.",
        ),
        ({"sums": "numbers", "output": "2"}, "gives no plain sums"),
    ],
)
def test_a_link_with_what_they_cannot_be_is_repaired(runtime, query, why):
    link = links.follow(runtime, {**runtime.default_view().to_query(), **query})
    assert link.view.sums == ""
    assert [message for message in link.messages if why in message]
    assert links.follow(runtime, link.view.to_query()).messages == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"output": "9", "range": "torch", "colours": "0,0,9", "given": "7:1", "surgery": "no:1*0"},
        {"sums": "classes", "range": "torch", "also": "3:1"},
        {"range": "torch", "given": "7:1"},
        {"colours": "0,0,9", "also": "3:1"},
    ],
)
def test_every_part_of_a_link_that_fits_no_network_is_repaired_at_once(runtime, wrong):
    parts = {"output": "2", **wrong}
    link = links.follow(runtime, {**runtime.default_view().to_query(), **parts})
    for name in wrong:
        assert getattr(link.view, name) == getattr(View(), name)
    assert len(link.messages) == len(wrong)
    assert links.follow(runtime, link.view.to_query()).messages == ()


def test_a_link_with_what_they_can_be_stays(runtime):
    query = {**runtime.default_view().to_query(), "sums": "separate"}
    link = links.follow(runtime, query)
    assert (link.view, link.messages) == (parse(query)[0], ())


@pytest.mark.parametrize("aim", ["classes", "separate", "numbers"])
def test_what_is_kept_is_that_of_a_link_without_it_in_every_process(client, runtime, aim):
    assert keep(client, runtime, aim).json == {"sums": aim}
    sums, prediction = shown(runtime)
    assert (sums["chosen"], sums["kept"], sums["keeps"]) == ("", aim, True)
    assert sums["choices"][0] == ["", f"as kept on the card: {cnn.captions.sums_as(aim)}"]
    assert CHOSEN in prediction["note"]
    elsewhere = Catalogue(runtime.settings).load(runtime.default_view().model)
    assert cnn.models.heads.head_of(elsewhere).chosen == aim
    # What the link says stands above it.
    assert shown(runtime, sums="numbers")[0]["chosen"] == "numbers"
    assert keep(client, runtime, "").json == {"sums": ""}
    assert GUESS in shown(runtime)[1]["note"]


def test_each_output_keeps_its_own_and_what_else_the_card_says_stays(client, runtime):
    runtime.catalogue.name_classes(runtime.catalogue.default(), ["x", "y", "z"])
    keep(client, runtime, "separate")
    assert keep(client, runtime, "numbers", output=1).json == {"sums": "numbers"}
    card = read_card(card_path(runtime.settings.model_path))
    assert card.kept_sums == {"sums": "separate", "age": "numbers"}
    assert card.class_names == ("x", "y", "z")
    keep(client, runtime, "")
    assert read_card(card_path(runtime.settings.model_path)).kept_sums == {"age": "numbers"}


@pytest.mark.parametrize(
    ("body", "output", "words"),
    [
        (
            {"sums": "loud"},
            0,
            'What came is nothing about sums: expected JSON such as {"sums": "num',
        ),
        ({"sums": 3}, 0, "What came is nothing about sums"),
        ({"range": "0..1"}, 0, "What came is nothing about sums"),
        ([], 0, "What came is nothing about sums"),
        ({"sums": "classes"}, 1, "The sums of age cannot be taken for 'classes'"),
        ({"sums": "numbers"}, 2, "it gives no plain sums"),
        ({"sums": "numbers"}, 9, "The model has no output 9: it has 3."),
    ],
)
def test_what_they_cannot_be_is_refused_in_a_sentence(client, runtime, body, output, words):
    link = replace(runtime.default_view(), output=output).to_query()
    answer = client.post("/sums", query_string=link, data=json.dumps(body))
    assert answer.status_code == 400
    assert words in answer.json["problem"]
    assert shown(runtime)[0]["kept"] == ""


def test_a_reader_from_elsewhere_keeps_nothing_of_the_operators_model(app, client, runtime):
    answer = keep(client, runtime, "numbers", environ_overrides=ELSEWHERE)
    assert (answer.status_code, "problem" in answer.json) == (403, True)
    with app.server.test_request_context("/", environ_overrides=ELSEWHERE):
        assert "sums-keep" not in str(panel.layout(runtime))


def test_of_the_bundled_classifier_nothing_is_kept(client, runtime):
    link = View(
        **{**vars(runtime.default_view()), "model": runtime.catalogue.bundled().key}
    ).to_query()
    answer = client.post("/sums", query_string=link, json={"sums": "numbers"})
    assert answer.json["problem"].startswith("The bundled classifier gives probabilities: ")
