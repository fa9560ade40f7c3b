"""What every channel of every layer gives over a sample: statistics that run from batch to batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.batches import fed
from cnn.models import graph, heads
from cnn.models.compilation import compiled_once
from cnn.models.layers import LayerInfo, layer_infos
from cnn.models.orientation import channels_first, read
from cnn.models.rows import Given
from cnn.models.scales import Scale

if TYPE_CHECKING:
    import keras

Array = NDArray[np.float64]
_OBSERVED = "_cnn_observed"
# The ends of the range of a function: one that saturates hardly changes near them.
_ENDS = {
    "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "hardsigmoid": (0.0, 1.0),
    "hard_sigmoid_of_keras_2": (0.0, 1.0),
    "tanh": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0), "hardtanh": (-1.0, 1.0), "softsign": (-1.0, 1.0),
}  # fmt: skip
# Within this share of the range sigmoid and tanh have less than 4 % of their steepest slope.
NEAR_THE_END = 0.01


def unwatched(_done: int) -> None:
    """Tell nobody how many pictures are done."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """What a layer gave over a sample, per channel: float64 (channels,).

    `pictures` is how many there were. `change` is the largest difference of a cell from the same cell for
    the first picture; `flat` the share of numbers near an end of the range of the layer's function,
    zero where that has no ends.
    """

    pictures: float
    minimum: Array
    maximum: Array
    mean: Array
    variance: Array
    change: Array
    flat: Array

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Whether a channel was zero in every cell for every picture."""
        return np.asarray((self.minimum == 0) & (self.maximum == 0))

    @property
    def unchanging(self) -> NDArray[np.bool_]:
        """Whether a channel was the same for every picture, but for what float32 rounds."""
        size = np.maximum(np.abs(self.minimum), np.abs(self.maximum))
        return np.asarray(self.change <= 1e-6 * size)

    def joined(self, other: Statistics) -> Statistics:
        """Return the statistics over both samples (Chan, Golub and LeVeque 1983, equation 2.1)."""
        pictures = self.pictures + other.pictures
        share, apart = other.pictures / pictures, other.mean - self.mean
        return Statistics(
            pictures,
            np.minimum(self.minimum, other.minimum),
            np.maximum(self.maximum, other.maximum),
            self.mean + share * apart,
            (1 - share) * self.variance + share * other.variance + share * (1 - share) * apart**2,
            np.maximum(self.change, other.change),
            (1 - share) * self.flat + share * other.flat,
        )


@dataclass(frozen=True, eq=False)
class Observation:
    """The statistics of every layer by name, and what the network said: float32 (pictures, outputs)."""

    statistics: dict[str, Statistics]
    outputs: NDArray[np.float32]


def saturating(info: LayerInfo) -> str:
    """Return the function of a layer that has a range with ends; empty where it has none."""
    name = info.activation or info.kind.lower()
    return name if name in _ENDS else ""


def observe(
    model: keras.Model,
    pixels: NDArray[np.uint8],
    *,
    scale: Scale,
    batch: int,
    given: Given | None = None,
    on_batch: Callable[[int], None] = unwatched,
) -> Observation:
    """Return what every layer gives for pixels (n, height, width, channels), which are scaled.

    `given` is what further inputs get with each picture, as `batch_probabilities` takes it.
    One compiled pass per `batch` of pictures, of which all layers are looked at; what they give is not
    kept. After each pass `on_batch` is told how many pictures are done. Raises `ModelError` where it
    cannot be computed.
    """
    known: dict[str, Statistics] = {}
    outputs = []
    for places, present in _batches(len(pixels), batch):
        chunk = pixels[places]
        beside = {name: [rows[place] for place in places] for name, rows in (given or {}).items()}
        compiled = _compiled(fed(model, chunk, beside, size=batch, scale=scale))
        layers, said = compiled(scale.applied(chunk), present)
        for name, rows in layers.items():
            here = Statistics(float(present.sum()), *rows.numpy().astype(np.float64))
            # Of infinities nothing can be told but that they are there.
            with np.errstate(invalid="ignore"):
                known[name] = known[name].joined(here) if name in known else here
        outputs.append(said.numpy()[present > 0])
        on_batch(sum(map(len, outputs)))
    return Observation(known, np.concatenate(outputs))


def _compiled(model: keras.Model) -> Callable[..., Any]:
    return compiled_once(model, _OBSERVED, lambda *given: _observed(model, *given))


def _batches(count: int, batch: int) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Yield the places of so many pictures in batches of one size, and which of them count.

    In each the first picture of all stands before the others, to be compared with, and fills it up.
    """
    for start in range(0, count, batch - 1):
        few = range(start, min(start + batch - 1, count))
        present = np.zeros(batch, np.float32)
        present[1 : len(few) + 1] = 1
        yield [0, *few, *[0] * (batch - 1 - len(few))], present


def _observed(model: keras.Model, batch: Any, present: Any) -> tuple[dict[str, Any], Any]:
    """Return the numbers of `Statistics`, (6, channels), of every layer by name, and the output."""
    infos = {info.name: info for info in layer_infos(model)}
    visits: list[tuple[str, Any, list[Any], Any]] = []
    final = graph.run(model, batch, lambda *visit: visits.append(visit))
    said, _ = heads.read(heads.head_of(model), final, visits)
    first = channels_first(model)
    rows = {
        name: _rows(read(values, name, first), present, infos[name])
        for name, _, _, values in visits
    }
    return rows, said


def _rows(values: Any, present: Any, info: LayerInfo) -> Any:
    import tensorflow as tf

    values = tf.cast(values, tf.float32)
    values = tf.reshape(values, (values.shape[0], -1, values.shape[-1] if values.ndim > 1 else 1))

    def mean(numbers: Any) -> Any:
        return tf.reduce_mean(tf.tensordot(present, numbers, 1), 0) / tf.reduce_sum(present)

    middle, function = mean(values), saturating(info)
    lowest, highest = tf.reduce_min(values, 0), tf.reduce_max(values, 0)
    rows = [
        tf.reduce_min(lowest, 0),
        tf.reduce_max(highest, 0),
        middle,
        mean((values - middle) ** 2),
        tf.reduce_max(tf.maximum(highest - values[0], values[0] - lowest), 0),
        mean(_near_an_end(values, function)) if function else tf.zeros_like(middle),
    ]
    return tf.stack(rows)


def _near_an_end(values: Any, function: str) -> Any:
    import tensorflow as tf

    low, high = _ENDS[function]
    margin = NEAR_THE_END * (high - low)
    return tf.cast((values <= low + margin) | (values >= high - margin), tf.float32)
