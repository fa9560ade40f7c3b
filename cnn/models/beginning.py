"""What a network does to its picture before its first weights, and the range of pixels it expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError
from cnn.models.graph import calls
from cnn.models.inserted import is_inserted
from cnn.models.internals import is_graph

if TYPE_CHECKING:
    import keras

# The darkest and the brightest number that enter the first layer with weights, over all channels.
Ends = tuple[float, float]
# Side of a picture where the model leaves it open.
_SIDE = 32
# What pixels may run over before they enter, the likelier first.
_EXPECTED: dict[str, Ends] = {"0..255": (0, 255), "0..1": (0, 1), "-1..1": (-1, 1)}
_WIDEST_FIRST = ("0..255", "-1..1", "0..1")
# Grey pictures from black to white, whole numbers where they run over 0 to 255.
_GREYS = np.linspace(0, 1, 6)
# From dark to bright, what enters the first weights of a trained network: some units where it is
# scaled or normalised, some hundred where only the mean is taken away.
_SPANS = ((0.3, 30.0), (30.0, 600.0))
_NEARLY = 1e-3
# As far as half precision is from a straight line, as a part of the span.
_STRAIGHT = 1e-2


@dataclass(frozen=True)
class Expected:
    """The range of pixels that suits a model: its name, and the ends of what its first weights get.

    `is_stated` where the model only scales its pixels before, so that no other suits it. Where it
    cuts or bends them the range is a guess.
    """

    range: str
    ends: Ends
    is_stated: bool


@dataclass(frozen=True)
class _Entering:
    """What enters the first weights of grey pictures from black to white, (greys, numbers)."""

    greys: NDArray[Any]

    @property
    def ends(self) -> Ends:
        return float(self.greys.min()), float(self.greys.max())

    @property
    def is_scaled(self) -> bool:
        """Whether all numbers of a grey lie as far between those of black and white as the grey."""
        black, white = self.greys[0], self.greys[-1]
        even = black + _GREYS[:, None] * (white - black)
        return bool(np.abs(self.greys - even).max() <= _STRAIGHT * np.ptp(self.greys))

    @property
    def evenness(self) -> float:
        """How evenly greys are kept apart: 1 where all are, less the more of them are nearly one."""
        if self.is_scaled:
            return 1.0
        steps = np.linalg.norm(np.diff(self.greys, axis=0), axis=1)
        return float(np.minimum(steps / steps.sum(), 1 / len(steps)).sum())


def expected_range(model: keras.Model) -> Expected | None:
    """Return the range of pixels that suits the model.

    Grey pictures go through all layers before the first with weights, as operations or layers, nested
    or not. The range is a name in `cnn.models.scales.RANGES`: of those that a picture may have, the one
    of which numbers come out that networks are trained on, around or from zero on. Where several do,
    and the model cuts or bends one of them, it is the widest of those whose greys are best kept apart.
    None where the network begins with weights, changes nothing before them, or where no range gives
    such numbers.
    """
    taken = {name: _entering(model, ends) for name, ends in _EXPECTED.items()}
    if all(_are_alike(taken[name], ends) for name, ends in _EXPECTED.items()):
        return None
    suiting = [
        {name: one for name, one in taken.items() if one and _suits(one.ends, span)}
        for span in _SPANS
    ]
    likely = next(filter(None, suiting), {})
    if all(one.is_scaled for one in likely.values()):
        return next((Expected(name, one.ends, True) for name, one in likely.items()), None)
    ranked = [(name, span[name]) for span in suiting for name in _WIDEST_FIRST if name in span]
    name, best = max(ranked, key=lambda named: named[1].evenness)
    return Expected(name, best.ends, False)


def _suits(ends: Ends, span: Ends) -> bool:
    darkest, brightest = ends
    width = brightest - darkest
    return span[0] <= width <= span[1] and darkest <= _STRAIGHT * width < brightest


def _are_alike(entering: _Entering | None, others: Ends) -> bool:
    if entering is None:
        return True
    are_near = np.allclose(entering.ends, others, rtol=_NEARLY, atol=_NEARLY)
    return bool(are_near) and entering.is_scaled


def _entering(model: keras.Model, ends: Ends) -> _Entering | None:
    """Return what enters the first weights of grey pictures from one end to the other.

    None if it is not finite, or the same of all.
    """
    darkest, brightest = ends
    try:
        entering = zip(
            *(_first_weights_get(model, darkest + grey * (brightest - darkest)) for grey in _GREYS),
            strict=True,
        )
    except ModelError:
        return None
    # What does not depend on the picture, as the numbers of a further input, tells nothing of it.
    layers = (np.stack(greys).reshape(len(_GREYS), -1) for greys in entering)
    changing = (greys[:, (greys != greys[0]).any(axis=0)] for greys in layers)
    numbers = next((one for one in changing if one.size), None)
    if numbers is None or not np.isfinite(numbers).all():
        return None
    return _Entering(numbers.astype(np.float64))


def _first_weights_get(model: keras.Model, pixel: float) -> list[NDArray[Any]]:
    """Return what enters each layer with weights that has none before it, of a picture of one number."""
    import keras

    found = []
    values: dict[tuple[str, int], Any] = {}
    for call in calls(model):
        if not call.inputs:
            shape = [1, *(side or _SIDE for side in call.output_shape)]
            values[call.name, 0] = keras.ops.full(shape, pixel, "float32")
            continue
        if any(source not in values for source in call.sources):
            continue
        entering = [values[source] for source in call.sources]
        if is_graph(call.layer) or is_inserted(call.layer):
            outputs = entering
        elif _learns(call.layer):
            found.append(keras.ops.convert_to_numpy(entering[0]))
            continue
        else:
            outputs = call.outputs(entering)
        values.update({(call.name, part): output for part, output in enumerate(outputs)})
    return found


def _learns(layer: Any) -> bool:
    """Whether the layer has weights that training changes; statistics of pictures are none."""
    return type(layer).__name__ != "Normalization" and any(True for _ in _weights(layer))


def _weights(layer: Any) -> Iterator[Any]:
    seeds = "seed_generator_state"
    yield from (one for one in getattr(layer, "weights", ()) if not one.path.endswith(seeds))
