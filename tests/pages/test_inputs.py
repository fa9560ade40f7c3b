"""The range of pixels as a choice, and networks that take their picture in another way, on the pages."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.inputs import in_range
from dashboard.app import runtime_of
from dashboard.runtime import links
from dashboard.shell import panel
from dashboard.state.view import View, parse
from pages import (
    activations,
    all_layers,
    architecture,
    diagnosis,
    filters,
    one_step,
    output,
    perturb,
    surgery,
    why,
)
from tests.screens import application_of, screen


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


def facts(runtime, query):
    view = parse(query)[0]
    return panel.facts(view, runtime.picture(view), runtime.look(view))


def test_a_chosen_range_is_what_the_network_gets_and_what_the_panel_says(
    app, request_of, query, classifier
):
    request_of(app)
    runtime = runtime_of(app)
    picture = runtime.picture(parse(query)[0]).pixels
    for name in ("-1..1", "0..255"):
        shown = {**query, "range": name}
        said = runtime.look(parse(shown)[0]).passed.prediction.probabilities
        expected = cnn.predict(in_range(classifier, name), picture).probabilities
        np.testing.assert_array_equal(said, expected)
        told = facts(runtime, shown)["scale"]
        assert told["text"].endswith(", as chosen here.")
        assert told["chosen"] == name
        assert [value for value, _ in told["ranges"]] == ["", "0..1", "-1..1", "0..255"]
        operated = runtime.model(parse({**shown, "surgery": "conv2d:3*0"})[0])
        assert cnn.scale_of(operated).range == name
    stated = facts(runtime, query)["scale"]
    assert stated == {
        "text": "Pixels: divided by 255, as the model's card says.", "ranges": [], "chosen": "",
        "channels": 1, "colours": None, "kept": "", "keeps": False,
    }  # fmt: skip


def test_a_range_of_colours_is_taken_out_of_a_link_to_a_grey_model(app, query):
    link = links.follow(runtime_of(app), {**query, "range": "caffe"})
    assert link.view.range == ""
    assert "range is 'caffe', which is for 3 channels: the model takes 1" in " ".join(link.messages)
    assert parse({**query, "range": "0,,1"})[0].range == ""
    assert View(model="a" * 12, range="0..1").of_model("b" * 12).range == ""


def test_the_architecture_says_the_chosen_range(app, request_of, query):
    request_of(app)
    for name, words in (("", "as the model's card says"), ("-1..1", "as chosen here")):
        shown = screen(architecture, {**query, **({"range": name} if name else {})}, None)
        assert words in str(shown.texts) + str(shown.properties)


def test_the_server_tries_each_range_with_pictures_of_the_data_set(app, query):
    client = app.server.test_client()
    for chosen in ({}, {"range": "0..255"}):
        got = client.get("/ranges", query_string={**query, **chosen})
        assert got.json["hint"].startswith("Recognised of 64 pictures: ")
        assert got.json["hint"].count("% with ") == 4
        assert "(of these pictures)" in got.json["hint"]


def test_mean_and_deviation_are_a_range_in_the_link_and_among_those_that_are_tried(
    app, request_of, query, classifier
):
    request_of(app)
    runtime, shown = runtime_of(app), {**query, "range": "mean:0.1307;deviation:0.3081"}
    assert links.follow(runtime, shown).messages == ()
    picture = runtime.picture(parse(shown)[0]).pixels
    told = facts(runtime, shown)["scale"]
    assert told["chosen"] == "mean:0.1307;deviation:0.3081"
    assert told["text"] == (
        "Pixels: from 0 to 1, less the mean 0.1307, divided by the deviation 0.3081, as chosen here."
    )
    said = runtime.look(parse(shown)[0]).passed.prediction.probabilities
    standard = (picture / 255 - 0.1307) / 0.3081
    expected = classifier.predict(standard[None].astype(np.float32), verbose=0)[0]
    np.testing.assert_allclose(said, expected, atol=1e-5)
    hint = app.server.test_client().get("/ranges", query_string=shown).json["hint"]
    assert hint.count("% with ") == 5
    assert "with mean 0.1307 and deviation 0.3081" in hint


def test_mean_and_deviation_of_other_channels_are_taken_out_of_a_link(app, request_of, query):
    request_of(app)
    runtime = runtime_of(app)
    for wrong in (
        "mean:0.1,0.2,0.3;deviation:0.5", "mean:0.1;deviation:0,1", "nonsense", "mean:0.1;deviation:0",
        "mean:0.1;deviation:0.2,0.3", "mean:1e9;deviation:1", "0.1/0.2", "mean:nan;deviation:1",
    ):  # fmt: skip
        link = links.follow(runtime, {**query, "range": wrong})
        assert link.view.range == ""
        assert len(link.messages) == 1


def two_inputs() -> keras.Model:
    picture, age = keras.Input((28, 28), name="picture"), keras.Input((2,), name="age")
    row = layers.Flatten(name="row")(picture)
    joined = layers.Concatenate(name="joined")(
        [layers.Dense(8, activation="relu", name="units")(row), age]
    )
    return keras.Model(
        [age, picture], layers.Dense(10, activation="softmax", name="classes")(joined)
    )


def channels_first() -> keras.Model:
    picture = keras.Input((4, 28, 28), name="own")
    x = layers.Conv2D(3, 3, strides=2, data_format="channels_first", name="units")(picture)
    return keras.Model(
        picture,
        layers.Dense(10, activation="softmax", name="classes")(layers.Flatten(name="row")(x)),
    )


@pytest.mark.parametrize("build", [two_inputs, channels_first])
def test_every_page_shows_a_network_that_takes_its_picture_in_another_way(
    build, tmp_path, request_of
):
    app = application_of(build(), tmp_path)
    runtime = runtime_of(app)
    request_of(app)
    shown = runtime.default_view().to_query()
    whole = (all_layers, architecture, diagnosis, output, perturb)
    for page in whole:
        assert screen(page, shown, None).form
    names = [info.name for info in cnn.layer_infos(runtime.model(parse(shown)[0]))]
    for name in names:
        for page in (activations, why):
            assert screen(page, shown, name).form
    for page, name in ((filters, "units"), (one_step, "units"), (surgery, "row")):
        assert screen(page, shown, name).form
    assert facts(runtime, shown)["scale"]["text"].startswith("Pixels: divided by 255")
