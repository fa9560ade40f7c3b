"""Names of classes that somebody types: kept on the model's card, and on every page at once."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import cnn
from cnn.inspection.batches import batch_probabilities
from cnn.models.card import Card, card_path, miscounted, write_card
from dashboard.app import create_app, runtime_of
from dashboard.runtime.catalogue import Catalogue
from dashboard.settings import Settings
from dashboard.shell import panel
from tests.screens import application_of

SHAPES = ("circle", "square", "star")
OF_OUTPUTS = ["star", "circle", "square"]
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def network(classes: int) -> keras.Model:
    keras.utils.set_random_seed(3)
    picture = keras.Input((8, 8, 1))
    x = layers.Flatten()(layers.Conv2D(2, 3, name="conv")(picture))
    return keras.Model(picture, layers.Dense(classes, activation="softmax", name="classes")(x))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A network in an .h5 file that names no classes, and pictures of three."""
    folder = tmp_path_factory.mktemp("shapes")
    pixels = np.random.default_rng(5).integers(0, 256, (3, 5, 8, 8), np.uint8)
    for name, pictures in zip(SHAPES, pixels, strict=True):
        (folder / "pictures" / name).mkdir(parents=True)
        for number, one in enumerate(pictures):
            Image.fromarray(one).save(folder / "pictures" / name / f"{number}.png")
    cnn.save_model(network(3), folder / "shapes.h5")
    settings = Settings(
        home=folder / "home", data_dir=folder, data=str(folder / "pictures"),
        model=folder / "shapes.h5", download=False,
    )  # fmt: skip
    app = create_app(settings)
    runtime_of(app).wait()
    assert runtime_of(app).problem == ""
    return app


@pytest.fixture
def client(app):
    """A browser, of a server whose model has no card yet."""
    cnn.models.card_path(runtime_of(app).settings.model_path).unlink(missing_ok=True)
    with app.server.test_request_context():
        yield app.server.test_client()


@pytest.fixture
def link(client):
    return client.get("/link").json["view"]


def named(client, link, names, **how):
    return client.post("/names", query_string=link, json={"names": names}, **how)


def test_names_that_are_typed_are_on_every_page_at_once_and_in_every_process(app, client, link):
    runtime = runtime_of(app)
    view, before = runtime.default_view(), runtime._kept_key(runtime.default_view(), ["model"], [])
    assert client.get("/names", query_string=link).json == {"names": ["0", "1", "2"]}
    assert panel.layers(view)["classes"] == ("0", "1", "2")
    assert named(client, link, OF_OUTPUTS).json == {"names": OF_OUTPUTS}
    assert client.get("/names", query_string=link).json == {"names": OF_OUTPUTS}
    assert panel.layers(view)["classes"] == tuple(OF_OUTPUTS)
    assert runtime.forward(view).prediction.class_names == tuple(OF_OUTPUTS)
    other = Catalogue(runtime.settings)
    assert cnn.class_names(other.load(view.model)) == tuple(OF_OUTPUTS)
    # What was kept for the next start is not shown under the new names.
    assert runtime._kept_key(view, ["model"], []) != before


def test_wrong_ones_come_first_where_the_names_are_those_of_the_pictures(app, client, link):
    runtime = runtime_of(app)
    query = {**link, "pick": ",,wrong,0"}
    unnamed = client.get("/pictures", query_string=query).json
    assert unnamed["judges"] is False
    assert unnamed["note"].endswith(cnn.captions.OTHER_CLASSES)
    named(client, link, OF_OUTPUTS)
    page = client.get("/pictures", query_string=query).json
    data, model = runtime.dataset(runtime.default_view()), runtime.model(runtime.default_view())
    outputs = batch_probabilities(model, list(data.images)).argmax(axis=1)
    names = np.array(SHAPES)[data.labels]
    wrong = np.flatnonzero(names != np.array(OF_OUTPUTS)[outputs])
    assert 0 < len(wrong) < len(data)
    first = [item["index"] for item in page["items"][: len(wrong)]]
    assert sorted(first) == wrong.tolist()
    assert page["note"].endswith(f"{len(wrong)} wrong.")
    look = runtime.look(runtime.default_view())
    facts = panel.facts(runtime.default_view(), runtime.picture(runtime.default_view()), look)
    assert facts["prediction"]["right"] is (0 not in wrong)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["cat", "dog"], "2 names came: expected 3, one a class."),
        (["cat", "dog", "cat"], "'cat' is the name of several classes: give each its own."),
        (["cat", "", "dog"], "Name 2 has 0 letters: expected 1 to 80."),
        (["cat", "x" * 81, "dog"], "Name 2 has 81 letters"),
        ("cat", "What came is no list of names"),
        ([1, 2, 3], "What came is no list of names"),
    ],
)
def test_names_that_do_not_fit_are_refused_in_a_sentence(client, link, names, words):
    answer = named(client, link, names)
    assert answer.status_code == 400
    assert words in answer.json["problem"]
    assert client.get("/names", query_string=link).json == {"names": ["0", "1", "2"]}


def test_classes_of_the_bundled_classifier_are_digits(app, client, link):
    bundled = {**link, "model": runtime_of(app).catalogue.bundled().key}
    answer = named(client, bundled, list("abcdefghij"))
    assert "The classes of the bundled classifier are the digits" in answer.json["problem"]


def test_a_reader_from_elsewhere_names_no_classes_of_the_operators_model(client, link):
    answer = named(client, link, OF_OUTPUTS, environ_overrides=ELSEWHERE)
    assert (answer.status_code, "problem" in answer.json) == (403, True)
    assert client.get("/names", query_string=link).json == {"names": ["0", "1", "2"]}


def test_outputs_without_names_are_no_digits_until_they_are_called_so(tmp_path):
    runtime = runtime_of(application_of(network(10), tmp_path))
    view = runtime.default_view()
    look = runtime.look(view)
    facts = panel.facts(view, runtime.picture(view), look)["prediction"]
    assert (facts["right"], facts["mark"]) == (None, "")
    assert facts["note"].endswith(cnn.captions.unnamed())
    write_card(Card(class_names=("a", "b")), card_path(runtime.entry(view).path))
    look = runtime.look(view)
    facts = panel.facts(view, runtime.picture(view), look)["prediction"]
    assert facts["note"].endswith(miscounted(runtime.model(view)))
    assert "gives 2 class names, and the output has 10" in facts["note"]
    runtime.catalogue.name_classes(runtime.entry(view), list("abcdefghij"))
    look = runtime.look(view)
    facts = panel.facts(view, runtime.picture(view), look)["prediction"]
    assert (facts["right"], look.unnamed) == (None, "")
    assert facts["name"] in "abcdefghij"
    runtime.catalogue.name_classes(runtime.entry(view), list("0123456789"))
    look = runtime.look(view)
    assert (look.true is not None, look.unnamed) == (True, "")


def test_outputs_without_names_are_the_labels_of_the_operators_own_pictures(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (20, 12, 12, 1), np.uint8)
    np.savez(tmp_path / "mine.npz", x=pictures, y=np.arange(20) % 10)
    data = str(tmp_path / "mine.npz")
    runtime = runtime_of(application_of(network(10), tmp_path, data=data))
    view = runtime.default_view()
    look = runtime.look(view)
    facts = panel.facts(view, runtime.picture(view), look)["prediction"]
    assert facts["right"] is not None
    assert facts["note"].endswith(cnn.captions.assumed(10))
