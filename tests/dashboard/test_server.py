"""The wiring, through the Flask test client."""

import gzip
import json
import re

import brotli
import pytest

import cnn
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from dashboard.wire import StaticCache

CONV2D = "/activations/conv2d"


@pytest.fixture(scope="module")
def client(app):
    return app.server.test_client()


def ask(client, app, output, inputs, state=()):
    """Answer a callback as the browser would ask for it."""
    dependencies = json.loads(client.get("/_dash-dependencies").data)
    wanted = next(d for d in dependencies if output in d["output"] and not d["clientside_function"])

    def filled(parts, values):
        return [{**part, "value": value} for part, value in zip(parts, values, strict=True)]

    names = wanted["output"].strip(".").split("...")
    outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    body = {
        "output": wanted["output"],
        "outputs": outputs if wanted["output"].startswith("..") else outputs[0],
        "inputs": filled(wanted["inputs"], inputs),
        "state": filled(wanted["state"], state),
        "changedPropIds": [f"{wanted['inputs'][0]['id']}.{wanted['inputs'][0]['property']}"],
    }
    return client.post("/_dash-update-component", json=body)


def test_health_answers(client):
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/architecture", "/filters/conv2d", "/activations/inner%2Fconv", "/training", "/x"],
)
def test_every_address_serves_the_page(client, path):
    page = client.get(path)
    assert page.status_code == 200
    assert '<html lang="en">' in page.text


def test_no_address_of_another_host_is_in_the_page(client):
    hosts = set(re.findall(r"https?://([^/\"']+)", client.get("/").text))
    assert hosts <= {"localhost"}


def test_the_panel_shows_the_picture_and_the_prediction(client, app):
    view = runtime_of(app).default_view().to_query()
    response = ask(client, app, "picture.src", [view, "ready"], [None, None, "waiting", False]).json
    shown = response["response"]
    assert shown["picture"]["src"].startswith("data:image/png;base64,")
    assert shown["prediction-data"]["data"]["name"] == "0"
    assert len(shown["prediction-data"]["data"]["bars"]) == 10
    assert response["sideUpdate"]["layers"]["data"]["opening"] == "conv2d"


def test_the_browser_learns_the_class_of_every_picture(client):
    answer = client.get("/labels/digits/all")
    assert list(answer.data) == cnn.load_dataset("digits", "all").labels.tolist()
    assert client.get("/labels/digits/none").status_code == 404
    assert client.get("/labels/mnist/test").status_code == 404


def test_one_forward_pass_serves_the_panel_and_the_page(client, app):
    runtime = runtime_of(app)
    view = {**runtime.default_view().to_query(), "index": "77"}
    first = ask(client, app, "picture.src", [view, "ready"], [None, None, "waiting", False])
    layers = first.json["sideUpdate"]["layers"]["data"]
    second = ask(client, app, "activations-main.figure", [view, layers], ["conv2d", None, CONV2D])
    assert second.status_code == 200
    assert ["forward" in r.headers.get("Server-Timing", "") for r in (first, second)] == [
        True,
        False,
    ]


def test_a_repaint_is_much_smaller_than_the_figure(client, app):
    view = runtime_of(app).default_view().to_query()
    shown = ask(client, app, "picture.src", [view, "ready"], [None, None, "waiting", False])
    layers = shown.json["sideUpdate"]["layers"]["data"]
    whole = ask(client, app, "activations-main.figure", [view, layers], ["conv2d", None, CONV2D])
    painted = whole.json["response"]["activations-painted"]["data"]
    view = {**view, "index": "5"}
    repaint = ask(
        client, app, "activations-main.figure", [view, layers], ["conv2d", painted, CONV2D]
    )
    assert "__dash_patch_update" in repaint.json["response"]["activations-main"]["figure"]
    assert len(repaint.data) < len(whole.data) / 2


def test_text_is_compressed_as_the_browser_accepts(client):
    for encoding, decompress in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        page = client.get("/", headers={"Accept-Encoding": encoding})
        assert page.headers["Content-Encoding"] == encoding
        assert b"CNN Visualizer" in decompress(page.data)


def test_a_file_is_made_smaller_later_and_stays_so_for_the_next_server(tmp_path):
    text = b"".join(b"const value%d = Math.sqrt(%d);" % (i, i * i) for i in range(20_000))
    quick = brotli.compress(text, quality=3)
    cache = StaticCache(tmp_path)
    cache.set("br;/file?v=1", quick)
    assert cache.get("br;/file?v=1") == quick
    cache.refine("br;/file?v=1")
    small = cache.get("br;/file?v=1")
    assert len(small) < len(quick)
    assert brotli.decompress(small) == text
    assert StaticCache(tmp_path).get("br;/file?v=1") == small


def test_answers_without_a_version_are_not_kept(tmp_path):
    cache = StaticCache(tmp_path)
    cache.set("br;", b"an answer")
    assert cache.get("br;") is None


def test_what_has_a_version_in_its_address_is_kept_for_good(client):
    addresses = [
        part.split('"')[0]
        for part in client.get("/").text.replace('href="', 'src="').split('src="')[1:]
    ]
    kept = [a for a in addresses if a.startswith(("/_dash-component", "/assets", "/package"))]
    assert len(kept) > 8
    for address in kept:
        with client.get(address) as answer:
            assert "immutable" in answer.headers["Cache-Control"], address
    assert "immutable" not in client.get("/").headers.get("Cache-Control", "")


def test_the_factory_can_be_called_twice(tmp_path):
    apps = [create_app(Settings(home=tmp_path / name, download=False)) for name in "ab"]
    counts = [len(json.loads(a.server.test_client().get("/_dash-dependencies").data)) for a in apps]
    assert counts[0] == counts[1] > 15
    assert runtime_of(apps[0]) is not runtime_of(apps[1])
