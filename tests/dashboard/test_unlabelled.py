"""Pictures of which nobody says what they are: every page shows them, and none is right or wrong."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.errors import DatasetError
from cnn.runs.configuration import TrainingConfig
from dashboard.app import create_app, runtime_of
from dashboard.runs import start
from dashboard.runs.form import FIELDS
from dashboard.runs.start import OWN
from dashboard.runtime.runtime import current
from dashboard.settings import Settings
from dashboard.shell import panel
from pages import training
from tests.pages.test_screens import PLACES
from tests.screens import screen

DIGITS = cnn.load_dataset("digits")
SHOWN = (7, 3, 7, 1, 7, 0)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number, label in enumerate(SHOWN):
        pixels = DIGITS.sample(label, seed=number).pixels[..., 0]
        Image.fromarray(pixels).save(folder / f"{number}.png")
    home = tmp_path_factory.mktemp("home")
    app = create_app(Settings(home=home, data_dir=home, data=str(folder), download=False))
    runtime_of(app).wait()
    assert runtime_of(app).problem == ""
    return app


@pytest.fixture(scope="module")
def client(app):
    with app.server.test_request_context():
        yield app.server.test_client()


@pytest.fixture
def link(client):
    return client.get("/link").json["view"]


def test_they_are_shown_first_and_are_of_no_class(client, link):
    assert client.get(f"/classes/{link['data']}").json == []
    labels = np.frombuffer(client.get(f"/labels/{link['data']}/all").data, "<u2")
    assert (len(labels), set(labels.tolist())) == (len(SHOWN), {65535})


def test_the_panel_says_that_there_is_no_label_and_not_whether_the_network_is_right(client, link):
    runtime = current()
    view = runtime.default_view()
    look, picture = runtime.look(view), runtime.picture(view)
    facts = panel.facts(view, picture, look)
    folder = runtime.sets.called(view.data)
    assert facts["text"] == f"No label\n{folder}, number 0 (0 to 5)"
    assert "without a label" in facts["alt"]
    assert facts["prediction"]["name"] == "7"
    assert (facts["prediction"]["right"], facts["prediction"]["mark"]) == (None, "")


@pytest.mark.parametrize(("page", "layer"), PLACES)
def test_every_page_shows_one(client, link, page, layer):
    shown = screen(page, link, layer)
    assert shown.charts or shown.texts or shown.properties
    assert not [text for text in shown.texts.values() if "None" in str(text)]


def test_they_are_found_by_what_the_network_says(client, link):
    page = client.get("/pictures", query_string={**link, "marks": "1"}).json
    said = [item["said"] for item in page["items"]]
    assert said == list(SHOWN)
    assert {(item["label"], item["right"]) for item in page["items"]} == {(None, None)}
    assert page["note"].startswith("These pictures have no labels")
    assert page["judges"] is False
    sevens = client.get("/pictures", query_string={**link, "pick": ",7,stored,0"}).json
    assert [item["index"] for item in sevens["items"]] == [0, 2, 4]
    wrong = client.get("/pictures", query_string={**link, "pick": ",,wrong,0"}).json
    assert [item["index"] for item in wrong["items"]] == list(range(len(SHOWN)))
    assert wrong["note"].endswith("have no labels, so that none of them is right or wrong.")


@pytest.mark.parametrize(
    "asked",
    [{"kind": "evaluate"}, {"kind": "rank", "layer": "conv2d"}],
    ids=lambda one: one["kind"],
)
def test_what_needs_labels_says_so_before_a_worker_is_asked(client, link, asked):
    query = {**link, "surgery": "conv2d:3*0"}
    looked_for = client.post("/studies", query_string=query, json={**asked, "find": True}).json
    assert looked_for["id"] == ""
    assert "have no labels, and telling right from wrong needs them" in looked_for["problem"]
    refused = client.post("/studies", query_string=query, json=asked)
    assert (refused.status_code, refused.json["problem"]) == (400, looked_for["problem"])


def test_which_range_suits_is_told_without_them(client, link):
    hint = client.get("/ranges", query_string=link).json["hint"]
    assert "Recognised" not in hint
    assert hint


def test_training_on_them_is_refused_in_a_sentence(client, link):
    standard = TrainingConfig("digits").flat() | {"dataset": link["data"]}
    controls = [field.in_control(standard[field.name]) for field in FIELDS]
    told, kind, *_ = start.start(1, OWN, link, *controls)
    assert kind == "refused"
    assert "have no labels, and training needs them" in told
    assert current().settings.jobs.runs() == []
    network = [field.in_control(standard[field.name]) for field in training.PREVIEWED]
    shown = training.preview("ready", link["data"], *network)[-1]
    assert shown == "Without labels there are no classes to draw a network for."
    assert "= " not in " ".join(map(str, start.check("ready", *controls)))


def test_the_library_refuses_to_train_on_them(client, tmp_path):
    path = str(current().settings.own_data)
    run = cnn.train(TrainingConfig(path), into=tmp_path / "run")
    assert run.status.state == "failed"
    assert "have no labels, and training needs them" in run.status.message


def test_a_diagnosis_has_nothing_to_say_of_labels(client, classifier):
    data = cnn.load_dataset(str(current().settings.own_data))
    made = cnn.diagnose(classifier, data)
    (labels,) = [one for one in made.checked if one.name == "labels"]
    assert labels.findings is None
    with pytest.raises(DatasetError, match="choosing by class needs them"):
        data.sample(label=7)
