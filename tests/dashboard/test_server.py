"""The wiring, through the Flask test client."""

import gzip
import json
import re
import threading
from pathlib import Path
from urllib.parse import quote

import brotli
import numpy as np
import pytest
from PIL import Image

import cnn
from dashboard.app import create_app, runtime_of
from dashboard.routes.compression import Files, StaticCache
from dashboard.settings import Settings
from pages import activations

CONV2D = "/activations/conv2d"


@pytest.fixture(scope="module")
def client(app):
    return app.server.test_client()


def wanted(view):
    return {"view": view, "number": 1}


def ask(client, app, output, inputs, state=()):
    """Answer a callback as the browser would ask for it."""
    dependencies = json.loads(client.get("/_dash-dependencies").data)
    callback = next(
        d for d in dependencies if output in d["output"] and not d["clientside_function"]
    )

    def filled(parts, values):
        return [{**part, "value": value} for part, value in zip(parts, values, strict=True)]

    names = callback["output"].strip(".").split("...")
    outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    body = {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[0],
        "inputs": filled(callback["inputs"], inputs),
        "state": filled(callback["state"], state),
        "changedPropIds": [f"{callback['inputs'][0]['id']}.{callback['inputs'][0]['property']}"],
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


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("/lens", "/one-step"),
        ("/lens?data=digits&index=3", "/one-step?data=digits&index=3"),
        ("/lens/conv2d?teach=4&rates=0.001*2", "/one-step/conv2d?teach=4&rates=0.001*2"),
        ("/lens/inner%2Fconv", "/one-step/inner%2Fconv"),
    ],
)
def test_an_address_of_an_earlier_version_leads_to_the_page_of_now(client, old, now):
    answer = client.get(old)
    assert answer.status_code == 308
    assert answer.headers["Location"] == now
    assert client.get(now).status_code == 200


def test_a_query_that_no_header_can_hold_leads_there_too(client):
    raw = {"QUERY_STRING": "a=1\r\nX-Planted: \xe9"}
    answer = client.get("/lens", environ_overrides=raw)
    assert answer.headers["Location"] == "/one-step?a=1%0D%0AX-Planted:%20%E9"


def test_the_first_visitors_of_a_server_get_the_whole_page_at_the_same_time(tmp_path):
    app = create_app(Settings(home=tmp_path / "home", data_dir=tmp_path, download=False))
    together, pages = threading.Barrier(4), []

    def page():
        """Return the page but for its configuration, which has the time in it."""
        text = app.server.test_client().get("/activations").text
        return re.sub('<script id="_dash-config".*?</script>', "", text)

    def come():
        together.wait()
        pages.append(page())

    visitors = [threading.Thread(target=come) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert len(pages) == 4
    assert set(pages) == {page()}


def test_no_address_of_another_host_is_in_the_page(client):
    hosts = set(re.findall(r"https?://([^/\"']+)", client.get("/").text))
    assert hosts <= {"localhost"}


def test_the_panel_shows_the_picture_and_the_prediction(client, app):
    view = runtime_of(app).default_view().to_query()
    response = ask(
        client, app, "panel-data.data", [wanted(view)], [None, None, "waiting", False]
    ).json
    shown = response["response"]
    panel = shown["panel-data"]["data"]
    assert panel["src"].startswith("data:image/png;base64,")
    assert panel["prediction"]["name"] == "0"
    assert len(panel["prediction"]["bars"]) == 10
    assert response["sideUpdate"]["layers"]["data"]["opening"] == "conv2d"


def test_the_browser_learns_the_class_of_every_picture(client):
    answer = client.get("/labels/digits/all")
    labels = np.frombuffer(answer.data, "<u2").tolist()
    assert labels == cnn.load_dataset("digits", "all").labels.tolist()
    assert client.get("/labels/digits/none").status_code == 404
    assert client.get("/labels/mnist/test").status_code == 404


def refusals(client) -> list:
    """What routes answer to addresses that name other places, or what is not there."""
    places = ["%2E%2E%2F%2E%2E", "..", "%2Fetc", "%00", "%2F" + "tmp", "x" * 3000]
    return [
        client.get(route.format(place))
        for place in places
        for route in (
            "/labels/{}/test", "/labels/mnist/{}", "/runs/{}/config.json", "/runs/pretrained/{}",
            "/upload/{}", "/connections/{}/conv2d", "/connections/000000000000/{}",
            "/values/activations?data={}", "/values/activations/{}", "/news?model={}",
            "/values/network?model=run:{}", "/news/runs?runs={}",
        )
    ]  # fmt: skip


def test_no_route_takes_a_folder_for_a_data_set(app, client, tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        Image.new("L", (5, 4)).save(tmp_path / label / "0.png")
    assert len(cnn.load_dataset(str(tmp_path))) == 2
    for place in (str(tmp_path), f"../../../..{tmp_path}", "tests", "."):
        answer = client.get(f"/labels/{quote(place, safe='')}/test")
        # What is no address of labels is answered with the page that says so.
        assert answer.mimetype == "text/html", place
        assert answer.status_code == 404 or "CNN Visualizer" in answer.text
        view = {**runtime_of(app).default_view().to_query(), "data": place}
        shown = ask(client, app, "panel-data.data", [wanted(view)], [None, None, "waiting", False])
        assert "the default is used" in shown.text


def test_no_answer_names_a_folder_of_the_server(app, client):
    settings = runtime_of(app).settings
    answers = refusals(client)
    assert {answer.status_code for answer in answers} <= {200, 308, 400, 404}
    answers += [client.get(path) for path in ("/", "/_dash-layout", "/labels/mnist/test", "/news")]
    view = {**runtime_of(app).default_view().to_query(), "data": "mnist", "split": "test"}
    answers.append(
        ask(client, app, "panel-data.data", [wanted(view)], [None, None, "waiting", False])
    )
    assert "not on this machine" in answers[-1].text
    for answer in answers:
        for folder in (settings.home, settings.data_path, Path.home(), Path(cnn.__file__).parent):
            assert str(folder).encode() not in answer.data, answer.request.path


def test_the_settings_of_a_run_are_given_away_without_the_places_on_the_server(app, client):
    runtime = runtime_of(app)
    config = cnn.TrainingConfig("/somewhere/my pictures", save_to="/elsewhere/mine.keras")
    run = cnn.runs.create(runtime.settings.jobs.runs_dir, config)
    told = client.get(f"/runs/{run.id}/config.json")
    run.delete()
    assert told.headers["Content-Disposition"].startswith("attachment; filename=")
    assert (told.json["dataset"], told.json["save_to"]) == ("my pictures", "mine.keras")
    assert told.json["epochs"] == config.epochs


def page_of(client, app, view):
    """Return the answer with the whole screen of the first convolution."""
    figures = (activations.MAIN, activations.DETAIL, activations.KERNEL)
    state = ["conv2d", CONV2D, *figures]
    return ask(client, app, "activations-main.figure", [wanted(view)], state)


def test_one_forward_pass_serves_the_panel_and_the_page(client, app):
    view = {**runtime_of(app).default_view().to_query(), "index": "77"}
    first = ask(client, app, "panel-data.data", [wanted(view)], [None, None, "waiting", False])
    second = page_of(client, app, view)
    assert second.status_code == 200
    assert ["forward" in r.headers.get("Server-Timing", "") for r in (first, second)] == [
        True,
        False,
    ]


def test_the_numbers_are_smaller_than_the_figures(client, app):
    view = runtime_of(app).default_view().to_query()
    whole = page_of(client, app, view)
    form = whole.json["response"]["activations-screen"]["data"]["form"]
    asked = {**view, "index": "5", "form": form}
    numbers = client.get("/values/activations/conv2d", query_string=asked)
    assert b"charts" in numbers.data
    assert len(numbers.data) < 0.75 * len(whole.data)


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


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_file_of_the_smallest_form_is_noticed_and_made_anew(tmp_path, damage):
    text = b"const value = 1;" * 5000
    cache = StaticCache(tmp_path)
    cache.set("br;/file", brotli.compress(text, quality=3))
    cache.refine("br;/file")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3] if damage is None else damage)
    again = StaticCache(tmp_path)
    assert again.get("br;/file") is None
    again.set("br;/file", brotli.compress(text, quality=3))
    again.refine("br;/file")
    assert brotli.decompress(StaticCache(tmp_path).get("br;/file")) == text


def test_many_files_are_refined_by_one_thread(tmp_path):
    cache = StaticCache(tmp_path, refine_after=3600)
    before = set(threading.enumerate())
    for number in range(50):
        cache.set(f"br;/file-{number}", bytes(20_000))
    started = set(threading.enumerate()) - before
    assert [thread.name for thread in started] == ["refine"]


def test_an_answer_is_kept_once_whatever_its_parameters_are(app, client):
    folder = runtime_of(app).settings.jobs.path / "compressed"
    known = Files(app)
    page = client.get("/").text
    address = re.search(r'/package/plotly-[^"]+', page)[0]
    suite = re.search(r'/_dash-component-suites/dash/deps/[^"]+', page)[0]
    for path in (address, suite):
        keys = set()
        for number in range(20):
            with app.server.test_request_context(f"{path}?i={number}") as context:
                context.match_request()
                keys.add(known.key(context.request))
        assert keys == {path}
    assert not list(folder.glob("*"))


@pytest.mark.parametrize(
    "path",
    [
        "/x/package/y", "/package/x", "/assets/05-wire/wire.js", "/assets/none.js?m=1",
        "/package/assets-js-0123456789ab", "/package/plotly-1.0.0",
        "/_dash-component-suites/dash/deps/polyfill@7.v1_0_0m1.12.1.min.js",
        "/_dash-component-suites/dash/dcc/dash_core_components.js", "/labels/digits/all?m=1",
    ],
)  # fmt: skip
def test_only_what_the_pages_name_is_kept_for_good_by_browsers(client, path):
    with client.get(path) as answer:
        assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_a_file_of_a_package_with_parameters_is_not_kept_for_good(client):
    address = re.search(r'/package/plotly-[^"]+', client.get("/").text)[0]
    assert "immutable" in client.get(address).headers["Cache-Control"]
    for more in ("?i=1", "?m=1"):
        answer = client.get(address + more)
        assert "immutable" not in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize("path", ["none/x.js", "dash/none.js", "dash/../../dash.py", "os/x.js"])
def test_a_library_file_that_there_is_not_is_told_so(client, path):
    answer = client.get(f"/_dash-component-suites/{path}")
    assert answer.status_code in (200, 404)
    assert answer.status_code == 404 or "CNN Visualizer" in answer.text


def test_answers_without_a_version_are_not_kept(tmp_path):
    cache = StaticCache(tmp_path)
    cache.set("br;", b"an answer")
    assert cache.get("br;") is None


def test_what_has_a_version_in_its_address_is_kept_for_good(client):
    addresses = [
        part.split('"')[0]
        for part in client.get("/").text.replace('href="', 'src="').split('src="')[1:]
    ]
    kept = [a for a in addresses if a.startswith(("/_dash-component", "/package"))]
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
