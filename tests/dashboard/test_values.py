"""The binary answers that are painted while a pen or a slider moves."""

import json

import numpy as np
import pytest

import cnn
from dashboard.app import create_app, runtime_of
from dashboard.screens.values import DRAWING_SIDE, Answer
from dashboard.settings import Settings
from dashboard.state import pixels


def unpacked(data: bytes) -> tuple[dict, list[np.ndarray]]:
    length = int.from_bytes(data[:4], "little")
    facts, offset, arrays = json.loads(data[4 : 4 + length]), 4 + length, []
    for described in facts["arrays"]:
        dtype, count = np.dtype(described["dtype"]), int(np.prod(described["shape"]))
        values = np.frombuffer(data, dtype, count, offset).reshape(described["shape"])
        arrays.append(values)
        offset += -(-values.nbytes // 4) * 4
    assert offset == len(data)
    return facts, arrays


def test_what_is_packed_can_be_unpacked():
    answer = Answer()
    answer.facts = {"word": "Übung"}
    given = [np.arange(5, dtype=np.uint8), np.full((2, 3), np.nan, np.float32), np.zeros(0, "u1")]
    assert [answer.add(array) for array in given] == [0, 1, 2]
    facts, arrays = unpacked(answer.packed())
    assert facts["word"] == "Übung"
    for found, expected in zip(arrays, given, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.fixture(scope="module")
def client(app):
    return app.server.test_client()


@pytest.fixture(scope="module")
def query(app):
    return runtime_of(app).default_view().to_query()


@pytest.fixture(scope="module")
def ink():
    drawn = np.zeros((DRAWING_SIDE, DRAWING_SIDE), np.uint8)
    drawn[10:60, 70:80] = 255
    return drawn


def drawn(client, query, ink, page="activations/conv2d", **more):
    return client.post(f"/values/{page}", query_string={**query, **more}, data=ink.tobytes())


def test_a_drawing_is_centred_and_every_value_is_that_of_keras(client, query, ink, classifier):
    facts, arrays = unpacked(drawn(client, query, ink).data)
    seen = cnn.centre_digit(ink)
    np.testing.assert_array_equal(pixels.decode(facts["pixels"]), seen)
    np.testing.assert_array_equal(arrays[facts["seen"]], seen)
    maps = cnn.activations(classifier, seen)["conv2d"]
    main = facts["page"]["figures"][0]
    np.testing.assert_array_equal(arrays[main["values"]], cnn.figures.cells(maps).z)
    assert main["high"] == pytest.approx(maps.max())
    prediction = cnn.predict(classifier, seen)
    assert facts["prediction"]["name"] == prediction.top(1)[0][0]


def test_without_centring_the_drawing_stays_where_it_is(client, query, ink):
    facts, arrays = unpacked(drawn(client, query, ink, centre="off").data)
    np.testing.assert_array_equal(arrays[facts["seen"]], cnn.shrink(ink))


def test_an_empty_drawing_is_a_black_picture(client, query):
    facts, arrays = unpacked(drawn(client, query, np.zeros((112, 112), np.uint8)).data)
    assert not arrays[facts["seen"]].any()


def test_a_link_to_the_drawing_has_the_same_values(client, query, ink):
    live, first = unpacked(drawn(client, query, ink).data)
    again = client.get(
        "/values/activations/conv2d", query_string={**query, "pixels": live["pixels"]}
    )
    rest, second = unpacked(again.data)
    assert rest == live
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_source_is_the_picture_before_anything_is_done_to_it(client, query):
    asked = {**query, "invert": "1", "source": "1"}
    facts, arrays = unpacked(client.get("/values/network", query_string=asked).data)
    np.testing.assert_array_equal(255 - arrays[facts["source"]], arrays[facts["seen"]])


@pytest.mark.parametrize("page", ["network", "layers", "activations/dense", "training", "nonsense"])
def test_every_page_gets_an_answer(client, query, ink, page):
    assert drawn(client, query, ink, page).status_code == 200


def test_all_layers_are_painted_with_their_captions(client, query, ink, classifier):
    facts, _ = unpacked(drawn(client, query, ink, "layers").data)
    infos = cnn.layer_infos(classifier)
    assert len(facts["page"]["figures"]) == len(facts["page"]["texts"]) == len(infos)
    assert facts["page"]["figures"][1]["id"] == '{"layer":"conv2d","type":"all-layers-figure"}'


@pytest.mark.parametrize(
    ("size", "more", "words"),
    [
        (5, {}, "A drawing of 5 bytes was sent: expected 112×112 pixels"),
        (112 * 112, {"model": "0" * 12}, "which this server does not have"),
        (112 * 112, {"epsilon": "0.1", "target": "77"}, "no class 77"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(client, query, size, more, words):
    answer = client.post("/values/network", query_string={**query, **more}, data=bytes([9]) * size)
    assert answer.status_code == 400
    assert words in answer.text
    assert answer.mimetype == "text/plain"


def test_before_tensorflow_is_there_the_browser_is_asked_to_wait(tmp_path, ink):
    app = create_app(Settings(home=tmp_path, data_dir=tmp_path, download=False))
    view = runtime_of(app).default_view().to_query()
    assert drawn(app.server.test_client(), view, ink).status_code == 503
