"""One sentence on what a picture shows and one on what to notice, made from its own numbers.

A sentence is only written where the numbers bear it out; what does not hold is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnn.activations import Prediction
from cnn.layers import LayerInfo, Totals

_MOST_NAMED = 6


@dataclass(frozen=True)
class Caption:
    """`seen` says what the picture is, `notice` what stands out in it; either may be empty."""

    seen: str
    notice: str = ""


def sides(shape: Sequence[int | None]) -> str:
    """Return a shape as people write it, 26×26×32; an open side is a question mark."""
    return "×".join("?" if side is None else str(side) for side in shape)


def megabytes(count: int) -> str:
    """Return so many bytes as megabytes, in words."""
    return f"{count / 1e6:.1f} MB"


def percent(share: float) -> str:
    """Return a share in percent with one digit; what would round to 0 or 100 without being it says so."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share:.1%}"


def silent_channels(maps: NDArray[np.float32]) -> list[int]:
    """Return the channels of maps (..., channels) that are zero everywhere."""
    axes = tuple(range(maps.ndim - 1))
    return [int(i) for i in np.flatnonzero(~np.any(maps, axis=axes))]


def layer_output(info: LayerInfo, values: NDArray[np.float32]) -> Caption:
    """Return the caption of a layer's output for one picture, of the layer's own shape."""
    seen = f"{_what(info)}{_after(info, values)}."
    notice = _about_maps(values) if values.ndim > 1 else _about_units(values)
    return Caption(seen, notice)


def probabilities(info: LayerInfo, prediction: Prediction) -> Caption:
    """Return the caption of the output layer where it is a probability per class."""
    values = prediction.probabilities
    seen = f"{len(values)} probabilities, one per class"
    if abs(float(values.sum()) - 1) < 1e-4:
        seen += (
            f", which add up to 1 ({info.activation})" if info.activation else ", which add up to 1"
        )
    (first, most), *others = prediction.top(2)
    notice = f"Class {first} gets {percent(most)}"
    notice += f", the runner-up {others[0][0]} gets {percent(others[0][1])}." if others else "."
    return Caption(f"{seen}.", notice)


def field(info: LayerInfo) -> str:
    """Return how much of the picture one cell of the layer sees."""
    if info.sees_everything:
        return "whole picture"
    if info.receptive_field is None:
        return "not known"
    return "1 pixel" if info.receptive_field == (1, 1) else f"{sides(info.receptive_field)} pixels"


def architecture(infos: Sequence[LayerInfo], totals: Totals) -> Caption:
    """Return the caption of a network's diagram."""
    seen = "A block is as high as the layer's maps and as thick as it has channels."
    weighted = [info for info in infos if info.parameters and not info.nested]
    costly = [info for info in weighted if info.multiply_adds]
    if not weighted or not costly or not totals.multiply_adds:
        return Caption(seen)
    heavy = max(weighted, key=lambda info: info.parameters)
    busy = max(costly, key=lambda info: info.multiply_adds or 0)
    share = heavy.parameters / totals.parameters
    work = (busy.multiply_adds or 0) / totals.multiply_adds
    also = "also" if heavy is busy else busy.name
    return Caption(
        seen,
        f"{heavy.name} holds {share:.0%} of all parameters, {also} does {work:.0%} of all "
        "multiply-adds.",
    )


def kernel_tiles(tiles: NDArray[np.float32], *, norms: bool) -> Caption:
    """Return the caption of kernels drawn as tiles (height, width, count)."""
    count = tiles.shape[-1]
    what = "the norm of its weights over all input channels" if norms else "its weights"
    seen = f"{_number(count, 'kernel')} of {sides(tiles.shape[:-1])}; a tile shows {what}"
    seen += "." if norms else ": red is positive, blue negative, white zero."
    sizes = np.sqrt(np.square(tiles).sum(axis=tuple(range(tiles.ndim - 1))))
    largest, smallest = int(sizes.argmax()), int(sizes.argmin())
    if count == 1 or sizes[largest] == sizes[smallest]:
        return Caption(seen)
    return Caption(
        seen,
        f"Kernel {largest} has the largest weights (norm {sizes[largest]:.3g}), "
        f"kernel {smallest} the smallest ({sizes[smallest]:.3g}).",
    )


def dense_weights(kernel: NDArray[np.float32]) -> Caption:
    """Return the caption of the weights (inputs, units) of a dense layer."""
    inputs, units_ = kernel.shape
    strongest = np.unravel_index(int(np.abs(kernel).argmax()), kernel.shape)
    return Caption(
        f"A row per unit ({units_}), a column per input ({inputs}): red weights add to the unit's "
        "sum, blue ones subtract from it.",
        f"The strongest weight is {kernel[strongest]:.3g}, from input {strongest[0]} to unit "
        f"{strongest[1]}.",
    )


def channel(number: int, values: NDArray[np.float32]) -> Caption:
    """Return the caption of one channel's map (height, width), drawn with a range of its own."""
    seen = f"Channel {number} alone, with a colour range of its own."
    if not values.any():
        return Caption(seen, "It is silent for this picture: zero everywhere.")
    row, column = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    zeros = float((values == 0).mean())
    told = f"It answers most strongly at row {row}, column {column} ({values[row, column]:.3g})"
    return Caption(seen, f"{told}; {percent(zeros)} of it is zero." if zeros else f"{told}.")


def grid(values: NDArray[np.float32]) -> Caption:
    """Return the caption of a vector (units,) drawn as a grid of cells."""
    seen = "The same numbers as a picture: one cell per unit, row by row."
    if values.min() == values.max():
        return Caption(seen, f"All of them are {values.max():.3g}.")
    above = int((values > values.mean()).sum())
    return Caption(seen, f"{above} of {len(values)} are above their mean of {values.mean():.3g}.")


def single_kernel(number: int, weights: NDArray[np.float32], *, norms: bool) -> Caption:
    """Return the caption of one kernel (height, width), or of its norms over the inputs."""
    what = "the norm of its weights over all inputs" if norms else "its weights"
    seen = f"Kernel {number}, which made the channel: {what}."
    row, column = np.unravel_index(int(np.abs(weights).argmax()), weights.shape)
    largest = f"The largest is {weights[row, column]:.3g}, at row {row}, column {column}"
    if norms or weights.min() >= 0 or weights.max() <= 0:
        return Caption(seen, f"{largest}.")
    return Caption(seen, f"{largest}; all together they add up to {weights.sum():.3g}.")


def spread(values: NDArray[np.float32]) -> Caption:
    """Return the caption of the histogram of a layer's weights."""
    mean, deviation = float(values.mean()), float(values.std())
    within = float((np.abs(values - mean) <= deviation).mean())
    return Caption(
        f"How often the {values.size:,} weights fall into each step of their range.",
        f"Their mean is {mean:.3g}, their standard deviation {deviation:.3g}; {percent(within)} are "
        "within one standard deviation of the mean.",
    )


def vector(name: str, values: NDArray[np.float32]) -> Caption:
    """Return the caption of a vector of weights, one number per channel."""
    return Caption(
        f"{name}: {_number(values.size, 'number')}, one per channel.",
        f"They range from {values.min():.3g} to {values.max():.3g}.",
    )


def accuracy(val_accuracies: Sequence[float]) -> Caption:
    """Return the caption of the accuracy per epoch, from that on validation data."""
    if not len(val_accuracies):
        return Caption("No epoch has ended yet.")
    best = int(np.argmax(val_accuracies))
    return Caption(
        "The share of pictures classified rightly; validation pictures are never trained on.",
        f"The best validation accuracy is {val_accuracies[best]:.2%}, after epoch {best + 1}.",
    )


def change(before: NDArray[np.float32], after: NDArray[np.float32]) -> Caption:
    """Return the caption of the difference of a layer's output, (..., channels), at two moments."""
    moved = np.abs(np.subtract(after, before, dtype=np.float64))
    if not moved.any():
        return Caption("Nothing changed: both are the same, to every bit.")
    per_channel = moved.reshape(-1, moved.shape[-1]).max(axis=0)
    most = int(per_channel.argmax())
    return Caption(
        "Red is where the later value is higher, blue where it is lower.",
        f"The largest change is {per_channel[most]:.3g}, in "
        f"{'unit' if moved.ndim == 1 else 'channel'} {most}; the mean change is {moved.mean():.3g}.",
    )


def course(losses: Sequence[float], val_losses: Sequence[float]) -> Caption:
    """Return the caption of a training history: losses per epoch, in training and validation."""
    if not len(losses):
        return Caption("No epoch has ended yet.")
    seen = f"{_number(len(losses), 'epoch')}: one point is the mean over an epoch."
    best = int(np.argmin(val_losses))
    notice = f"The validation loss was lowest after epoch {best + 1} ({val_losses[best]:.4f})"
    rises = best < len(val_losses) - 1 and val_losses[-1] > 1.05 * val_losses[best]
    if rises and losses[-1] < losses[best]:
        return Caption(
            seen, f"{notice} and rose after it while the training loss fell: overfitting."
        )
    return Caption(seen, f"{notice}.")


def explanation(info: LayerInfo) -> str:
    """Return one sentence on what a layer of this kind does, for readers who have met none."""
    window, count = sides(info.kernel_size or ()), f"{info.channels:,}"
    before = f"{int(info.input_shapes[0][-1] or 0):,}" if info.input_shapes else ""
    told = {
        "InputLayer": "The picture as the network receives it: one number per pixel and colour.",
        "Conv2D": f"Each map shows where one small pattern of {window} cells, learned in training, "
        f"occurs in the maps before it{_clipped(info)}.",
        "DepthwiseConv2D": f"Slides a {window} pattern over each map by itself; maps do not mix.",
        "SeparableConv2D": f"Slides a {window} pattern over each map, then mixes the maps.",
        "Conv2DTranspose": f"Spreads every cell over {window} cells, so that maps grow.",
        "MaxPooling2D": f"Keeps the largest of every {window} cells: maps shrink, and it matters "
        "less where exactly something is.",
        "AveragePooling2D": f"Keeps the mean of every {window} cells: maps shrink.",
        "GlobalAveragePooling2D": "One number per map, its mean: what is there stays, where it is "
        "goes.",
        "GlobalMaxPooling2D": "One number per map, its largest: what is there stays, where it is "
        "goes.",
        "Flatten": f"Writes all cells of all maps into one row of {count} numbers; nothing changes.",
        "Dense": f"Each of {count} units adds up all {before} numbers before it, each times a "
        f"weight learned in training{_clipped(info)}.",
        "BatchNormalization": "Shifts and stretches each channel to a common range, by numbers "
        "learned in training.",
        "Rescaling": "Multiplies every pixel by one number, so that the values are small.",
        "ReLU": "Sets every negative number to zero: a map says where its pattern is, not where "
        "it is not.",
        "Dropout": "Does nothing here; in training it silences cells at random, so that none is "
        "relied on alone.",
        "Concatenate": f"Puts the channels of {_number(len(info.inputs), 'layer')} side by side.",
        "Add": f"Adds {_number(len(info.inputs), 'layer')} cell by cell: the earlier one takes a "
        "short cut past what lies between.",
        "ZeroPadding2D": "Puts a frame of zeros around each map.",
        "UpSampling2D": "Repeats every cell, so that maps grow.",
        "Softmax": "Turns sums into positive shares that add up to 1.",
    }
    activation = f"Applies {info.activation} to every number by itself."
    return told.get(info.kind, activation if info.kind == "Activation" else f"{_what(info)}.")


def _clipped(info: LayerInfo) -> str:
    """Return what an activation does to the sums, where it is one of the usual."""
    if info.activation == "relu":
        return "; negative sums become zero"
    if info.activation == "softmax":
        return "; softmax makes the sums shares of 1"
    return ""


def _what(info: LayerInfo) -> str:
    """Return what the layer does to its input, by its kind; where that is unknown, its shape."""
    shape, kind = info.output_shape, info.kind
    before = sides(info.input_shapes[0]) if info.input_shapes else ""
    window = sides(info.kernel_size) if info.kernel_size else ""
    if kind == "InputLayer":
        return f"The picture as the network receives it, {sides(shape)}"
    if kind == "Conv2D":
        return (
            f"{_number(info.channels, 'feature map')} of {sides(shape[:-1])}: each is the "
            f"cross-correlation of the {before} input with one {window} kernel"
        )
    if kind == "MaxPooling2D":
        return f"Each cell is the largest of {window} cells: {before} becomes {sides(shape)}"
    if kind == "AveragePooling2D":
        return f"Each cell is the mean of {window} cells: {before} becomes {sides(shape)}"
    if kind == "GlobalAveragePooling2D":
        return f"One number per channel: the mean of each of the {info.channels} maps"
    if kind == "Flatten":
        return f"The {before} maps as one row of {info.channels} numbers, cell after cell"
    if kind == "Dense":
        return f"{_number(info.channels, 'unit')}, each a weighted sum of {before} numbers"
    if kind == "BatchNormalization":
        return "Each channel shifted and stretched by the statistics collected in training"
    if kind == "Rescaling":
        return "The input multiplied by a constant"
    if kind == "Concatenate":
        return f"The channels of {_number(len(info.inputs), 'layer')} side by side, {sides(shape)}"
    if kind == "Add":
        return f"The sum of {_number(len(info.inputs), 'layer')}, cell by cell"
    return f"The output of {info.name} ({kind}), {sides(shape)}"


def _after(info: LayerInfo, values: NDArray[np.float32]) -> str:
    if info.activation == "relu" and values.min() >= 0:
        return ", after ReLU: nothing is below zero"
    if info.activation in (None, "linear"):
        return ""
    return f", after {info.activation}"


def _about_maps(maps: NDArray[np.float32]) -> str:
    if maps.max() == maps.min():
        return f"Every cell is {maps.max():.4g}: the picture leaves no trace here."
    place = np.unravel_index(int(np.abs(maps).argmax()), maps.shape)
    where = f"row {place[0]}, column {place[1]}" if maps.ndim == 3 else f"place {place[0]}"
    told = f"Channel {place[-1]} answers most strongly ({maps[place]:.3g} at {where})"
    silent = silent_channels(maps)
    if not silent:
        return f"{told}; none is silent for this picture."
    named = ", ".join(str(i) for i in silent[:_MOST_NAMED])
    rest = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
    word = "channel" if len(silent) == 1 else "channels"
    verb = "is" if len(silent) == 1 else "are"
    return f"{told}; {word} {named}{rest} {verb} silent for this picture (zero everywhere)."


def _about_units(values: NDArray[np.float32]) -> str:
    if values.max() == values.min():
        return f"Every unit is {values.max():.4g}."
    place = int(np.abs(values).argmax())
    zeros = int((values == 0).sum())
    told = f"Unit {place} is the strongest ({values[place]:.3g})"
    return f"{told}; {zeros} of {len(values)} are zero for this picture." if zeros else f"{told}."


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
