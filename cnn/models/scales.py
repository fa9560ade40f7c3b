"""How pixels become the numbers that a network takes: factor and offset of each channel, their order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError
from cnn.words import listed, scaled

# One number for all channels, or one for each.
Numbers = float | tuple[float, ...]
_COLOURS = 3
_NEARLY = 1e-3
_MOST_CHANNELS = 64
_NUMBER = r"-?[0-9]{1,4}(?:\.[0-9]{1,6})?"
_SEVERAL = f"{_NUMBER}(?:,{_NUMBER}){{0,{_MOST_CHANNELS - 1}}}"
_STANDARDISED = re.compile(f"mean:({_SEVERAL});deviation:({_SEVERAL})")
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Scale:
    """What becomes of a pixel p of 0 to 255 before it enters the model, factor × p + offset, and why.

    `factor` and `offset` are a number, or one for each channel in the order in which the model takes
    them. With `is_reversed` that is blue, green, red. `range` is the name of the convention in
    `RANGES`, or mean and deviation as `standardised` writes them, empty where it is none of these;
    `is_stated` whether the model's file or its card says it.
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
        if None not in (self.channels, other.channels) and self.channels != other.channels:
            return False
        count = self.channels or other.channels or 1
        mine, others = (
            np.broadcast_arrays(np.multiply(one.factor, 255), one.offset, np.zeros(count))
            for one in (self, other)
        )
        is_near = np.allclose(mine, others, rtol=_NEARLY, atol=_NEARLY)
        return is_near and self.is_reversed == other.is_reversed

    @property
    def channels(self) -> int | None:
        """How many channels a picture must have to be scaled so; None where all are treated alike."""
        if self.is_reversed:
            return _COLOURS
        return next(
            (len(one) for one in (self.factor, self.offset) if isinstance(one, tuple)), None
        )

    def suits(self, channels: int) -> bool:
        """Whether a picture with so many channels can be scaled so."""
        return self.channels in (None, channels)


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
    '{"factor": ..., "offset": ...}, each a number or one for each channel, or mean and deviation as '
    '"mean:0.5;deviation:0.25"'
)


def read_scale(stated: Any) -> Scale:
    """Return the scale that a card states, or a reader chose.

    It is a number, the name of a convention, factor and offset, or mean and deviation as `standardised`
    writes them. Raises `ModelError` for anything else, and says what is accepted.
    """
    if isinstance(stated, str) and (name := _ALIASES.get(stated, stated)) in RANGES:
        return RANGES[name]
    if isinstance(stated, str) and (parts := _STANDARDISED.fullmatch(stated)):
        mean, deviation = ([float(one) for one in part.split(",")] for part in parts.groups())
        if min(deviation) > 0 and (len(mean) == 1 or len(deviation) in (1, len(mean))):
            return _standard(mean, deviation, text=stated)
    given = stated if isinstance(stated, Mapping) else {"factor": stated}
    factor, offset = _numbers(given.get("factor")), _numbers(given.get("offset", 0.0))
    several = {len(one) for one in (factor, offset) if isinstance(one, tuple)}
    is_wrong = factor is None or offset is None or not np.all(factor) or len(several) > 1
    if is_wrong or {*given} - {"factor", "offset"}:
        raise ModelError(
            f"The scale {str(stated)[:60]!r} of the card is not known: give {_ACCEPTED}."
        )
    assert factor is not None
    assert offset is not None
    return _named(Scale(factor, offset=offset))


def standardised(mean: Sequence[float], deviation: Sequence[float]) -> str:
    """Return a range as text: pixels from 0 to 1 less the mean, divided by the deviation."""
    both = (",".join(f"{one:.4f}" for one in part) for part in (mean, deviation))
    return "mean:{};deviation:{}".format(*both)


def _standard(mean: Sequence[float], deviation: Sequence[float], *, text: str) -> Scale:
    factors = tuple(1 / (255 * one) for one in deviation)
    offsets = tuple(
        -one / by for one, by in zip(*np.broadcast_arrays(mean, deviation), strict=True)
    )
    offset = offsets if len(offsets) > 1 else offsets[0]
    factor = factors if len(factors) > 1 else factors[0]
    away, by = (listed([f"{one:g}" for one in part]) for part in (mean, deviation))
    reason = f"from 0 to 1, less the mean {away}, divided by the deviation {by}"
    return Scale(factor, reason, offset, range=text)


def _numbers(stated: Any) -> Numbers | None:
    """Return a finite number or several of them, None for anything else."""
    if isinstance(stated, Sequence) and not isinstance(stated, str):
        each = [_numbers(one) for one in stated]
        several = tuple(one for one in each if isinstance(one, float))
        return several if 2 <= len(several) == len(stated) <= _MOST_CHANNELS else None
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
    """Return the name of a range in words: "0 to 1", the convention, or mean and deviation."""
    if parts := _STANDARDISED.fullmatch(name):
        mean, deviation = (part.replace(",", ", ") for part in parts.groups())
        return f"mean {mean} and deviation {deviation}"
    return name.replace("..", " to ").replace("-", "−")


def in_words(scale: Scale) -> str:
    """Return what the scale does to a pixel: "divided by 255"."""
    if scale.range and (scale.range not in RANGES or scale.channels):
        return scale.reason if scale.range not in RANGES else RANGES[scale.range].reason
    if scale.channels:
        return "scaled for each channel on its own"
    if np.all(scale.factor == 1) and not np.any(scale.offset):
        return "not scaled"
    assert isinstance(scale.factor, float)
    assert isinstance(scale.offset, float)
    return scaled(scale.factor, scale.offset)
