"""The page "Features" as the plain functions it is made of, and what it shows of a study."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn.inspection.top_pictures import CLASSES
from cnn.studies import SYNTHESISE, TOPS, Question
from dashboard.app import runtime_of
from dashboard.shell import panel
from dashboard.shell.studies import place, told
from dashboard.state.view import parse
from pages import features
from tests import nets
from tests.screens import application_of, screen


@pytest.fixture
def query(app, request_of):
    request_of(app)
    return runtime_of(app).default_view().to_query()


def decoded(address: str) -> np.ndarray:
    kind, _, content = address.partition(",")
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("L"))


def test_each_layer_and_the_classes_have_a_tab_and_say_what_they_are(query):
    layers = panel.layers(parse(query)[0])
    names = features._tabs(layers)
    assert names == [*layers["names"], CLASSES]
    for name in names:
        shown = screen(features, query, name)
        assert shown.texts[features.FACTS]
        assert shown.texts[features.MISSING] == ""
        for kind in (TOPS, SYNTHESISE):
            assert shown.properties[place(kind)] == {"data-layer": name}
    assert screen(features, query).properties[place(TOPS)] == {"data-layer": "conv2d"}


def test_a_channel_that_is_not_there_is_the_last_one_and_the_page_says_so(query):
    shown = screen(features, {**query, "channel": "32"}, "conv2d")
    assert shown.texts[features.MISSING] == (
        "There is no channel 32 here: 31, the last one, is shown."
    )
    assert shown.properties[features.CHANNEL] == {"data-now": "31", "data-most": 31}
    of_classes = screen(features, {**query, "channel": "3"}, CLASSES)
    assert of_classes.texts[features.FACTS].endswith("class 3")


def test_a_network_without_classes_has_no_tab_of_them(tmp_path, request_of):
    app = application_of(nets.autoencoder(), tmp_path)
    request_of(app)
    query = runtime_of(app).default_view().to_query()
    layers = panel.layers(parse(query)[0])
    assert features._tabs(layers) == layers["names"]
    with pytest.raises(cnn.LayerError, match="No layer 'class logits' is shown"):
        screen(features, query, CLASSES)


def test_one_cell_is_chosen_where_there_are_maps(query):
    whole = screen(features, {**query, "row": "2"}, "conv2d")
    assert whole.hidden[features.CELL] and not whole.hidden[features.OF_MAPS]
    asked = {**query, "focus": "cell", "row": "30", "column": "4"}
    shown = screen(features, asked, "conv2d")
    assert not shown.hidden[features.CELL] and not shown.hidden[features.COLUMNS]
    assert shown.properties[features.ROW] == {"data-now": "25", "data-most": 25}
    assert shown.properties[features.COLUMN] == {"data-now": "4", "data-most": 25}
    for name in ("dense", CLASSES):
        shown = screen(features, asked, name)
        assert shown.hidden[features.CELL] and shown.hidden[features.OF_MAPS]


def answered(classifier, layer):
    return cnn.top_pictures(classifier, cnn.load_dataset("digits", "test"), layer=layer)


def test_pictures_are_shown_as_the_network_sees_them_with_the_part_that_counts(query, classifier):
    view, _ = parse({**query, "split": "test", "channel": "5"})
    answer, data = answered(classifier, "conv2d_1"), cnn.load_dataset("digits", "test")
    shown = told(answer, view)
    assert shown["said"].startswith("Channel 5 of conv2d_1 goes from ")
    assert [row["title"] for row in shown["pictures"]] == ["Highest", "In the middle", "Lowest"]
    found = answer.channels[5]
    for row, picks in zip(shown["pictures"], (found.top, found.middle, found.bottom), strict=True):
        assert [item["index"] for item in row["items"]] == [pick.picture for pick in picks]
        for item, pick in zip(row["items"], picks, strict=True):
            sample = data[pick.picture]
            assert item["label"] == sample.class_name
            np.testing.assert_array_equal(decoded(item["whole"]), sample.pixels[..., 0])
            left, top, width, height = (round(share * 28 / 100) for share in item["box"])
            part = sample.pixels[top : top + height, left : left + width, 0]
            np.testing.assert_array_equal(decoded(item["part"]), part)
    (same,) = {len(row["items"]) for row in shown["pictures"]}
    assert same == 9


def test_of_the_classes_nearly_the_whole_picture_counts(query, classifier):
    view, _ = parse({**query, "split": "test", "channel": "4"})
    shown = told(answered(classifier, CLASSES), view)
    assert shown["said"].startswith("The logit of the class 4 goes from ")
    first = shown["pictures"][0]
    assert first["note"] == "All nine are of the class 4."
    items = [item for row in shown["pictures"] for item in row["items"]]
    assert all("part" not in item for item in items)
    assert {round(item["box"][2] * 28 / 100) for item in items} == {26}


def test_a_study_is_asked_of_the_layer_and_told_for_the_channel_of_the_view(app, query):
    client, runtime = app.server.test_client(), runtime_of(app)
    body = {"kind": TOPS, "layer": "dense", "find": True}
    asked = {**query, "split": "test", "channel": "3", "row": "1"}
    found = client.post("/studies", query_string=asked, json=body).json
    assert found["state"] == "none"
    begun = client.post("/studies", query_string=asked, json={**body, "find": False}).json
    assert begun["id"] == found["id"]
    question = runtime.settings.jobs.study(begun["id"]).question
    network = runtime.catalogue.network(query["model"])
    assert question == Question.tops(network, {}, "dense", "digits", "test")
    runtime.queue._huey.dequeue()
    runtime.queue._study(begun["id"])
    for channel in ("3", "9"):
        asked["channel"] = channel
        for got in (
            client.post("/studies", query_string=asked, json=body).json,
            client.get(f"/studies/{begun['id']}", query_string=asked).json,
        ):
            assert got["state"] == "finished"
            assert got["answer"]["said"].startswith(f"Channel {channel} of dense ")
            assert len(got["answer"]["pictures"]) == 3


def test_of_one_cell_it_is_asked_and_told_what_excites_it(app, query):
    client, runtime = app.server.test_client(), runtime_of(app)
    asked = {**query, "split": "test", "focus": "cell", "row": "8", "column": "5"}
    body = {"kind": TOPS, "layer": "conv2d", "find": False}
    begun = client.post("/studies", query_string=asked, json=body).json
    assert runtime.settings.jobs.study(begun["id"]).question.cell == (8, 5)
    runtime.queue._huey.dequeue()
    runtime.queue._study(begun["id"])
    answer = client.get(f"/studies/{begun['id']}", query_string=asked).json["answer"]
    assert " at row 8, column 5, and is " in answer["said"]
    for item in answer["pictures"][0]["items"]:
        assert item["name"].endswith(" at row 8, column 5")
        assert [round(share * 28 / 100) for share in item["box"]] == [5, 8, 3, 3]
