"""The page "Surgery" as the plain functions it is made of, and the operated network on other pages."""

import io

import keras
import numpy as np
import pytest

import cnn
from cnn.models.twins import kept_for_twins
from dashboard.app import runtime_of
from dashboard.runtime import links
from dashboard.state.view import View, parse
from pages import activations, moments, surgery, why
from tests.screens import caption, screen

OFF = "conv2d_1:3*0"


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


def computed(query, model):
    """What Keras itself computes of the picture of the query, with the runtime's own picture."""
    runtime_picture = cnn.load_dataset(query["data"], query["split"])[int(query["index"])].pixels
    return np.asarray(model(cnn.prepare(runtime_picture, model)))[0]


def test_nothing_is_changed_before_a_channel_is(app, request_of, query):
    request_of(app)
    page = screen(surgery, query, "conv2d_1")
    assert page.texts[surgery.UNCHANGED].startswith("No channel is changed yet")
    assert page.texts[surgery.NOW] == "conv2d_1: channel 0 as it was trained"
    assert page.hidden["surgery-effect"]
    assert page.charts[surgery.MAPS].figure().data


def test_the_effect_is_that_of_the_network_without_the_channel(app, request_of, query, classifier):
    request_of(app)
    page = screen(surgery, {**query, "surgery": OFF, "channel": "3"}, "conv2d_1")
    before, after = page.charts[surgery.PROBABILITIES].figure().data
    without = cnn.ablate(classifier, {"conv2d_1": {3: 0.0}})
    np.testing.assert_allclose(before.y, computed(query, classifier), atol=1e-6)
    np.testing.assert_allclose(after.y, computed(query, without), atol=1e-6)
    assert page.texts[surgery.NOW] == "conv2d_1: channel 3 off"
    assert "before, it says" in caption(page, surgery.PROBABILITIES)
    (reached,) = page.charts[surgery.REACHED].figure().data
    moved = dict(zip(reached.x, reached.y, strict=True))
    assert moved["conv2d"] == moved["conv2d_1"] == 0
    assert min(moved["max_pooling2d_1"], moved["dense"], moved["dense_1"]) > 0
    tiles = np.array(page.charts[surgery.MAPS].figure().data[0].z)
    mosaic = cnn.figures.Mosaic.of((11, 11, 64))
    shown = mosaic.places()[..., 0]
    assert not tiles[(shown == 3) & ~np.isnan(tiles)].any()
    assert tiles[(shown == 4) & ~np.isnan(tiles)].any()


def test_every_page_shows_the_operated_network(app, request_of, query):
    request_of(app)
    operated = {**query, "surgery": OFF}
    plain, changed = (screen(activations, one, "dense") for one in (query, operated))
    one, other = (
        np.array(page.charts[activations.MAIN].figure().data[0].y) for page in (plain, changed)
    )
    assert not np.allclose(one, other)
    inserted = screen(activations, {**operated, "channel": "3"}, "conv2d_1_operated")
    assert not np.array(inserted.charts[activations.DETAIL].figure().data[0].z).any()
    proof = screen(why, {**operated, "channel": "5"}, "conv2d_1_operated")
    assert "difference" in proof.texts[why.PROOF]
    drifts = screen(moments, {**operated, "epoch": "2"}, "dense")
    assert drifts.charts[moments.DRIFT].traces


def test_networks_changed_in_the_same_layers_compile_nothing_anew(app, request_of, query):
    request_of(app)
    runtime = runtime_of(app)
    models = [
        runtime.model(parse({**query, "surgery": text, "epoch": epoch})[0])
        for text, epoch in ((OFF, ""), ("conv2d_1:7*0.5,9*0@0.2", ""), (OFF, "2"))
    ]
    first, *others = (kept_for_twins(model) for model in models)
    assert all(other is first for other in others)
    answers = [runtime.forward(parse({**query, "surgery": text, "epoch": epoch})[0]).prediction
               for text, epoch in ((OFF, ""), ("conv2d_1:7*0.5,9*0@0.2", ""), (OFF, "2"))]  # fmt: skip
    for model, answer in zip(models, answers, strict=True):
        np.testing.assert_allclose(answer.probabilities, computed(query, model), atol=1e-6)
    assert not np.allclose(answers[0].probabilities, answers[1].probabilities)
    assert not np.allclose(answers[0].probabilities, answers[2].probabilities)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("conv9:3*0", "no layer 'conv9'"),
        ("conv2d_1:64*0", "no channel 64 in 'conv2d_1'"),
        ("flatten:3*x", "changes of channels such as"),
    ],
)
def test_a_link_with_channels_that_are_not_there_is_repaired_and_told(app, query, text, words):
    link = links.follow(runtime_of(app), {**query, "surgery": text})
    assert link.view.surgery == ""
    assert words in link.messages[0]
    assert "no channel is changed" in link.messages[0]


def test_another_model_drops_the_surgery():
    assert View(model="a" * 12, surgery=OFF).of_model("b" * 12).surgery == ""


def test_the_file_is_the_operated_network(app, query, tmp_path):
    got = app.server.test_client().get("/operated", query_string={**query, "surgery": OFF})
    assert got.status_code == 200
    assert "operated.keras" in got.headers["Content-Disposition"]
    path = tmp_path / "operated.keras"
    path.write_bytes(io.BytesIO(got.data).getvalue())
    loaded = keras.models.load_model(path)
    with app.server.test_request_context():
        model = runtime_of(app).model(parse({**query, "surgery": OFF})[0])
    np.testing.assert_allclose(computed(query, loaded), computed(query, model), atol=1e-6)


def test_the_mean_of_a_channel_is_that_over_the_sample(app, query, classifier):
    got = app.server.test_client().get("/mean/conv2d_1", query_string={**query, "channel": "3"})
    count = got.json["pictures"]
    dataset = cnn.load_dataset(query["data"], query["split"])
    maps = [
        cnn.activations(classifier, dataset[i].pixels)["conv2d_1"][..., 3] for i in range(count)
    ]
    assert got.json["offset"] == pytest.approx(np.mean(maps), rel=1e-4)
    assert count == 500


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/mean/nowhere", "no layer 'nowhere'"),
        ("/mean/conv2d?channel=99", "no channel 99"),
        ("/operated?surgery=nowhere:3*0", "no layer 'nowhere'"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(app, query, address, words):
    path, _, more = address.partition("?")
    given = dict([more.split("=")]) if more else {}
    got = app.server.test_client().get(path, query_string={**query, **given})
    assert got.status_code == 400
    assert words in got.text


def test_the_reader_is_asked_which_class_wins_without_the_channel(
    app, request_of, query, classifier
):
    request_of(app)
    assert screen(surgery, {**query, "guess": "1"}, "conv2d_1").properties[surgery.GUESS] == {
        "question": None
    }
    given = {**query, "surgery": OFF, "guess": "1"}
    question = screen(surgery, given, "conv2d_1").properties[surgery.GUESS]["question"]
    without = cnn.ablate(classifier, {"conv2d_1": {3: 0.0}})
    assert question["options"] == tuple("0123456789")
    assert question["right"] == [computed(query, without).argmax()]
    assert question["words"].endswith("Which class wins with conv2d_1: channel 3 off?")
    other = screen(surgery, {**given, "surgery": "conv2d_1:4*0"}, "conv2d_1")
    assert other.properties[surgery.GUESS]["question"]["key"] != question["key"]
    elsewhere = screen(surgery, {**given, "channel": "5"}, "conv2d_1")
    assert elsewhere.properties[surgery.GUESS]["question"]["key"] == question["key"]
