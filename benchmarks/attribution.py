"""How long each method of attribution takes, beside the passes that it cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import cnn
from benchmarks.row import Row, milliseconds
from cnn.attribution.methods import METHODS

_SAMPLES = 64
# A patch of 4 pixels on a picture of 28×28.
_POSITIONS = 25 * 25
_CLASS = 7


def attribution() -> list[Row]:
    """Every method of one digit, against bare passes of as many pictures as it computes."""
    model = cnn.load_model()
    digits = cnn.load_dataset("digits")
    picture = digits.sample(label=_CLASS, seed=0).pixels
    baselines = np.stack([digits[place].pixels for place in range(_SAMPLES)])
    batch = cnn.prepare(picture, model)
    forward, both = _bare(model)
    once = milliseconds(lambda: both(batch))
    samples = np.repeat(batch, _SAMPLES, axis=0)
    of_samples = milliseconds(lambda: both(samples), times=20, warm_up=3)
    positions = np.repeat(batch, _POSITIONS, axis=0)
    of_positions = milliseconds(lambda: forward(positions), times=10, warm_up=2)
    yardsticks = {"occlusion": (f"forward, a batch of {_POSITIONS}", of_positions)}
    rows = []
    for name, method in METHODS.items():
        options = {"baselines": baselines} if "baselines" in method.options else {}
        work = _attributing(model, picture, name, options)
        if not method.is_slow:
            ours = milliseconds(work)
            rows.append(_row(method.name, ours, "forward and backward, one picture", once, "≤ 3"))
            continue
        ours = milliseconds(work, times=10, warm_up=2)
        default = f"forward and backward, a batch of {_SAMPLES}", of_samples
        rows.append(_row(method.name, ours, *yardsticks.get(name, default), "≤ 1.3"))
    return rows


def _attributing(
    model: Any, picture: NDArray[np.uint8], method: str, options: dict[str, Any]
) -> Callable[[], object]:
    return lambda: cnn.attribute(model, picture, method=method, target=_CLASS, **options)


def _row(what: str, figure: float, yardstick: str, its_figure: float, ratio: str) -> Row:
    return Row(f"{what} of one digit", figure, "ms", yardstick, its_figure, f"ratio {ratio}")


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
