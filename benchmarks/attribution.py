"""How long each method of attribution takes, beside the passes that it cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import cnn
from benchmarks.row import Row, milliseconds_beside
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
    samples = np.repeat(batch, _SAMPLES, axis=0)
    positions = np.repeat(batch, _POSITIONS, axis=0)
    one = "forward and backward, one picture", lambda: both(batch), 200
    many = f"forward and backward, a batch of {_SAMPLES}", lambda: both(samples), 20
    covered = f"forward, a batch of {_POSITIONS}", lambda: forward(positions), 20
    rows = []
    for name, method in METHODS.items():
        options = {"baselines": baselines} if "baselines" in method.options else {}
        work = _attributing(model, picture, name, options)
        of_many = covered if name == "occlusion" else many
        what, bare, times = of_many if method.is_slow else one
        figures = milliseconds_beside(work, bare, times=times, warm_up=3)
        most = "1.3" if method.is_slow else "3"
        rows.append(_row(method.name, figures, what, f"≤ {most}"))
    return rows


def _attributing(
    model: Any, picture: NDArray[np.uint8], method: str, options: dict[str, Any]
) -> Callable[[], object]:
    return lambda: cnn.attribute(model, picture, method=method, target=_CLASS, **options)


def _row(what: str, figures: tuple[float, float], yardstick: str, ratio: str) -> Row:
    ours, its = figures
    return Row(f"{what} of one digit", ours, "ms", yardstick, its, f"ratio {ratio}")


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
