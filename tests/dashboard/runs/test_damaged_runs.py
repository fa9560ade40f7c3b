"""A run of which a file is damaged is listed as damaged, and nothing else suffers."""

import json
import shutil
from zipfile import ZipFile

import numpy as np
import pytest

import cnn
from cnn.runs.moments import Moment
from cnn.runs.run import Status
from dashboard.app import create_app, runtime_of
from dashboard.runs import table
from dashboard.runs.paging import PageRequest
from dashboard.settings import Settings
from dashboard.shell import status
from dashboard.shell.panel import model_options
from dashboard.state.view import parse
from pages import training

RUNS, TICKED = 0, 2
BINARY = bytes(range(256)) * 40
COMPONENT = b'{"type": "Iframe", "namespace": "dash_html_components", "props": {"src": "x"}}'
OF_JSON = {
    "empty": b"",
    "cut short": b'{"sta',
    "binary": BINARY,
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"3",
    "foreign": b'{"foo": {"bar": 1}}',
    "nested": b"[" * 5000,
    "a component": COMPONENT,
}
OF_TABLES = {
    "empty": b"",
    "cut short": b"epo",
    "binary": BINARY,
    "a list": b"[]\n",
    "foreign": b"a,b\n1,2\n",
    "texts": b"epoch,batch,loss,accuracy,val_loss,val_accuracy\nx,x,x,x,x,x\n",
}
OF_ARCHIVES = {"empty": b"", "binary": BINARY, "cut short": b"PK\x03\x04" + bytes(300)}
DAMAGES = {
    "config.json": OF_JSON
    | {"a data set that is a component": b'{"dataset": %s}' % COMPONENT,
       "a lesson that is a component": b'{"lesson": %s}' % COMPONENT,
       "foreign numbers": b'{"dataset": "digits", "epochs": -3, "batch_size": 1e30}'},
    "status.json": OF_JSON
    | {"a wrong type": b'{"epoch": "2"}', "no number": b'{"loss": NaN}', "no state": b'{"state": 1}',
       "a component inside": b'{"message": %s}' % COMPONENT,
       "a time without end": b'{"state": "finished", "seconds_left": 1e300}',
       "an epoch without end": b'{"state": "running", "epoch": 1%s}' % (b"0" * 400),
       "a negative step": b'{"state": "running", "batch": -4}',
       "a share of more than all": b'{"state": "running", "accuracy": 7e5}'},
    "note.json": OF_JSON
    | {"a wrong type": b'{"name": ["x"]}', "a component inside": b'{"text": %s}' % COMPONENT},
    "heartbeat.json": OF_JSON | {"a wrong type": b'{"machine": 3, "process": "x", "count": null}'},
    "model.card.json": OF_JSON | {"wrong facts": b'{"class_names": [], "facts": {"scores": "x"}}',
       "a score as text": b'{"class_names": [], "facts": {"scores": {"x": "0.5"}}}',
       "foreign numbers": b'{"class_names": [], "facts": {"scores": {"x": 1e300}}}',
       "a component inside": b'{"class_names": [%s]}' % COMPONENT},
    "history.csv": OF_TABLES
    | {"no number": b"epoch,loss,accuracy,val_loss,val_accuracy\n1,nan,0.5,0.1,0.5\n",
       "an epoch without end": b"epoch,loss,accuracy,val_loss,val_accuracy\n1e300,1,0.5,0.1,0.5\n",
       "half an epoch": b"epoch,loss,accuracy,val_loss,val_accuracy\n1.5,1,0.5,0.1,0.5\n",
       "a share of more than all": b"epoch,loss,accuracy,val_loss,val_accuracy\n1,1,70,0.1,0.5\n"},
    "batches.csv": OF_TABLES
    | {"an epoch before the first": b"epoch,batch,loss,accuracy\n-3,1,0.5,0.5\n",
       "an infinite step": b"epoch,batch,loss,accuracy\n1,inf,0.5,0.5\n",
       "a share below nothing": b"epoch,batch,loss,accuracy\n1,1,0.5,-2\n"},
    "classes.csv": OF_TABLES
    | {"no class": b"epoch\n1\n", "foreign numbers": b"epoch,0,1\n1,-8,1e300\n"},
    "resume.npz": OF_ARCHIVES,
    "model.keras": OF_ARCHIVES,
    "initial.keras": OF_ARCHIVES,
    "epochs/0000.npz": OF_ARCHIVES,
    "epochs/1x.npz": OF_ARCHIVES,
    "epochs/99999.npz": OF_ARCHIVES,
}  # fmt: skip
CASES = [(file, way) for file, ways in DAMAGES.items() for way in ways]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    return create_app(Settings(home=home, data_dir=data, download=False))


@pytest.fixture
def runtime(app, request_of, monkeypatch):
    request_of(app)
    runtime = runtime_of(app)
    monkeypatch.setattr(type(runtime), "greet", lambda self: None)
    monkeypatch.setattr(type(runtime), "ready", "ready")
    yield runtime
    for run in runtime.settings.jobs.runs():
        run.delete()


def make_run(runtime, name):
    """A run that has every file a run can have."""
    bundled = cnn.Run(cnn.pretrained_run())
    run = cnn.runs.create(runtime.settings.jobs.runs_dir, cnn.TrainingConfig("digits"))
    for file in ("history.csv", "batches.csv", "classes.csv", "model.card.json"):
        shutil.copy(bundled.path / file, run.path / file)
    for path in (run.model_path, run.initial_path):
        with ZipFile(path, "w") as archive:
            archive.writestr("config.json", name)
            archive.writestr("model.weights.h5", b"")
    for moment in (Moment(0), Moment(1)):
        run.write_weights(moment, [np.zeros((2, 2))])
    np.savez(run.resume_path, epoch=np.asarray(1))
    heart = {"machine": "elsewhere", "process": 1, "count": 1}
    run.heartbeat_path.write_text(json.dumps(heart))
    run.write_note(name, "")
    run.write_status(Status("finished", epoch=24, batches=461))
    return run


def text_of(component):
    if isinstance(component, list | tuple):
        return " ".join(map(text_of, component))
    return text_of(component.children) if hasattr(component, "children") else str(component or "")


def listed(runtime, query=None):
    """Return the rows of the first page of the list."""
    view, _ = parse(query or {})
    return table.listing(runtime, view, PageRequest(), runtime.statuses()).rows


def test_a_whole_run_is_not_damaged(runtime):
    run = make_run(runtime, "whole")
    (row,) = (row for row in listed(runtime) if row.run == run)
    assert (row.damaged, row.status.state) == ("", "finished")


@pytest.mark.parametrize(("file", "way"), CASES)
def test_a_damaged_run_is_listed_with_the_name_of_its_file_and_the_others_as_ever(
    runtime, app, file, way
):
    whole, hurt = make_run(runtime, "the whole one"), make_run(runtime, "the other one")
    (hurt.path / file).write_bytes(DAMAGES[file][way])
    both = {**runtime.default_view().to_query(), "runs": f"{whole.id},{hurt.id}"}

    view, _ = parse(both)
    rows = {row.run: row for row in listed(runtime, view.to_query())}
    assert (rows[whole].damaged, rows[hurt].damaged) == ("", file)
    answer = training.list_runs(both, None, None, None)
    assert sorted(answer[TICKED]) == sorted([whole.id, hurt.id])
    said = text_of(answer[RUNS])
    assert "the whole one" in said
    assert f"damaged {file} cannot be read." in said
    assert str(hurt.path.parent) not in said

    client = app.server.test_client()
    for address in ("/news", "/news/runs"):
        assert client.get(address, query_string=both).status_code == 200
    status.report("", "ready", both, None)
    assert "trained the whole one" in {option["label"] for option in model_options(runtime)}
    figures = training.draw(both, [], None, None)
    assert "the whole one" in {trace.legendgroup or trace.name for trace in figures[0].data} | {
        trace.name for trace in figures[0].data
    }
    training.draw({**both, "runs": hurt.id}, [], None, None)
    with client.get(f"/runs/{hurt.id}/{file}") as got:
        assert got.status_code in (200, 404)
    hurt.delete()
    assert not hurt.exists


def test_a_table_that_is_cut_short_keeps_its_whole_lines(runtime):
    run = make_run(runtime, "cut")
    for name in ("history.csv", "batches.csv", "classes.csv"):
        path = run.path / name
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines[:3], lines[3][:7]]))
    assert [len(table) for table in (run.history, run.batches, run.classes)] == [2, 2, 2]
    assert run.damaged == ""


def test_a_run_whose_steps_are_about_to_be_written_is_not_damaged(runtime):
    run = make_run(runtime, "begun")
    run.heartbeat_path.unlink()
    run.write_status(Status("running"))
    (run.path / "batches.csv").write_bytes(b"")
    with run.hold():
        assert (run.damaged, len(run.batches)) == ("", 0)
    assert run.damaged == "batches.csv"


@pytest.mark.parametrize("file", ["config.json", "status.json"])
def test_a_run_without_its_first_files_is_damaged_and_one_without_both_is_none(runtime, file):
    run = make_run(runtime, "half")
    (run.path / file).unlink()
    assert run.damaged == file
    (run.path / ("status.json" if file == "config.json" else "config.json")).unlink()
    assert run not in runtime.settings.jobs.runs()
    shutil.rmtree(run.path)


def test_runs_that_are_deleted_while_others_look_are_left_out(runtime, app, monkeypatch):
    kept, *gone = (make_run(runtime, f"number {number}") for number in range(4))
    find = cnn.runs.find

    def deleting(folder):
        found = find(folder)
        for run in gone:
            shutil.rmtree(run.path, ignore_errors=True)
        return found

    monkeypatch.setattr(cnn.runs, "find", deleting)
    query = runtime.default_view().to_query()
    shown = {row.run.id for row in listed(runtime, query)}
    assert shown == {kept.id, "pretrained"}
    for address in ("/news", "/news/runs"):
        for run in gone:
            run.path.mkdir()
        assert app.server.test_client().get(address, query_string=query).status_code == 200
    labels = [option["label"] for option in model_options(runtime)]
    assert [label for label in labels if "number" in label] == [f"trained {kept.name}"]


def test_a_resumed_run_says_which_of_its_files_is_damaged(runtime):
    run = make_run(runtime, "resumed")
    run.write_status(Status("cancelled"))
    (run.path / "config.json").write_bytes(b"[]")
    (row,) = (row for row in listed(runtime) if row.run == run)
    offered = text_of(table._actions(row))
    assert "Delete" in offered
    assert "Resume" not in offered
    with pytest.raises(cnn.DamagedRunError, match=r"^config.json of the run .* is damaged: put"):
        _ = run.config
