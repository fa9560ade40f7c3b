import keras
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate
from keras import layers

import cnn
from cnn.jobs import Download
from cnn.runs.moments import Moment
from cnn.runs.run import Status
from dashboard import ids
from dashboard.app import create_app, runtime_of
from dashboard.runtime.catalogue import key_of
from dashboard.settings import Settings
from dashboard.shell import panel, status
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


def test_the_operators_model_is_replaced_in_the_view_where_it_cannot_be_used(started, tmp_path):
    path = tmp_path / "broken.keras"
    path.write_bytes(b"no model")
    runtime = started(model=path)
    view = status.replace_refused_model("ready", {"model": key_of(path)})
    assert view["model"] == runtime.catalogue.bundled().key
    with pytest.raises(PreventUpdate):
        status.replace_refused_model("ready", view)


def through_nothing(folder):
    """A network that loads and whose pass fails: nothing is left of any picture."""
    picture = keras.Input((None, None, 1))
    keras.Model(picture, layers.MaxPooling2D(10_000)(picture)).save(folder / "nothing.keras")
    return folder / "nothing.keras"


def no_network(folder):
    (folder / "damaged.keras").write_bytes(b"no model")
    return folder / "damaged.keras"


@pytest.mark.parametrize("made", [through_nothing, no_network])
def test_a_refused_model_of_a_link_stays_in_the_view_with_its_reason(started, tmp_path, made):
    runtime, path = started(), made(tmp_path)
    key = key_of(path)
    kept = runtime.settings.models.folder / key
    kept.mkdir(parents=True)
    path.rename(kept / path.name)
    with pytest.raises(cnn.ModelError) as refused:
        runtime.catalogue.load(key)
    with pytest.raises(PreventUpdate):
        status.replace_refused_model("ready", {"model": key})
    _, notice, is_noticed, _ = panel.show(
        {"view": View(model=key, data="digits", split="all").to_query()}, None, None, "", False
    )
    assert (notice[0], is_noticed) == (str(refused.value), True)


@pytest.mark.parametrize(
    ("told", "epoch", "shown"),
    [(("0", "1"), "1", ""), (("0", "1", "2"), "1", "1"), (("0", "1"), "0", "0"), ((), "2", "")],
)
def test_who_follows_a_training_sees_its_last_epoch(started, monkeypatch, told, epoch, shown):
    runtime, bundled = started(), cnn.Run(cnn.pretrained_run())
    run = cnn.runs.create(runtime.settings.jobs.runs_dir, cnn.TrainingConfig("digits"))
    for number in range(3):
        run.write_weights(Moment(number), bundled.weights(Moment(number)))
    run.model_path.write_bytes(bundled.model_path.read_bytes())
    run.write_status(Status("finished", epoch=2))
    properties = {}
    monkeypatch.setattr(status, "set_props", lambda place, given: properties.update({place: given}))
    key = f"run:{run.id}"
    view = View(model=key, data="digits", split="all", epoch=epoch)
    known = {"model": key, "values": list(told)}
    status.report("", "ready", view.to_query(), ["watch it"], known)
    query = properties[ids.VIEW]["data"]
    assert (query["model"], query.get("epoch", "")) == (key_of(run.model_path), shown)
