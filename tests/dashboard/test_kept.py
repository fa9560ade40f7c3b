"""What was computed for screens that were opened is there before TensorFlow has started again."""

import shutil

import numpy as np
import pytest
from dash.exceptions import PreventUpdate

from dashboard.app import create_app, runtime_of
from dashboard.runtime import kept
from dashboard.runtime.kept import Kept, key_of_question
from dashboard.runtime.starting import Start
from dashboard.screens.screen import of_model
from dashboard.settings import Settings
from dashboard.shell import panel
from dashboard.state import pixels
from pages import activations, all_layers, network
from tests.screens import call, unpacked

FIGURES = (activations.MAIN, activations.DETAIL, activations.KERNEL)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    return Settings(home=folder / "home", data_dir=folder / "data", download=False)


@pytest.fixture(scope="module")
def ready(settings):
    """A server in which TensorFlow has started."""
    settings.jobs.require_writable()
    app = create_app(settings)
    runtime_of(app).wait()
    return app


@pytest.fixture(scope="module")
def starting(ready, settings):
    """The same server started again, in which TensorFlow never gets ready."""
    app = create_app(settings)
    runtime_of(app)._start = Start(lambda: None)
    return app


@pytest.fixture(autouse=True)
def folder(settings):
    """The folder of the answers, which is not there at first."""
    folder = settings.jobs.path / "kept"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    folder.unlink() if folder.is_file() else shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def query(ready):
    return runtime_of(ready).default_view().to_query()


def opened(app, query, layer="conv2d"):
    return call(app, activations, query, layer, f"/activations/{layer}", FIGURES)


def values(app, query):
    return app.server.test_client().get("/values/network", query_string=query, buffered=True)


def panel_of(app, query):
    """Return what the panel shows, the layers that it sets (None for none), and the condition."""
    layers = []
    with pytest.MonkeyPatch.context() as patch, app.server.app_context():
        patch.setattr(panel, "set_props", lambda name, given: layers.append((name, given["data"])))
        shown, *_, condition = panel.show({"view": query, "number": 1}, None, None, "?", False)
    return shown, dict(layers).get("layers"), condition


def test_a_page_that_was_opened_has_the_same_figures_and_texts(ready, starting, query):
    computed = opened(ready, query).get_json()
    assert computed["response"][activations.MAIN]["figure"]["data"]
    assert opened(starting, query).get_json() == computed


@pytest.mark.parametrize("other", [{"index": "1"}, {"epoch": "3"}, {"channel": "4"}])
def test_what_was_not_opened_waits(ready, starting, query, other):
    opened(ready, query)
    assert opened(starting, {**query, **other}).status_code == 204
    assert opened(starting, query, layer="conv2d_1").status_code == 204


def test_the_panel_has_the_prediction_and_the_layers(ready, starting, query):
    waiting = panel_of(starting, query)
    assert waiting[0]["prediction"] is None
    assert waiting[1:] == (None, "waiting")
    computed, layers, _ = panel_of(ready, query)
    early, early_layers, condition = panel_of(starting, query)
    assert early == computed
    assert early["prediction"]["name"] == "0"
    assert (early_layers, condition) == ({**layers, "early": True}, "")
    assert layers["early"] is False


def test_the_network_opens_with_the_same_numbers(ready, starting, query):
    asked = {**query, "layer": ["conv2d", "dense"], "opening": "1"}
    computed = values(ready, asked)
    assert [one["name"] for one in unpacked(computed.data)[0]["page"]["layers"]] == asked["layer"]
    assert values(starting, asked).data == computed.data


@pytest.mark.parametrize("make", [network.structure, all_layers.tiles])
def test_what_a_page_has_of_the_model_alone_is_there(ready, starting, query, make):
    told, layers = of_model("page", make), {"model": query["model"], "surgery": ""}
    with starting.server.app_context(), pytest.raises(PreventUpdate):
        told(layers)
    with ready.server.app_context():
        computed = told(layers)
    with starting.server.app_context():
        assert told(layers) == computed != []


def test_without_a_model_there_is_nothing(ready):
    with ready.server.app_context(), pytest.raises(PreventUpdate):
        of_model("page", network.structure)(None)


@pytest.mark.parametrize("more", [{"moving": "picture"}, {"pointed": "0:conv2d"}, {"fitted": "1"}])
def test_what_else_is_asked_for_is_not_kept_under_what_a_page_opens_with(
    ready, starting, query, more
):
    opening = {**query, "layer": "dense", "opening": "1"}
    assert values(ready, {**opening, **more}).status_code == 200
    for asked in (opening, {**opening, **more}):
        assert values(starting, asked).status_code == 503


def test_a_drawing_is_its_readers_and_not_kept(ready, folder, query):
    drawn = np.full((28, 28, 1), 200, np.uint8)
    assert opened(ready, {**query, "pixels": pixels.encode(drawn)}).status_code == 200
    assert not folder.exists()


def test_a_question_is_known_by_its_content():
    asked = {"view": {"index": "0", "data": "digits"}, "what": ["panel"]}
    dark, bright = (np.full((28, 28, 1), value, np.uint8).tobytes() for value in (10, 200))
    assert key_of_question(asked, dark) == key_of_question(dict(reversed(asked.items())), dark)
    assert key_of_question(asked, dark) != key_of_question(asked, bright)
    assert key_of_question(asked, dark) != key_of_question({**asked, "what": ["layers"]}, dark)


def test_another_program_does_not_know_the_answers_of_the_one_before(monkeypatch):
    asked = {"what": ["panel"]}
    before = key_of_question(asked, b"")
    monkeypatch.setattr(kept, "version", lambda library: f"{library} of tomorrow")
    kept._program.cache_clear()
    try:
        assert key_of_question(asked, b"") != before
    finally:
        kept._program.cache_clear()


@pytest.mark.parametrize("damage", [b"", b"cut", b"0" * 64 + b"\n{}"])
def test_a_damaged_answer_is_none(tmp_path, damage):
    answers = Kept(tmp_path / "kept")
    answers.write("key", b"{}")
    assert answers.read("key") == b"{}"
    (tmp_path / "kept" / "key").write_bytes(damage)
    assert answers.read("key") is None


def test_the_oldest_answers_go_when_there_is_no_room(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "_MOST_BYTES", 400)
    answers = Kept(tmp_path / "kept")
    for number in range(4):
        answers.write(str(number), bytes(100))
        answers.read("0")
    assert [answers.has(str(number)) for number in range(4)] == [True, False, False, True]


def test_where_nothing_can_be_kept_everything_is_computed(ready, query, folder):
    folder.write_bytes(b"a file in the place of the folder")
    assert opened(ready, query).status_code == 200


def test_what_is_computed_by_a_run_that_goes_on_is_not_kept(ready, folder):
    runtime = runtime_of(ready)
    view = runtime.default_view().of_model("run:20260101-000000")
    assert runtime.kept(view, ("model",), ["layers"], lambda: b"of now") == b"of now"
    assert not folder.exists()
