"""How long each method of attribution takes, beside the passes that it cannot do without."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import cnn
from benchmarks.row import Row, milliseconds, milliseconds_beside
from cnn.attribution.methods import METHODS
from cnn.attribution.occlusion import count_of_patches

_SAMPLES = 64
# A patch of 4 pixels on a picture of 28×28.
_POSITIONS = 25 * 25
_CLASS = 7
# Of a large network a batch has so few pictures, for there is not more memory.
_TOGETHER, _CLASSES, _REPEATS = 8, 10, 3
Bare = tuple[str, Callable[[], object], int]


def attribution() -> list[Row]:
    """Every method of one digit, against bare passes of as many pictures as it computes."""
    model = cnn.load_model()
    digits = cnn.load_dataset("digits")
    picture = digits.sample(label=_CLASS, seed=0).pixels
    baselines = np.stack([digits[place].pixels for place in range(_SAMPLES)])
    batch = cnn.prepare(picture, model)
    forward, both = _bare(model)
    samples = np.repeat(batch, _SAMPLES, axis=0)
    positions = np.repeat(batch, _POSITIONS, axis=0)
    one = "forward and backward, one picture", lambda: both(batch), 200
    many = f"forward and backward, a batch of {_SAMPLES}", lambda: both(samples), 100
    covered = f"forward, a batch of {_POSITIONS}", lambda: forward(positions), 40
    rows = []
    for name, method in METHODS.items():
        options = {"baselines": baselines} if "baselines" in method.options else {}
        work = _attributing(model, picture, name, options)
        of_many = covered if name == "occlusion" else many
        what, bare, times = of_many if method.is_slow else one
        figures = milliseconds_beside(work, bare, times=times, warm_up=3)
        most = "1.3" if method.is_slow else "3"
        rows.append(_row(f"{method.name} of one digit", figures, what, f"≤ {most}"))
    return [*rows, *_least_known(model, picture, digits, many, covered)]


def _least_known(
    model: keras.Model, picture: NDArray[np.uint8], digits: cnn.Dataset, many: Bare, covered: Bare
) -> list[Row]:
    """What methods take that are spared much of one digit: patches without ink, known baselines."""
    noise = np.random.default_rng(0).integers(1, 256, picture.shape, np.uint8)
    occlusion = _attributing(model, noise, "occlusion", {})
    starts = itertools.count(0, _SAMPLES)

    def with_others() -> object:
        first = next(starts) % (len(digits) - _SAMPLES)
        others = np.stack([digits[first + place].pixels for place in range(_SAMPLES)])
        return _attributing(model, picture, "expected_gradients", {"baselines": others})()

    rows = []
    for what, work, (yardstick, bare, times), ratio in (
        ("Occlusion of a picture of noise", occlusion, covered, "≤ 1.3"),
        ("Expected gradients, from other pictures each time", with_others, many, "none"),
    ):
        figures = milliseconds_beside(work, bare, times=times, warm_up=3)
        rows.append(_row(what, figures, yardstick, ratio))
    return rows


def resnet() -> list[Row]:
    """Every method of ResNet50 at 224×224, once, against bare passes of as many pictures in batches."""
    model = keras.applications.ResNet50(weights=None, classes=_CLASSES)
    random = np.random.default_rng(0)
    photo, *others = random.integers(0, 256, (1 + _SAMPLES, 224, 224, 3), np.uint8)
    batch = np.repeat(cnn.prepare(photo, model), _TOGETHER, axis=0)
    forward, both = _bare(model)
    covered = count_of_patches(224, 224, patch=0, stride=0)
    one = "forward and backward, one picture", lambda: both(batch[:1]), 1
    many = f"forward and backward, {_SAMPLES} pictures", lambda: both(batch), _SAMPLES // _TOGETHER
    patches = f"forward, {covered:,} pictures", lambda: forward(batch), covered / _TOGETHER
    rows = []
    for name, method in METHODS.items():
        options = {"baselines": others} if "baselines" in method.options else {}
        work = _attributing(model, photo, name, options)
        of_many = patches if name == "occlusion" else many
        yardstick, bare, times = of_many if method.is_slow else one
        repeats = 1 if method.is_slow else _REPEATS
        its = times * milliseconds(bare, times=_REPEATS, warm_up=1)
        ours = milliseconds(work, times=repeats, warm_up=0 if method.is_slow else 1)
        rows.append(_row(f"{method.name} of ResNet50", (ours, its), yardstick, "none"))
    return rows


def _attributing(
    model: Any, picture: NDArray[np.uint8], method: str, options: dict[str, Any]
) -> Callable[[], object]:
    return lambda: cnn.attribute(model, picture, method=method, target=_CLASS, **options)


def _row(what: str, figures: tuple[float, float], yardstick: str, ratio: str) -> Row:
    ours, its = figures
    budget = "-" if ratio == "none" else f"ratio {ratio}"
    return Row(what, ours, "ms", yardstick, its, budget)


def _bare(model: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return a bare compiled pass, and one with the gradient of a class; both give arrays."""
    forward = tf.function(lambda x: model(x, training=False)[:, _CLASS], autograph=False)

    def with_gradient(pictures: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            values = model(pictures, training=False)[:, _CLASS]
        return values, tape.gradient(values, pictures)

    one = tf.function(with_gradient, jit_compile=True, autograph=False)
    many = tf.function(with_gradient, autograph=False)

    def both(pictures: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        made = (one if len(pictures) == 1 else many)(tf.convert_to_tensor(pictures))
        return [tensor.numpy() for tensor in made]

    return lambda pictures: forward(tf.convert_to_tensor(pictures)).numpy(), both
