"""A study of which a file is damaged is told with the file's name, begun anew, and stops nothing else."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import cnn
from cnn.attribution.attribution import Attribution
from cnn.attribution.counterfactual import WAY
from cnn.attribution.trust.cascade import Cascade, Stage
from cnn.attribution.trust.curves import Curves
from cnn.attribution.trust.linearity import Linearity
from cnn.attribution.trust.stability import Stability
from cnn.inspection.diagnosis import Checked, Diagnosis, Selection
from cnn.inspection.top_pictures import Picked
from cnn.studies import Maps, Raised, Status, Trust, Turned
from cnn.studies.answers import KeptMap
from cnn.studies.packing import packed
from dashboard.app import create_app, runtime_of
from dashboard.runtime import studied
from dashboard.screens import attributions, turning
from dashboard.screens.request import Request
from dashboard.settings import Settings
from dashboard.state.view import View
from tests.cnn.captions.test_studies import EVALUATION, RANKING
from tests.cnn.captions.test_synthesis import RAISED
from tests.cnn.captions.test_top_pictures import CHANNEL, answer
from tests.dashboard.runs.test_damaged_runs import OF_JSON

STAGE = Stage("conv2d", (0.9,) * 10, (0.9,) * 10, (0.1,) * 10)
MAP = Attribution("saliency", cnn.Target(3), 1.5, np.ones((28, 28, 1), np.float32))
BLACK = packed(np.zeros((28, 28, 1), np.uint8))
KINDS = {
    "evaluate": ({"surgery": "conv2d:3*0"}, EVALUATION),
    "rank": ({"layer": "conv2d"}, RANKING),
    "diagnose": ({}, Diagnosis((Checked("dead", ()),), Selection("digits", "test", 9, 9))),
    "trust": (
        {"of_method": "saliency", "of": "3"},
        Trust(
            Curves((0.0, 1.0), (), is_constant=True, tied=1.0),
            Cascade((STAGE,), 10, (), is_signed=True), Stability(None, 0.95, 3.0, (2.9, 3.1)),
            Linearity(7, 2, 1e-7),
        ),
    ),
    "tops": ({"layer": "conv2d"}, replace(answer(CHANNEL), layer="conv2d")),
    "synthesise": (
        {"layer": "conv2d", "channel": "3"},
        Raised.of(
            RAISED.unit, [np.zeros((28, 28, 1), np.uint8)] * 2, RAISED.paths, RAISED.settings,
            RAISED.best,
        ),
    ),
    "maps": ({"of": "3"}, Maps([KeptMap.of(MAP)])),
    "turn": ({"of": "3"}, Turned(3, "l2", (28, 28, 1), BLACK, BLACK, [[0.1] * 10] * (WAY + 4))),
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    app = create_app(Settings(home=home, data_dir=home / "none", download=False))
    runtime_of(app).wait()
    return app


@pytest.fixture
def runtime(app, request_of):
    request_of(app)
    runtime = runtime_of(app)
    yield runtime
    shutil.rmtree(runtime.settings.jobs.studies_dir)


def asked(runtime, kind):
    """What a page sends to ask for a study of the bundled network: the query of its view, and a body."""
    given = {"model": runtime.catalogue.bundled().key, "data": "digits", **KINDS[kind][0]}
    layer, method = given.pop("layer", ""), given.pop("of_method", "")
    return given, {"kind": kind, "layer": layer, "method": method}


@pytest.fixture
def send(app, runtime, monkeypatch):
    """Ask for a study of a kind; with `find` only for what there is of it."""
    for module in (attributions, turning):
        monkeypatch.setattr(module, "is_large", lambda _model: True)

    def send(kind, *, find=False):
        query, body = asked(runtime, kind)
        told = app.server.test_client().post(
            "/studies", query_string=query, json={**body, "find": find}
        )
        assert told.status_code == 200, told.json
        return told.json

    return send


@pytest.fixture
def look(app):
    """Look at a study, as its page does."""

    def look(study):
        told = app.server.test_client().get(f"/studies/{study.id}?data=digits")
        assert told.status_code == 200, told.data
        return told.json

    return look


def with_other_numbers(value):
    """The same JSON with another number for each."""
    if isinstance(value, dict):
        return {
            name: one if name == "sum" else with_other_numbers(one) for name, one in value.items()
        }
    if isinstance(value, list):
        return [with_other_numbers(one) for one in value]
    return value + 7 if type(value) in (int, float) else value


def damages(path):
    """Whatever may stand in a file instead of what was written."""
    whole = path.read_bytes()
    known = json.loads(whole)
    foreign = with_other_numbers(known)
    ways = {
        **OF_JSON,
        "cut in the middle": whole[: len(whole) // 2],
        "without sum": b'{"content": {}}',
    }
    numbers = {} if foreign == known else {"foreign numbers": json.dumps(foreign).encode()}
    return {**ways, **numbers}


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_and_the_study_begun_anew(app, runtime, send, look, kind):
    study = runtime.settings.jobs.study(send(kind)["id"])
    other = runtime.settings.jobs.study(send("rank" if kind != "rank" else "diagnose")["id"])
    for file in ("answer.json", "question.json", "status.json", "so_far.json"):
        study.write_so_far(KINDS[kind][1])
        study.finish(KINDS[kind][1])
        whole, beside = look(study), look(other)
        assert (whole["state"], bool(whole["answer"])) == ("finished", True)
        for way, damage in damages(study.path / file).items():
            (study.path / file).write_bytes(damage)
            told = look(study)
            assert look(other) == beside
            if file == "so_far.json":
                assert (told, study.so_far) == (whole, None), way
                continue
            named = f"{file} of the study {study.id} is damaged: start it again."
            assert (told["id"], told["state"], told["problem"]) == (study.id, "failed", named), way
            assert send(kind, find=True) == told
        for address in ("/news", "/news/runs", "/metrics", "/ready"):
            assert app.server.test_client().get(address).status_code == 200, address
        runtime.queue._study(study.id)
        assert send(kind)["state"] == ("finished" if file == "so_far.json" else "queued")


def test_pictures_of_a_study_are_shown_of_its_own_network_and_data_alone(app, runtime, send):
    study = runtime.settings.jobs.study(send("tops")["id"])
    far = cnn.TopPictures("conv2d", None, Selection("digits", "test", 9, 9), (replace(
        CHANNEL, top=(Picked(10**6, 3.5, (1, 2)),)
    ),))  # fmt: skip
    study.finish(far)
    for query in ("split=train", "surgery=conv2d:3*0"):
        told = app.server.test_client().get(f"/studies/{study.id}?data=digits&{query}")
        assert told.status_code == 400, query


@pytest.mark.parametrize("kind", ["trust", "maps", "turn"])
def test_a_page_shows_nothing_of_a_damaged_answer(runtime, send, monkeypatch, kind):
    view = View(model=runtime.catalogue.bundled().key, data="digits", of=3)
    study = runtime.settings.jobs.study(send(kind)["id"])
    kept = []
    monkeypatch.setattr(runtime, "keep_attribution", lambda *made: kept.append(made[1]))

    def shown():
        kept.clear()
        if kind == "trust":
            return studied.trust_in(runtime, view, studied.wanted(view, "saliency", cnn.Target(3)))
        if kind == "turn":
            return studied.turned_in(runtime, view, 3)
        maps = [one.wanted for one in attributions.maps_of(Request(view)) if one.is_long]
        studied.take_maps(runtime, view, maps)
        return kept

    study.finish(KINDS[kind][1])
    assert shown()
    for way, damage in damages(study.path / "answer.json").items():
        (study.path / "answer.json").write_bytes(damage)
        assert not shown(), way


def test_one_that_goes_on_shows_nothing_of_what_is_damaged_until_there_is_more(runtime, send, look):
    made = KINDS["synthesise"][1]
    study = runtime.settings.jobs.study(send("synthesise")["id"])
    with study.hold():
        study.write_status(Status("running", done=1, all=9))
        study.write_so_far(made)
        assert look(study)["answer"]
        (study.path / "so_far.json").write_bytes(b'{"sum": "", "content": {}}')
        told = look(study)
        assert (told["state"], told["answer"], told["problem"]) == ("running", None, "")
        study.write_so_far(made)
        assert look(study)["answer"]
