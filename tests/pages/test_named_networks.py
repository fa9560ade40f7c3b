"""Networks of full size, and three that are made, are opened and asked for over HTTP.

Their weights are drawn by chance. VGG16 has all its convolutions and a narrower top: 124 of its 138
million weights are in three dense layers, which are 256 wide here and no other kind of layer for it.
"""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import keras
import pytest
from keras import layers
from plotly.io.json import to_json_plotly

import cnn
from cnn.files import content_hash
from dashboard.app import create_app, runtime_of
from dashboard.screens.request import Request
from dashboard.screens.screen import _whole
from dashboard.settings import Settings
from dashboard.state.view import parse
from pages import activations, all_layers, architecture
from tests import nets
from tests.http import called, served, values_of
from tests.screens import unpacked, wanted

MEGABYTE = 1_000_000
ANSWERS_MEANWHILE = 10


def vgg16() -> keras.Model:
    body = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    x = layers.Flatten(name="flatten")(body.output)
    for name in ("fc1", "fc2"):
        x = layers.Dense(256, activation="relu", name=name)(x)
    x = layers.Dense(1000, activation="softmax", name="predictions")(x)
    return keras.Model(body.input, x, name="vgg16")


def by_name(name: str):
    return lambda: getattr(keras.applications, name)(weights=None)


NAMED = {
    name: by_name(name)
    for name in (
        "MobileNetV2", "EfficientNetB0", "ResNet50", "InceptionV3", "DenseNet121", "ConvNeXtTiny",
    )
}  # fmt: skip
MADE = {
    "200 layers": lambda: nets.deep(200),
    "2048 channels": nets.many_channels,
    "512x512": lambda: nets.few_weights(512),
}
NETWORKS = {**NAMED, "VGG16": vgg16, **MADE}
MANY = {"DenseNet121": 400, "InceptionV3": 300, "EfficientNetB0": 200, "200 layers": 200}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """One server for all of them, that opens with the bundled classifier."""
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("no-data")
    app = create_app(Settings(home=home, data_dir=data, download=False))
    runtime_of(app).wait()
    return app


@pytest.fixture(scope="module")
def base(app):
    with served(app) as address:
        yield address


def kept(app, model: keras.Model, name: str) -> str:
    """Keep a model as one that a reader has opened is; return its key."""
    models = runtime_of(app).settings.models
    with models.receiving(f"{name}.keras") as path:
        cnn.save_model(model, path)
        models.keep(path, key := content_hash(path))
    return key


@pytest.fixture(scope="module", params=NETWORKS)
def network(request, app):
    """The name, the layers and the view of each network in turn."""
    keras.utils.clear_session()
    model = NETWORKS[request.param]()
    infos = cnn.layer_infos(model)
    view = runtime_of(app).default_view().to_query()
    key = kept(app, model, request.param.replace(" ", "-"))
    yield request.param, infos, {**view, "model": key}
    shutil.rmtree(runtime_of(app).settings.models.folder / key)


def below_a_megabyte(answer) -> bytes:
    status, body = answer
    assert status == 200, body[:300]
    assert len(body) < MEGABYTE
    return body


def test_each_layer_has_its_place_on_the_network_page(base, network):
    name, infos, view = network
    held = {"model": view["model"], "surgery": "", "network": "", "names": [infos[0].name]}
    held |= {"classes": [], "opening": infos[0].name, "weighted": [], "changeable": []}
    body = {
        "output": "network-structure.data",
        "outputs": {"id": "network-structure", "property": "data"},
        "inputs": [{"id": "layers", "property": "data", "value": held}],
        "changedPropIds": ["layers.data"],
    }
    told = json.loads(below_a_megabyte(called(base, body)))
    placed = told["response"]["network-structure"]["data"]["layers"]
    assert [one["name"] for one in placed] == [info.name for info in infos if not info.nested]
    assert any(one["fold"] for one in placed) == (len(placed) > 40)
    assert len(placed) >= MANY.get(name, 0)
    facts, arrays = unpacked(below_a_megabyte(values_of(base, "network", None, view)))
    sent = facts["page"]["layers"]
    assert [one["name"] for one in sent] == [one["name"] for one in placed[: len(sent)]] and sent
    assert all(arrays[one["tiles"]].size for one in sent)


def test_its_layers_are_a_table_and_a_diagram(base, network):
    _, infos, view = network
    got = called(base, wanted(architecture, view, None, "/architecture", (architecture.DIAGRAM,)))
    told = json.loads(below_a_megabyte(got))["response"]
    table = told["architecture-screen"]["data"]["properties"][architecture.TABLE]
    names = [name for part in table["parts"] for name, _, _ in part]
    assert names == [info.name for info in infos]
    given, rows = {**view, "rest": "1", "layer": names[-1]}, table["rows"]
    if len(names) > len(rows):
        facts, _ = unpacked(below_a_megabyte(values_of(base, "architecture", None, given)))
        rows = facts["page"]["properties"][architecture.TABLE]["more"]
    assert rows[-1][0] == names[-1] and len(rows) < 81
    assert told[architecture.DIAGRAM]["figure"]["data"]


@pytest.mark.parametrize("scale", ["layer", "channel"])
def test_parts_of_all_layers_in_sight_are_one_answer(app, request_of, network, scale):
    """One part, or two that follow each other, of the first and of the last, with the most channels."""
    _, infos, view = network
    request_of(app)
    asked, every = parse({**view, "scale": scale})[0], all_layers.parts(infos)
    for seen in (every[:2], every[-2:], every[-1:]):
        names = tuple(info.name for part in seen for info in part)
        whole = _whole(all_layers.show, Request(asked, layers=names), (), all_layers.PAGE)
        assert len(whole["charts"]) == len(names)
        assert len(to_json_plotly(whole)) < MEGABYTE


def test_what_a_late_layer_gives_is_shown(base, network):
    _, infos, view = network
    layer = [info.name for info in infos if info.has_maps and info.inputs][-1]
    figures = (activations.MAIN, activations.DETAIL, activations.KERNEL)
    got = called(base, wanted(activations, view, layer, f"/activations/{layer}", figures))
    told = json.loads(below_a_megabyte(got))["response"]
    assert told[activations.MAIN]["figure"]["data"]
    given = {**view, "form": told["activations-screen"]["data"]["form"]}
    facts, _ = unpacked(below_a_megabyte(values_of(base, "activations", layer, given)))
    assert facts["page"]["charts"][activations.MAIN]["traces"]


def test_a_second_reader_is_answered_while_a_large_network_opens(app, base):
    """Not when it has opened: what would hold a lock all the while leaves room for one answer or two."""
    keras.utils.clear_session()
    view = runtime_of(app).default_view().to_query()
    # With another number of classes it is a network that nobody has opened before.
    model = keras.applications.MobileNetV2(weights=None, classes=999)
    large = {**view, "model": kept(app, model, "mobile")}
    below_a_megabyte(values_of(base, "activations", "conv2d", view))
    with ThreadPoolExecutor(1) as reader:
        opening = reader.submit(values_of, base, "activations", "out_relu", large)
        answers = 0
        while not opening.done():
            below_a_megabyte(values_of(base, "activations", "conv2d", view))
            answers += not opening.done()
    below_a_megabyte(opening.result())
    assert answers >= ANSWERS_MEANWHILE
