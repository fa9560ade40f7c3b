import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

from cnn.jobs import Download
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings
from dashboard.shell import status
from dashboard.state.view import View

READY, TOLD = 0, 1
VIEW = View(model="", data="digits", split="all")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return Settings(home=tmp_path / "home", data_dir=tmp_path / "data", download=True)


@pytest.fixture
def started(settings, request_of, monkeypatch):
    """Start an application without letting it queue anything."""

    def start(**changes):
        app = create_app(Settings(**{**settings.model_dump(), **changes}))
        runtime = runtime_of(app)
        monkeypatch.setattr(runtime, "_submit_missing", lambda: None)
        runtime.wait()
        assert runtime._submitted.wait(30)
        request_of(app)
        return runtime

    return start


def test_the_browser_asks_less_often_when_nothing_goes_on(started):
    runtime = started()
    quiet, seldom = status.news(runtime, VIEW, runtime.statuses())
    assert status.news(runtime, VIEW, runtime.statuses()) == (quiet, seldom)
    runtime.settings.jobs.write_download(Download("running"))
    busy, often = status.news(runtime, VIEW, runtime.statuses())
    assert busy != quiet
    assert often < seldom


def test_the_browser_asks_often_until_the_start_has_queued_its_work(started):
    runtime = started()
    _, seldom = status.news(runtime, VIEW, runtime.statuses())
    runtime._submitted.clear()
    _, waiting = status.news(runtime, VIEW, runtime.statuses())
    runtime._ready.clear()
    _, starting = status.news(runtime, VIEW, runtime.statuses())
    assert starting < waiting < seldom


def test_what_is_known_is_not_told_again(started):
    runtime = started()
    answer = status.report("", "starting", None, None)
    assert answer[-1] == status.news(runtime, VIEW, runtime.statuses())[0]
    assert (answer[READY], answer[TOLD]) == ("ready", [])
    answer = status.report("", "ready", None, [])
    assert (answer[READY], answer[TOLD]) == (no_update, no_update)


def test_a_download_is_told_with_its_progress_and_its_failure(started):
    home = started().settings.jobs
    home.write_download(Download("running"))
    assert status.report("", "ready", None, None)[TOLD] == [
        "MNIST is being downloaded (0%); until then the embedded digits are used."
    ]
    home.write_download(Download("failed", "No network."))
    assert status.report("", "ready", None, None)[TOLD] == [
        "The embedded digits are used: No network."
    ]


def test_a_model_that_cannot_be_used_is_replaced_in_the_view(started, tmp_path):
    path = tmp_path / "broken.keras"
    path.write_bytes(b"no model")
    runtime = started(model=path)
    from dashboard.runtime.catalogue import key_of

    view = status.replace_refused_model("ready", {"model": key_of(path)})
    assert view["model"] == runtime.catalogue.bundled().key
    with pytest.raises(PreventUpdate):
        status.replace_refused_model("ready", view)
