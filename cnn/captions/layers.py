"""Captions of layers and of what they make of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption, largest, legend
from cnn.colours import colour_range
from cnn.inspection.predictions import Prediction
from cnn.models.arrangement import MOST_SHEETS, BlockScale
from cnn.models.layers import LayerInfo, Totals
from cnn.words import counted, number, percent, scaled, sides

_MOST_NAMED = 6
_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")


def silent_channels(maps: NDArray[np.float32]) -> list[int]:
    """Return the channels of maps (..., channels) that are zero everywhere."""
    axes = tuple(range(maps.ndim - 1))
    return [int(i) for i in np.flatnonzero(~np.any(maps, axis=axes))]


def layer_output(info: LayerInfo, values: NDArray[np.float32]) -> Caption:
    """Return the caption of a layer's output for one picture, of the layer's own shape."""
    seen = f"{_what(info)}{_after(info, values)}."
    if "bias" in _weights(info) and info.kind in (*_CONVOLUTIONS, "DepthwiseConv2D"):
        seen += " Where the input is zero, only the bias is left."
    if values.ndim == 1:
        return Caption(seen, _about_units(values))
    colours = colour_range(values)
    if colours.signed and values.min() < values.max():
        read = legend(colours, values)
        seen += f" {read[0].upper()}{read[1:]}."
    return Caption(seen, _about_maps(values))


def probabilities(info: LayerInfo, prediction: Prediction) -> Caption:
    """Return the caption of the output layer where it is a probability per class."""
    values = prediction.probabilities
    seen = f"{len(values)} probabilities, one per class"
    if abs(float(values.sum()) - 1) < 1e-4:
        seen += (
            f", which add up to 1 ({info.activation})" if info.activation else ", which add up to 1"
        )
    if prediction.tied > 1:
        return Caption(f"{seen}.", f"There is {tie(prediction)}.")
    (first, most), *others = prediction.top(2)
    notice = f"Class {first} gets {percent(most)}"
    notice += f", the runner-up {others[0][0]} gets {percent(others[0][1])}." if others else "."
    return Caption(f"{seen}.", notice)


def verdict(prediction: Prediction, *, others: int = 0) -> str:
    """Return what the network says, as the end of a sentence that begins with "The network".

    `others` is how many runners-up are named too.
    """
    if not prediction.head.has_classes:
        return f"gives {prediction.head.told}{_listed(prediction)}"
    if not prediction.has_classes:
        return "gives numbers that are not finite"
    if prediction.winner is None:
        return f"has {tie(prediction)}"
    told = [f"{name} ({percent(share)})" for name, share in prediction.top(1 + others)]
    more = f", or else {' or '.join(told[1:])}" if told[1:] else ""
    return f"says {told[0]}{more}"


def tie(prediction: Prediction) -> str:
    """Return that there is no winner, where several classes share the largest probability."""
    share = percent(float(prediction.probabilities.max()))
    return f"no winner: {prediction.tied} classes share {share}"


def _listed(prediction: Prediction) -> str:
    """Return the numbers of the output, where they are few."""
    if prediction.head.form == "maps" or len(prediction.probabilities) > _MOST_NAMED:
        return ""
    return f" ({', '.join(number(value) for value in prediction.probabilities)})"


def field(info: LayerInfo) -> str:
    """Return how much of the picture one cell of the layer sees."""
    if info.sees_everything:
        return "whole picture"
    if info.receptive_field is None:
        return "not known"
    return "1 pixel" if info.receptive_field == (1, 1) else f"{sides(info.receptive_field)} pixels"


def dilation(info: LayerInfo) -> str:
    """Return how many cells apart those of a kernel lie; nothing where they touch."""
    steps = info.dilation or ()
    return sides(steps) if any(step > 1 for step in steps) else ""


def architecture(infos: Sequence[LayerInfo], totals: Totals) -> Caption:
    """Return the caption of a network's diagram."""
    seen = _blocks(infos)
    weighted = [info for info in infos if info.parameters and not info.nested]
    costly = [info for info in weighted if info.multiply_adds]
    if not weighted or not costly or not totals.multiply_adds:
        return Caption(seen)
    heavy = max(weighted, key=lambda info: info.parameters)
    busy = max(costly, key=lambda info: info.multiply_adds or 0)
    share = percent(heavy.parameters / totals.parameters, 0)
    work = percent((busy.multiply_adds or 0) / totals.multiply_adds, 0)
    doing = "and" if heavy is busy else f"{busy.name}"
    return Caption(
        seen,
        f"{heavy.name} holds {share} of all parameters, {doing} does {work} of all multiply-adds.",
    )


def _blocks(infos: Sequence[LayerInfo]) -> str:
    """Return what the heights and the sheets of the diagram's blocks say, in sentences."""
    scale = BlockScale.of(infos)
    heights = [scale.cells(info) for info in infos if info.has_maps and not info.nested]
    if not heights:
        return "A bar is a step higher for every doubling of the layer's units."
    seen = "A block is as high as the layer's maps, to scale"
    least = scale.least_cells
    if any(0 < cells < least for cells in heights):
        seen += f" (those of less than {least} cells like those of {least})"
    if 0 in heights:
        seen += "; where the height is open it is drawn as the highest"
    return (
        f"{seen}. Four times as many maps are one sheet more, up to {MOST_SHEETS}; a layer of "
        "units is a slim bar, a step higher for every doubling."
    )


def channel(which: int, values: NDArray[np.float32]) -> Caption:
    """Return the caption of one channel's map (height, width), drawn with a range of its own."""
    read = legend(colour_range(values), values)
    seen = f"Channel {which} alone, with a colour range of its own: {read}."
    if not values.any():
        return Caption(seen, "It is silent for this picture: zero everywhere.")
    if values.min() == values.max():
        return Caption(seen)
    name, (row, column) = largest("value", values)
    zeros = float((values == 0).mean())
    told = f"{name} is {number(values[row, column])}, at row {row}, column {column}"
    return Caption(seen, f"{told}; {percent(zeros)} of it is zero." if zeros else f"{told}.")


def grid(values: NDArray[np.float32]) -> Caption:
    """Return the caption of a vector (units,) drawn as a grid of cells."""
    read = legend(colour_range(values), values)
    seen = f"The same numbers as a picture, one cell per unit, row by row: {read}."
    if values.min() == values.max():
        return Caption(seen)
    above = int((values > values.mean()).sum())
    verb = "is" if above == 1 else "are"
    return Caption(
        seen,
        f"{above:,} of {len(values):,} {verb} above the mean of all, {number(values.mean())}.",
    )


def explanation(info: LayerInfo) -> str:
    """Return one sentence on what a layer of this kind does, for readers who have met none."""
    window, count = sides(info.kernel_size or ()), f"{info.channels:,}"
    before = f"{int(info.input_shapes[0][-1] or 0):,}" if info.input_shapes else ""
    each = f"Each of {count} units" if info.channels > 1 else "One unit"
    told = {
        "InputLayer": "The picture as the network receives it: one number per pixel"
        f"{' and colour' * (info.channels > 1)}.",
        "Conv2D": f"Each map shows where one small pattern of {window} cells"
        f"{_apart(info, 'that')}, learned in training, occurs in the maps before it{_clipped(info)}.",
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
        "Dense": f"{each} adds up all {before} numbers before it, each times a weight learned in "
        f"training{', and a bias' * ('bias' in _weights(info))}{_clipped(info)}.",
        "BatchNormalization": "Shifts and stretches each channel to a common range, by numbers "
        "learned in training.",
        "Rescaling": f"{_rescaled(info)}, so that the values are small.",
        "ReLU": "Sets every negative number to zero: a map says where its pattern is, not where "
        "it is not.",
        "Dropout": "Does nothing here; in training it silences cells at random, so that none is "
        "relied on alone.",
        "Concatenate": f"Puts the channels of {counted(len(info.inputs), 'layer')} side by side.",
        "Add": f"Adds {counted(len(info.inputs), 'layer')} cell by cell: the earlier one takes a "
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


def _weights(info: LayerInfo) -> dict[str, tuple[int | None, ...]]:
    return dict(info.weight_shapes)


def _what(info: LayerInfo) -> str:
    """Return what the layer does to its input, by its kind; where that is unknown, its shape."""
    shape, kind = info.output_shape, info.kind
    before = sides(info.input_shapes[0]) if info.input_shapes else ""
    window = sides(info.kernel_size) if info.kernel_size else ""
    if kind == "InputLayer":
        return f"The picture as the network receives it, {sides(shape)}"
    if "Conv" in kind and info.kernel_size and info.input_shapes:
        return _convolution(info)
    if kind == "MaxPooling2D":
        return f"Each cell is the largest of {window} cells: {before} becomes {sides(shape)}"
    if kind == "AveragePooling2D":
        return f"Each cell is the mean of {window} cells: {before} becomes {sides(shape)}"
    if kind == "GlobalAveragePooling2D":
        return f"One number per channel: the mean of each of the {info.channels} maps"
    if kind == "GlobalMaxPooling2D":
        return f"One number per channel: the largest of each of the {info.channels} maps"
    if kind == "Flatten":
        return f"The {before} maps as one row of {info.channels:,} numbers, cell after cell"
    if kind == "Dense":
        bias = "its bias plus " * ("bias" in _weights(info))
        return f"{counted(info.channels, 'unit')}, each {bias}a weighted sum of {before} numbers"
    if kind == "BatchNormalization":
        return "Each channel shifted and stretched by the statistics collected in training"
    if kind == "Rescaling":
        return _rescaled(info)
    if kind == "Concatenate":
        return f"The channels of {counted(len(info.inputs), 'layer')} side by side, {sides(shape)}"
    if kind == "Add":
        return f"The sum of {counted(len(info.inputs), 'layer')}, cell by cell"
    return f"The output of {info.name} ({kind}), {sides(shape)}"


def _convolution(info: LayerInfo) -> str:
    """Return how a convolution makes each of its maps: with which kernel, and with a bias or none."""
    weights, window = _weights(info), sides(info.kernel_size or ())
    before, inputs = sides(info.input_shapes[0]), info.input_shapes[0][-1]
    maps = f"{counted(info.channels, 'feature map')} of {sides(info.output_shape[:-1])}"
    each = f"{maps}: each is {'its bias plus ' * ('bias' in weights)}"
    apart = _apart(info, "whose cells")
    if "Depthwise" in info.kind:
        of = "one channel" if inputs != 1 else "the only channel"
        return (
            f"{each}the cross-correlation of {of} of the {before} input with a kernel of "
            f"{window}{apart} of its own"
        )
    if "Separable" in info.kind:
        return (
            f"{each}a mixture of the {inputs} channels of the {before} input, after a kernel of "
            f"{window}{apart} has slid over each of them by itself"
        )
    depth = weights.get("kernel", (inputs,))[-1 if "Transpose" in info.kind else -2 :][0]
    kernel = f"one kernel of {window}×{depth}{apart}"
    if "Transpose" in info.kind:
        return f"{each}all cells of the {before} input, each spread over {window} cells by {kernel}"
    part = "" if depth == inputs else f"{counted(int(depth or 0), 'channel')} of "
    return f"{each}the cross-correlation of {part}the {before} input with {kernel}"


def _apart(info: LayerInfo, which: str) -> str:
    """Return how far apart the cells of a kernel lie, where they do not touch."""
    if not info.dilation or set(info.dilation) == {1}:
        return ""
    apart = set(info.dilation)
    steps = str(apart.pop()) if len(apart) == 1 else sides(info.dilation)
    return f" {which} lie {steps} apart (dilation)"


def _rescaled(info: LayerInfo) -> str:
    if info.scaling is None:
        return "Each number of the input is multiplied by a constant, and another is added"
    return f"Each number of the input is {scaled(*info.scaling)}"


def _after(info: LayerInfo, values: NDArray[np.float32]) -> str:
    if info.activation == "relu" and values.min() >= 0:
        return ", after ReLU: nothing is below zero"
    if info.activation in (None, "linear"):
        return ""
    return f", after {info.activation}"


def _about_maps(maps: NDArray[np.float32]) -> str:
    if maps.max() == maps.min():
        return f"Every cell is {number(maps.max(), 4)}: the picture leaves no trace here."
    name, place = largest("value", maps)
    where = f"row {place[0]}, column {place[1]}" if maps.ndim == 3 else f"place {place[0]}"
    which = f" in channel {place[-1]}" if maps.shape[-1] > 1 else ""
    told = f"{name} is {number(maps[place])},{which} at {where}"
    silent = silent_channels(maps)
    if maps.shape[-1] == 1:
        return f"{told}."
    if not silent:
        return f"{told}; no channel is silent for this picture."
    named = ", ".join(str(i) for i in silent[:_MOST_NAMED])
    rest = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
    word = "channel" if len(silent) == 1 else "channels"
    verb = "is" if len(silent) == 1 else "are"
    return f"{told}; {word} {named}{rest} {verb} silent for this picture (zero everywhere)."


def _about_units(values: NDArray[np.float32]) -> str:
    if len(values) == 1:
        return f"It is {number(values[0])}."
    if values.max() == values.min():
        return f"Every unit is {number(values.max(), 4)}."
    name, (place,) = largest("value", values)
    zeros = int((values == 0).sum())
    told = f"{name} is {number(values[place])}, of unit {place}"
    verb = "is" if zeros == 1 else "are"
    return (
        f"{told}; {zeros:,} of {len(values):,} {verb} zero for this picture."
        if zeros
        else f"{told}."
    )
