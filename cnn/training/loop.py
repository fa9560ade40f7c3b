"""Train a classifier and write down everything that happens, as a run."""

from __future__ import annotations

import math
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from cnn import runs
from cnn.data.datasets import DIGITS, MNIST, Dataset, load_dataset
from cnn.data.sizing import size_to_train
from cnn.errors import RunError
from cnn.files import replacing
from cnn.models.building import build_classifier
from cnn.models.card import Card, card_path, read_card
from cnn.models.inputs import input_shape
from cnn.models.loading import as_functional, load_model, save_model
from cnn.runs import configuration, heartbeat
from cnn.runs.configuration import TrainingConfig
from cnn.runs.moments import Moment, within_first_epoch
from cnn.runs.run import Run, Status
from cnn.training import feeding, resuming
from cnn.training.feeding import PIXEL_SCALE, Pictures
from cnn.training.norms import GRADIENT
from cnn.training.recording import Event, OnEvent, Recorder

if TYPE_CHECKING:
    import keras

# Whoever asks whether the run is held, holds it for a moment.
_PATIENCE_SECONDS = 1.0
_CHUNK = 512


def train(
    config: TrainingConfig,
    *,
    into: Path | None = None,
    data_dir: Path | None = None,
    on_event: OnEvent = lambda _: None,
) -> Run:
    """Train what `config` asks for and return the run, whose `status` says how it ended.

    The run's folder is `into`, or a new one below `runs/` here; `RunError` if it holds a run.
    `on_event` is called with every `Event`, in this thread. With the same seed on the same machine
    the result is the same to about a thousandth, and to every bit if the config is deterministic.
    """
    place = into or Path("runs")
    run = runs.create(place.parent, config, place.name) if into else runs.create(place, config)
    work_on(run, data_dir=data_dir, on_event=on_event)
    return run


def work_on(
    run: Run, *, data_dir: Path | None = None, on_event: OnEvent = lambda _: None
) -> Status:
    """Train a run from where it is, and return the last status.

    A file named `cancel` in the folder ends the training after the current batch. A failure is
    kept as the run's status, with its reason; `RunError` is raised if there is no such run (any
    more), or another process works on it.
    """
    if not run.exists:
        raise RunError(f"There is no run {run.id}: it was deleted, or never made.")
    recorder = Recorder(run, on_event)
    try:
        with run.hold().acquire(timeout=_PATIENCE_SECONDS):
            run.take_up()
            with heartbeat.beating(run.heartbeat_path), recorder.failures_kept():
                _train(run, recorder, data_dir)
            return recorder.status
    except Timeout as error:
        raise RunError(f"The run {run.id} is being trained by another process.") from error


def _train(run: Run, recorder: Recorder, data_dir: Path | None) -> None:
    config = run.config
    recorder.update(message="Reading the data.")
    data = load_dataset(config.dataset, "train", data_dir=data_dir)
    data.require_labels("training")
    data = data.decoded(_size(run, data))
    # What the model is scored on at the end is to be there before hours of training.
    load_dataset(config.dataset, "test", data_dir=data_dir)
    training, validation = feeding.split(data, config)
    batches = feeding.steps_per_epoch(training, config)
    if config.deterministic:
        _use_deterministic_operations()
    strategy = _strategy()
    with strategy.scope():
        model = _compiled(config, data, batches)
        done = resuming.bring_back(run, model)
    recorder.go_on_after(done)
    on_one_device = as_functional(model)
    if not done:
        recorder.require_run()
        card = Card(class_names=data.class_names, scale=PIXEL_SCALE)
        save_model(on_one_device, run.initial_path, card=card)
        recorder.weights(Moment(0), model.get_weights())
    recorder.update(batches=batches, epoch=done, batch=0, message="")
    progress = _progress(recorder, on_one_device, training, validation, data.class_names)
    if not _had_enough(recorder.history, config):
        model.fit(
            feeding.batches(training, config, done, strategy.num_replicas_in_sync),
            initial_epoch=done,
            epochs=config.epochs,
            steps_per_epoch=batches,
            shuffle=False,
            verbose=0,
            callbacks=[progress],
        )
    if run.is_cancelled:
        recorder.update(state="cancelled", seconds_left=None, message="Cancelled.")
        return
    _finish(run, recorder, on_one_device, data_dir, _counts(training, validation, data, config))


def _size(run: Run, data: Dataset) -> tuple[int, int]:
    """Return the (height, width) in which the pictures are trained on: in a resumed run as before."""
    if run.resume_path.is_file() and run.has_whole("initial.keras"):
        height, width, _ = input_shape(load_model(run.initial_path))
        if height and width:
            return height, width
    return size_to_train(data, run.config.size).size


def _use_deterministic_operations() -> None:
    """Let this process use only operations that always give the same result."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


def _strategy() -> Any:
    """Return how TensorFlow shares the work: each batch among all GPUs, where there are several."""
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    if len(gpus) > 1:
        return tf.distribute.MirroredStrategy([gpu.name for gpu in gpus])
    return tf.distribute.get_strategy()


def _compiled(config: TrainingConfig, data: Dataset, batches: int) -> keras.Model:
    """Return the untrained network, whose every step tells the norm of each layer's gradient."""
    import keras
    import tensorflow as tf

    class Watched(keras.Model):
        def train_step(self, batch: Any) -> dict[str, Any]:
            pictures, labels = batch
            with tf.GradientTape() as tape:
                given = self(pictures, training=True)
                loss = self.compute_loss(x=pictures, y=labels, y_pred=given)
                scaled = self.optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, self.trainable_weights)
            rate = tf.convert_to_tensor(self.optimizer.learning_rate)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
            whole = tf.distribute.get_replica_context().all_reduce("SUM", gradients)
            devices = tf.distribute.get_strategy().num_replicas_in_sync
            right = keras.ops.equal(
                keras.ops.argmax(given, axis=-1), keras.ops.cast(labels, "int64")
            )
            metrics = {
                "learning_rate": rate,
                "loss": loss * devices,
                "accuracy": keras.ops.mean(keras.ops.cast(right, "float32")),
                **_gradient_norms(self.trainable_weights, whole),
            }
            self.names = tuple(metrics)
            # One tensor: each that leaves TensorFlow takes time from the next step.
            return {"metrics": tf.stack(list(metrics.values()))}

    shape, classes = data.images.shape[1:], len(data.class_names)
    plain = build_classifier(shape, classes, architecture=config.architecture, seed=config.seed)
    model = Watched(plain.inputs, plain.outputs, name=plain.name)
    model.compile(
        optimizer=configuration.optimizer(config, batches), loss="sparse_categorical_crossentropy"
    )
    return model


def _gradient_norms(weights: list[Any], gradients: list[Any]) -> dict[str, Any]:
    """Return the Euclidean norm of the gradient by each layer's weights."""
    import keras

    squares: dict[str, list[Any]] = {}
    for weight, gradient in zip(weights, gradients, strict=True):
        layer = weight.path.rpartition("/")[0]
        squares.setdefault(layer, []).append(keras.ops.sum(keras.ops.square(gradient)))
    return {f"{GRADIENT}{layer}": keras.ops.sqrt(sum(of)) for layer, of in squares.items()}


def _had_enough(history: list[dict[str, float]], config: TrainingConfig) -> bool:
    """Whether the validation loss was not the lowest for as many epochs as the config waits."""
    losses = [row["val_loss"] for row in history]
    if not config.patience or not losses:
        return False
    return len(losses) - 1 - int(np.argmin(losses)) >= config.patience


def _progress(
    recorder: Recorder,
    scored: keras.Model,
    training: Pictures,
    validation: Pictures,
    class_names: tuple[str, ...],
) -> keras.callbacks.Callback:
    import keras

    run, config = recorder.run, recorder.run.config
    batches = feeding.steps_per_epoch(training, config)
    kept = within_first_epoch(batches)

    class Progress(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            self.began = time.monotonic()
            self.done = 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.number = epoch + 1
            self.seen = 0
            self.loss = self.accuracy = 0.0
            self.last = time.monotonic()
            self.epoch_began = self.last

        def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
            step, values = batch + 1, np.asarray(logs["metrics"]).tolist()
            metrics = dict(zip(self.model.names, values, strict=True))
            if not math.isfinite(metrics["loss"]):
                raise RunError(_no_number("The loss", config, self.number, step))
            self.done += 1
            now = time.monotonic()
            size = min(config.batch_size, len(training) - batch * config.batch_size)
            self.seen += size
            self.loss += (metrics["loss"] - self.loss) * size / self.seen
            self.accuracy += (metrics["accuracy"] - self.accuracy) * size / self.seen
            self.learning_rate = metrics["learning_rate"]
            rate = (now - self.began) / self.done
            left = config.epochs * batches - (self.number - 1) * batches - step
            row = {
                "epoch": self.number,
                "batch": step,
                "loss": metrics["loss"],
                "accuracy": metrics["accuracy"],
                "learning_rate": self.learning_rate,
                "pictures_per_second": round(size / max(now - self.last, 1e-6)),
            }
            self.last = now
            norms = {name: value for name, value in metrics.items() if name.startswith(GRADIENT)}
            recorder.batch(
                {**row, **norms}, epoch=self.number, batch=step, loss=self.loss,
                accuracy=self.accuracy, seconds_left=rate * left,
            )  # fmt: skip
            if self.number == 1 and step in kept:
                self.keep(Moment(0, step), step)
            if run.is_cancelled:
                self.model.stop_training = True

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            if run.is_cancelled:
                return
            seconds = time.monotonic() - self.epoch_began
            self.keep(Moment(self.number), batches)
            score = _score(scored, validation, len(class_names))
            if not math.isfinite(score[0]):
                raise RunError(_no_number("The validation loss", config, self.number, batches))
            row = {
                "epoch": epoch + 1,
                "loss": self.loss,
                "accuracy": self.accuracy,
                "val_loss": score[0],
                "val_accuracy": score[1],
                "learning_rate": self.learning_rate,
                "seconds": round(seconds, 2),
            }
            recorder.epoch(row, dict(zip(class_names, score[2], strict=True)))
            recorder.resume_point(self.model, epoch + 1)
            if _had_enough(recorder.history, config):
                self.model.stop_training = True

        def keep(self, moment: Moment, step: int) -> None:
            weights = self.model.get_weights()
            if not all(np.isfinite(values).all() for values in weights):
                raise RunError(_no_number("A weight", config, self.number, step))
            recorder.weights(moment, weights)

    return Progress()


def _no_number(what: str, config: TrainingConfig, epoch: int, step: int) -> str:
    """Return what to say of something that is no number any more."""
    return (
        f"{what} was no number any more in epoch {epoch}, step {step}, with the learning rate "
        f"{config.learning_rate:g}, the optimiser {config.optimizer} and batches of "
        f"{config.batch_size}: the steps were too large. Train again with a learning rate ten "
        "times smaller."
    )


def _score(
    model: keras.Model, pictures: Pictures, classes: int
) -> tuple[float, float, list[float]]:
    """Return (mean cross-entropy, share of right answers, that share per class).

    The share of a class without a picture is NaN.
    """
    probabilities = _probabilities(model, pictures.scaled)
    right = probabilities.argmax(axis=-1) == pictures.labels
    chosen = probabilities[np.arange(len(pictures)), pictures.labels]
    loss = -np.log(np.clip(chosen, 1e-7, 1.0)).mean()
    per_class = [
        float(right[pictures.labels == label].mean())
        if (pictures.labels == label).any()
        else np.nan
        for label in range(classes)
    ]
    return float(loss), float(right.mean()), per_class


def _probabilities(model: keras.Model, scaled: NDArray[np.float32]) -> NDArray[np.float32]:
    starts = range(0, len(scaled), _CHUNK)
    return np.concatenate([model.predict_on_batch(scaled[i : i + _CHUNK]) for i in starts])


def _finish(
    run: Run, recorder: Recorder, model: keras.Model, data_dir: Path | None, counts: str
) -> None:
    """Score the model on the test split, write it with its card, and say so."""
    recorder.update(message="Scoring the model on the test data.")
    config = run.config
    test = load_dataset(config.dataset, "test", data_dir=data_dir)
    scores = {f"{test.name} test": accuracy(model, test)}
    if config.dataset == MNIST:
        scores |= {f"{DIGITS} {half}": _digits_accuracy(model, half) for half in ("train", "test")}
    card = Card(
        class_names=test.class_names,
        scale=PIXEL_SCALE,
        facts={
            "data": f"{test.name}: {counts}",
            "settings": {k: v for k, v in config.flat().items() if k != "save_to"},
            "scores": {name: round(score, 5) for name, score in scores.items()},
            "command": config.command(),
        },
    )
    recorder.require_run()
    save_model(model, run.model_path, card=card)
    if config.save_to:
        _save_too(model, run, Path(config.save_to))
    stopped = len(recorder.history) < config.epochs
    message = f"Ended early: the validation loss was lowest {config.patience} epochs before."
    recorder.update(
        state="finished", seconds_left=None, message=message if stopped else "",
        batch=recorder.status.batches,
    )  # fmt: skip
    resuming.forget(run)


def _counts(training: Pictures, validation: Pictures, data: Dataset, config: TrainingConfig) -> str:
    damaged = f", {data.damaged:,} more are damaged" if data.damaged else ""
    drawn = f", {config.flagged_ones:,} of them drawn ones" if config.flagged_ones else ""
    held = f"{len(validation):,} held out to validate{damaged}"
    return f"{len(training):,} pictures to fit on{drawn}, {held}"


def _digits_accuracy(model: keras.Model, half: str) -> float:
    return accuracy(model, load_dataset(DIGITS, half))


def _save_too(model: keras.Model, run: Run, path: Path) -> None:
    """Save the run's model at `path` as well: byte for byte where the format is the same."""
    if path.suffix != run.model_path.suffix:
        save_model(model, path, card=read_card(card_path(run.model_path)))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for source, target in ((card_path(run.model_path), card_path(path)), (run.model_path, path)):
        with replacing(target) as aside:
            shutil.copyfile(source, aside)


def accuracy(model: keras.Model, data: Dataset) -> float:
    """Return the share of `data` that the model, fed with pixels in 0..1, classifies rightly.

    The pictures are brought to its size; those that are damaged do not count.
    """
    data.require_labels("an accuracy")
    height, width, channels = input_shape(model)
    fitted = data.decoded((height, width) if height and width else None, channels)
    pictures = Pictures(fitted.images, fitted.labels)
    given = _probabilities(model, pictures.scaled)
    return float((given.argmax(axis=-1) == fitted.labels).mean())


__all__ = ["Event", "accuracy", "train", "work_on"]
