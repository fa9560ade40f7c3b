import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

import cnn
from cnn.jobs import Download
from cnn.runs import TrainingConfig
from dashboard import status
from dashboard.app import create_app, runtime_of
from dashboard.settings import Settings

READY, TOLD, INTERVAL, QUIET = 0, 1, 2, 3


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


def test_the_clock_stops_when_nothing_goes_on(started):
    started()
    answer = status.pulse(1, "starting", None, None)
    assert (answer[READY], answer[TOLD], answer[QUIET]) == ("ready", [], True)
    assert status.pulse(2, "ready", None, [])[READY] is no_update


def test_the_clock_goes_on_until_the_start_has_queued_its_work(started):
    runtime = started()
    runtime._submitted.clear()
    answer = status.pulse(1, "starting", None, None)
    assert (answer[READY], answer[TOLD], answer[QUIET]) == ("ready", [], False)


def test_a_download_is_told_with_its_progress_and_its_failure(started):
    home = started().settings.jobs
    home.write_download(Download("running"))
    answer = status.pulse(1, "ready", None, None)
    assert answer[TOLD] == [
        "MNIST is being downloaded (0%); until then the embedded digits are used."
    ]
    assert answer[QUIET] is False
    home.write_download(Download("failed", "No network."))
    assert status.pulse(1, "ready", None, None)[TOLD] == [
        "The embedded digits are used: No network."
    ]


def test_what_was_told_is_not_told_again(started):
    home = started().settings.jobs
    home.write_download(Download("failed", "No network."))
    told = status.pulse(1, "ready", None, None)[TOLD]
    with pytest.raises(PreventUpdate):
        status.pulse(2, "ready", None, told)


def test_the_training_of_a_missing_model_is_told_with_a_link(started, tmp_path):
    runtime = started(model=tmp_path / "mine.keras")
    cnn.runs.create(
        runtime.settings.jobs.runs_dir,
        TrainingConfig("digits", save_to=str(tmp_path / "mine.keras")),
    )
    text, link, _ = status.pulse(1, "ready", None, None)[TOLD]
    assert text == "mine.keras is being trained: "
    assert link.href == "/training"


def test_a_model_that_cannot_be_used_is_replaced_in_the_view(started, tmp_path):
    path = tmp_path / "broken.keras"
    path.write_bytes(b"no model")
    runtime = started(model=path)
    from dashboard.models import key_of

    view = status.replace_refused_model("ready", {"model": key_of(path)})
    assert view["model"] == runtime.catalogue.bundled().key
    with pytest.raises(PreventUpdate):
        status.replace_refused_model("ready", view)
