"""The list of runs in pages: what is on each, what is found, and what stays ticked."""

import pytest
from dash import no_update

import cnn
from cnn.runs import files
from cnn.runs.run import Status
from dashboard.app import create_app, runtime_of
from dashboard.runs import paging, start, table
from dashboard.runs.paging import PageRequest, Place
from dashboard.settings import Settings
from dashboard.shell.panel import model_options
from dashboard.state.view import parse
from pages import training


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    app = create_app(Settings(home=home, data_dir=data, download=False))
    folder = runtime_of(app).settings.jobs.runs_dir
    for number in range(45):
        note = cnn.runs.Note(f"number {number}")
        run = cnn.runs.create(folder, cnn.TrainingConfig("digits"), f"run{number:02}", note=note)
        run.write_status(Status("finished"))
        run.model_path.write_bytes(b"PK\x05\x06" + bytes(18))
    return app


@pytest.fixture
def runtime(app, request_of):
    request_of(app)
    return runtime_of(app)


def page(runtime, number=0, find="", **view):
    query = {**runtime.default_view().to_query(), **view}
    return table.listing(runtime, parse(query)[0], PageRequest(number, find), runtime.statuses())


def ids(listing):
    return [row.run.id for row in listing.rows]


def test_the_newest_twenty_come_first_and_the_bundled_one_last(runtime):
    assert ids(page(runtime)) == [f"run{number:02}" for number in range(44, 24, -1)]
    assert ids(page(runtime, 2)) == [
        *(f"run{number:02}" for number in range(4, -1, -1)),
        "pretrained",
    ]
    assert ids(page(runtime, 99)) == ids(page(runtime, 2))
    told = [page(runtime, number).place.description for number in range(3)]
    assert told == ["1–20 of 46 runs", "21–40 of 46 runs", "41–46 of 46 runs"]


def test_runs_are_found_by_a_part_of_their_name(runtime):
    found = page(runtime, find="NUMBER 4")
    assert ids(found) == ["run44", "run43", "run42", "run41", "run40", "run04"]
    assert found.place.description == "1–6 of 6 runs found"
    assert ids(page(runtime, find="bundled")) == ["pretrained"]
    assert page(runtime, find="nobody").place.description == "No run is called so."


def test_the_buttons_end_where_the_runs_do_and_are_not_there_for_a_single_page():
    def buttons(asked, runs):
        hidden, _, _, newer, older = paging.contents(Place.of(PageRequest(asked), runs, runs), 0)
        return hidden, newer, older

    assert buttons(0, 20) == (True, True, True)
    assert buttons(0, 46) == (False, True, False)
    assert buttons(1, 46) == (False, False, False)
    assert buttons(2, 46) == (False, False, True)
    assert paging.contents(Place(20, 46, 46), 2)[2] == "21–40 of 46 runs · 2 ticked elsewhere"


def test_runs_that_are_ticked_on_another_page_stay_compared(runtime, monkeypatch):
    view = {**runtime.default_view().to_query(), "runs": "run00,run30"}
    _, _, ticked, *_ = training.list_runs(view, None, {"page": 0, "find": ""}, None)
    assert sorted(ticked) == ["run00", "run30"]
    assert page(runtime, runs="run00,run30").elsewhere == 1
    shown = [{"id": {"type": "run-compare", "run": name}} for name in ("run31", "run30")]
    monkeypatch.setattr(training, "ctx", type("Context", (), {"inputs_list": [shown]}))
    more, *_ = training.compare([True, True], [ticked], view)
    assert sorted(more["runs"].split(",")) == ["run00", "run30", "run31"]
    fewer, *_ = training.compare([False, False], [ticked], view)
    assert fewer["runs"] == "run00"


@pytest.mark.parametrize(
    "raw", [None, 3, "x", [], {"page": -1}, {"page": "1e9"}, {"page": None, "find": {"a": 1}}]
)
def test_what_is_no_page_is_the_first_one(raw):
    assert PageRequest.parse(raw) == PageRequest()


def test_turning_goes_one_page_on_and_a_search_begins_at_the_first(monkeypatch):
    def turned(by, find, page):
        monkeypatch.setattr(paging, "ctx", type("Context", (), {"triggered_id": by}))
        return paging.turn(None, None, find, None, page)

    assert turned(paging.OLDER, None, None) == ({"page": 1, "find": ""}, no_update)
    assert turned(paging.NEWER, None, {"page": 1, "find": "x"}) == (
        {"page": 0, "find": "x"},
        no_update,
    )
    assert turned(paging.FIND, " a ", {"page": 3, "find": ""}) == (
        {"page": 0, "find": "a"},
        no_update,
    )
    assert turned(start.ARRIVED, "a", {"page": 3, "find": "a"}) == ({"page": 0, "find": ""}, "")


def test_another_look_reads_no_file_of_a_run_that_has_not_changed(runtime, monkeypatch):
    before = page(runtime, 1).look

    def read(path):
        raise AssertionError(f"{path} is read again")

    monkeypatch.setattr(files, "_KINDS", dict.fromkeys(files._KINDS, read))
    monkeypatch.setattr(files, "_as_table", read)
    monkeypatch.setattr(files, "_is_archive", read)
    assert page(runtime, 1).look == before


def test_a_look_at_a_page_does_not_read_the_tables_of_other_pages(runtime, monkeypatch):
    read = []
    results = table.results
    monkeypatch.setattr(table, "results", lambda run: read.append(run.id) or results(run))
    training.list_runs(runtime.default_view().to_query(), None, None, None)
    assert len(read) == paging.MOST_ROWS


def test_the_menu_of_models_has_the_newest_and_the_one_in_use(runtime, tmp_path):
    from zipfile import ZipFile

    for run in runtime.settings.jobs.runs():
        with ZipFile(run.model_path, "w") as archive:
            archive.writestr("config.json", run.id)
            archive.writestr("model.weights.h5", b"")
    labels = [option["label"] for option in model_options(runtime)]
    assert labels[:2] == ["bundled digit classifier", "trained number 44"]
    assert labels[-2:] == ["trained number 25", "older ones: on the Training page"]
    oldest = runtime.settings.jobs.run("run00")
    (row,) = (row for row in page(runtime, 2).rows if row.run == oldest)
    view, _ = parse({**runtime.default_view().to_query(), "model": row.key})
    assert "trained number 0" in [option["label"] for option in model_options(runtime, view)]
