"""A range of pixels that somebody keeps for a model: on its card, and for every reader at once."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.card import Card, card_path, read_card, write_card
from cnn.models.enclosed import enclose_card
from dashboard import launching
from dashboard.app import runtime_of
from dashboard.runtime.catalogue import Catalogue, Entry
from dashboard.settings import Settings
from dashboard.shell import panel
from tests.screens import application_of

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
STANDARD = "mean:0.5,0.4,0.3;deviation:0.2"
FOUND = "Pixels: divided by 255, the usual choice: the model says nothing."


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    picture = keras.Input((8, 8, 3))
    x = layers.Flatten()(layers.Conv2D(2, 3, name="conv")(picture))
    return keras.Model(picture, layers.Dense(3, activation="softmax", name="classes")(x))


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


def scale(runtime, **chosen):
    view = replace(runtime.default_view(), **chosen)
    return panel.facts(view, runtime.picture(view), runtime.look(view))["scale"]


def keep(client, runtime, name, **how):
    link = runtime.default_view().to_query()
    return client.post("/range", query_string=link, json={"range": name}, **how)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("0..1", "divided by 255"),
        ("-1..1", "divided by 127.5, and 1 is taken away"),
        ("0..255", "not scaled"),
        ("caffe", "blue, green, red, each less the mean of ImageNet (caffe)"),
        ("torch", "mean and deviation of ImageNet (torch)"),
        (
            STANDARD,
            "from 0 to 1, less the mean 0.5, 0.4 and 0.3, divided by the deviation 0.2",
        ),
    ],
)
def test_a_kept_range_is_that_of_a_link_without_one_in_every_process(client, runtime, name, words):
    view = runtime.default_view()
    plain, before = runtime.model(view), runtime._kept_key(view, ["model"], [])
    assert (scale(runtime)["text"], scale(runtime)["kept"]) == (FOUND, "")
    assert keep(client, runtime, name).json == {"range": name}
    told = scale(runtime)
    assert told["text"] == f"Pixels: {words}, as kept on the model's card."
    assert (told["chosen"], told["kept"], told["keeps"]) == ("", name, True)
    assert told["ranges"][0] == ["", cnn.captions.kept_range(name)]
    picture = runtime.picture(view).pixels
    expected = cnn.predict(cnn.models.in_range(plain, name), picture).probabilities
    np.testing.assert_array_equal(runtime.forward(view).prediction.probabilities, expected)
    elsewhere = Catalogue(runtime.settings).load(view.model)
    assert cnn.scale_of(elsewhere).alike(cnn.models.read_scale(name))
    # What was kept for the next start is not shown in the new range.
    assert runtime._kept_key(view, ["model"], []) != before


def test_another_range_takes_its_place_and_the_file_decides_again(client, runtime):
    for name in ("0..255", "torch"):
        keep(client, runtime, name)
        assert scale(runtime)["kept"] == name
    assert keep(client, runtime, "").json == {"range": ""}
    told = scale(runtime)
    assert (told["text"], told["kept"], told["ranges"][0]) == (FOUND, "", ["", "as found"])


def test_the_range_of_a_link_stands_above_the_kept_one(client, runtime):
    keep(client, runtime, "0..255")
    told = scale(runtime, range="-1..1")
    assert told["text"].endswith(", as chosen here.")
    assert (told["chosen"], told["kept"]) == ("-1..1", "0..255")


def test_what_else_the_card_says_stays_and_is_said_again_when_the_range_goes(client, runtime):
    path = card_path(runtime.settings.model_path)
    own = Card(("a", "b", "c"), {"factor": 2.0, "offset": 1.0}, {"made": "today"})
    write_card(own, path)
    keep(client, runtime, "torch")
    runtime.catalogue.name_classes(runtime.catalogue.default(), ["x", "y", "z"])
    kept = read_card(path)
    assert (kept.class_names, kept.scale, kept.facts) == (("x", "y", "z"), own.scale, own.facts)
    assert kept.kept_range == "torch"
    keep(client, runtime, "")
    assert scale(runtime)["text"].startswith("Pixels: multiplied by 2")
    assert scale(runtime)["text"].endswith(", as the model's card says.")


def test_a_card_inside_the_file_says_its_scale_again(tmp_path):
    path = tmp_path / "own.keras"
    network().save(path)
    enclose_card(Card(scale="-1..1"), path)
    settings = Settings(home=tmp_path / "home", data_dir=tmp_path, model=path, download=False)
    catalogue = Catalogue(settings)
    entry = catalogue.default()
    for name, found in (("", "-1..1"), ("torch", "torch"), ("", "-1..1")):
        catalogue.keep_range(entry, name)
        assert cnn.scale_of(catalogue.load(entry.key)).range == found


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"range": "loud"}, "The range 'loud' is not one of this model: choose 0..1, -1..1, "),
        (
            {"range": "mean:0.1,0.2;deviation:1"},
            "or mean and deviation, a number or 3 numbers each",
        ),
        ({"range": "mean:0.1;deviation:0"}, "is not one of this model"),
        ({"range": 3}, 'What came is no range: expected JSON such as {"range": "-1..1"}'),
        ({"names": ["a"]}, "What came is no range"),
        ([], "What came is no range"),
    ],
)
def test_what_is_no_range_of_the_model_is_refused_in_a_sentence(client, runtime, body, words):
    link = runtime.default_view().to_query()
    answer = client.post("/range", query_string=link, data=json.dumps(body))
    assert answer.status_code == 400
    assert words in answer.json["problem"]
    assert scale(runtime)["kept"] == ""


def test_a_reader_from_elsewhere_keeps_no_range_of_the_operators_model(client, runtime):
    answer = keep(client, runtime, "0..255", environ_overrides=ELSEWHERE)
    assert (answer.status_code, "problem" in answer.json) == (403, True)
    assert scale(runtime)["kept"] == ""


def test_nothing_is_kept_of_the_bundled_classifier_and_of_a_training_that_goes_on(client, runtime):
    bundled = runtime.catalogue.bundled()
    link = {**runtime.default_view().to_query(), "model": bundled.key}
    answer = client.post("/range", query_string=link, json={"range": "0..255"})
    assert answer.json["problem"].startswith("The bundled classifier takes pixels divided by 255: ")
    training = Entry("run:one", "one", bundled.path.with_name("initial.keras"), bundled.run)
    with pytest.raises(
        cnn.ModelError, match=r"still in training: keep the range when that is over\.$"
    ):
        runtime.catalogue.keep_range(training, "0..255")
    assert not any(runtime.catalogue.has_card(one) for one in (bundled, training))


def test_a_model_in_memory_keeps_no_range_and_says_where_it_is_given(runtime, tmp_path):
    path = tmp_path / "other.keras"
    shutil.copy(runtime.settings.model_path, path)
    catalogue = Catalogue(Settings(home=tmp_path, data_dir=tmp_path, model=path, download=False))
    catalogue.give(path, network())
    entry = catalogue.default()
    with pytest.raises(cnn.ModelError, match=r"running program: give its range there, as scale\.$"):
        catalogue.keep_range(entry, "0..255")
    assert not catalogue.has_card(entry)


def test_a_scale_that_a_program_gives_stands_above_a_kept_range():
    own = Card(scale="0..1", kept_range="torch")
    assert launching._stated(own, Card(("a",))).kept_range == "torch"
    assert launching._stated(own, Card(scale="0..255")).kept_range == ""


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (5, "gives '5' as range: expected a name"),
        (["0..1"], "expected a name"),
        ("loud", "The scale 'loud' of the card is not known"),
    ],
)
def test_a_card_whose_range_is_none_is_refused(tmp_path, stated, words):
    path = tmp_path / "own.card.json"
    path.write_text(json.dumps({"range": stated}))
    with pytest.raises(cnn.ModelError, match=words):
        read_card(path)


def test_only_who_may_change_cards_has_the_buttons(app, runtime):
    def shown(**how):
        with app.server.test_request_context("/", **how):
            return "pixel-range-keep" in str(panel.layout(runtime))

    assert shown()
    assert not shown(environ_overrides=ELSEWHERE)


def test_a_copy_of_a_changed_network_has_the_range_that_was_seen(tmp_path):
    path = tmp_path / "copy.keras"
    network().save(path)
    for card, found in (
        (Card(scale="0..1", kept_range="torch"), ("0..1", "torch")),
        (Card(scale="0..1", kept_range="torch", range="-1..1"), ("-1..1", "")),
    ):
        write_card(card, card_path(path))
        assert (read_card(card_path(path)).scale, read_card(card_path(path)).kept_range) == found
