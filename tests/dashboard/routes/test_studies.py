"""Studies are begun once, found again, followed and cancelled by their addresses."""

import json

import numpy as np
import pytest

import cnn
from cnn.inspection.top_pictures import CLASSES
from cnn.runs.moments import Moment
from cnn.studies import Question, Raised, Status, Wanted
from dashboard.app import create_app, runtime_of
from dashboard.screens import attributions
from dashboard.settings import Settings
from dashboard.state.view import View, parse
from tests.cnn.captions.test_synthesis import RAISED

SURGERY = "conv2d:3*0"


@pytest.fixture
def app(tmp_path):
    """An application whose queue no worker takes anything from."""
    return create_app(Settings(home=tmp_path / "home", data_dir=tmp_path, download=False))


@pytest.fixture
def runtime(app):
    return runtime_of(app)


@pytest.fixture
def ask(app, runtime):
    """Ask for a study of the bundled classifier, with the parts of a view."""
    client = app.server.test_client()

    def ask(kind="evaluate", layer="", find=False, expected=200, of_method="", **view):
        query = {"model": runtime.catalogue.bundled().key, "data": "digits", **view}
        body = {"kind": kind, "layer": layer, "method": of_method, "find": find}
        answer = client.post("/studies", query_string=query, json=body)
        assert answer.status_code == expected
        return answer.json

    return ask


@pytest.fixture
def get(app):
    return lambda path: app.server.test_client().get(path).json


def test_it_is_begun_once_and_found_by_the_same_question(ask, get, runtime):
    assert ask(surgery=SURGERY, find=True)["state"] == "none"
    assert runtime.settings.jobs.studies() == []
    told = ask(surgery=SURGERY)
    assert (told["state"], told["progress"]) == ("queued", "waiting for the worker")
    assert ask(surgery=SURGERY) == ask(surgery=SURGERY, find=True) == told
    assert get(f"/studies/{told['id']}") == told
    assert runtime.queue.pending() == [told["id"]]
    # How the picture is looked at, and which it is, makes no other question.
    assert ask(surgery=SURGERY, find=True, channel="3", index="5", scale="channel") == told
    assert ask(surgery="conv2d:4*0", find=True)["state"] == "none"


def test_channels_are_ranked_in_the_network_without_changes(ask, runtime):
    told = ask("rank", "conv2d")
    assert ask("rank", "conv2d", surgery=SURGERY, find=True) == told
    assert ask("rank", "dense", find=True)["state"] == "none"
    question = runtime.settings.jobs.study(told["id"]).question
    assert (question.layer, question.data, question.split) == ("conv2d", "digits", "test")
    assert question.changes == {}


def test_trust_is_asked_of_the_map_that_is_looked_at(ask, get, runtime):
    looked_at = {"index": "5", "of": "3", "against": "5", "split": "train"}
    told = ask("trust", of_method="saliency", **looked_at)
    study = runtime.settings.jobs.study(told["id"])
    question, asked = study.question, study.question.asked
    assert (question.data, question.split) == ("digits", "train")
    assert asked.maps == (Wanted("saliency", {}, cnn.Target(3, 5)),)
    view = View(
        model=runtime.catalogue.bundled().key,
        data="digits",
        split="train",
        index=5,
        of=3,
        against=5,
    )
    np.testing.assert_array_equal(asked.pixels, runtime.look(view).seen)
    assert ask("trust", of_method="saliency", find=True, **looked_at) == told
    for method, others in (("input_x_gradient", {}), ("saliency", {"index": "6"})):
        found = ask("trust", of_method=method, find=True, **{**looked_at, **others})
        assert found["state"] == "none"
    with study.hold():
        study.write_status(Status("running", done=3, all=55))
        assert get(f"/studies/{study.id}")["progress"] == "5% done"
    refused = ask("trust", of_method="tea leaves", expected=400)
    assert refused["problem"].startswith("There is no method 'tea leaves'")


def test_maps_are_asked_of_a_worker_only_where_they_take_long(ask, get, runtime, monkeypatch):
    runtime.open()
    runtime.wait()
    refused = ask("maps", expected=400)
    assert refused["problem"].startswith("All maps of this network come by themselves")
    monkeypatch.setattr(attributions, "is_large", lambda _model: True)
    told = ask("maps", options="smoothgrad.samples:9", of="3")
    study = runtime.settings.jobs.study(told["id"])
    wanted = {one.method: (one.options, one.target) for one in study.question.asked.maps}
    assert wanted == {
        "smoothgrad": ({"samples": 9}, cnn.Target(3)),
        "integrated_gradients": ({}, cnn.Target(3)),
        "expected_gradients": ({}, cnn.Target(3)),
        "occlusion": ({}, cnn.Target(3)),
    }
    with study.hold():
        study.write_status(Status("running", done=130, all=400, seconds_left=12.0))
        assert get(f"/studies/{study.id}")["progress"] == "32% done · 12 s left"


def test_of_a_divided_data_set_the_test_pictures_are_studied_whatever_is_looked_at(
    ask, runtime, tmp_path
):
    pixels, labels = np.zeros((10, 28, 28), np.uint8), np.arange(10)
    np.savez(
        tmp_path / "mnist.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels
    )  # fmt: skip
    told = ask(surgery=SURGERY, data="mnist", split="all")
    question = runtime.settings.jobs.study(told["id"]).question
    assert (question.data, question.split) == ("mnist", "test")


def test_what_it_came_to_is_told_when_it_is_finished(ask, get, runtime):
    told = ask(surgery=SURGERY)
    runtime.queue._huey.dequeue()
    runtime.queue._study(told["id"])
    finished = get(f"/studies/{told['id']}")
    assert (finished["state"], finished["problem"]) == ("finished", "")
    pictures = len(cnn.load_dataset("digits", "test"))
    assert finished["done"] == finished["all"] == pictures
    assert finished["answer"]["rows"][0]["cells"][0] == str(pictures)
    assert ask(surgery=SURGERY, find=True) == finished
    assert runtime.queue.pending() == []


def test_progress_is_told_in_words(ask, get, runtime):
    study = runtime.settings.jobs.study(ask(surgery=SURGERY)["id"])
    with study.hold():
        study.write_status(Status("running", message="Opening the network."))
        assert get(f"/studies/{study.id}")["progress"] == "Opening the network."
        study.write_status(Status("running", done=64, all=8000, seconds_left=12.3))
        told = get(f"/studies/{study.id}")
        assert told["progress"] == "64 of 8,000 pictures · 12 s left"
        assert (told["done"], told["all"]) == (64, 8000)
        study.write_status(Status("running", done=64, all=8000, seconds_left=150.0))
        assert get(f"/studies/{study.id}")["progress"] == "64 of 8,000 pictures · 2 min left"


def test_what_a_worker_lost_is_told_and_begun_again(ask, get, runtime):
    told = ask(surgery=SURGERY)
    runtime.queue._huey.dequeue()
    lost = get(f"/studies/{told['id']}")
    assert (lost["state"], lost["problem"]) == (
        "interrupted", "Its worker ended before it began: start it again.",
    )  # fmt: skip
    assert ask(surgery=SURGERY) == told
    assert runtime.queue.pending() == [told["id"]]


def test_it_is_cancelled_and_begun_again(app, ask, runtime):
    told = ask(surgery=SURGERY)
    client = app.server.test_client()
    cancelled = client.post(f"/studies/{told['id']}/cancel", json={}).json
    assert (cancelled["state"], cancelled["progress"], cancelled["problem"]) == (
        "cancelled",
        "",
        "",
    )
    assert ask(surgery=SURGERY)["state"] == "queued"


def test_a_failure_is_told_in_a_sentence_without_folders(ask, get, runtime):
    told = ask("rank", "conv9")
    study = runtime.settings.jobs.study(told["id"])
    study.write_status(Status("failed", message="/home/somebody/model.keras was replaced."))
    assert get(f"/studies/{study.id}")["problem"] == "model.keras was replaced."


def test_a_queue_that_is_away_is_told_with_when_to_try_again(tmp_path):
    away = "redis://127.0.0.1:1/0"
    given = {"home": tmp_path / "home", "data_dir": tmp_path, "download": False, "redis_url": away}
    app = create_app(Settings(**given))
    query = {"model": runtime_of(app).catalogue.bundled().key, "data": "digits", "surgery": SURGERY}
    answer = app.server.test_client().post(
        "/studies", query_string=query, json={"kind": "evaluate", "layer": ""}
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert answer.headers["X-Refusal-Told"] == "yes"
    assert answer.json["problem"].startswith("The queue cannot be reached")


def test_what_cannot_be_asked_is_refused_in_a_sentence(app, ask, get):
    nothing = ask(find=True)
    assert (nothing["id"], nothing["state"]) == ("", "none")
    assert nothing["problem"].startswith("No channel is changed")
    assert ask(expected=400)["problem"] == nothing["problem"]
    assert "does not have" in ask("rank", "conv2d", expected=400, model="0" * 12)["problem"]
    assert "removed" in ask("rank", "conv2d", epoch="999", expected=400)["problem"]
    assert get("/studies/0123456789abcdef")["problem"].startswith("There is no study")
    assert get("/studies/runs")["problem"].startswith("No study can have the id")
    client = app.server.test_client()
    for body in ("[]", "{", '{"kind": "other"}', '{"kind": "rank", "layer": 3}', '{"find": true}'):
        answer = client.post("/studies", data=body, content_type="application/json")
        assert answer.status_code == 400
        assert "No page of this server asks so" in answer.json["problem"]


@pytest.mark.parametrize("path", ["/studies", "/studies/0123456789abcdef/cancel"])
def test_a_page_of_another_site_cannot_send_a_question(app, path):
    body = json.dumps({"kind": "evaluate"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = app.server.test_client().post(path, data=body, content_type=kind)
        assert answer.status_code == 415
        assert "as JSON" in answer.json["problem"]


def test_a_question_names_the_files_of_the_moment_that_is_shown(runtime):
    catalogue, run = runtime.catalogue, cnn.runs.Run(cnn.pretrained_run())
    key = catalogue.bundled().key
    newest = catalogue.network(key)
    assert (newest.path, newest.content, newest.moment) == (str(run.model_path), key, "")
    assert newest.card
    assert catalogue.network(key, str(run.moments[-1])) == newest
    first = catalogue.network(key, "0")
    assert (first.run, first.moment) == (str(run.path), "0")
    assert first.weights
    loaded = first.load().get_weights()
    shown = catalogue.load(key, "0").get_weights()
    assert all((a == b).all() for a, b in zip(loaded, shown, strict=True))
    with pytest.raises(cnn.ModelError, match="removed or cannot be read"):
        catalogue.network(key, str(Moment(999)))


def test_a_question_of_a_run_that_goes_on_is_about_its_newest_moment(runtime, tmp_path):
    bundled = cnn.runs.Run(cnn.pretrained_run())
    run = cnn.runs.create(runtime.settings.jobs.runs_dir, bundled.config)
    cnn.save_model(cnn.load_model(bundled.model_path), run.initial_path)
    for number in (0, 1):
        run.write_weights(Moment(number), bundled.weights(Moment(number)))
    network = runtime.catalogue.network(f"run:{run.id}")
    assert (network.path, network.moment) == (str(run.initial_path), "1")
    question = Question.ranking(network, "conv2d", "digits", "test")
    run.write_weights(Moment(2), bundled.weights(Moment(2)))
    later = runtime.catalogue.network(f"run:{run.id}")
    assert Question.ranking(later, "conv2d", "digits", "test").id != question.id


def test_the_view_names_the_changes():
    assert View(surgery=SURGERY).operations == {"conv2d": {3: cnn.Affine(0.0)}}


def test_the_unit_that_is_looked_at_is_raised(ask, get, runtime):
    def sought(layer, **view):
        study = runtime.settings.jobs.study(ask("synthesise", layer, channel="17", **view)["id"])
        return study.question.sought

    assert sought("conv2d").target == cnn.Target(17, layer="conv2d")
    cell = {"focus": "cell", "row": "4"}
    assert sought("conv2d", **cell).target == cnn.Target(17, layer="conv2d", cell=(4, 13))
    assert sought("conv2d", row="4").target == cnn.Target(17, layer="conv2d")
    assert sought("dense", **cell).target == cnn.Target(17, layer="dense")
    assert sought(CLASSES, **cell).target == cnn.Target(9)
    # The page shows the last channel where there is none of that number.
    assert sought("dense_1").target == cnn.Target(9, layer="dense_1")
    assert sought(CLASSES).target == cnn.Target(9)
    options = "synthesis.steps:16;smoothgrad.seed:3;synthesis.blur:0.5"
    assert sought("dense", options=options).options == {"steps": 16, "blur": 0.5}
    refused = ask("synthesise", "conv9", expected=400)
    assert "conv9" in refused["problem"]


def test_what_there_is_so_far_is_told_while_it_is_worked_on(ask, get, runtime):
    told = ask("synthesise", "conv2d", channel="3")
    study = runtime.settings.jobs.study(told["id"])
    with study.hold():
        study.write_status(Status("running", done=6, all=516))
        assert get(f"/studies/{study.id}")["answer"] is None
        study.write_so_far(RAISED)
        told = get(f"/studies/{study.id}")
    assert (told["state"], told["progress"]) == ("running", "6 of 516 steps")
    assert len(told["answer"]["made"]) == 2
    study.write_status(Status("failed", message="No."))
    assert get(f"/studies/{study.id}")["answer"] is None


@pytest.fixture
def raised(ask, runtime):
    """A finished study of two pictures 28×28."""
    study = runtime.settings.jobs.study(ask("synthesise", "conv2d", channel="3")["id"])
    pictures = [np.full((28, 28, 1), grey, np.uint8) for grey in (7, 90)]
    study.finish(Raised.of(RAISED.unit, pictures, RAISED.paths, RAISED.settings, RAISED.best))
    return study


def test_a_picture_that_was_made_is_taken_to_every_page(app, raised, runtime):
    view = {
        "model": runtime.catalogue.bundled().key,
        "data": "digits",
        "index": "5",
        "rotate": "15",
    }
    client = app.server.test_client()
    address = f"/studies/{raised.id}/take"
    changes = client.post(f"{address}/1", query_string=view, json={}).json["changes"]
    assert changes["rotate"] is None
    taken, refused = parse({name: one for name, one in {**view, **changes}.items() if one})
    assert refused == ()
    np.testing.assert_array_equal(runtime.look(taken).seen, raised.answer.found[1])
    missing = client.post(f"{address}/2", query_string=view, json={})
    assert missing.status_code == 400
    assert missing.json["problem"].endswith("made 2 pictures: there is no number 2.")
    assert client.post(f"{address}/1", query_string=view, data="{}").status_code == 415
