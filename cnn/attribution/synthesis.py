"""The picture that a unit responds to most, as far as a search up its gradient finds one.

Activation maximisation (Erhan et al. 2009, University of Montreal, report 1341) from noise. The gradient
alone leads to fine noise: pictures are moved before each step and drawn to small total variation (Olah et
al. 2017, doi:10.23915/distill.00007), blurred after it (Yosinski et al. 2015, arXiv:1506.06579), or held
near the zero of the network (Simonyan et al. 2013, arXiv:1312.6034, section 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.objective import Objective, finite, objective_of, require_one_input
from cnn.attribution.options import Number, chosen
from cnn.attribution.read_only import ReadOnly
from cnn.attribution.target import Target
from cnn.errors import AttributionError
from cnn.images.perturbations import MOST_SEED, blurred
from cnn.models.inputs import input_shape, scale_of
from cnn.models.scales import Scale
from cnn.models.sizes import size_for
from cnn.ranges import Limits

if TYPE_CHECKING:
    import keras

Pixels = NDArray[np.uint8]
# From 0 to 1, (height, width, channels).
Shares = NDArray[np.float32]

SYNTHESIS = "synthesis"
OPTIONS: Mapping[str, Number] = {
    "steps": Number("steps", 128, Limits(1, 2048)),
    "seeds": Number("pictures, each from noise of its own", 4, Limits(1, 16)),
    "seed": Number("seed of the first", 0, Limits(0, MOST_SEED)),
    "step_size": Number(
        "length of a step, in percent of a pixel's range",
        5,
        Limits(0, 100, is_whole=False, above=True),
    ),
    "jitter": Number("jitter, in percent of the shorter side", 4, Limits(0, 50, is_whole=False)),
    "blur": Number(
        "blur after each step, in percent of the longer side", 0, Limits(0, 10, is_whole=False)
    ),
    "total_variation": Number("weight of total variation", 0.3, Limits(0, 10, is_whole=False)),
    "norm": Number("weight of the norm", 0.3, Limits(0, 10, is_whole=False)),
}
# Of a model that takes any.
_SIDE = 128
# Deviations of the noise to begin with, of how many tries, and its widest blur, in percent.
_NOISE, _DRAWS, _WIDEST = (0.1, 0.5), 64, 10
_WHITE = np.float32(255)
_LEAST = 1e-30
# Of Adam: how much of both means is kept from step to step, and what is added to the root.
_KEPT, _KEPT_OF_SQUARES, _ADDED = 0.9, 0.999, 1e-7


@dataclass(frozen=True, eq=False)
class Ascent(ReadOnly):
    """How far a search is: picture number `number` of all after `step` steps, and its `value`."""

    number: int
    step: int
    value: float
    picture: Pixels


@dataclass(frozen=True, eq=False)
class Synthesis(ReadOnly):
    """Pictures that raise a number of a network, the `target`, found by its gradient.

    `pictures` are uint8 (seeds, height, width, channels) in the model's size: of each search the one with
    the largest value. `paths` are the values of all its pictures, float32 (seeds, steps + 1), the first
    that of the noise. `settings` are the options with which they were found.
    """

    target: Target
    pictures: Pixels
    paths: NDArray[np.float32]
    settings: Mapping[str, Any]

    @property
    def before(self) -> NDArray[np.float32]:
        """The value of the noise that each search began with, (seeds,)."""
        return self.paths[:, 0]

    @property
    def after(self) -> NDArray[np.float32]:
        """The value of each of the pictures, (seeds,): never less than before."""
        highest: NDArray[np.float32] = self.paths.max(1)
        return highest


def synthesise(
    model: keras.Model,
    *,
    channel: int,
    layer: str = "",
    cell: tuple[int, ...] | None = None,
    size: tuple[int, int] | None = None,
    on_step: Callable[[Ascent], None] | None = None,
    **options: Any,
) -> Synthesis:
    """Return pictures that raise a channel of a layer, one of its cells, or the logit of a class.

    Without a `layer` the `channel` is a class. Without a `cell` it is the mean of its map. `size`,
    (height, width), counts for a model that takes any. `options` are those in `OPTIONS`: `steps`,
    `seeds` (how many pictures, each from noise of its own), `seed` (of the first; the next has one more),
    `step_size`, `jitter`, `blur`, `total_variation` and `norm`.

    A step is one of Adam along the gradient of the value by pixels,
    divided by its root mean square, less `total_variation` times the gradient of the sum of differences
    between neighbours, and less `norm` times twice what a pixel is away from the one that the model takes
    as zero. The value itself is that of the picture as it is returned, in 8 bits and not moved.

    `on_step` is told of every step; what it raises ends the search. Raises `LayerError` for a layer that
    the model does not have, and `AttributionError` for a channel, a cell or an option that there is not,
    for a model of several inputs, for a number that no gradient leads back from, and for one that is not
    finite.
    """
    settings = chosen(SYNTHESIS, OPTIONS, options)
    require_one_input(model, "synthesised")
    scale = scale_of(model)
    height, width, channels = input_shape(model)
    if height is None or width is None:
        height, width = size_for(model, *(size or (_SIDE, _SIDE)))
    black = scale.applied(np.zeros((1, height, width, channels), np.uint8))
    objective = objective_of(model, black, Target(channel, layer=layer, cell=cell))
    _require_gradient(objective, black)
    search = _Search(objective, scale, (height, width, channels), settings)
    found = [search.climb(number, on_step) for number in range(settings["seeds"])]
    pictures, paths = (np.stack(parts) for parts in zip(*found, strict=True))
    return Synthesis(objective.target, pictures, paths, settings)


@dataclass(frozen=True, eq=False)
class _Search:
    """A search for pictures of a `shape` (height, width, channels) that raise the objective."""

    objective: Objective
    scale: Scale
    shape: tuple[int, int, int]
    settings: Mapping[str, Any]

    def climb(
        self, number: int, on_step: Callable[[Ascent], None] | None
    ) -> tuple[Pixels, NDArray[np.float32]]:
        """Return the best picture on the way up from noise, and the values on the way."""
        random = np.random.default_rng(self.settings["seed"] + number)
        pixels = self._noise(random)
        adam = _Adam(self.settings["step_size"] / 100)
        path: list[float] = []
        for step in range(self.settings["steps"] + 1):
            if step:
                pixels = self._held(pixels + adam.step(self._way_up(pixels, random)))
            picture = (pixels * _WHITE).round().astype(np.uint8)
            value = float(finite(self.objective.values(self.scale.applied(picture[None])))[0])
            if not path or value > max(path):
                best = picture
            path.append(value)
            if on_step:
                on_step(Ascent(number, step, value, picture))
        return best, np.array(path, np.float32)

    def _noise(self, random: np.random.Generator) -> Shares:
        """Return a grey of any brightness with noise of any fineness: the first that has a gradient.

        Each of 64 is stronger than the one before, for many units are silent where there is little.
        """
        for deviation in np.linspace(*_NOISE, _DRAWS):
            noise = random.standard_normal(self.shape, np.float32)
            noise = blurred(noise, random.uniform(0, _WIDEST))
            noise *= deviation / max(float(noise.std()), _LEAST)
            pixels = (random.uniform() + noise).clip(0, 1).astype(np.float32)
            if self._slopes(pixels).any():
                break
        return pixels

    def _way_up(self, pixels: Shares, random: np.random.Generator) -> Shares:
        """Return the direction of the next step."""
        reach = round(self.settings["jitter"] / 100 * min(self.shape[:2]))
        down, right = random.integers(-reach, reach + 1, 2)
        moved = self._slopes(np.roll(pixels, (down, right), (0, 1)))
        slopes = np.roll(moved, (-down, -right), (0, 1))
        way = slopes / max(float(np.sqrt((slopes**2).mean())), _LEAST)
        way -= self.settings["total_variation"] * _variation(pixels)
        way -= self.settings["norm"] * 2 * (pixels - _zero(self.scale, self.shape[-1]))
        return np.asarray(way, np.float32)

    def _slopes(self, pixels: Shares) -> Shares:
        """Return the gradient of the value by pixels from 0 to 1."""
        _, gradients = self.objective.gradients(self.scale.applied(pixels[None] * _WHITE))
        return self.scale.slopes(gradients[0])

    def _held(self, pixels: Shares) -> Shares:
        """Return the picture blurred and within its range."""
        if self.settings["blur"]:
            weights = blurred(np.ones_like(pixels), self.settings["blur"])
            pixels = blurred(pixels, self.settings["blur"]) / weights
        return pixels.clip(0, 1)


class _Adam:
    """The steps of Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1), each about `length` long."""

    def __init__(self, length: float) -> None:
        self._length = length
        self._count = 0
        self._mean: Any = 0.0
        self._square: Any = 0.0

    def step(self, way: Shares) -> Shares:
        """Return the next step for a direction."""
        self._count += 1
        self._mean = _KEPT * self._mean + (1 - _KEPT) * way
        self._square = _KEPT_OF_SQUARES * self._square + (1 - _KEPT_OF_SQUARES) * way**2
        mean = self._mean / (1 - _KEPT**self._count)
        square = self._square / (1 - _KEPT_OF_SQUARES**self._count)
        return np.asarray(self._length * mean / (np.sqrt(square) + _ADDED), np.float32)


def _variation(pixels: Shares) -> Shares:
    """Return the gradient of the sum of the magnitudes of differences between neighbours."""
    slopes = np.zeros_like(pixels)
    for axis in (0, 1):
        signs = np.sign(np.diff(pixels, axis=axis))
        ends = [(0, 0)] * pixels.ndim
        for before, sign in ((1, 1), (0, -1)):
            ends[axis] = (before, 1 - before)
            slopes += sign * np.pad(signs, ends)
    return slopes


def _zero(scale: Scale, channels: int) -> Shares:
    """Return the pixel (channels,) that the model takes as zero, or what is nearest to it."""
    black, white = scale.applied(np.array([[0.0] * channels, [255.0] * channels]))
    zero = (black / (black - white)).clip(0, 1)
    return np.asarray(zero[::-1] if scale.is_reversed else zero, np.float32)


def _require_gradient(objective: Objective, batch: NDArray[np.float32]) -> None:
    """Raise `AttributionError` where nothing that can be differentiated leads back to the picture."""
    import tensorflow as tf

    def leads_back(pictures: Any, which: Any) -> tuple[Any]:
        with tf.GradientTape() as tape:
            pictures = tf.convert_to_tensor(pictures)
            tape.watch(pictures)
            values = objective.number(pictures, which)
        found = tape.gradient(values, pictures)
        return (tf.fill([tf.shape(pictures)[0]], found is not None),)

    if not objective.compiled("leads back", leads_back)(batch)[0][0]:
        raise AttributionError(
            "No gradient leads from this number back to the picture, and so nothing can raise it step by "
            "step: choose a layer before the one that rounds or compares."
        )
