import json
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cnn
from cnn import runs
from cnn.augmentation import augment
from cnn.runs import Run, Status, TrainingConfig
from cnn.training import train


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of two epochs on the embedded digits, and the statuses it reported."""
    home = tmp_path_factory.mktemp("runs")
    target = home / "saved" / "mine.keras"
    config = TrainingConfig("digits", epochs=2, batch_size=64, seed=3, save_to=str(target))
    run = runs.create(home, config)
    told: list[Status] = []
    train(run, on_status=told.append)
    return run, told


def test_a_run_reports_its_way_from_start_to_end(finished):
    run, told = finished
    assert (told[0].state, told[-1].state) == ("running", "finished")
    assert run.status == told[-1]
    epochs = [status.epoch for status in told]
    assert epochs == sorted(epochs)


def test_history_and_weights_are_kept_per_epoch(finished):
    run, _ = finished
    assert run.history["epoch"].tolist() == [1, 2]
    assert list(run.history.columns) == list(runs.HISTORY_COLUMNS)
    assert run.epochs == (0, 1, 2)
    batches = pd.read_csv(run.path / "batches.csv")
    assert len(batches) == 2 * run.status.batches
    assert batches["loss"].iloc[-1] < batches["loss"].iloc[0]


def test_the_trained_model_is_saved_where_asked_with_its_card(finished):
    run, _ = finished
    saved = cnn.load_model(run.config.save_to)
    assert Path(run.config.save_to).read_bytes() == run.model_path.read_bytes()
    assert cnn.class_names(saved) == tuple("0123456789")
    assert 0 < runs.facts(run)["scores"]["digits test"] <= 1


def test_the_card_has_the_command_that_trains_the_same(finished):
    run, _ = finished
    assert runs.facts(run)["command"].endswith(
        "--dataset digits --epochs 2 --batch-size 64 --learning-rate 0.001 --augment --seed 3"
    )


def test_a_cancel_ends_the_run_at_the_next_batch_and_keeps_what_was(tmp_path):
    run = runs.create(tmp_path, TrainingConfig("digits", epochs=50, batch_size=8))

    def cancel_in_the_second_epoch(status: Status) -> None:
        if status.epoch == 2 and not run.is_cancelled:
            run.ask_to_cancel()

    status = train(run, on_status=cancel_in_the_second_epoch)
    assert status.state == "cancelled"
    assert run.history["epoch"].tolist() == [1]
    assert not run.model_path.exists()


def test_a_queued_run_is_cancelled_at_once(tmp_path):
    run = runs.create(tmp_path, TrainingConfig("digits"))
    run.ask_to_cancel()
    assert run.status.state == "cancelled"


def test_a_run_without_its_data_fails_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    run = runs.create(tmp_path, TrainingConfig("mnist"))
    status = train(run, data_dir=tmp_path)
    assert status.state == "failed"
    assert "mnist is not on this machine" in run.status.message


def test_a_running_state_without_a_living_worker_is_an_interruption(tmp_path):
    run = runs.create(tmp_path, TrainingConfig("digits"))
    run.write_status(Status("running", epoch=3))
    assert (run.status.state, run.status.epoch) == ("interrupted", 3)
    with run.hold():
        assert run.status.state == "running"


def test_two_processes_cannot_train_one_run(tmp_path):
    run = runs.create(tmp_path, TrainingConfig("digits", epochs=1))
    errors = []

    def second() -> None:
        with pytest.raises(cnn.RunError, match="by another process"):
            train(Run(run.path))
        errors.append(True)

    with run.hold():
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert errors == [True]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "epochs is 0: give a whole number from 1 to 1000"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"batch_size": 10**9}, "from 1 to 8192"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"save_to": "model.txt"}, "must end in .keras or .h5"),
    ],
)
def test_impossible_settings_are_refused(changes, words):
    with pytest.raises(cnn.RunError, match=words):
        TrainingConfig(**changes)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(cnn.RunError, match="is no training run"):
        _ = Run(tmp_path).config
    with pytest.raises(cnn.RunError, match="is no training run"):
        _ = Run(tmp_path).status


def test_a_second_run_of_the_same_name_is_refused(tmp_path):
    runs.create(tmp_path, TrainingConfig("digits"), "mine")
    with pytest.raises(cnn.RunError, match="holds a run already"):
        runs.create(tmp_path, TrainingConfig("digits"), "mine")


def test_status_is_replaced_whole(tmp_path):
    run = runs.create(tmp_path, TrainingConfig("digits"))
    for epoch in range(20):
        run.write_status(Status("finished", epoch=epoch))
        assert json.loads((run.path / "status.json").read_text())["epoch"] == epoch
    assert not [p for p in run.path.iterdir() if p.name.startswith(".")]


def test_variations_are_the_same_for_a_seed_and_stay_pictures(seven):
    import tensorflow as tf

    pictures = tf.constant(np.repeat(seven[None] / np.float32(255), 16, axis=0), tf.float32)
    one, again, other = (
        augment(pictures, tf.constant(s)).numpy() for s in ([1, 2], [1, 2], [3, 4])
    )
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)
    assert one.shape == (16, 28, 28, 1)
    assert (one.min(), one.max()) >= (0, 0)
    assert one.max() <= 1
    assert len({variant.tobytes() for variant in one}) == 16
