"""How pixels become the numbers that a network takes: factor and offset of each colour, and its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError
from cnn.words import listed, scaled

# One number for all colours, or one for each of three.
Numbers = float | tuple[float, ...]
_COLOURS = 3
_NEARLY = 1e-3
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Scale:
    """What becomes of a pixel p of 0 to 255 before it enters the model, factor × p + offset, and why.

    `factor` and `offset` are a number, or one for each colour in the order in which the model takes
    them. With `is_reversed` that is blue, green, red. `range` is the name of the convention in
    `RANGES`, empty where it is none of them; `is_stated` whether the model's file or its card says it.
    """

    factor: Numbers
    reason: str = ""
    offset: Numbers = 0.0
    is_reversed: bool = False
    range: str = ""
    is_stated: bool = False

    def applied(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Return pixels (..., channels), 0 to 255, as the model takes them."""
        ordered = pixels[..., ::-1] if self.is_reversed else pixels
        taken: NDArray[np.float32] = ordered.astype(np.float32) * _float32(self.factor)
        return taken + _float32(self.offset) if np.any(self.offset) else taken

    def slopes(self, gradient: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a gradient (..., channels) by what the model takes as one by pixels from 0 to 1."""
        by_pixels: NDArray[np.float32] = gradient * _float32(np.multiply(255, self.factor))
        return by_pixels[..., ::-1] if self.is_reversed else by_pixels

    def of_channel(self, channel: int, channels: int) -> tuple[int, float, float]:
        """Return the pixel's channel that channel number `channel` is made of, and factor and offset."""
        factor, offset = (np.broadcast_to(one, channels) for one in (self.factor, self.offset))
        source = channels - 1 - channel if self.is_reversed else channel
        return source, float(factor[channel]), float(offset[channel])

    def alike(self, other: Scale) -> bool:
        """Whether both make the same numbers of a pixel, but for rounding."""
        mine, others = (
            np.broadcast_arrays(np.multiply(one.factor, 255), one.offset, np.zeros(_COLOURS))
            for one in (self, other)
        )
        is_near = np.allclose(mine, others, rtol=_NEARLY, atol=_NEARLY)
        return is_near and self.is_reversed == other.is_reversed

    @property
    def is_of_colours(self) -> bool:
        """Whether it treats colours differently, so that only a colour picture can be scaled so."""
        numbers = (self.factor, self.offset)
        return self.is_reversed or any(isinstance(one, tuple) for one in numbers)


# The conventions by name; "-1..1", "caffe" and "torch" are the modes of `preprocess_input` in
# keras.applications, of which the first is called "tf".
RANGES: Mapping[str, Scale] = {
    name: replace(scale, range=name)
    for name, scale in {
        "0..1": Scale(1 / 255, "0 to 1: divided by 255"),
        "-1..1": Scale(1 / 127.5, "−1 to 1: divided by 127.5, and 1 is taken away", -1.0),
        "0..255": Scale(1.0, "0 to 255: as they are"),
        "caffe": Scale(
            1.0,
            "blue, green, red, each less the mean of ImageNet (caffe)",
            (-103.939, -116.779, -123.68),
            is_reversed=True,
        ),
        "torch": Scale(
            tuple(1 / (255 * one) for one in _DEVIATION),
            "mean and deviation of ImageNet (torch)",
            tuple(-mean / one for mean, one in zip(_MEAN, _DEVIATION, strict=True)),
        ),
    }.items()
}
_ALIASES = {"tf": "-1..1"}
_ACCEPTED = (
    f"a number, one of {listed([*RANGES, *_ALIASES])} as text, or "
    '{"factor": ..., "offset": ...}, each a number or three numbers'
)


def read_scale(stated: Any) -> Scale:
    """Return the scale that a card states: a number, the name of a convention, or factor and offset.

    Raises `ModelError` for anything else, and says what is accepted.
    """
    if isinstance(stated, str) and (name := _ALIASES.get(stated, stated)) in RANGES:
        return RANGES[name]
    given = stated if isinstance(stated, Mapping) else {"factor": stated}
    factor, offset = _numbers(given.get("factor")), _numbers(given.get("offset", 0.0))
    if factor is None or offset is None or not np.all(factor) or {*given} - {"factor", "offset"}:
        raise ModelError(
            f"The scale {str(stated)[:60]!r} of the card is not known: give {_ACCEPTED}."
        )
    return _named(Scale(factor, offset=offset))


def _numbers(stated: Any) -> Numbers | None:
    """Return a finite number or three of them, None for anything else."""
    if isinstance(stated, Sequence) and not isinstance(stated, str):
        each = [_numbers(one) for one in stated]
        several = tuple(one for one in each if isinstance(one, float))
        return several if len(several) == len(stated) == _COLOURS else None
    is_number = isinstance(stated, int | float) and not isinstance(stated, bool)
    return float(stated) if is_number and isfinite(stated) else None


def _float32(numbers: Any) -> NDArray[np.float32]:
    return np.asarray(numbers, np.float32)


def _named(scale: Scale) -> Scale:
    """Return the scale with what it does in words; a convention by its name."""
    known = next((one for one in RANGES.values() if one.alike(scale)), None)
    if known:
        return replace(scale, range=known.range, reason=in_words(scale))
    return replace(scale, reason=in_words(scale))


def in_ends(name: str) -> str:
    """Return the name of a range in words: "0 to 1", or the name of the convention."""
    return name.replace("..", " to ").replace("-", "−")


def in_words(scale: Scale) -> str:
    """Return what the scale does to a pixel: "divided by 255"."""
    if scale.is_of_colours:
        if scale.range:
            return RANGES[scale.range].reason
        return "scaled for each colour on its own"
    if np.all(scale.factor == 1) and not np.any(scale.offset):
        return "not scaled"
    assert isinstance(scale.factor, float)
    assert isinstance(scale.offset, float)
    return scaled(scale.factor, scale.offset)
