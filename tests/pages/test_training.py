"""The Training page's callbacks as the plain functions they are."""

import shutil

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate
from PIL import Image

import cnn
from cnn import TrainingConfig
from cnn.data import sizing
from cnn.figures import EMPTY_FIGURE
from cnn.runs.moments import Moment
from cnn.runs.recorded import Recorded
from cnn.runs.run import Status, create_recorded
from cnn.training.feeding import split
from dashboard.app import create_app, runtime_of
from dashboard.runs import dialogs, form, start, table
from dashboard.runs.form import FIELDS, NUMBERS, OWN, PREVIEWED
from dashboard.runs.paging import PageRequest
from dashboard.settings import Settings
from pages import training
from tests.dashboard.test_arguments import body_of, send

LOSS, ACCURACY, RATE, CLASSES, GRADIENTS, SPEED = range(6)
LOSS_CAPTION, CLASSES_CAPTION, SETTINGS, SINGLE_HIDDEN, SHOWN, WHICH = 6, 9, 12, 13, 14, 15
MISSING, HIDDEN = 16, 17
BOXES, UNKNOWN = slice(18, 24), 24
RUNS, LISTED, TICKED, FOLLOWED = range(4)


@pytest.fixture
def own_app(tmp_path, request_of):
    app = create_app(Settings(home=tmp_path / "home", data_dir=tmp_path, download=False))
    request_of(app)
    return app


@pytest.fixture
def runtime(own_app):
    return runtime_of(own_app)


@pytest.fixture
def view(runtime):
    return runtime.default_view().to_query()


def make_run(runtime, state="finished", **settings):
    run = cnn.runs.create(runtime.settings.jobs.runs_dir, cnn.TrainingConfig("digits", **settings))
    run.write_status(Status(state, epoch=1, batches=4))
    return run


def still(monkeypatch, runtime):
    """Let no TensorFlow be started."""
    monkeypatch.setattr(type(runtime), "greet", lambda self: None)


def ready(monkeypatch, runtime):
    monkeypatch.setattr(type(runtime), "ready", "ready")
    monkeypatch.setattr(type(runtime), "is_settled", True)


def text_of(component):
    if isinstance(component, list | tuple):
        return " ".join(map(text_of, component))
    return text_of(component.children) if hasattr(component, "children") else str(component or "")


def drawn(view, on_screen=(), shown=None):
    return training.draw(view, list(on_screen), None, shown)


def test_the_page_shows_the_history_of_the_model_in_use(view):
    answer = drawn(view)
    history = cnn.Run(cnn.pretrained_run()).history
    _, trained, validated = answer[LOSS].data
    assert list(trained.y) == history["loss"].tolist()
    assert list(validated.y) == history["val_loss"].tolist()
    assert "lowest after epoch" in answer[LOSS_CAPTION]
    assert "accuracy on MNIST test" in answer[SETTINGS]
    assert len(answer[CLASSES].data[0].y) == 10
    assert (answer[MISSING], answer[HIDDEN]) == (None, False)
    with pytest.raises(PreventUpdate):
        drawn(view, shown=answer[SHOWN])


def test_progress_is_drawn_only_where_it_is_seen(runtime, view):
    run = make_run(runtime, "cancelled")
    run.write_table("history.csv", cnn.Run(cnn.pretrained_run()).history[:2])
    query = {**view, "runs": run.id}
    answer = drawn(query)
    run.write_table("history.csv", cnn.Run(cnn.pretrained_run()).history[:3])
    with pytest.raises(PreventUpdate):
        drawn(query, shown=answer[SHOWN])
    later = drawn(query, ["training-accuracy-caption"], answer[SHOWN])
    assert len(later[ACCURACY].data[0].x) == 3
    assert later[LOSS] is no_update
    assert len(drawn(query, ["training-loss-caption"], later[SHOWN])[LOSS].data[0].x) == 3
    run.write_status(Status("finished", epoch=3, batches=4))
    ended = drawn(query, [], later[SHOWN])
    assert all(len(ended[figure].data[0].x) == 3 for figure in (LOSS, ACCURACY))


def test_the_server_takes_back_what_it_gave_the_browser_of_ten_compared_runs(
    own_app, runtime, view
):
    compared = [make_run(runtime, seed=number) for number in range(10)]
    for run in compared:
        run.write_note(f"{run.id} {'x' * 60}", "")
    query = {**view, "runs": ",".join(run.id for run in compared)}
    values = {"view": query, "training-on-screen": [], "training-drawn": None}

    def answer():
        body = body_of(own_app, "training-drawn.data")
        for part in ("inputs", "state"):
            body[part] = [{**one, "value": values.get(one["id"])} for one in body[part]]
        return send(own_app.server.test_client(), body)

    first = answer()
    values["training-drawn"] = first.json["response"]["training-drawn"]["data"]
    assert str(runtime.settings.jobs.path) not in str(values["training-drawn"])
    assert answer().status_code == 204


def test_nothing_is_drawn_before_the_browser_says_what_is_on_the_screen(view):
    with pytest.raises(PreventUpdate):
        training.draw(view, None, None, None)


def test_the_list_is_made_again_only_when_it_looks_otherwise(view):
    answer = training.list_runs(view, None, None, None)
    assert answer[TICKED] == ["pretrained"]
    with pytest.raises(PreventUpdate):
        training.list_runs(view, 1, None, answer[LISTED])


def test_a_model_without_a_history_says_so(second_app, request_of):
    request_of(second_app)
    query = runtime_of(second_app).default_view().to_query()
    answer = drawn(query)
    assert "came as a file, which holds a network and no curves" in text_of(answer[MISSING])
    assert answer[HIDDEN] is True
    assert all(answer[figure] == EMPTY_FIGURE for figure in range(6))


def test_checkpoints_without_curves_say_so_in_place_of_empty_figures(runtime, view):
    known = Recorded("import", 0, {"checkpoints": "2, a.keras to b.keras"})
    place = runtime.settings.jobs.runs_dir / "imported"
    run = create_recorded(place, known, lambda run: run.write_status(Status("finished", epoch=2)))
    answer = drawn({**view, "runs": run.id})
    assert "cnn-dashboard import checkpoints/" in text_of(answer[MISSING])
    assert answer[HIDDEN] is True
    run.write_table("history.csv", cnn.Run(cnn.pretrained_run()).history[:2])
    answer = drawn({**view, "runs": run.id})
    assert (answer[MISSING], answer[HIDDEN]) == (None, False)
    assert len(answer[LOSS].data[0].x) == 2


def test_the_moment_that_is_shown_is_marked(view):
    answer = drawn({**view, "epoch": "0-64"})
    assert answer[LOSS].layout.shapes[0].x0 == pytest.approx(64 / 461)


def test_a_link_whose_runs_are_elsewhere_says_so(view):
    answer = drawn({**view, "runs": "20200101-000000-abcd"})
    assert "None of the runs that the link compares is on this server" in text_of(answer[MISSING])


def test_compared_runs_share_a_chart_and_a_table_of_what_differs(runtime, view):
    run = make_run(runtime, learning_rate=0.5, architecture=cnn.Architecture(dropout=0.25))
    run.write_note("Mine", "")
    answer = drawn({**view, "runs": f"pretrained,{run.id}"})
    assert answer[SINGLE_HIDDEN] is True
    assert {trace.name for trace in answer[LOSS].data if trace.showlegend} == {
        "Mine", "bundled digit classifier",
    }  # fmt: skip
    table = text_of(answer[SETTINGS])
    for words in ("learning rate", "0.5", "dropout %", "25", "MNIST", "digits"):
        assert words in table
    assert "kernel side" not in table


def test_runs_of_one_name_are_told_apart(runtime):
    runs = [make_run(runtime), make_run(runtime), make_run(runtime)]
    for run in runs[:2]:
        run.write_note("Twice", "")
    names = table.names(runs)
    assert len(set(names)) == 3
    assert names[2] == runs[2].name
    assert names[0] == f"Twice ({runs[0].id[-4:]})"


def test_the_list_offers_what_can_be_done_with_each_run(runtime, view):
    failed, lost = make_run(runtime, "failed"), make_run(runtime, "queued")
    queued = runtime.queue.submit_training(cnn.TrainingConfig("digits"))
    rows = table.listing(runtime, cnn_view(view), PageRequest(), runtime.statuses()).rows
    said = {row.run.id: text_of(table._row(row)) for row in rows}
    assert "Resume" in said[failed.id]
    assert "Cancel" not in said[failed.id]
    assert "Cancel" in said[queued.id]
    assert "waiting for a worker" in said[queued.id]
    assert "Its worker ended before it began: resume it." in said[lost.id]
    assert "Resume" in said[lost.id]
    assert "Delete" not in said["pretrained"]
    assert "in use" in said["pretrained"]


def test_the_progress_of_active_runs_is_answered_without_dash(runtime, view, monkeypatch):
    from flask import current_app

    still(monkeypatch, runtime)
    ready(monkeypatch, runtime)
    client = current_app.test_client()
    quiet = client.get("/news/runs", query_string=view).json
    assert (quiet["look"], quiet["runs"]) == (
        training.list_runs(view, None, None, None)[LISTED],
        {},
    )
    run = runtime.queue.submit_training(cnn.TrainingConfig("digits", epochs=4))
    busy = client.get("/news/runs", query_string=view).json
    assert busy["look"] != quiet["look"]
    assert busy["news"] != quiet["news"]
    assert busy["wait"] < quiet["wait"]
    row = busy["runs"][run.id]
    assert (row["bar"], row["progress"], row["epochs"]) == (0, "waiting for a worker", "0 of 4")
    run.write_table("history.csv", cnn.Run(cnn.pretrained_run()).history[:2])
    later = client.get("/news/runs", query_string=view).json["runs"][run.id]
    assert later["epochs"] == "2 of 4"
    assert later["best"] == f"{run.history['val_accuracy'].max():.2%}"
    assert later["curve"].startswith("data:image/svg+xml")


def test_a_run_that_is_deleted_while_its_progress_is_asked_for_is_left_out(
    runtime, view, monkeypatch
):
    from flask import current_app

    still(monkeypatch, runtime)
    gone, kept = (runtime.queue.submit_training(cnn.TrainingConfig("digits")) for _ in range(2))
    told = table.progress

    def deleting(run, status):
        shutil.rmtree(gone.path, ignore_errors=True)
        return told(run, status)

    monkeypatch.setattr(table, "progress", deleting)
    answer = current_app.test_client().get("/news/runs", query_string=view)
    assert (answer.status_code, list(answer.json["runs"])) == (200, [kept.id])


def test_a_run_that_the_queue_has_lost_can_be_queued_again(runtime):
    lost = make_run(runtime, "queued")
    runtime.queue.resume(lost)
    assert runtime.statuses([lost]).of(lost).state == "queued"
    with pytest.raises(cnn.RunError, match="is queued: it cannot be resumed"):
        runtime.queue.resume(lost)


def test_a_queue_that_does_not_answer_is_named_and_nothing_is_left(tmp_path, request_of):
    nowhere = "redis://127.0.0.1:1/0"
    settings = Settings(
        home=tmp_path / "home", data_dir=tmp_path, download=False, redis_url=nowhere
    )
    app = create_app(settings)
    request_of(app)
    standard = cnn.TrainingConfig("digits").flat()
    values = [field.in_control(standard[field.name]) for field in FIELDS]
    told, kind, *others = start.start(1, OWN, {}, *values)
    assert (kind, others) == ("refused", [no_update] * 3)
    assert told.startswith("The queue cannot be reached")
    assert nowhere not in told
    assert not settings.jobs.runs()


def cnn_view(query):
    from dashboard.state.view import parse

    return parse(query)[0]


def test_a_run_that_was_deleted_meanwhile_is_no_longer_listed(runtime, view):
    run = make_run(runtime)
    before = training.list_runs(view, None, None, None)
    assert run.id in text_of(before[RUNS])
    run.delete()
    assert run.id not in text_of(training.list_runs(view, 1, None, before[LISTED])[RUNS])
    with pytest.raises(cnn.RunError, match="it was deleted"):
        run.write_note("late", "")


def test_progress_is_told_in_percent_and_in_words(runtime):
    run = make_run(runtime, epochs=4)
    status = Status(
        "running", epoch=2, batch=5, batches=10, loss=0.5, accuracy=0.25, seconds_left=200
    )
    value, told = table.progress(run, status)
    assert value == pytest.approx(100 * 15 / 40)
    assert told == ("Epoch 2 of 4 · batch 5 of 10 · loss 0.5000 · accuracy 25.00% · 3 min left")


def test_the_form_holds_every_setting_of_a_training():
    standard = cnn.TrainingConfig().flat()
    assert {field.name for field in FIELDS} == set(standard) - {"save_to"}
    values = [field.in_control(standard[field.name]) for field in FIELDS]
    assert cnn.TrainingConfig.from_flat(form.chosen(FIELDS, values)) == cnn.TrainingConfig()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_control_has_the_label_the_help_and_the_default_of_its_setting(field):
    parts = list(form.layout()._traverse())
    control = next(p for p in parts if getattr(p, "id", "") == form.identity(field))
    labels = [p.children for p in parts if getattr(p, "html_for", "") == form.identity(field)]
    helps = [p.title for p in parts if hasattr(p, "title") and control in p._traverse()]
    assert (labels or [control.label], helps) == ([field.title], [field.help])
    assert control.value == field.in_control(field.default)


@pytest.mark.parametrize("lesson", [OWN, *cnn.lessons.LESSONS])
def test_a_lesson_fills_the_form_and_says_what_to_watch(runtime, lesson):
    watch, *values = training.fill(lesson, "digits")
    fields = [field for field in FIELDS if field.name != "dataset"]
    settings = form.chosen(fields, values)
    config = cnn.TrainingConfig.from_flat({**settings, "dataset": "digits"})
    wanted = cnn.lessons.config("" if lesson == OWN else lesson, {"dataset": "digits"})
    for name, value in wanted.flat().items():
        is_number = isinstance(value, float)
        assert config.flat()[name] == (pytest.approx(value, rel=1e-3) if is_number else value)
    assert bool(watch) == (lesson != OWN)


def controls(**changes):
    """What the form's controls send for the standard settings, some of them changed."""
    standard = TrainingConfig("digits").flat()
    return [changes.get(f.name, f.in_control(standard[f.name])) for f in FIELDS]


def under(answer, name):
    """Whether a number is refused, and what stands under it."""
    place = [field.name for field in NUMBERS].index(name)
    return answer[place], answer[len(NUMBERS) + place]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": None}, "Epochs: give a whole number from 1 to 1000."),
        ({"learning_rate": -1}, "Learning rate: -1 was given; a number above 0, up to 100"),
        ({"batch_size": 0}, "Batch size: 0 was given; a whole number from 1 to 8192 is accepted."),
        ({"filters": 2.5}, "Filters: 2.5 was given; a whole number from 1 to 256 is accepted."),
        ({"dropout": 100}, "Dropout %: 100 was given; a number from 0 to 90 is accepted."),
        ({"share": 0}, "Share %: 0 was given; a number above 0, up to 100 is accepted."),
        ({"wrong_labels": "x"}, "Wrong labels %: give a number from 0 to 100."),
        ({"epochs": [1]}, "Epochs: give a whole number from 1 to 1000."),
        ({"padding": "wide"}, "Padding: choose one of valid, same."),
        ({"padding": {}}, "Padding: choose one of valid, same."),
        ({"dataset": "../.."}, "Data: There is no data set '../..' here: choose one of mnist"),
        ({"augment": 1}, "Vary the pictures: switch it on or off."),
        ({"epochs": 0, "share": 200}, "Epochs: 0 was given; a whole number from 1 to 1000 is "
         "accepted. Share %: 200 was given"),
        ({"blocks": 4}, "Block 4 gets maps of 1×1"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_explained_in_the_words_of_the_form(
    runtime, view, changes, words
):
    answer = start.check("starting", *controls(**changes))
    assert words in answer[-3]
    assert answer[-2:] == ("refused", True)
    told, kind, *others = start.start(1, OWN, view, *controls(**changes))
    assert words in told
    assert (kind, others) == ("refused", [no_update] * 3)
    assert not runtime.settings.jobs.runs()


def test_own_pictures_are_trained_on_by_their_place_and_chosen_by_their_key(tmp_path, request_of):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(20):
            picture = Image.new("RGB", (32, 30), (number, 0, 0))
            picture.save(tmp_path / "pets" / name / f"{number}.png")
    settings = Settings(
        home=tmp_path / "home", data_dir=tmp_path, data=str(tmp_path / "pets"), download=False
    )
    app = create_app(settings)
    request_of(app)
    options, chosen = training.datasets("ready")
    assert options[0] == {"label": "pets", "value": chosen}
    assert chosen.startswith("own:")
    answer = start.check("starting", *controls(dataset=chosen, augment=False))
    assert answer[-3:] == ("", "", False)
    start.start(1, OWN, runtime_of(app).default_view().to_query(), *controls(dataset=chosen))
    [run] = runtime_of(app).settings.jobs.runs()
    assert run.config.dataset == str(tmp_path / "pets")
    assert run.name.startswith("pets · ")


def test_the_fields_at_fault_are_marked_with_the_reason_under_them(runtime):
    answer = start.check("starting", *controls(dropout=100, epochs=None))
    assert under(answer, "dropout") == (True, "100 was given; a number from 0 to 90 is accepted.")
    assert under(answer, "epochs") == (True, "Give a whole number from 1 to 1000.")
    assert under(answer, "filters") == (False, "")
    assert sum(answer[: len(NUMBERS)]) == 2


def test_numbers_are_told_in_pictures_and_steps(runtime, monkeypatch):
    ready(monkeypatch, runtime)
    answer = start.check("ready", *controls(share=10, wrong_labels=40, batch_size=32, epochs=4))
    assert answer[-3:] == ("", "", False)
    assert under(answer, "share") == (False, "= 82 pictures")
    assert under(answer, "wrong_labels") == (False, "= 33 pictures")
    assert under(answer, "batch_size") == (False, "3 steps an epoch")
    assert under(answer, "epochs") == (False, "12 steps in all")
    training, _ = split(cnn.load_dataset("digits", "train"), TrainingConfig("digits", share=0.1))
    assert len(training) == 82


def test_the_size_of_pictures_follows_from_the_data_and_is_told(tmp_path, request_of, monkeypatch):
    for number in range(20):
        path = tmp_path / "pets" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (600 + number, 400), (number, 9, 200)).save(path)
    app = create_app(Settings(home=tmp_path / "home", data=str(tmp_path / "pets"), download=False))
    request_of(app)
    ready(monkeypatch, runtime_of(app))
    chosen = runtime_of(app).sets.own_name
    answer = start.check("ready", *controls(dataset=chosen))
    assert answer[-3:] == ("", "", False)
    assert under(answer, "size") == (False, "= 128×128, made of 602×400 to 617×400")
    answer = start.check("ready", *controls(dataset=chosen, size=32))
    assert under(answer, "size") == (False, "= 32×32, made of 602×400 to 617×400")
    answer = start.check("ready", *controls(dataset=chosen, size=512))
    assert answer[-3].startswith("This network would have 65,047,682 parameters")
    assert answer[-2:] == ("refused", True)
    answer = start.check("ready", *controls(dataset=chosen, size=4))
    assert answer[-3].startswith("Block 2 gets maps of 1×1, smaller than its 3×3 kernels")
    monkeypatch.setattr(sizing, "MOST_BYTES", 100_000)
    answer = start.check("ready", *controls(dataset=chosen, size=64))
    assert answer[-3].startswith("The 16 pictures of 64×64 would take")
    answer = start.check("ready", *controls(dataset=chosen, size=28, flagged_ones=5))
    assert answer[-3].startswith("5 drawn ones were asked for with pets")


def test_too_few_pictures_are_refused_before_the_start(tmp_path, request_of):
    for number in range(12):
        path = tmp_path / "pets" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32)).save(path)
    app = create_app(Settings(home=tmp_path / "home", data=str(tmp_path / "pets"), download=False))
    request_of(app)
    answer = start.check("ready", *controls(dataset=runtime_of(app).sets.own_name))
    assert answer[-3].startswith("pets has 9 pictures to train on: give at least 12")


def test_a_training_that_was_queued_is_named_and_becomes_what_is_drawn(runtime, view, monkeypatch):
    still(monkeypatch, runtime)
    told, kind, _, shown, arrived = start.start(1, "equal", view, *controls())
    (run,) = runtime.settings.jobs.runs()
    assert told.startswith("“All weights equal at the start” was queued: it is the first in the")
    assert (kind, arrived, shown["runs"]) == ("accepted", run.id, run.id)
    answer = drawn(shown)
    assert answer[WHICH].startswith("All weights equal at the start waits for its turn")
    *_, shown, second = start.start(1, OWN, shown, *controls())
    assert shown["runs"] == second
    *_, shown, third = start.start(1, OWN, {**view, "runs": f"{run.id},{second}"}, *controls())
    assert shown["runs"] == f"{third},{run.id},{second}"


@pytest.mark.parametrize("lesson", ["golf", None, 7, ["equal"], {"x": 1}])
def test_a_lesson_that_there_is_not_is_refused_before_anything_is_done(runtime, view, lesson):
    told, kind, *_ = start.start(1, lesson, view, *controls())
    assert kind == "refused"
    assert told.startswith("There is no lesson")
    assert "choose one of baseline" in told
    assert not runtime.settings.jobs.runs()


def test_a_run_that_is_followed_stays_chosen_when_it_ends(runtime, view, monkeypatch):
    still(monkeypatch, runtime)
    run = make_run(runtime, "queued")
    assert training.list_runs(view, None, None, None)[FOLLOWED] == ""
    run.write_status(Status("running", epoch=1, batches=4))
    with run.hold().acquire():
        assert training.list_runs(view, None, None, None)[FOLLOWED] == run.id
        chosen = {**view, "runs": "pretrained"}
        assert training.list_runs(chosen, None, None, None)[FOLLOWED] == ""
    followed = {**view, "runs": run.id}
    for state in ("cancelled", "failed", "finished"):
        run.write_status(Status(state, epoch=1, batches=4))
        assert training.list_runs(followed, None, None, None)[TICKED] == [run.id]
        answer = drawn(followed)
        assert run.name in answer[LOSS].layout.title.text
        assert f"{run.name} {'has finished' if state == 'finished' else ''}" in answer[WHICH]
        assert "Another model is in use: untick this run" in answer[WHICH]
        assert training.list_runs(followed, None, None, None)[FOLLOWED] == ""


def test_that_the_page_is_opened_is_no_click(runtime, view):
    run = make_run(runtime)
    for call in (
        lambda: start.start(None, OWN, view, *controls()),
        lambda: dialogs.delete(None, run.id, view),
    ):
        with pytest.raises(PreventUpdate):
            call()
    assert runtime.settings.jobs.runs() == [run]


def test_a_deleted_run_is_chosen_no_longer(runtime, view):
    run, other = make_run(runtime), make_run(runtime)
    *_, shown = dialogs.delete(1, run.id, {**view, "runs": f"{run.id},{other.id}"})
    assert shown["runs"] == other.id
    *_, shown = dialogs.delete(1, other.id, shown)
    assert "runs" not in shown


def test_the_diagram_follows_the_form_and_impossible_choices_are_refused(runtime, monkeypatch):
    ready(monkeypatch, runtime)
    standard = cnn.TrainingConfig().flat()

    def preview(**changes):
        values = {**standard, **changes}
        given = [f.in_control(values[f.name]) for f in PREVIEWED]
        return training.preview("ready", "digits", *given)

    figure, _, hidden, told = preview(blocks=1, batch_norm=True)
    assert isinstance(figure, go.Figure)
    assert not hidden
    assert "batch_normalization" in figure.data[0].customdata
    assert "parameters" in told
    assert preview(size=14)[-1] != preview()[-1] == preview(size=28)[-1]
    *_, hidden, told = preview(blocks=4)
    assert hidden
    assert "choose fewer blocks" in told


def test_no_diagram_before_tensorflow_is_there(runtime):
    with pytest.raises(PreventUpdate):
        training.preview("starting", "digits", *[None] * len(PREVIEWED))


def test_a_ticked_list_is_a_choice_only_if_it_differs_from_the_one_that_was_made(
    runtime, view, monkeypatch
):
    ids = [{"id": {"type": "run-compare", "run": name}} for name in ("a1", "b2")]
    monkeypatch.setattr(training, "ctx", type("Context", (), {"inputs_list": [ids]}))
    assert training.compare([True, False], [["a1"]], view) == (no_update, "", False, no_update)
    both, *told = training.compare([True, True], [["a1"]], view)
    assert both["runs"] == "a1,b2"
    assert told == ["", False, no_update]
    in_use, *_, listed = training.compare([False, False], [["a1"]], view)
    assert in_use["runs"] == "pretrained"
    assert listed == ""
    ids[1]["id"]["run"] = "pretrained"
    none, *_, listed = training.compare([False, False], [["pretrained"]], view)
    assert "runs" not in none
    assert listed == ""
    for gone in ([], [None]):
        with pytest.raises(PreventUpdate):
            training.compare([True, True], gone, view)


def test_more_than_ten_runs_are_not_compared(view, monkeypatch):
    names = [f"run{number}" for number in range(11)]
    ids = [{"id": {"type": "run-compare", "run": name}} for name in names]
    monkeypatch.setattr(training, "ctx", type("Context", (), {"inputs_list": [ids]}))
    compared, *_ = training.compare([True] * 10 + [False], [names[:9]], view)
    assert compared["runs"] == ",".join(names[:10])
    kept, told, is_told, _ = training.compare([True] * 11, [names[:10]], view)
    assert (kept, is_told) == (no_update, True)
    assert told == "11 runs are ticked, and at most 10 are compared: untick one."
    assert training.compare([True] * 10 + [False], [names[:10]], view) == (
        no_update,
        "",
        False,
        no_update,
    )


def test_a_class_without_pictures_is_told(runtime, view):
    run = make_run(runtime)
    run.write_table("classes.csv", pd.DataFrame({"epoch": [1], "0": [0.5], "1": [None]}))
    answer = drawn({**view, "runs": run.id})
    np.testing.assert_array_equal(answer[CLASSES].data[0].z, [[0.5], [np.nan]])
    assert answer[CLASSES_CAPTION].endswith("An empty cell is a class without pictures.")
    assert "empty cell" not in drawn(view)[CLASSES_CAPTION]


def test_files_of_a_run_can_be_taken_away(runtime):
    from flask import current_app

    client = current_app.test_client()
    with client.get("/runs/pretrained/history.csv") as got:
        assert got.status_code == 200
        assert got.data.startswith(b"epoch,loss")
        assert "attachment" in got.headers["Content-Disposition"]
    with client.get("/runs/pretrained/model.keras") as got:
        assert got.data[:2] == b"PK"
    for nothing in ("pretrained/status.json", "none/history.csv"):
        assert client.get(f"/runs/{nothing}").status_code == 404
    assert "Content-Disposition" not in client.get("/runs/..%2F..%2Fx/history.csv").headers


def test_a_name_that_is_too_long_or_taken_is_refused_with_the_reason(runtime):
    run, other = make_run(runtime), make_run(runtime)
    before = run.note

    def refused(name, text=""):
        *answer, is_open = dialogs.save_note(1, run.id, name, text)
        assert answer == [no_update] * 3
        assert is_open
        assert run.note == before
        return dialogs.check(name, text, run.id)

    assert refused("x" * 104)[:2] == (True, "104 of at most 100 characters. Shorten it by 4.")
    assert refused(f" {other.name} ")[1] == "Another run is called so: choose another name."
    assert refused("bundled digit classifier")[0]
    assert refused("Mine", "x" * 2001)[2:] == (
        True, "2,001 of at most 2,000 characters. Shorten it by 1.",
    )  # fmt: skip
    is_refused, told, *_ = dialogs.check("Snail", None, run.id)
    assert not is_refused
    assert told.startswith("5 of at most 100 characters.")


def test_a_name_is_kept_and_without_one_a_run_is_called_after_its_settings(runtime):
    run = make_run(runtime)
    plain = run.name
    assert dialogs.save_note(1, run.id, " Snail ", None) == ("", False, 0, False)
    assert run.name == "Snail"
    make_run(runtime)
    dialogs.save_note(1, run.id, "", "slow")
    assert (run.note.name, run.note.text) == (f"{plain} (2)", "slow")


def test_files_of_a_run_are_called_after_it(runtime):
    from flask import current_app

    run = make_run(runtime)
    run.write_table("history.csv", pd.DataFrame({"epoch": [1]}))

    def called(name):
        run.write_note(name, "")
        address = f"/runs/{run.id}/history.csv"
        with current_app.test_client().get(address) as got:
            return got.headers["Content-Disposition"].partition("filename=")[2]

    assert called("MNIST · Adam 0.001 · 5 epochs") == "MNIST_Adam_0.001_5_epochs-history.csv"
    assert called('../"x"/<b>') == "x_b-history.csv"
    assert called("数字") == f"{run.id}-history.csv"


def test_a_moment_says_what_it_is_in_words():
    assert Moment(0).description == "before the first step"
    assert Moment(0, 1).description == "epoch 1, after 1 step"
    assert Moment(3).description == "after epoch 3"


@pytest.mark.parametrize(
    ("by", "columns", "unknown"),
    [
        ("import", ["epoch", "loss"], {ACCURACY, RATE, CLASSES, GRADIENTS, SPEED}),
        ("callback", ["epoch", "loss", "accuracy"], {RATE, CLASSES, GRADIENTS, SPEED}),
    ],
)
def test_what_was_not_recorded_has_no_card_and_is_named(runtime, view, by, columns, unknown):
    whole = cnn.Run(cnn.pretrained_run()).history[:2]
    place = runtime.settings.jobs.runs_dir / by
    run = create_recorded(
        place, Recorded(by, 0, {}), lambda run: run.write_status(Status("finished", epoch=2))
    )
    run.write_table("history.csv", whole[columns].reindex(columns=whole.columns))
    answer = drawn({**view, "runs": run.id})
    assert {figure for figure in range(6) if answer[BOXES][figure]} == unknown
    accuracy = "the accuracy, " if ACCURACY in unknown else ""
    assert answer[UNKNOWN] == (
        f"Not recorded of this training: {accuracy}the learning rate, the accuracy of each class, the "
        "gradients and how many pictures there were in a second."
    )


def test_a_learning_rate_that_is_known_of_epochs_alone_is_drawn_by_them(runtime, view):
    whole = cnn.Run(cnn.pretrained_run()).history[:2]
    place = runtime.settings.jobs.runs_dir / "rates"
    run = create_recorded(
        place, Recorded("import", 2, {}), lambda run: run.write_status(Status("finished", epoch=2))
    )
    run.write_table("history.csv", whole)
    answer = drawn({**view, "runs": run.id})
    assert not answer[BOXES][RATE]
    (line,) = answer[RATE].data
    assert (line.x.tolist(), line.y.tolist()) == ([1, 2], whole["learning_rate"].tolist())


def test_what_may_still_be_recorded_has_its_card(runtime, view):
    run = make_run(runtime, "running")
    with run.hold().acquire():
        answer = drawn({**view, "runs": run.id})
    assert (answer[BOXES], answer[UNKNOWN]) == ((False,) * 6, "")
    place = runtime.settings.jobs.runs_dir / "mine"
    followed = create_recorded(
        place, Recorded("callback", 9, {}), lambda run: run.write_status(Status("running"))
    )
    with followed.hold().acquire():
        answer = drawn({**view, "runs": followed.id})
    assert {n for n in range(6) if answer[BOXES][n]} == {CLASSES, GRADIENTS, SPEED}
    assert not any(drawn(view)[BOXES])
