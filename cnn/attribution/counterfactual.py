"""The smallest change that was found to turn a picture into another class.

Steps to the boundary between the class that wins and the one that is wanted, each as if the network were
linear (DeepFool: Moosavi-Dezfooli et al. 2016, arXiv:1511.04599, towards one class), then back along the
straight way as far as the class stays. Another search may find a smaller change: it is an upper bound.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.objective import Objective, require_one_input
from cnn.attribution.read_only import ReadOnly
from cnn.attribution.target import Target
from cnn.errors import AttributionError
from cnn.inspection.activations import predict
from cnn.models.card import checked_class
from cnn.models.heads import require_classes
from cnn.models.inputs import scale_of
from cnn.models.preparing import fitted
from cnn.words import number

if TYPE_CHECKING:
    import keras

Norm = Literal["l1", "l2"]
NORMS: tuple[Norm, ...] = ("l1", "l2")
MOST_STEPS = 200
WAY = 32
CONTROLS = 16
# A little beyond the boundary, for pixels are rounded to 8 bits.
_BEYOND = 0.02
_LEAST = 1e-12
# Of what is missing: few pixels move far, which is where a network is least linear.
_SHARE, _LEAST_GAIN = 0.2, 0.2
_WHITE = 255
_HALVINGS = 10


@dataclass(frozen=True, eq=False)
class Counterfactual(ReadOnly):
    """A picture that the network takes for another class, and the way to it.

    `before` and `after` are uint8 (height, width, channels) in the model's size. `way` are the pictures
    from the one to the other in equal steps, uint8 (n, height, width, channels), and `probabilities` what
    the network says of them, float32 (n, classes). `norm` is how the change was kept small. `controls`
    have the same changes of pixels at places drawn at random, each with a random sign, uint8 (n, height,
    width, channels), and `labels` the class that the network says of each, (n,).
    """

    target: int
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    way: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    norm: Norm
    controls: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        target: int,
        norm: Norm,
        before: NDArray[np.uint8],
        after: NDArray[np.uint8],
        said: NDArray[np.float32],
    ) -> Counterfactual:
        """Return the change with what the network has `said` of the pictures of `asked_of`, in order."""
        asked = asked_of(before, after)
        return cls(
            target, before, asked[WAY - 1], asked[:WAY], said[:WAY], norm, asked[WAY:],
            said[WAY:].argmax(1),
        )  # fmt: skip

    @property
    def difference(self) -> NDArray[np.float32]:
        """After minus before, in pixels from 0 to 1, (height, width, channels)."""
        return difference(self.before, self.after)

    @property
    def l1(self) -> float:
        """The sum of the magnitudes of the change of pixels from 0 to 1."""
        return float(np.abs(self.difference).sum(dtype=np.float64))

    @property
    def l2(self) -> float:
        """The root of the sum of the squares of the change of pixels from 0 to 1."""
        return float(np.sqrt((self.difference.astype(np.float64) ** 2).sum()))

    @property
    def size(self) -> float:
        """The norm that was kept small."""
        return self.l1 if self.norm == "l1" else self.l2

    @property
    def largest(self) -> float:
        """The largest change of a pixel, as a share of its range."""
        return float(np.abs(self.difference).max())

    @property
    def changed(self) -> int:
        """How many pixels are others."""
        return self.changed_by(0)

    def changed_by(self, share: float) -> int:
        """Return how many pixels changed by more than that share of their range."""
        return int((np.abs(self.difference) > share).any(-1).sum())


def counterfactual(
    model: keras.Model, image: Any, *, target: int, norm: Norm = "l2"
) -> Counterfactual:
    """Return a small change of the picture after which the network says `target`.

    With "l2" all pixels change a little, with "l1" few of them much; all stay within the range of pixels.
    `image` is what `prepare` takes. Raises `ImageError` for what is no picture, `ModelError` for a model
    without class probabilities or without the class, and `AttributionError` for another norm, for a model
    of several inputs, and where the class is not reached in 200 steps.
    """
    search = Search(model, image, target=target, norm=norm)
    search.go_on(model)
    return search.found


def ahead(missing: float) -> str:
    """Return how far a score is ahead of that of a class that is named all the same."""
    return (
        f"{number(-missing)} above that of the class named, too little for the larger probability"
    )


def difference(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return one picture minus another, in pixels from 0 to 1."""
    return (after.astype(np.float32) - before.astype(np.float32)) / np.float32(_WHITE)


def asked_of(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pictures of the way from one to the other, and then the controls."""
    return np.concatenate([_way(before, after), _shuffled(before, after)])


class Search:
    """The search for a counterfactual, which can be left and gone on with.

    Raises as `counterfactual` does.
    """

    def __init__(self, model: keras.Model, image: Any, *, target: int, norm: Norm = "l2") -> None:
        require_one_input(model, "changed")
        require_classes(model, "A change into another class")
        if norm not in NORMS:
            raise AttributionError(f"{norm!r} was given as norm: expected {' or '.join(NORMS)}.")
        self.target = checked_class(model, target)
        self.norm = norm
        self.before = fitted(image, model)
        self._pixels = self.before.astype(np.float32) / np.float32(_WHITE)
        self._missing: list[float] = []
        self._reached: NDArray[np.uint8] | None = None
        self._shares = (0.0, 1.0)
        self._halvings = 0
        self._asked: NDArray[np.uint8] | None = None
        self._said: list[NDArray[np.float32]] = []
        self._found: Counterfactual | None = None
        self._one_at_a_time = Lock()

    @property
    def is_over(self) -> bool:
        """Whether the change is found."""
        return self._found is not None

    @property
    def found(self) -> Counterfactual:
        """The change, once the search is over."""
        assert self._found is not None
        return self._found

    @property
    def missing(self) -> Sequence[float]:
        """How far the score of the class was below the one that won, before each step.

        It is below 0 where the probabilities of both are the same but for rounding.
        """
        return self._missing

    @property
    def said(self) -> NDArray[np.float32]:
        """What the network has said so far of the pictures of `asked_of`, (n, classes)."""
        return np.stack(self._said) if self._said else np.zeros((0, 0), np.float32)

    def go_on(self, model: keras.Model, seconds: float = inf) -> None:
        """Ask the model until the change is found, or for about so many seconds; once at least.

        Raises `AttributionError` where the class is not reached in 200 steps.
        """
        end = time.monotonic() + seconds
        with self._one_at_a_time:
            while self._found is None:
                self._advance(model)
                if time.monotonic() >= end:
                    return

    def _advance(self, model: keras.Model) -> None:
        if self._reached is None:
            self._step(model)
        elif self._asked is None:
            self._go_back(model, self._reached)
        elif len(self._said) < len(self._asked):
            self._said.append(predict(model, self._asked[len(self._said)]).probabilities)
        else:
            after = self._asked[WAY - 1]
            self._found = Counterfactual.of(self.target, self.norm, self.before, after, self.said)

    def _step(self, model: keras.Model) -> None:
        """Step towards the class, until it is reached."""
        rounded = _rounded(self._pixels)
        prediction = predict(model, rounded)
        prediction.require_finite("A change into another class")
        if prediction.label == self.target:
            self._reached = rounded
            return
        if len(self._missing) == MOST_STEPS:
            raise self._failure()
        scale, score = scale_of(model), Objective(model, Target(self.target, prediction.label))
        lead, gradients = score.gradients(scale.applied(rounded[None]))
        self._missing.append(-float(lead[0]))
        slopes = scale.slopes(gradients[0])
        start = self.before.astype(np.float32) / np.float32(_WHITE)
        gone = self._pixels - start if self.norm == "l1" else None
        step = _least_step(self._pixels, slopes, self._missing[-1] + _BEYOND, gone)
        self._pixels = np.clip(self._pixels + step, 0, 1)

    def _go_back(self, model: keras.Model, reached: NDArray[np.uint8]) -> None:
        """Halve the way on which the class is lost; end with the picture closest to the one before."""
        least, most = self._shares
        if self._halvings == _HALVINGS:
            self._asked = asked_of(self.before, _between(self.before, reached, most))
            return
        middle = (least + most) / 2
        is_of_class = predict(model, _between(self.before, reached, middle)).label == self.target
        self._shares = (least, middle) if is_of_class else (middle, most)
        self._halvings += 1

    def _failure(self) -> AttributionError:
        began, closest = self._missing[0], min(self._missing)
        came = (
            f"{number(began)} below that of the class that wins, and came within {number(closest)} of it"
            if closest > 0
            else ahead(closest)
        )
        return AttributionError(
            f"The picture was not turned into class {self.target} in {MOST_STEPS} steps: its score was "
            f"{came}. Choose another class or picture."
        )


def _rounded(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return pixels from 0 to 1 in 8 bits."""
    return np.asarray((pixels * _WHITE).round(), np.uint8)


def _between(
    before: NDArray[np.uint8], after: NDArray[np.uint8], share: float
) -> NDArray[np.uint8]:
    """Return the picture that has gone that share of the way from one to the other."""
    return np.asarray((before + share * (after.astype(np.float64) - before)).round(), np.uint8)


def _way(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pictures from one to the other in equal steps."""
    return np.stack([_between(before, after, float(share)) for share in np.linspace(0, 1, WAY)])


def _shuffled(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures with the same changes at places drawn at random, each with a random sign.

    A change that would leave the range of pixels has the other sign: so its size stays, unless it is
    more than half of the range.
    """
    start = before.astype(np.int64)
    magnitudes = np.abs(after.astype(np.int64) - start).reshape(-1)
    random = np.random.default_rng(0)
    made = []
    for _ in range(CONTROLS):
        drawn = random.permutation(magnitudes).reshape(before.shape)
        changes = drawn * random.choice([-1, 1], before.shape)
        is_beyond = (start + changes < 0) | (start + changes > _WHITE)
        made.append(np.clip(start + np.where(is_beyond, -changes, changes), 0, _WHITE))
    return np.stack(made).astype(np.uint8)


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
        gain = min(missing, max(missing * _SHARE, _LEAST_GAIN))
        return _along_the_steepest(slopes, onward, gain)
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
