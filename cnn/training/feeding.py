"""The pictures of a training, batch after batch, the same ones from any step on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnn.data.datasets import Dataset
from cnn.data.sizing import Sized, require_room, size_to_train
from cnn.errors import RunError
from cnn.runs.configuration import TrainingConfig
from cnn.training.augmentation import augment
from cnn.training.handwriting import flagged_ones

if TYPE_CHECKING:
    import tensorflow as tf

PIXEL_SCALE = 1 / 255
VALIDATION_SHARE = 12
DIGIT_NAMES = tuple("0123456789")
DIGIT_SHAPE = (28, 28, 1)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures uint8 (n, height, width, channels) and their classes (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def scaled(self) -> NDArray[np.float32]:
        """The pictures as the network takes them, 0 to 1."""
        return self.images.astype(np.float32) * np.float32(PIXEL_SCALE)


def require_trainable(data: Dataset, config: TrainingConfig) -> Sized:
    """Return the size in which the pictures are trained on; `CnnError` where that cannot be done.

    So it is for pictures without labels, for too few and too large ones, for drawn ones that do not go
    with them, and for a network that such pictures do not go through, or that is too large.
    """
    data.require_labels("training")
    _require_enough(data)
    sized = size_to_train(data, config.size)
    shape = (*sized.size, data.first().shape[2])
    require_room(data, shape)
    if config.flagged_ones:
        _require_digits(data, shape, config)
    config.architecture.check(shape, len(data.class_names))
    return sized


def split(data: Dataset, config: TrainingConfig) -> tuple[Pictures, Pictures]:
    """Return the pictures to train on, with what the config does to them, and to validate with.

    Raises `RunError` if there are too few for both.
    """
    _require_enough(data)
    random = np.random.default_rng(config.seed)
    held, kept = np.split(random.permutation(len(data)), [len(data) // VALIDATION_SHARE])
    kept = kept[: max(1, round(config.share * len(kept)))]
    training = _with_flagged_ones(Pictures(data.images[kept], data.labels[kept]), data, config)
    if config.order == "by_class":
        in_order = np.argsort(training.labels, kind="stable")
        training = Pictures(training.images[in_order], training.labels[in_order])
    labels = _mislabelled(training.labels, len(data.class_names), config, random)
    return Pictures(training.images, labels), Pictures(data.images[held], data.labels[held])


def _require_enough(data: Dataset) -> None:
    if len(data) < VALIDATION_SHARE:
        raise RunError(
            f"{data.name} has {len(data)} pictures to train on: give at least {VALIDATION_SHARE}, "
            "since every twelfth is held out to validate with."
        )


def _require_digits(data: Dataset, shape: tuple[int, ...], config: TrainingConfig) -> None:
    if data.class_names != DIGIT_NAMES or shape != DIGIT_SHAPE:
        raise RunError(
            f"{config.flagged_ones:,} drawn ones were asked for with {data.name}: they go with "
            "28×28 pictures of the digits 0 to 9. Choose such data, or no drawn ones."
        )


def _with_flagged_ones(pictures: Pictures, data: Dataset, config: TrainingConfig) -> Pictures:
    """Return the pictures with the drawn ones that the config adds; `RunError` if they do not fit."""
    if not config.flagged_ones:
        return pictures
    _require_digits(data, data.images.shape[1:], config)
    drawn = flagged_ones(config.flagged_ones, seed=config.seed)
    ones = np.full(len(drawn), data.class_names.index("1"))
    return Pictures(
        np.concatenate([pictures.images, drawn]), np.concatenate([pictures.labels, ones])
    )


def _mislabelled(
    labels: NDArray[np.int64], classes: int, config: TrainingConfig, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return the labels with the config's share of them replaced by another class each."""
    wrong = random.permutation(len(labels))[: round(config.wrong_labels * len(labels))]
    changed = labels.copy()
    changed[wrong] = (labels[wrong] + random.integers(1, classes, len(wrong))) % classes
    return changed


def steps_per_epoch(pictures: Pictures, config: TrainingConfig) -> int:
    """Return how many batches an epoch has."""
    return -(-len(pictures) // config.batch_size)


def batches(
    pictures: Pictures, config: TrainingConfig, first_epoch: int, devices: int = 1
) -> tf.data.Dataset:
    """Return batches of (pictures 0..1, classes) from the start of `first_epoch`, 0 being the first.

    A batch depends on the seed and on its place only, so that a resumed training sees what it
    would have seen. One that does not divide evenly among the devices is filled up from the first
    pictures of its epoch.
    """
    import tensorflow as tf

    steps, size, count = steps_per_epoch(pictures, config), config.batch_size, len(pictures)
    images, labels = tf.constant(pictures.images), tf.constant(pictures.labels)

    def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        epoch, first = step // steps, (step % steps) * size
        last = tf.minimum(first + size, count)
        places = tf.range(first, last + (first - last) % devices) % count
        if config.order == "shuffled" and count > 1:
            seed = tf.stack([config.seed, tf.cast(epoch, tf.int32)])
            places = tf.random.experimental.index_shuffle(places, seed, count - 1)
        chosen = tf.cast(tf.gather(images, places), tf.float32) * PIXEL_SCALE
        if config.augment:
            chosen = augment(chosen, tf.stack([config.seed, tf.cast(step, tf.int32)]))
        return chosen, tf.gather(labels, places)

    wanted = tf.data.Dataset.range(first_epoch * steps, config.epochs * steps)
    return wanted.map(batch, num_parallel_calls=2).prefetch(4)
