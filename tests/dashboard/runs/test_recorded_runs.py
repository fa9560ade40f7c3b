"""A training that another program did, on the Training page: what it measured, and what it did not."""

import numpy as np
import pandas as pd
import pytest

import cnn
from cnn.figures import EMPTY_FIGURE
from cnn.runs.recorded import Recorded
from cnn.runs.run import Status, create_recorded
from dashboard.app import create_app, runtime_of
from dashboard.runs import curves, dialogs, table
from dashboard.runs.curves import Curves
from dashboard.runs.paging import PageRequest
from dashboard.settings import Settings
from dashboard.state.view import View

NAN = np.nan


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    return create_app(Settings(home=home, data_dir=data, download=False))


@pytest.fixture
def runtime(app, request_of):
    request_of(app)
    yield runtime_of(app)
    for run in runtime_of(app).settings.jobs.runs():
        run.delete()


def make(runtime, history, *, known=None, status=None, batches=None):
    def fill(run):
        run.write_table("history.csv", pd.DataFrame(history))
        if batches:
            run.write_table("batches.csv", pd.DataFrame(batches))
        run.write_status(status or Status("finished", epoch=2, batch=4, batches=4))

    known = known or Recorded(epochs=2, settings={"optimiser": "Lion"})
    return create_recorded(runtime.settings.jobs.runs_dir / "mine", known, fill)


def row_of(runtime, run):
    rows = table.listing(runtime, View(runs=run.id), PageRequest(), runtime.statuses()).rows
    return next(row for row in rows if row.run == run)


LOSS_ONLY = {"epoch": [1, 2], "loss": [0.75, 0.5], "learning_rate": [0.1, 0.1]}
DIVERGED = {"epoch": [1, 2], "loss": [NAN, NAN], "val_loss": [NAN, NAN]}
SELDOM = {
    "epoch": [1, 2], "loss": [0.75, 0.5], "accuracy": [0.5, 0.75],
    "val_loss": [NAN, 0.625], "val_accuracy": [NAN, 0.5],
}  # fmt: skip


@pytest.mark.parametrize(
    ("history", "best", "curve", "loss", "accuracy", "lines"),
    [
        (LOSS_ONLY, "", "loss from 0.75 to 0.5",
         "2 epochs, as Keras told them. Nothing was validated. The loss in training was lowest in "
         "epoch 2 (0.5000).", "This training measured no accuracy.", (1, 0)),
        (DIVERGED, "", "", "2 epochs, as Keras told them. No loss is known.",
         "This training measured no accuracy.", (0, 0)),
        (SELDOM, "50.00%", "validation loss from 0.625 to 0.625",
         "2 epochs, as Keras told them. The validation loss was lowest after epoch 2 (0.6250).",
         "The best validation accuracy is 50.00%, after epoch 2.", (2, 2)),
    ],
)  # fmt: skip
def test_what_was_measured_is_shown(runtime, history, best, curve, loss, accuracy, lines):
    run = make(runtime, history)
    row = row_of(runtime, run)
    assert (row.damaged, row.name, row.is_resumable) == ("", "mine", False)
    told = table.results(run)
    assert (told["epochs"], told["best"], told["curve-text"]) == ("2 of 2", best, curve)
    drawn = Curves([row], View())
    assert (drawn.caption(curves.LOSS), drawn.caption(curves.ACCURACY)) == (loss, accuracy)
    counts = tuple(len(drawn.figure(which).data) for which in (curves.LOSS, curves.ACCURACY))
    assert counts == lines
    assert "mine has finished, after 2 of 2 epochs" in drawn.summary


def test_epochs_that_are_not_from_the_start_are_told_by_their_numbers(runtime):
    later = {"epoch": [3, 4], "loss": [0.5, 0.75], "accuracy": [0.5, 0.25]}
    run = make(runtime, later, known=Recorded(epochs=4))
    row = row_of(runtime, run)
    assert table.results(run)["epochs"] == "3 to 4 of 4"
    drawn = Curves([row], View())
    assert "mine has finished, after epochs 3 to 4 of 4." in drawn.summary
    assert drawn.caption(curves.LOSS).endswith("lowest in epoch 3 (0.5000).")
    assert drawn.caption(curves.ACCURACY).endswith("50.00%, in epoch 3.")


def test_the_captions_name_what_is_drawn_as_loss_and_accuracy(runtime):
    known = Recorded(epochs=2, settings={"loss drawn": "d_loss", "accuracy drawn": "a_acc"})
    drawn = Curves([row_of(runtime, make(runtime, SELDOM, known=known))], View())
    assert "as Keras told them. The loss is d_loss. The" in drawn.caption(curves.LOSS)
    assert drawn.caption(curves.ACCURACY).startswith("The accuracy is a_acc. The best")


@pytest.mark.parametrize(
    ("epochs", "planned", "words"),
    [([], 3, "0 of 3"), ([1, 2], 0, "2"), ([3], 4, "3 of 4"), ([6, 7, 9], 0, "6 to 9")],
)
def test_epochs_are_counted_from_the_first_and_else_named(epochs, planned, words):
    assert table.epochs_in_words(epochs, planned) == words


def test_what_nobody_could_see_is_said(runtime):
    drawn = Curves([row_of(runtime, make(runtime, LOSS_ONLY))], View())
    assert drawn.unknown_in_words == (
        "Not recorded of this training: the accuracy, the accuracy of each class, the gradients and how "
        "many pictures there were in a second."
    )
    assert drawn.caption(curves.RATE) == "Optimiser: Lion."
    assert drawn.figure(curves.CLASSES) == EMPTY_FIGURE
    for which in (curves.GRADIENTS, curves.SPEED):
        assert not drawn.figure(which).data


def test_the_steps_are_called_what_keras_tells(runtime):
    steps = {
        "epoch": [1] * 3, "batch": [1, 2, 3], "loss": [2.0, 1.5, 1.0], "accuracy": [NAN] * 3,
        "learning_rate": [0.5, NAN, 0.25],
    }  # fmt: skip
    drawn = Curves([row_of(runtime, make(runtime, LOSS_ONLY, batches=steps))], View())
    assert [line.name for line in drawn.figure(curves.LOSS).data] == [
        "mean of the epoch so far", "training",
    ]  # fmt: skip
    assert not drawn.figure(curves.ACCURACY).data
    # Where it was not read the line goes on.
    assert [list(line.y) for line in drawn.figure(curves.RATE).data] == [[0.5, 0.25]]


def test_beside_one_of_our_own_it_has_no_settings_to_compare(runtime):
    run = make(runtime, LOSS_ONLY)
    bundled = cnn.Run(cnn.pretrained_run())
    rows = [row_of(runtime, run), row_of(runtime, bundled)]
    drawn = Curves(rows, View())
    assert len(drawn.figure(curves.LOSS).data) == 3
    assert "validation accuracy is" in drawn.caption(curves.ACCURACY)
    assert drawn.settings == "All settings of these runs are the same."


@pytest.mark.parametrize(
    ("epochs", "status", "percent", "words"),
    [
        (2, Status("running", epoch=2, batch=1, batches=4, loss=0.5), 62.5,
         "Epoch 2 of 2 · batch 1 of 4 · loss 0.5000"),
        (0, Status("running", epoch=1, batch=3, accuracy=0.5), 0, "Epoch 1 · batch 3 · accuracy 50.00%"),
        (2, Status("running"), 0, "starting"),
    ],
)  # fmt: skip
def test_progress_is_told_as_far_as_it_is_known(runtime, epochs, status, percent, words):
    run = make(runtime, LOSS_ONLY, known=Recorded(epochs=epochs), status=status)
    assert table.progress(run, status) == (percent, words)
    assert run.status.message == "The program that trains it ended during the run."


def test_without_a_name_of_the_readers_it_is_called_after_its_folder(runtime):
    run = make(runtime, LOSS_ONLY)
    dialogs._keep(run, "", "a note")
    assert (run.name, run.note.text) == ("mine", "a note")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"by": "magic"}', b'{"settings": {"a": []}}'])
def test_a_damaged_one_is_listed_as_damaged(runtime, content):
    run = make(runtime, LOSS_ONLY)
    (run.path / "recorded.json").write_bytes(content)
    row = row_of(runtime, run)
    assert row.damaged == "recorded.json"
    drawn = Curves([row], View())
    assert drawn.caption(curves.LOSS) == " recorded.json of mine cannot be read."
    assert (drawn.settings is not None, table.results(run)["epochs"]) == (True, "")
