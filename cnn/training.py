"""Train a classifier and write down everything that happens, as a run."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import Timeout

from cnn.augmentation import augment
from cnn.datasets import DIGITS, MNIST, Dataset, load_dataset
from cnn.errors import CnnError, RunError
from cnn.files import replacing
from cnn.models import (
    Card,
    as_functional,
    build_classifier,
    card_path,
    read_card,
    save_model,
)
from cnn.runs import Run, Status, TrainingConfig

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

_VALIDATION_SHARE = 12
_STATUS_SECONDS = 0.25
# Whoever asks whether the run is held, holds it for a moment.
_PATIENCE_SECONDS = 1.0
PIXEL_SCALE = 1 / 255


def train(
    run: Run,
    *,
    data_dir: Path | None = None,
    on_status: Callable[[Status], None] = lambda _: None,
) -> Status:
    """Train what `run.config` asks for, into the run's folder, and return the last status.

    `on_status` is called with every status that is written, at most four times a second. A file
    named `cancel` in the folder ends the training after the current batch. A failure is kept as
    the run's status, with its reason; `RunError` is raised if another process works on the run.
    """
    recorder = _Recorder(run, on_status)
    try:
        with run.hold().acquire(timeout=_PATIENCE_SECONDS):
            with _failures_recorded(recorder):
                _train(run, recorder, data_dir)
            return recorder.status
    except Timeout as error:
        raise RunError(f"The run {run.id} is being trained by another process.") from error


class _Recorder:
    """Writes what happens during a run into its folder, seldom enough not to slow it."""

    def __init__(self, run: Run, on_status: Callable[[Status], None]) -> None:
        self.run = run
        self.status = Status("running")
        self._on_status = on_status
        self._rows: list[dict[str, float]] = []
        self._batches: list[str] = []
        self._written = 0.0

    def write(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        self._written = time.monotonic()
        self.run.write_status(self.status)
        self._on_status(self.status)

    def batch(self, loss: float, accuracy: float, **changes: Any) -> None:
        at = f"{changes['epoch']},{changes['batch']}"
        self._batches.append(f"{at},{loss:.6f},{accuracy:.6f}\n")
        if time.monotonic() - self._written > _STATUS_SECONDS:
            self.write(loss=loss, accuracy=accuracy, **changes)
            self.flush_batches()

    def flush_batches(self) -> None:
        path = self.run.path / "batches.csv"
        header = "" if path.exists() else "epoch,batch,loss,accuracy\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(header + "".join(self._batches))
        self._batches.clear()

    def epoch(self, row: dict[str, float], weights: list[Any]) -> None:
        self._rows.append(row)
        self.run.write_weights(int(row["epoch"]), weights)
        self.run.write_history(self._rows)
        self.flush_batches()
        self.write(epoch=int(row["epoch"]), loss=row["loss"], accuracy=row["accuracy"])


@contextmanager
def _failures_recorded(recorder: _Recorder) -> Iterator[None]:
    try:
        yield
    except CnnError as error:
        recorder.write(state="failed", message=str(error))
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        recorder.write(state="failed", message=f"{type(error).__name__}: {first}")
        raise


def _train(run: Run, recorder: _Recorder, data_dir: Path | None) -> None:
    config = run.config
    recorder.write(message="Reading the data.")
    data = load_dataset(config.dataset, "train", data_dir=data_dir)
    fit_data, validation = _hold_out(data, config.seed)
    model = build_classifier(data.images.shape[1:], len(data.class_names), seed=config.seed)
    batches = -(-len(fit_data[1]) // config.batch_size)
    _compile(model, config, batches)
    run.write_weights(0, model.get_weights())
    recorder.write(batches=batches, message="")
    model.fit(
        _batches(*fit_data, config),
        epochs=config.epochs,
        validation_data=validation,
        validation_batch_size=512,
        shuffle=False,
        verbose=0,
        callbacks=[_progress(recorder, config, batches)],
    )
    if run.is_cancelled:
        recorder.write(state="cancelled", seconds_left=None, message="Cancelled.")
        return
    _finish(run, recorder, model, data_dir)


def _hold_out(data: Dataset, seed: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return (images uint8, labels) to fit on and (images 0..1, labels) to validate with."""
    order = np.random.default_rng(seed).permutation(len(data))
    held, kept = np.split(order, [len(data) // _VALIDATION_SHARE])
    scaled = data.images[held].astype(np.float32) * np.float32(PIXEL_SCALE)
    return (data.images[kept], data.labels[kept]), (scaled, data.labels[held])


def _compile(model: keras.Model, config: TrainingConfig, batches: int) -> None:
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.epochs * batches)
    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _batches(images: Any, labels: Any, config: TrainingConfig) -> tf.data.Dataset:
    """Return shuffled batches of (images 0..1, labels), varied anew each epoch if asked."""
    import tensorflow as tf

    pairs = tf.data.Dataset.from_tensor_slices((images, labels))
    pairs = pairs.shuffle(len(labels), seed=config.seed).batch(config.batch_size)
    pairs = pairs.map(lambda x, y: (tf.cast(x, tf.float32) * PIXEL_SCALE, y))
    if config.augment:
        seeds = tf.data.Dataset.random(config.seed, rerandomize_each_iteration=True).batch(2)
        seeded = tf.data.Dataset.zip((pairs, seeds))
        pairs = seeded.map(
            lambda pair, seed: (augment(pair[0], tf.cast(seed, tf.int32)), pair[1]),
            num_parallel_calls=2,
        )
    return pairs.prefetch(4)


def _progress(
    recorder: _Recorder, config: TrainingConfig, batches: int
) -> keras.callbacks.Callback:
    import keras

    class Progress(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            self.began = time.monotonic()
            self.done = 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.number = epoch + 1
            self.epoch_began = time.monotonic()

        def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
            self.done += 1
            rate = (time.monotonic() - self.began) / self.done
            recorder.batch(
                logs["loss"],
                logs["accuracy"],
                epoch=self.number,
                batch=batch + 1,
                seconds_left=rate * (config.epochs * batches - self.done),
            )
            if recorder.run.is_cancelled:
                self.model.stop_training = True

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            if recorder.run.is_cancelled:
                return
            seconds = time.monotonic() - self.epoch_began
            row = {"epoch": epoch + 1, **logs, "seconds": round(seconds, 2)}
            recorder.epoch(row, self.model.get_weights())

    return Progress()


def _finish(run: Run, recorder: _Recorder, model: keras.Model, data_dir: Path | None) -> None:
    """Score the model on the test split, write it with its card, and say so."""
    recorder.write(message="Scoring the model on the test data.")
    config = run.config
    test = load_dataset(config.dataset, "test", data_dir=data_dir)
    scores = {f"{test.name} test": accuracy(model, test)}
    if config.dataset == MNIST:
        scores |= {f"{DIGITS} {half}": _digits_accuracy(model, half) for half in ("train", "test")}
    card = Card(
        class_names=test.class_names,
        scale=PIXEL_SCALE,
        facts={
            "data": f"{test.name}: {_counts(config, data_dir)}",
            "settings": {k: v for k, v in asdict(config).items() if k != "save_to"},
            "scores": {name: round(score, 5) for name, score in scores.items()},
            "command": command(config),
        },
    )
    without_optimizer = as_functional(model)
    save_model(without_optimizer, run.model_path, card=card)
    if config.save_to:
        _save_too(without_optimizer, run, Path(config.save_to))
    recorder.write(state="finished", seconds_left=None, message="", batch=recorder.status.batches)


def command(config: TrainingConfig) -> str:
    """Return the command line that trains the same thing."""
    augment_flag = "--augment" if config.augment else "--no-augment"
    return (
        f"cnn-dashboard train --dataset {config.dataset} --epochs {config.epochs} --batch-size "
        f"{config.batch_size} --learning-rate {config.learning_rate:g} {augment_flag} "
        f"--seed {config.seed}"
    )


def _counts(config: TrainingConfig, data_dir: Path | None) -> str:
    total = len(load_dataset(config.dataset, "train", data_dir=data_dir))
    held = total // _VALIDATION_SHARE
    return f"{total - held:,} pictures to fit on, {held:,} held out to validate"


def _digits_accuracy(model: keras.Model, half: str) -> float:
    return accuracy(model, load_dataset(DIGITS, half))


def _save_too(model: keras.Model, run: Run, path: Path) -> None:
    """Save the run's model at `path` as well: byte for byte where the format is the same."""
    if path.suffix != run.model_path.suffix:
        save_model(model, path, card=read_card(card_path(run.model_path)))
        return
    for source, target in ((card_path(run.model_path), card_path(path)), (run.model_path, path)):
        with replacing(target) as aside:
            shutil.copyfile(source, aside)


def accuracy(model: keras.Model, data: Dataset) -> float:
    """Return the share of `data` that the model, fed with pixels in 0..1, classifies rightly."""
    right = 0
    for start in range(0, len(data), 500):
        pixels = data.images[start : start + 500].astype(np.float32) * np.float32(PIXEL_SCALE)
        predicted = model.predict_on_batch(pixels).argmax(axis=-1)
        right += int((predicted == data.labels[start : start + 500]).sum())
    return right / len(data)
