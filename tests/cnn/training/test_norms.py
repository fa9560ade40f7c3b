"""Norms of gradients in a training by somebody else's `model.fit`."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import cnn
from cnn.figures.curves import Course
from cnn.runs import heartbeat
from cnn.training import pace
from cnn.training.loop import _gradient_norms

BATCH, STEPS = 8, 5
HOW = [{"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}]


@pytest.fixture(autouse=True)
def every_step(monkeypatch):
    """Norms are due in every step."""
    monkeypatch.setattr(pace, "_LEAST_SECONDS", 0)
    monkeypatch.setattr(pace, "_MOST_SECONDS", 0)


def pictures():
    random = np.random.default_rng(0)
    count = BATCH * STEPS
    return random.random((count, 8, 8, 1), np.float32), random.integers(0, 3, count)


def network(kind=keras.Model, **how):
    keras.utils.set_random_seed(0)
    picture = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, activation="relu", name="conv")(picture)
    x = layers.Flatten(name="row")(layers.MaxPooling2D(name="pool")(x))
    model = kind(picture, layers.Dense(3, activation="softmax", name="classes")(x))
    model.compile("adam", "sparse_categorical_crossentropy", **how)
    return model


def fit(model, *callbacks):
    x, y = pictures()
    model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False, callbacks=callbacks)
    return model


def of_run(run):
    return run.batches.filter(regex="^gradient ")


def expected(model):
    """The norms of the same steps, computed as the project's own training does."""
    known, (x, y) = [], pictures()
    for start in range(0, len(x), BATCH):
        some = slice(start, start + BATCH)
        with tf.GradientTape() as tape:
            loss = model.compute_loss(y=y[some], y_pred=model(x[some], training=True))
        gradients = tape.gradient(loss, model.trainable_weights)
        known.append(
            {n: float(v) for n, v in _gradient_norms(model.trainable_weights, gradients).items()}
        )
        model.optimizer.apply(gradients, model.trainable_weights)
    return known


@pytest.mark.parametrize("how", HOW)
def test_they_are_those_of_the_projects_own_training(tmp_path, how):
    recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
    fit(network(**how), recorder)
    told, known = of_run(recorder.run), expected(network())
    assert list(told) == ["gradient conv", "gradient classes"] == list(known[0])
    wanted = [list(row.values()) for row in known]
    np.testing.assert_allclose(told.to_numpy(), wanted, rtol=1e-4)


@pytest.mark.parametrize("how", HOW)
def test_the_training_is_the_same_to_the_last_bit(tmp_path, how):
    bare = fit(network(**how)).get_weights()
    recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
    watched = fit(network(**how), recorder).get_weights()
    for one, other in zip(bare, watched, strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_of_it_stays_with_the_model(tmp_path):
    model = network(jit_compile=False)
    fit(model)
    step, apply = model.train_function, model.optimizer.apply
    recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
    fit(model, recorder)
    assert of_run(recorder.run).notna().all(axis=None)
    assert (model.train_function, model.optimizer.apply) == (step, apply)
    assert "apply" not in vars(model.optimizer)


def test_nothing_of_it_stays_where_the_training_ends_with_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    model, recorder = network(run_eagerly=True), cnn.RunRecorder(tmp_path / "mine", gradients=True)

    def interrupt(batch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, recorder, keras.callbacks.LambdaCallback(on_train_batch_end=interrupt))
    recorder._writer._hold._thread.join()
    assert "apply" not in vars(model.optimizer)


def test_they_are_left_out_unless_they_are_asked_for(tmp_path):
    recorder = cnn.RunRecorder(tmp_path / "mine")
    fit(network(), recorder)
    assert list(of_run(recorder.run)) == []


class ByItself(keras.Model):
    """One whose own step changes the weights without the optimiser."""

    def train_step(self, data):
        weight = self.trainable_weights[-1]
        weight.assign(weight * 0.9)
        return {"loss": tf.reduce_sum(weight)}


@pytest.mark.parametrize("how", HOW[:2])
def test_a_step_that_hands_over_no_gradients_has_none(tmp_path, how):
    recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
    with pytest.warns(UserWarning, match="no step hands any to the model's optimiser"):
        fit(network(ByItself, **how), recorder)
    assert list(of_run(recorder.run)) == []
    assert (len(recorder.run.batches), recorder.run.status.state) == (STEPS, "finished")


class HalfByItself(keras.Model):
    """One whose own step trains the last layer alone."""

    def train_step(self, data):
        x, y = data
        weights = self.get_layer("classes").trainable_weights
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"loss": loss}


def test_a_layer_whose_gradient_is_not_handed_over_has_none(tmp_path):
    recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
    model = network(HalfByItself)
    model.optimizer.build(model.get_layer("classes").trainable_weights)
    fit(model, recorder)
    told = of_run(recorder.run)
    assert told["gradient conv"].isna().all()
    assert told["gradient classes"].notna().all()


def test_of_mixed_precision_they_are_without_the_scale_of_the_loss(tmp_path):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
        model = fit(network(jit_compile=False), recorder)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    first = of_run(recorder.run).iloc[0]
    np.testing.assert_allclose(first, list(expected(network())[0].values()), rtol=0.05)


def test_weights_of_one_name_have_no_norms_rather_than_wrong_ones(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3)])
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    for weight in model.trainable_weights:
        weight._path = "same"
    recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
    with pytest.warns(UserWarning, match="several weights of the model have the same name"):
        fit(model, recorder)
    assert list(of_run(recorder.run)) == []


def test_steps_in_which_they_were_not_read_leave_no_gap_in_the_figure(tmp_path, monkeypatch):
    recorder = cnn.RunRecorder(tmp_path / "mine", gradients=True)
    monkeypatch.setattr(pace.Pace, "is_due", property(lambda self: self._next < 0))
    fit(network(), recorder)
    batches = recorder.run.batches
    assert of_run(recorder.run).notna().sum().tolist() == [1, 1]
    course = Course("mine", recorder.run.history, batches, STEPS, running_means=True)
    figure = cnn.figures.gradients(course, title="Gradient")
    assert [len(trace.x) for trace in figure.data] == [1, 1]
