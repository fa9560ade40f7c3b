"""The Network page's structure, thumbnails and connections, on both models."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from dashboard.app import runtime_of
from dashboard.screens.answer import Answer
from dashboard.screens.request import Request
from dashboard.shell import panel
from dashboard.state.view import View, parse
from pages import network
from pages.network import described, values
from tests import nets
from tests.screens import looked_at, unpacked


@pytest.fixture(params=["app", "second_app"])
def both(request, request_of):
    """The application, of each model in turn."""
    app = request.getfixturevalue(request.param)
    request_of(app)
    return app


def shown(model, picture, names=(), pointed=None, **view):
    """Return the facts of the page for a picture, and the arrays that go along."""
    request, answer = Request(View(**view), layers=names, pointed=pointed), Answer()
    look = looked_at(model, picture)
    vars(request).update(model=model, look=look)
    facts = values(request, answer)
    json.dumps(facts)
    return facts, answer._arrays


def painted(model, picture, name, **view):
    """Return what is told of one layer, and the values that its bytes stand for."""
    facts, arrays = shown(model, picture, (name,), **view)
    (told,) = facts["layers"]
    tiles = np.moveaxis(arrays[told["tiles"]].astype(np.float32), 0, -1)
    peaks = arrays[told["peaks"]]
    high = np.abs(peaks) if told["high"] is None else told["high"]
    return told, high * (tiles / 127 - 1 if told["signed"] else tiles / 255), high


# --- structure


def test_every_layer_that_computes_has_a_place(both):
    runtime = runtime_of(both)
    query = runtime.default_view().to_query()
    found = network.structure(Request(parse(query)[0]))
    infos = [i for i in cnn.layer_infos(runtime.model(parse(query)[0])) if not i.nested]
    assert [layer["name"] for layer in found["layers"]] == [info.name for info in infos]
    assert [layer["total"] for layer in found["layers"]] == [info.channels for info in infos]
    assert found["layers"][0]["inputs"] == []
    assert found["layers"][-1]["form"] == "classes"
    assert len(found["classes"]) == found["layers"][-1]["total"]
    assert all(layer["explanation"].endswith(".") for layer in found["layers"])
    json.dumps(found)


def test_branches_share_a_column(second_model):
    found = {layer["name"]: layer for layer in described(second_model)}
    left, right, join = found["left"], found["right"], found["join"]
    assert (left["column"], left["lane"], left["lanes"]) == (2, 0, 2)
    assert (right["column"], right["lane"], right["lanes"]) == (2, 1, 2)
    assert (join["column"], join["lanes"], join["inputs"]) == (3, 1, ["left", "right"])
    assert found["shared"]["inputs"] == ["block/depthwise"]
    assert found["join"]["tile"] == [20, 30]


def test_a_model_that_ends_with_sums_still_shows_probabilities():
    picture = keras.Input((8, 8, 1), name="picture")
    x = layers.Dense(3, name="sums")(layers.Flatten(name="row")(picture))
    *_, sums, last = described(keras.Model(picture, x))
    assert (sums["form"], sums["name"]) == ("units", "sums")
    assert (last["form"], last["inputs"], last["column"]) == ("classes", ["sums"], 3)


def test_every_kind_of_layer_is_explained_in_a_sentence(classifier):
    told = {i.kind: cnn.captions.explanation(i) for i in cnn.layer_infos(classifier)}
    assert "2×2" in told["MaxPooling2D"]
    assert "1,600 numbers" in told["Flatten"]
    assert all(text.count(".") == 1 and text.endswith(".") for text in told.values())


def test_colour_tables_begin_and_end_with_the_scale(both):
    runtime = runtime_of(both)
    found = network.structure(Request(runtime.default_view()))
    for name, count in (("sequential", 256), ("diverging", 255)):
        stops = getattr(cnn.figures.style, name.upper())
        first, last = (
            bytes(cnn.figures.style.rgb(colour)).hex() for _, colour in (stops[0], stops[-1])
        )
        assert len(found[name]) == 6 * count
        assert (found[name][:6], found[name][-6:]) == (first, last)


# --- values


@pytest.mark.parametrize("scale", ["channel", "layer", "network"])
@pytest.mark.parametrize("name", ["conv2d", "max_pooling2d_1", "input"])
def test_bytes_stand_for_the_true_values(classifier, seven, name, scale):
    _, shown, high = painted(classifier, seven, name, scale=scale)
    true = cnn.activations(classifier, seven)[name]
    assert (np.abs(shown - np.minimum(true, high)) <= np.asarray(high) / 255).all()


@pytest.mark.parametrize("scale", ["channel", "layer", "network"])
def test_ranges_are_those_of_the_other_pages(classifier, second_model, seven, scale):
    for model, name in ((classifier, "conv2d_1"), (second_model, "left"), (second_model, "relu")):
        activations = cnn.activations(model, seven)
        infos = [info for info in cnn.layer_infos(model) if info.inputs]
        bound = cnn.figures.largest_magnitude(activations[info.name] for info in infos)
        cells = cnn.figures.cells(activations[name], scale=scale, bound=bound)
        told, *_ = painted(model, seven, name, scale=scale)
        assert told["signed"] == cells.signed
        assert (told["high"] or 1.0) == pytest.approx(cells.high)


def test_signed_maps_keep_zero_in_the_middle(second_model, seven):
    told, shown, high = painted(second_model, seven, "left")
    true = cnn.activations(second_model, seven)["left"]
    assert told["signed"]
    assert np.abs(shown - true).max() <= high / 254
    assert (shown[true == 0] == 0).all()


def test_only_the_channels_that_represent_a_vector_travel(classifier, seven):
    facts, arrays = shown(classifier, seven, ("flatten",))
    (told,) = facts["layers"]
    assert arrays[told["tiles"]].shape == (64, 1, 1)
    true = cnn.activations(classifier, seven)["flatten"][::25]
    np.testing.assert_array_equal(arrays[told["peaks"]], true)


def test_without_names_all_layers_are_told(classifier, seven):
    found, arrays = shown(classifier, seven)
    infos = [info.name for info in cnn.layer_infos(classifier)]
    assert [layer["name"] for layer in found["layers"]] == infos
    np.testing.assert_array_equal(
        arrays[found["probabilities"]], cnn.predict(classifier, seven).probabilities
    )


@pytest.mark.parametrize(("classes", "rows"), [(20, 20), (21, 12)])
def test_of_very_many_classes_the_most_probable_have_rows(classes, rows):
    inputs = keras.Input((4, 4, 1))
    outputs = layers.Dense(classes, activation="softmax")(layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    found, arrays = shown(model, np.full((4, 4, 1), 255, np.uint8))
    shares = arrays[found["probabilities"]]
    percents = dict(found["percents"])
    assert described(model)[-1]["rowCount"] == len(percents) == rows
    assert percents == {i: cnn.captions.percent(float(shares[i])) for i in percents}
    assert shares[list(percents)].min() >= np.sort(shares)[-rows]


def test_the_route_answers_for_the_layers_in_view(both):
    runtime = runtime_of(both)
    opening = panel.layers(runtime.default_view())["opening"]
    query = {**runtime.default_view().to_query(), "layer": opening}
    answer = both.server.test_client().get("/values/network", query_string=query)
    facts, arrays = unpacked(answer.data)
    (told,) = facts["page"]["layers"]
    assert told["name"] == opening
    assert arrays[told["tiles"]].dtype == np.uint8
    assert arrays[facts["page"]["probabilities"]].sum() == pytest.approx(1, abs=1e-4)


# --- connections


def pointed(model, picture, layer, channel, **view):
    """Return what is told of a channel that is pointed at, and the arrays that go along."""
    facts, arrays = shown(model, picture, (layer,), (layer, channel), **view)
    return facts["pointed"], arrays


def test_the_lines_of_a_unit_are_weight_times_value(classifier, seven):
    told, arrays = pointed(classifier, seven, "dense", 5)
    before, after = told["sides"]
    kernel, units = cnn.kernels(classifier, "dense"), cnn.activations(classifier, seven)
    amounts = kernel[:, 5] * units["flatten"]
    np.testing.assert_array_equal(arrays[before["amounts"]], amounts[::25])
    total = amounts.sum() + cnn.biases(classifier, "dense")[5]
    assert before["sum"]["total"] == pytest.approx(total, abs=1e-4)
    after_it = cnn.kernels(classifier, "dense_1")[5] * units["dense"][5]
    np.testing.assert_array_equal(arrays[after["amounts"]], after_it)
    assert (after["layer"], after["isSource"], after["hidden"]) == ("dense_1", False, 0)


def test_of_what_is_hidden_the_strongest_is_told(classifier, seven):
    told, _ = pointed(classifier, seven, "dense", 5)
    kernel, units = cnn.kernels(classifier, "dense"), cnn.activations(classifier, seven)
    amounts = kernel[:, 5] * units["flatten"]
    amounts[::25] = 0
    first = int(np.abs(amounts).argmax())
    assert told["sides"][0]["hidden"] == 1536
    assert told["sides"][0]["firstHidden"] == [first, pytest.approx(amounts[first])]


def test_the_weights_alone_are_the_same_for_every_picture(classifier, seven):
    found = [
        pointed(classifier, picture, "dense", 5, lines="weight")
        for picture in (seven, np.zeros_like(seven))
    ]
    for told, arrays in found:
        (before, after), kernel = told["sides"], cnn.kernels(classifier, "dense")
        np.testing.assert_array_equal(arrays[before["amounts"]], kernel[::25, 5])
        assert (before["kind"], before["sum"], after["kind"]) == ("weight", None, "weight")


def test_every_layer_can_be_pointed_at(both):
    runtime = runtime_of(both)
    client, query = both.server.test_client(), runtime.default_view().to_query()
    layers_ = described(runtime.model(runtime.default_view()))
    shown = {layer["name"]: len(layer["channels"]) for layer in layers_}
    for layer in layers_:
        part = {"pointed": f"0:{layer['name']}", "layer": layer["name"]}
        answer = client.get("/values/network", query_string={**query, **part})
        facts, arrays = unpacked(answer.data)
        sides = facts["page"]["pointed"]["sides"]
        assert [side["layer"] for side in sides if side["isSource"]] == layer["inputs"]
        for side in sides:
            assert arrays[side["amounts"]].shape == (shown[side["layer"]],)


def test_a_sum_and_the_probability_made_of_it_are_joined():
    picture = keras.Input((8, 8, 1), name="picture")
    x = layers.Dense(3, name="sums")(layers.Flatten(name="row")(picture))
    model, image = keras.Model(picture, x), np.zeros((8, 8, 1), np.uint8)
    (*_, after), arrays = pointed(model, image, "sums", 2)[0]["sides"], []
    assert (after["layer"], after["kind"]) == ("softmax of sums", "channel")
    told, arrays = pointed(model, image, "softmax of sums", 2)
    (before,) = told["sides"]
    assert before["layer"] == "sums"
    np.testing.assert_array_equal(arrays[before["amounts"]], [np.nan, np.nan, 1])


@pytest.mark.parametrize("part", ["0:dense99", "10:dense_1", "x:dense", "-1:dense", "3", ":", ""])
def test_a_channel_that_does_not_exist_is_connected_to_nothing(app, part):
    query = {**runtime_of(app).default_view().to_query(), "pointed": part, "layer": "dense"}
    answer = app.server.test_client().get("/values/network", query_string=query)
    facts, _ = unpacked(answer.data)
    assert facts["page"]["pointed"] is None


def test_weights_that_are_no_numbers_leave_out_their_sum(classifier, seven):
    from cnn.models.twins import twin

    weights = [np.full_like(weight.numpy(), np.inf) for weight in classifier.weights]
    told, _ = pointed(twin(classifier, weights), seven, "dense", 5)
    assert told["sides"][0]["sum"] is None
    json.loads(json.dumps(told, allow_nan=False))


def test_the_heading_speaks_of_no_digits_for_a_model_of_anything():
    assert "digit" not in str(network.layout()).lower()


def test_models_in_models_in_a_model_are_one_block_of_all_their_layers():
    found = {layer["name"]: layer["fold"] for layer in described(nets.nested_three_times())}
    inside = [name for name, fold in found.items() if fold == "outer"]
    assert "outer/middle/inner/step_a" in inside and "outer/after" in inside
    assert len(inside) == 44 and set(found.values()) == {"", "outer"}
