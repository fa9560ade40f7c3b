import json
import shutil
import threading
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnn
from cnn import Moment, Run, Status, TrainingConfig, runs
from cnn.runs.run import HISTORY_COLUMNS
from cnn.training import feeding
from cnn.training.augmentation import augment
from cnn.training.loop import _size, work_on

LAYERS = ("conv2d", "conv2d_1", "dense", "dense_1")
# The least that is a training: 41 pictures, one step.
LEAST = {"share": 0.05, "batch_size": 64, "epochs": 1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two epochs on the embedded digits, and the events that it reported."""
    home = tmp_path_factory.mktemp("trained")
    target = home / "saved" / "mine.keras"
    config = TrainingConfig("digits", epochs=2, batch_size=64, seed=3, save_to=str(target))
    events: list[cnn.Event] = []
    return cnn.train(config, into=home / "run", on_event=events.append), events


def test_a_run_reports_its_way_from_start_to_end(trained):
    run, events = trained
    assert (events[0].status.state, events[-1].status.state) == ("running", "finished")
    assert run.status == events[-1].status
    assert run.status == Status(
        "finished", epoch=2, batch=13, batches=13,
        loss=run.history["loss"].iloc[-1], accuracy=run.history["accuracy"].iloc[-1],
    )  # fmt: skip
    places = [(event.status.epoch, event.status.batch) for event in events if event.kind == "batch"]
    assert places == [(epoch, batch) for epoch in (1, 2) for batch in range(1, 14)]
    assert [event.values["epoch"] for event in events if event.kind == "epoch"] == [1, 2]


def test_events_tell_what_the_tables_say(trained):
    run, events = trained
    for kind, table in (("batch", run.batches), ("epoch", run.history)):
        told = [event.values for event in events if event.kind == kind]
        assert [list(values) for values in told] == [list(table.columns)] * len(table)
        np.testing.assert_allclose([list(v.values()) for v in told], table.to_numpy(), rtol=1e-5)


def test_the_time_that_is_left_falls_to_nothing(trained):
    _, events = trained
    left = [event.status.seconds_left for event in events if event.kind == "batch"]
    assert left[-1] == 0
    assert all(seconds > 0 for seconds in left[:-1])
    assert events[-1].status.seconds_left is None


def test_the_history_has_a_row_per_epoch(trained):
    run, _ = trained
    assert list(run.history.columns) == list(HISTORY_COLUMNS)
    assert run.history["epoch"].tolist() == [1, 2]
    assert run.history["loss"].is_monotonic_decreasing
    assert run.history["accuracy"].between(0, 1).all()
    assert (run.history["seconds"] > 0).all()


def test_the_loss_of_an_epoch_is_the_mean_over_its_pictures(trained):
    run, _ = trained
    sizes = np.array([64] * 12 + [825 - 12 * 64])
    for epoch, rows in run.batches.groupby("epoch"):
        told = run.history.set_index("epoch").loc[epoch]
        assert np.average(rows["loss"], weights=sizes) == pytest.approx(told["loss"], rel=1e-4)
        assert np.average(rows["accuracy"], weights=sizes) == pytest.approx(told["accuracy"])


def test_the_batches_say_how_large_the_steps_are_and_how_fast(trained):
    run, _ = trained
    batches = run.batches
    assert list(batches.columns) == [
        "epoch", "batch", "loss", "accuracy", "learning_rate", "pictures_per_second",
        *[f"gradient {layer}" for layer in LAYERS],
    ]  # fmt: skip
    assert batches["batch"].tolist() == [*range(1, 14)] * 2
    assert (batches[[f"gradient {layer}" for layer in LAYERS]] > 0).all(axis=None)
    assert (batches["pictures_per_second"] > 0).all()
    along_the_cosine = 0.0005 * (1 + np.cos(np.pi * np.arange(26) / 26))
    np.testing.assert_allclose(batches["learning_rate"], along_the_cosine, rtol=1e-4)


def test_the_first_gradient_is_that_of_the_first_batch(trained):
    import keras
    import tensorflow as tf

    run, _ = trained
    model = cnn.load_model(run.initial_path)
    training, _ = feeding.split(cnn.load_dataset("digits", "train"), run.config)
    pictures, labels = next(iter(feeding.batches(training, run.config, 0)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, model(pictures)))
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    norms = [np.linalg.norm(np.concatenate([np.ravel(g) for g in pair]))
             for pair in zip(gradients[::2], gradients[1::2], strict=True)]  # fmt: skip
    first = run.batches.iloc[0]
    assert first["loss"] == pytest.approx(float(loss), rel=1e-4)
    assert [first[f"gradient {layer}"] for layer in LAYERS] == pytest.approx(norms, rel=1e-3)


def test_each_class_has_its_accuracy_per_epoch(trained):
    run, _ = trained
    assert list(run.classes.columns) == ["epoch", *"0123456789"]
    _, validation = feeding.split(cnn.load_dataset("digits", "train"), run.config)
    counts = np.bincount(validation.labels, minlength=10)
    for (_, classes), (_, epoch) in zip(
        run.classes.iterrows(), run.history.iterrows(), strict=True
    ):
        mean = np.average(classes[list("0123456789")], weights=counts)
        assert mean == pytest.approx(epoch["val_accuracy"])


def test_a_class_without_validation_pictures_has_no_accuracy(tmp_path):
    digits = cnn.load_dataset("digits", "train")
    known = digits.labels != 9
    pictures, labels = digits.images[known][:240], digits.labels[known][:240]
    np.savez(
        tmp_path / "mnist.npz", x_train=pictures, y_train=labels, x_test=pictures, y_test=labels
    )
    config = TrainingConfig("mnist", batch_size=64, epochs=1)
    run = cnn.train(config, into=tmp_path / "run", data_dir=tmp_path)
    (row,) = run.classes.to_dict("records")
    assert np.isnan(row["9"])
    assert 0 <= row["0"] <= 1


def test_moments_are_kept_closer_at_first(trained):
    run, _ = trained
    assert list(map(str, run.moments)) == ["0", "0-1", "0-2", "0-4", "0-8", "1", "2"]
    distances = [
        sum(float(np.abs(b - a).sum()) for a, b in zip(run.weights(one), run.weights(two), strict=True))
        for one, two in pairwise(run.moments)
    ]  # fmt: skip
    assert all(distance > 0 for distance in distances)


def test_what_is_kept_to_look_at_is_within_half_precision_of_the_model(trained):
    run, _ = trained
    for moment, path in ((Moment(0), run.initial_path), (Moment(2), run.model_path)):
        exact = cnn.load_model(path).get_weights()
        for kept, weights in zip(run.weights(moment), exact, strict=True):
            assert kept.dtype == np.float32
            np.testing.assert_allclose(kept, weights, rtol=1e-3, atol=1e-7)
    with np.load(run.path / "epochs" / "0002.npz") as archive:
        assert {archive[name].dtype for name in archive.files} == {np.dtype(np.float16)}


def test_the_trained_model_is_saved_where_asked_with_its_card(trained):
    run, _ = trained
    saved = cnn.load_model(run.config.save_to)
    assert Path(run.config.save_to).read_bytes() == run.model_path.read_bytes()
    assert cnn.class_names(saved) == tuple("0123456789")
    assert cnn.scale_of(saved).factor == pytest.approx(1 / 255)


def test_the_card_says_what_was_trained_how_well_and_how_to_do_it_again(trained):
    run, _ = trained
    facts = runs.facts(run)
    model = cnn.load_model(run.model_path)
    test = cnn.load_dataset("digits", "test")
    assert facts["scores"] == {"digits test": round(cnn.training.accuracy(model, test), 5)}
    assert facts["data"] == "digits: 825 pictures to fit on, 74 held out to validate"
    assert facts["command"] == (
        "cnn-dashboard train --data digits --epochs 2 --batch-size 64 --learning-rate 0.001 "
        "--seed 3"
    )
    assert TrainingConfig.from_flat({**facts["settings"], "save_to": run.config.save_to}) == (
        run.config
    )


def test_nothing_is_left_to_resume_from_when_all_is_done(trained):
    run, _ = trained
    assert not run.resume_path.exists()
    with pytest.raises(cnn.RunError, match="is finished: it cannot be resumed"):
        run.renew()


def test_without_a_place_a_run_gets_a_new_folder_below_runs_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = cnn.train(TrainingConfig("digits", **LEAST))
    assert run.status.state == "finished"
    assert runs.find(tmp_path / "runs") == [Run(tmp_path / "runs" / run.id)]


def test_a_place_that_holds_a_run_is_refused(trained):
    run, _ = trained
    before = run.model_path.read_bytes()
    with pytest.raises(cnn.RunError, match="holds a run already"):
        cnn.train(TrainingConfig("digits", **LEAST), into=run.path)
    assert run.model_path.read_bytes() == before


def test_a_cancel_ends_the_run_at_the_next_batch_and_keeps_what_was(tmp_path):
    asked = []

    def cancel_in_the_second_epoch(event: cnn.Event) -> None:
        if event.kind == "batch":
            asked.append((event.status.epoch, event.status.batch))
        if asked and asked[-1] == (2, 3):
            Run(tmp_path / "run").ask_to_cancel()

    config = TrainingConfig("digits", epochs=50, batch_size=64)
    run = cnn.train(config, into=tmp_path / "run", on_event=cancel_in_the_second_epoch)
    assert run.status.state == "cancelled"
    assert asked[-1] == (2, 3)
    assert run.history["epoch"].tolist() == [1]
    assert run.batches[["epoch", "batch"]].to_numpy().tolist() == [list(place) for place in asked]
    assert not run.model_path.exists()


def test_a_queued_run_is_cancelled_at_once(tmp_path):
    run = runs.create(tmp_path, TrainingConfig("digits"))
    run.ask_to_cancel()
    assert run.status.state == "cancelled"


def test_it_ends_early_when_it_gets_no_better(tmp_path):
    config = TrainingConfig.from_flat(
        {"dataset": "digits", **LEAST, "epochs": 9, "patience": 2, "learning_rate": 1e-30,
         "optimizer": "sgd"}
    )  # fmt: skip
    run = cnn.train(config, into=tmp_path / "run")
    assert run.history["epoch"].tolist() == [1, 2, 3]
    assert run.status.state == "finished"
    assert run.status.message == "Ended early: the validation loss was lowest 2 epochs before."


def test_a_run_without_its_data_fails_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    run = cnn.train(TrainingConfig("mnist"), into=tmp_path / "run", data_dir=tmp_path)
    assert run.status.state == "failed"
    assert "mnist is not on this machine" in run.status.message


def test_a_network_that_the_pictures_do_not_go_through_fails_with_the_reason(tmp_path):
    config = TrainingConfig.from_flat({"dataset": "digits", "blocks": 6})
    run = cnn.train(config, into=tmp_path / "run")
    assert run.status.state == "failed"
    assert "smaller than its 3×3 kernels: choose fewer blocks" in run.status.message


def test_too_few_pictures_are_refused_with_the_number_that_is_needed(tmp_path):
    pixels = np.zeros((11, 28, 28), np.uint8)
    labels = np.arange(11) % 2
    np.savez(tmp_path / "few.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    run = cnn.train(TrainingConfig(str(tmp_path)), into=tmp_path / "run")
    assert run.status.state == "failed"
    assert "has 11 pictures to train on: give at least 12" in run.status.message


def test_an_error_of_the_caller_is_kept_and_raised(tmp_path):
    def stumble(event: cnn.Event) -> None:
        if event.kind == "batch":
            raise ZeroDivisionError("of the caller")

    with pytest.raises(ZeroDivisionError):
        cnn.train(TrainingConfig("digits", **LEAST), into=tmp_path / "run", on_event=stumble)
    assert Run(tmp_path / "run").status.state == "failed"
    assert Run(tmp_path / "run").status.message == "ZeroDivisionError: of the caller"


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
            work_on(Run(run.path))
        errors.append(True)

    with run.hold():
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert errors == [True]
    assert run.status.state == "queued"


def test_a_run_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(cnn.RunError, match="There is no run gone: it was deleted, or never made"):
        work_on(Run(tmp_path / "gone"))
    assert not (tmp_path / "gone").exists()


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(cnn.RunError, match=f"There is no run {tmp_path.name}: it was deleted"):
        _ = Run(tmp_path).config
    with pytest.raises(cnn.RunError, match=f"There is no run {tmp_path.name}: it was deleted"):
        _ = Run(tmp_path).status


def test_a_second_run_of_the_same_name_is_refused(tmp_path):
    runs.create(tmp_path, TrainingConfig("digits"), "mine")
    with pytest.raises(cnn.RunError, match="holds a run already"):
        runs.create(tmp_path, TrainingConfig("digits"), "mine")


def test_runs_that_are_made_in_one_second_have_ids_of_their_own(tmp_path, monkeypatch):
    class Stopped(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)

    monkeypatch.setattr("cnn.runs.run.datetime", Stopped)
    ends = iter("axabx")
    monkeypatch.setattr("cnn.runs.run.secrets.token_hex", lambda size: next(ends))
    first, second = (runs.create(tmp_path, TrainingConfig("digits")) for _ in range(2))
    assert (first.id, second.id) == ("20260102-030405-a", "20260102-030405-b")


def test_status_is_replaced_whole(tmp_path):
    run = runs.create(tmp_path, TrainingConfig("digits"))
    for epoch in range(20):
        run.write_status(Status("finished", epoch=epoch))
        assert json.loads((run.path / "status.json").read_text())["epoch"] == epoch
    assert not [p for p in run.path.iterdir() if p.name.startswith(".")]


@pytest.fixture(scope="module")
def digits():
    return cnn.load_dataset("digits", "train")


def fed(pictures, config, first_epoch=0, devices=1):
    return list(feeding.batches(pictures, config, first_epoch, devices).as_numpy_iterator())


def marks(batches) -> list[bytes]:
    return [picture.tobytes() for pictures, _ in batches for picture in pictures]


def test_every_epoch_has_each_picture_once_in_an_order_of_its_own(digits):
    config = TrainingConfig("digits", epochs=2, batch_size=100, augment=False)
    training, _ = feeding.split(digits, config)
    batches = fed(training, config)
    steps = feeding.steps_per_epoch(training, config)
    assert [len(labels) for _, labels in batches] == 2 * ([100] * 8 + [25])
    first, second = marks(batches[:steps]), marks(batches[steps:])
    assert sorted(first) == sorted(second) == sorted(p.tobytes() for p in training.scaled)
    assert first != second


def test_batches_are_the_same_from_any_epoch_on(digits):
    config = TrainingConfig("digits", epochs=3, batch_size=100)
    training, _ = feeding.split(digits, config)
    steps = feeding.steps_per_epoch(training, config)
    assert marks(fed(training, config)[2 * steps :]) == marks(fed(training, config, 2))


def test_in_stored_order_every_epoch_is_the_same(digits):
    config = TrainingConfig("digits", epochs=2, batch_size=100, augment=False, order="stored")
    training, _ = feeding.split(digits, config)
    batches = fed(training, config)
    steps = feeding.steps_per_epoch(training, config)
    assert marks(batches[:steps]) == marks(batches[steps:])


@pytest.mark.parametrize("devices", [2, 3, 7])
def test_batches_divide_evenly_among_devices_and_leave_nothing_out(digits, devices):
    config = TrainingConfig("digits", epochs=1, batch_size=103, augment=False)
    training, _ = feeding.split(digits, config)
    batches = fed(training, config, devices=devices)
    assert len(batches) == feeding.steps_per_epoch(training, config) == 9
    assert all(len(labels) % devices == 0 for _, labels in batches)
    assert all(103 <= len(labels) < 103 + devices for _, labels in batches[:-1])
    assert set(marks(batches)) == {picture.tobytes() for picture in training.scaled}


def test_a_twelfth_is_held_out_and_a_share_of_the_rest_is_trained_on(digits):
    whole, validation = feeding.split(digits, TrainingConfig("digits"))
    assert (len(whole), len(validation)) == (825, 74)
    apart = {p.tobytes() for p in whole.images} | {p.tobytes() for p in validation.images}
    assert apart == {p.tobytes() for p in digits.images}
    part, same = feeding.split(digits, TrainingConfig("digits", share=0.1))
    assert len(part) == 82
    np.testing.assert_array_equal(same.images, validation.images)
    one, _ = feeding.split(digits, TrainingConfig("digits", share=1e-9))
    assert len(one) == 1


def test_variations_are_the_same_for_a_seed_and_stay_pictures(seven):
    import tensorflow as tf

    pictures = tf.constant(np.repeat(seven[None] / np.float32(255), 16, axis=0), tf.float32)
    one, again, other = (
        augment(pictures, tf.constant(s)).numpy() for s in ([1, 2], [1, 2], [3, 4])
    )
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)
    assert one.shape == (16, 28, 28, 1)
    assert one.min() >= 0
    assert one.max() <= 1
    assert len({variant.tobytes() for variant in one}) == 16


def test_pictures_of_several_sizes_are_trained_on_in_one_and_scored_in_it(tmp_path):
    random = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 2)):
        for number in range(count):
            path = tmp_path / "own" / split / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            # Those of the test are grey.
            shape = (20 + number, 30, 3) if split == "train" else (33, 22)
            Image.fromarray(random.integers(0, 256, shape).astype(np.uint8)).save(path)
    config = TrainingConfig(str(tmp_path / "own"), epochs=1, augment=False)
    run = cnn.train(config, into=tmp_path / "run")
    assert run.status.state == "finished", run.status.message
    model = cnn.load_model(run.model_path)
    assert cnn.models.input_shape(model) == (26, 26, 3)
    assert "11 pictures to fit on, 1 held out" in cnn.models.card_of(model).facts["data"]


def test_a_resumed_training_keeps_the_size_that_it_began_with(trained, tmp_path):
    run, _ = trained
    data = cnn.load_dataset("digits", "train").decoded((14, 14))
    assert _size(run, data) == (14, 14)
    resumed = tmp_path / "resumed"
    shutil.copytree(run.path, resumed)
    Run(resumed).resume_path.write_bytes(b"")
    assert _size(Run(resumed), data) == (28, 28)
