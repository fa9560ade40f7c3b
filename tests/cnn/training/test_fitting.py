"""What a training by somebody else's `model.fit` leaves behind."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn import Moment
from cnn.data.idx import FASHION
from cnn.errors import ModelError, RunError
from cnn.runs import heartbeat

PICTURES, CLASSES, BATCH = 40, 3, 8


def pictures():
    random = np.random.default_rng(0)
    return random.random((PICTURES, 8, 8, 1), np.float32), random.integers(0, CLASSES, PICTURES)


def network(*, built=True):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            *([keras.Input((8, 8, 1))] if built else []),
            layers.Conv2D(2, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.GlobalAveragePooling2D(name="means"),
            layers.Dense(CLASSES, activation="softmax", name="classes"),
        ]
    )


def fit(model, *callbacks, epochs=2, metrics=("accuracy",), eagerly=True, **more):
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=list(metrics), run_eagerly=eagerly
    )
    x, y = pictures()
    return model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks, **more)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A finished run, the model that was trained, and what Keras itself says of the training."""
    place = tmp_path_factory.mktemp("home") / "runs" / "mine"
    recorder = cnn.RunRecorder(
        place, class_names=np.array(["a", "b", "c"]), scale=np.float32(1), data="noise"
    )
    model = network()
    history = fit(model, recorder, validation_split=0.2, eagerly=False)
    return recorder.run, model, history.history


def test_the_run_stands_where_it_was_asked_for_and_has_ended(recorded):
    run, *_ = recorded
    assert run.path.parts[-2:] == ("runs", "mine")
    assert (run.status.state, run.status.epoch, run.status.batch, run.status.batches) == (
        "finished", 2, 4, 4,
    )  # fmt: skip
    assert (run.damaged, run.is_worked_on(), run.status.message) == ("", False, "")
    assert run.recorded.settings == {
        "data": "noise", "epochs": "2", "optimiser": "Adam", "learning rate": "0.001",
        "loss": "sparse_categorical_crossentropy",
    }  # fmt: skip


def test_the_curves_are_those_of_keras(recorded):
    run, _, known = recorded
    for name, values in known.items():
        np.testing.assert_allclose(run.history[name], values, rtol=1e-6)
    assert run.history["learning_rate"].tolist() == pytest.approx([0.001, 0.001])
    assert run.batches[["epoch", "batch"]].to_numpy().tolist() == [
        [epoch, batch] for epoch in (1, 2) for batch in (1, 2, 3, 4)
    ]
    # The mean over all batches of an epoch is what Keras tells of the epoch.
    assert run.batches["loss"][[3, 7]].tolist() == pytest.approx(known["loss"], rel=1e-5)


def test_the_weights_of_each_moment_are_those_of_the_model(recorded):
    run, model, _ = recorded
    assert run.moments == (Moment(0), Moment(0, 1), Moment(0, 2), Moment(1), Moment(2))
    for kept, own in zip(run.weights(Moment(2)), model.get_weights(), strict=True):
        np.testing.assert_allclose(kept, own, rtol=1e-3, atol=1e-4)
    initial = cnn.load_model(run.initial_path)
    for kept, own in zip(run.weights(Moment(0)), initial.get_weights(), strict=True):
        np.testing.assert_allclose(kept, own, rtol=1e-3, atol=1e-4)
    assert not np.allclose(run.weights(Moment(0, 1))[0], run.weights(Moment(0))[0], atol=1e-4)


def test_classes_of_a_data_set_that_everybody_has_are_named_unasked(tmp_path):
    classes = layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((8, 8, 1)), *network().layers[:-1], classes])
    recorder = cnn.RunRecorder(tmp_path / "clothes", data="fashion_mnist")
    fit(model, recorder, epochs=1)
    names = cnn.class_names(cnn.load_model(recorder.run.model_path))
    assert (len(names), names[-1]) == (10, FASHION[-1])


def test_the_model_of_the_run_is_the_one_that_was_trained(recorded):
    run, model, _ = recorded
    loaded = cnn.load_model(run.model_path)
    x, _ = pictures()
    np.testing.assert_allclose(loaded(x[:4]), model(x[:4]), rtol=1e-5)
    assert (cnn.class_names(loaded), cnn.scale_of(loaded).factor) == (("a", "b", "c"), 1.0)
    assert cnn.models.card_of(loaded).losses["classes"].name == "sparse_categorical_crossentropy"


def test_nobody_here_can_go_on_with_it(recorded):
    run, *_ = recorded
    with pytest.raises(RunError, match="by another program"):
        run.renew()
    with pytest.raises(RunError, match="by another program"):
        _ = run.config


def test_a_bare_name_is_a_run_of_the_dashboard_and_never_replaces_another(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_HOME", str(tmp_path))
    recorder = cnn.RunRecorder("mine")
    model = network(built=False)
    fit(model, recorder, epochs=1, metrics=())
    first = recorder.run
    assert first.path == tmp_path / "runs" / "mine"
    # Keras makes the weights of such a model with its first batch.
    assert first.moments == (Moment(0, 1), Moment(0, 2), Moment(0, 4), Moment(1))
    assert cnn.predict(cnn.load_model(first.model_path), pictures()[0][0]).probabilities.shape == (
        3,
    )
    assert first.history[["accuracy", "val_loss", "val_accuracy"]].isna().all(axis=None)
    fit(model, recorder, keras.callbacks.LambdaCallback(on_epoch_end=stop_at_once(model)), epochs=3)
    assert (recorder.run.id, recorder.run.status.message) == (
        "mine-2", "Ended early, after 1 of 3 epochs.",
    )  # fmt: skip
    np.testing.assert_allclose(
        recorder.run.weights(Moment(0))[0], first.weights(Moment(1))[0], atol=1e-4
    )


def stop_at_once(model):
    def stop(*_):
        model.stop_training = True

    return stop


def test_names_that_are_numbers_become_texts_that_the_model_is_opened_with(tmp_path):
    recorder = cnn.RunRecorder(tmp_path / "ints", class_names=[3, 4, 5])
    fit(network(), recorder, epochs=1)
    assert cnn.class_names(cnn.load_model(recorder.run.model_path)) == ("3", "4", "5")


@pytest.mark.parametrize("names", ["cats", {0: "cat"}, 3, ["cat", "cat"], [""]])
def test_what_is_no_list_of_names_is_refused_before_the_training(names):
    with pytest.raises(ModelError, match="class_names is|several classes|has 0 letters"):
        cnn.RunRecorder("mine", class_names=names)


def test_names_that_are_not_one_for_each_output_cost_a_warning_and_no_training(tmp_path):
    recorder = cnn.RunRecorder(tmp_path / "two", class_names=["a", "b"])
    with pytest.warns(UserWarning, match="without names: 2 names came: expected 3, one a class"):
        fit(network(), recorder, epochs=1)
    assert cnn.class_names(cnn.load_model(recorder.run.model_path)) == ("0", "1", "2")
    other = cnn.RunRecorder(tmp_path / "digits", data="mnist")
    fit(network(), other, epochs=1)
    assert cnn.models.card_of(cnn.load_model(other.run.model_path)).class_names == ()


@pytest.mark.parametrize("name", ["runs/.hidden", "a b", "", "a\0", "a\0/b"])
def test_a_name_that_no_run_can_have_is_refused_before_the_training(name):
    with pytest.raises(RunError, match="No run can be called"):
        cnn.RunRecorder(name)


def test_what_cannot_be_written_costs_a_warning_and_no_training(tmp_path):
    (tmp_path / "file").touch()
    recorder = cnn.RunRecorder(tmp_path / "file" / "mine")
    with pytest.warns(UserWarning, match="recorded no longer .* could not be written"):
        history = fit(network(), recorder, epochs=1)
    assert (len(history.history["loss"]), recorder.run) == (1, None)


def test_of_a_model_without_a_graph_the_curves_are_recorded(tmp_path):
    class Free(keras.Model):
        def __init__(self):
            super().__init__()
            self.inside = network()

        def call(self, x):
            return self.inside(x)

    recorder = cnn.RunRecorder(tmp_path / "free")
    with pytest.warns(UserWarning, match="Only the curves .* has no graph of layers") as warned:
        fit(Free(), recorder, epochs=1, metrics=("sparse_categorical_accuracy",))
    run = recorder.run
    assert (len(warned), run.status.state, run.moments, run.damaged) == (1, "finished", (), "")
    assert run.history["accuracy"].notna().all()


class Twice(keras.layers.Layer):
    """A layer that no server knows."""

    def call(self, x):
        return 2 * x


def test_of_a_network_with_layers_of_ones_own_it_is_said_what_a_dashboard_shows(tmp_path):
    own = keras.Sequential(
        [keras.Input((4, 4, 1)), Twice(), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    with pytest.warns(UserWarning, match=r"classes of your own \(Twice\)") as warned:
        own.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        own.fit(
            np.zeros((8, 4, 4, 1)), np.zeros(8), verbose=0,
            callbacks=[recorder := cnn.RunRecorder(tmp_path / "own")],
        )  # fmt: skip
    assert sum("classes of your own" in str(one.message) for one in warned) == 1
    assert recorder.run.status.state == "finished"
    assert recorder.run.moments


class Odd(keras.Model):
    """One whose own step of training tells a loss under another name."""

    def train_step(self, data):
        return {"my_loss": super().train_step(data)["loss"]}


def test_a_loss_under_another_name_is_drawn_and_named(tmp_path):
    inner, recorder = network(), cnn.RunRecorder(tmp_path / "odd")
    fit(Odd(inner.inputs, inner.outputs), recorder, metrics=())
    run = recorder.run
    assert run.history["loss"].notna().all()
    assert run.recorded.settings["loss drawn"] == "my_loss"


def test_several_steps_an_execution_end_with_the_epoch(tmp_path):
    model, recorder = network(), cnn.RunRecorder(tmp_path / "several")
    x, y = pictures()
    model.compile("sgd", "sparse_categorical_crossentropy", steps_per_execution=3)
    model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, callbacks=[recorder])
    run = recorder.run
    assert run.batches["batch"].tolist() == [3, 5]
    assert (run.status.batch, run.status.batches) == (5, 5)
    assert run.moments == (Moment(0), Moment(0, 3), Moment(1))


def test_a_fit_that_is_interrupted_is_told_from_one_that_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    recorder = cnn.RunRecorder(tmp_path / "broken")
    states = []

    def interrupt(epoch, logs):
        states.append(recorder.run.status.state)
        if epoch:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(network(), recorder, keras.callbacks.LambdaCallback(on_epoch_end=interrupt))
    recorder._writer._hold._thread.join()
    status = recorder.run.status
    assert (states, status.state) == (["running", "running"], "interrupted")
    assert "by an error or an interrupt" in status.message
    assert recorder.run.moments[-1] == Moment(2)


def test_cancelling_the_run_stops_the_fit(tmp_path):
    recorder = cnn.RunRecorder(tmp_path / "cancelled")
    cancel = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: (
            recorder.run.ask_to_cancel() if batch == 2 else None
        )
    )
    history = fit(network(), cancel, recorder, epochs=5)
    assert (recorder.run.status.state, len(history.history["loss"])) == ("cancelled", 1)
    assert recorder.run.batches["batch"].max() == 3


def test_a_run_that_is_deleted_costs_a_warning_and_no_training(tmp_path):
    recorder = cnn.RunRecorder(tmp_path / "gone")
    delete = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: recorder.run.delete()
    )
    with pytest.warns(UserWarning, match="was deleted"):
        history = fit(network(), delete, recorder, epochs=1)
    assert len(history.history["loss"]) == 1
