"""The smallest change that was found to turn a picture into another class.

Steps to the boundary between the class that wins and the one that is wanted, each as if the network were
linear (DeepFool: Moosavi-Dezfooli et al. 2016, arXiv:1511.04599, towards one class), then back along the
way as far as the class stays. Another search may find a smaller change: it is an upper bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.objective import Objective
from cnn.attribution.target import Target
from cnn.errors import AttributionError
from cnn.inspection.activations import predict
from cnn.inspection.batches import batch_probabilities
from cnn.models.card import checked_class
from cnn.models.heads import require_classes
from cnn.models.inputs import scale_of
from cnn.models.preparing import fitted

if TYPE_CHECKING:
    import keras

Norm = Literal["l1", "l2"]
NORMS: tuple[Norm, ...] = ("l1", "l2")
MOST_STEPS = 200
WAY = 32
# A little beyond the boundary, for pixels are rounded to 8 bits.
_BEYOND = 0.02
_LEAST = 1e-12
# Of what is missing: few pixels move far, which is where a network is least linear.
_SHARE, _LEAST_GAIN = 0.2, 0.2
_WHITE = 255


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """A picture that the network takes for another class, and the way to it.

    `before` and `after` are uint8 (height, width, channels) in the model's size. `way` are the pictures
    from the one to the other in equal steps, uint8 (n, height, width, channels), and `probabilities` what
    the network says of them, float32 (n, classes). `norm` is how the change was kept small, `size` the
    norm of the change of pixels from 0 to 1.
    """

    target: int
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    way: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    norm: Norm
    size: float

    @property
    def difference(self) -> NDArray[np.float32]:
        """After minus before, in pixels from 0 to 1, (height, width, channels)."""
        return (self.after.astype(np.float32) - self.before.astype(np.float32)) / np.float32(_WHITE)

    @property
    def changed(self) -> int:
        """How many pixels are others."""
        return int((self.after != self.before).any(-1).sum())


def counterfactual(
    model: keras.Model, image: Any, *, target: int, norm: Norm = "l2"
) -> Counterfactual:
    """Return a small change of the picture after which the network says `target`.

    With "l2" all pixels change a little, with "l1" few of them much; all stay within the range of pixels.
    `image` is what `prepare` takes. Raises `ImageError` for what is no picture, `ModelError` for a model
    without class probabilities or without the class, and `AttributionError` for another norm, and where
    the class is not reached in 200 steps.
    """
    require_classes(model, "A change into another class")
    target = checked_class(model, target)
    if norm not in NORMS:
        raise AttributionError(f"{norm!r} was given as norm: expected {' or '.join(NORMS)}.")
    before = fitted(image, model)
    reached = _reached(model, before, target, norm)
    way = _way(before, reached)
    said = batch_probabilities(model, way)
    first = int(np.argmax(said.argmax(1) == target))
    after = way[first]
    closer = _way(before, after / np.float32(_WHITE))
    change = (after.astype(np.float64) - before) / _WHITE
    return Counterfactual(
        target, before, after, closer, batch_probabilities(model, closer), norm,
        float(np.abs(change).sum() if norm == "l1" else np.sqrt((change**2).sum())),
    )  # fmt: skip


def _way(before: NDArray[np.uint8], after: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the pictures from one to the other, whose pixels are from 0 to 1, in equal steps."""
    start = before / np.float32(_WHITE)
    shares = np.linspace(0, 1, WAY, dtype=np.float32)[:, None, None, None]
    between = (start + shares * (after - start)) * _WHITE
    return np.asarray(between.round(), np.uint8)


def _reached(
    model: keras.Model, before: NDArray[np.uint8], target: int, norm: Norm
) -> NDArray[np.float32]:
    """Return a picture of the class, pixels from 0 to 1 (height, width, channels)."""
    scale, start = scale_of(model), before.astype(np.float32) / np.float32(_WHITE)
    pixels = start
    for _ in range(MOST_STEPS):
        rounded = (pixels * _WHITE).round().astype(np.uint8)
        winner = predict(model, rounded).label
        if winner == target:
            return rounded.astype(np.float32) / np.float32(_WHITE)
        ahead = Objective(model, Target(target, winner))
        lead, gradients = ahead.gradients(scale.applied(rounded[None]))
        slopes = scale.slopes(gradients[0])
        missing = float(-lead[0]) + _BEYOND
        way = pixels - start if norm == "l1" else None
        pixels = np.clip(pixels + _least_step(pixels, slopes, missing, way), 0, 1)
    raise AttributionError(
        f"The picture was not turned into class {target} in {MOST_STEPS} steps: choose another class or "
        "picture."
    )


def _least_step(
    pixels: NDArray[np.float32],
    slopes: NDArray[np.float32],
    missing: float,
    way: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Return the smallest step that raises a linear function of these slopes by what is missing.

    Pixels at an end of their range move inwards only. With the `way` that they have gone it is a step of
    few of them, for a part of what is missing, and none goes back: two could take turns for ever.
    """
    room = np.where(slopes > 0, 1 - pixels, pixels)
    if way is not None:
        onward = np.where(way * slopes < 0, 0, room).astype(np.float32)
        return _along_the_steepest(slopes, onward, max(missing * _SHARE, _LEAST_GAIN))
    free = np.where(room > 0, slopes, 0).astype(np.float32)
    return np.asarray(missing * free / max(float((free**2).sum()), _LEAST), np.float32)


def _along_the_steepest(
    slopes: NDArray[np.float32], room: NDArray[np.float32], missing: float
) -> NDArray[np.float32]:
    """Return the step of the fewest pixels: each as far as there is room, the steepest first."""
    steep = np.where(room > 0, np.abs(slopes), 0).reshape(-1)
    order = np.argsort(-steep, kind="stable")
    gains = (steep * room.reshape(-1))[order]
    before = np.cumsum(gains) - gains
    shares = np.clip((missing - before) / np.maximum(gains, _LEAST), 0, 1)
    step = np.zeros(steep.shape, np.float32)
    step[order] = shares
    return np.asarray(step.reshape(slopes.shape) * np.sign(slopes) * room, np.float32)
