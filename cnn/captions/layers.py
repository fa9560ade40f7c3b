"""Captions of layers and of what they make of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from math import prod
from string import Formatter

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption, largest, legend, not_finite
from cnn.colours import colour_range
from cnn.inspection.predictions import Prediction
from cnn.models.arrangement import MOST_SHEETS, BlockScale
from cnn.models.kinds import kind_of
from cnn.models.layers import LayerInfo, Totals
from cnn.words import counted, listed, number, percent, scaled, sides

_MOST_NAMED = 6
# Functions with ends, by the lower one.
_SQUEEZED = {"sigmoid": "0", "tanh": "−1"}
# Layers that draw their numbers anew at each call in training.
_BY_CHANCE = ("*Dropout*", "GaussianNoise", "Random*")
_MOST_CALLED = 3
# How many axes the places of maps have.
_AXES_OF_MAPS = 2


def silent_channels(maps: NDArray[np.float32]) -> list[int]:
    """Return the channels of maps (..., channels) that are zero everywhere."""
    axes = tuple(range(maps.ndim - 1))
    return [int(i) for i in np.flatnonzero(~np.any(maps, axis=axes))]


def layer_output(
    info: LayerInfo, values: NDArray[np.float32], *, began: str | None = None
) -> Caption:
    """Return the caption of a layer's output for one picture, of the layer's own shape.

    `began` is the first layer that gives numbers that are not finite.
    """
    seen = f"{_what(info)}{_after(info, values)}.{_in_training(info)}"
    if "bias" in _weights(info) and kind_of(info.kind).bias_remains:
        seen += f" Where the input is zero, only the bias {_left_of_bias(info)}."
    if broken := not_finite("number", values):
        return Caption(seen, f"{broken}{_beginning(info, began)}")
    if values.ndim == 1:
        return Caption(seen, _about_units(values))
    colours = colour_range(values)
    if colours.signed and values.min() < values.max():
        read = legend(colours, values)
        seen += f" {read[0].upper()}{read[1:]}."
    return Caption(seen, _about_maps(values))


def _left_of_bias(info: LayerInfo) -> str:
    """Return what a bias does where it is alone: it is left as it is, or a function gets it."""
    if info.activation in (None, "linear"):
        return "is left"
    return f"goes into {'ReLU' if info.activation == 'relu' else info.activation}"


def _beginning(info: LayerInfo, began: str | None) -> str:
    if began is None:
        return ""
    where = "here" if began == info.name else f"with the layer {began}"
    return f" That begins {where}."


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
        return f"gives {prediction.head.description}{_listed(prediction)}"
    if not prediction.has_classes:
        return "gives numbers that are not finite"
    if prediction.winner is None:
        return f"has {tie(prediction)}"
    answers = [f"{name} ({percent(share)})" for name, share in prediction.top(1 + others)]
    more = f", or else {' or '.join(answers[1:])}" if answers[1:] else ""
    return f"says {answers[0]}{more}"


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
    """Return how much of the picture one cell of the layer sees; nothing is empty."""
    at_most = "at most " * (info.certainty == "upper bound")
    if info.sees_everything:
        return f"{at_most}{'the ' if at_most else ''}whole picture"
    if info.receptive_field is None:
        return "not known"
    if info.receptive_field == (0, 0):
        return ""
    pixels = (
        "1 pixel" if info.receptive_field == (1, 1) else f"{sides(info.receptive_field)} pixels"
    )
    return f"{at_most}{pixels}"


def cost(multiply_adds: int | None) -> str:
    """Return how many multiply-adds there are, or what that depends on."""
    return "depends on the picture's size" if multiply_adds is None else f"{multiply_adds:,}"


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
    if broken := not_finite("number", values):
        return Caption(seen, broken)
    if not values.any():
        return Caption(seen, "It is silent for this picture: zero everywhere.")
    if values.min() == values.max():
        return Caption(seen)
    name, (row, column) = largest("value", values)
    zeros = float((values == 0).mean())
    sentence = f"{name} is {number(values[row, column])}, at row {row}, column {column}"
    return Caption(
        seen, f"{sentence}; {percent(zeros)} of it is zero." if zeros else f"{sentence}."
    )


def grid(values: NDArray[np.float32]) -> Caption:
    """Return the caption of a vector (units,) drawn as a grid of cells."""
    read = legend(colour_range(values), values)
    seen = f"The same numbers as a picture, one cell per unit, row by row: {read}."
    if broken := not_finite("number", values):
        return Caption(seen, broken)
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
    kind = kind_of(info.kind)
    explained = _filled(kind.explanation or f"{kind.what}.", info)
    return f"{explained}{_in_training(info)}"


def _what(info: LayerInfo) -> str:
    """Return what the layer does to its input, by its kind; where that is unknown, its shape."""
    return _filled(kind_of(info.kind).what, info)


def called_in_training(infos: Iterable[LayerInfo]) -> str:
    """Return how model(x) differs from the prediction, where layers are called as in training."""
    called = [info for info in infos if info.setting("training")]
    if not called:
        return ""
    names = [info.name for info in called[:_MOST_CALLED]]
    others = len(called) - len(names)
    those = listed([*names, counted(others, "other")] if others else names)
    is_chance = any(fnmatchcase(info.kind, kind) for info in called for kind in _BY_CHANCE)
    differs = "differs from call to call" if is_chance else "may differ"
    return (
        f"What model(x) says {differs}: it goes through {those} as in training (training=True). "
        "model.predict(x) does not, and this is what it says."
    )


def _in_training(info: LayerInfo) -> str:
    """Return that a layer is called as in training, where it is: here none is."""
    if not info.setting("training"):
        return ""
    return (
        " It is called with training=True: model(x) goes through it as in training, model.predict(x) and "
        "this page do not."
    )


def _filled(template: str, info: LayerInfo) -> str:
    """Return a sentence of a kind of layer, about one layer of the kind."""
    fields = {name: _FIELDS[name](info) for _, name, _, _ in Formatter().parse(template) if name}
    return template.format(**fields)


def _clipped(info: LayerInfo) -> str:
    """Return what an activation does to the sums, where it is one of the usual."""
    if info.activation == "relu":
        return "; negative sums become zero"
    if info.activation == "softmax":
        return "; softmax makes the sums shares of 1"
    if info.activation in _SQUEEZED:
        return f"; {info.activation} brings every sum between {_SQUEEZED[info.activation]} and 1"
    return ""


def _weights(info: LayerInfo) -> dict[str, tuple[int | None, ...]]:
    return dict(info.weight_shapes)


def _before(info: LayerInfo) -> tuple[int | None, ...]:
    return info.input_shapes[0] if info.input_shapes else ()


def _inputs(info: LayerInfo) -> int:
    return int((_before(info) or (0,))[-1] or 0)


def _depth(info: LayerInfo) -> int:
    """Return how many channels of the input one kernel reads."""
    shape = _weights(info).get("kernel")
    axis = -1 if kind_of(info.kind).kernel == "transposed" else -2
    return int(shape[axis] or 0) if shape else _inputs(info)


def _part(info: LayerInfo) -> str:
    """Return which part of the channels one kernel reads, where it is not all."""
    depth = _depth(info)
    return "" if depth == _inputs(info) else f"{counted(depth, 'channel')} of "


def _apart(info: LayerInfo, which: str) -> str:
    """Return how far apart the cells of a kernel lie, where they do not touch."""
    if not info.dilation or set(info.dilation) == {1}:
        return ""
    apart = set(info.dilation)
    steps = str(apart.pop()) if len(apart) == 1 else sides(info.dilation)
    return f" {which} lie {steps} apart (dilation)"


def _rescaled(info: LayerInfo) -> str:
    if info.scaling is None:
        return "Each channel is multiplied by a factor of its own, and an offset is added"
    return f"Each number of the input is {scaled(*info.scaling)}"


def _so_small(info: LayerInfo) -> str:
    return ", so that the values are small" if info.scaling and abs(info.scaling[0]) < 1 else ""


def _axis(info: LayerInfo) -> str:
    """Return what lies along the layer's axis, the channels if it is the last."""
    axis, rank = info.setting("axis"), len(info.output_shape)
    if not isinstance(axis, int) or info.is_along_channels:
        return "channel" if rank > 1 else "unit"
    names = {2: ("row",), 3: ("row", "column")}.get(rank, ())
    return dict(enumerate(names, 1 + info.channels_first)).get(axis % (rank + 1), "slice")


def _rectified(info: LayerInfo) -> str:
    """Return what a rectifier does to numbers, by its slope, its threshold and its highest number."""
    slope, start = (float(info.setting(name) or 0) for name in ("negative_slope", "threshold"))
    most = info.setting("max_value")
    below = "every negative number" if not start else f"every number below {number(start)}"
    if slope and start:
        from_start = f"{number(slope)} × (x − {number(start)})"
        rule = f"Makes {from_start} of every number x below {number(start)}"
    elif slope:
        rule = f"Multiplies {below} by {number(slope)}: a map says softly where its pattern is not"
    else:
        rule = f"Sets {below} to zero"
    if most is not None:
        return f"{rule}, and every number above {number(most)} to {number(most)}"
    told = ": a map says where its pattern is, not where it is not"
    return f"{rule}{told}" if not slope else rule


def _enlarged(info: LayerInfo) -> str:
    how = info.setting("interpolation")
    if how in (None, "nearest"):
        return "Repeats every cell"
    return f"Puts cells between those there are, each a mixture of its neighbours ({how})"


def _shrinks(info: LayerInfo) -> bool:
    """Whether a step of more than one cell makes maps smaller."""
    return any(step > 1 for step in info.strides or ())


def _recurrent(info: LayerInfo) -> str:
    """Return after what a layer with a memory shows it: a row of a table, or a step of many cells."""
    entering = _before(info)
    steps = counted(int(entering[0] or 0), "row" if len(entering) == 2 else "step")
    when = "each" if info.setting("return_sequences") else "the last"
    return f"What the layer keeps in memory after {when} of {steps}"


def _position(info: LayerInfo) -> str:
    """Return what attention mixes: rows of a table, places of maps."""
    return "row" if len(_before(info)) - 1 == 1 else "place"


def _positions(info: LayerInfo) -> str:
    places = _before(info)[:-1]
    known = [size for size in places if size is not None]
    each = _position(info)
    return counted(prod(known), each) if len(known) == len(places) else f"its {each}s"


def of_line(info: LayerInfo) -> str:
    """Return on which line an attention looks, where it is not everywhere: that of each query's place."""
    free, places = info.setting("free_axes"), len(_before(info)) - 1
    if not free:
        return ""
    if len(free) == places:
        return " of its own place"
    if places == _AXES_OF_MAPS:
        return " of its row" if free == (0,) else " of its column"
    return " of its line" if len(free) == places - 1 else " of its slice"


_FIELDS: dict[str, Callable[[LayerInfo], str]] = {
    "name": lambda info: info.name,
    "kind": lambda info: info.kind,
    "shape": lambda info: sides(info.output_shape),
    "before": lambda info: sides(_before(info)),
    "window": lambda info: sides(info.kernel_size or ()),
    "depth": lambda info: str(_depth(info)),
    "inputs": lambda info: str(_inputs(info)),
    "channels": lambda info: str(info.channels),
    "count": lambda info: f"{info.channels:,}",
    "count_before": lambda info: counted(_inputs(info), "number"),
    "all_before": lambda info: (
        f"the {counted(_inputs(info), 'number')} of one place"
        if len(_before(info)) > 1
        else f"all {_inputs(info):,} numbers before it"
        if _inputs(info) > 1
        else "the only number before it"
    ),
    "everywhere": lambda info: (
        f" at each of {sides(info.output_shape[:-1])} places" * (len(_before(info)) > 1)
    ),
    "of_place": lambda info: " there" * (len(_before(info)) > 1),
    "along": _axis,
    "alongs": lambda info: f"{_axis(info)}s",
    "joined": lambda info: "one below the other" if _axis(info) == "row" else "side by side",
    "rectified": _rectified,
    "shrinking": lambda info: "maps shrink, and " * _shrinks(info),
    "and_shrinks": lambda info: ": maps shrink" * _shrinks(info),
    "interpolation": lambda info: f", {info.setting('interpolation')}",
    "enlarged": _enlarged,
    "positions": _positions,
    "position": _position,
    "of_line": of_line,
    "heads": lambda info: counted(int(info.setting("num_heads") or 1), "head"),
    "layer_before": lambda info: info.inputs[0],
    "recurrent": _recurrent,
    "layers_before": lambda info: (
        counted(len(info.inputs), "layer")
        if len(info.inputs) > 1
        else "the layer before and a constant"
    ),
    "maps": lambda info: (
        f"{counted(info.channels, 'feature map')} of {sides(info.output_shape[:-1])}"
    ),
    "units": lambda info: counted(info.channels, "unit"),
    "each_unit": lambda info: (
        f"Each of {info.channels:,} units" if info.channels > 1 else "One unit"
    ),
    "one_channel": lambda info: "one channel" if _inputs(info) != 1 else "the only channel",
    "part": _part,
    "and_colour": lambda info: " and colour" * (info.channels > 1),
    "bias_plus": lambda info: "its bias plus " * ("bias" in _weights(info)),
    "and_bias": lambda info: ", and a bias" * ("bias" in _weights(info)),
    "apart": lambda info: _apart(info, "that"),
    "cells_apart": lambda info: _apart(info, "whose cells"),
    "clipped": _clipped,
    "rescaled": _rescaled,
    "so_small": _so_small,
    "activation": lambda info: info.activation or "a function",
}


def _after(info: LayerInfo, values: NDArray[np.float32]) -> str:
    if info.activation == "relu" and values.min() >= 0:
        return ", after ReLU: nothing is below zero"
    if (
        info.activation in (None, "linear", info.kind.lower())
        or info.setting("return_sequences") is not None
    ):
        return ""
    return f", after {info.activation}"


def _place(place: tuple[int, ...]) -> str:
    """Return where a cell lies, by its index without the channel."""
    names = {2: ("row", "column"), 3: ("slice", "row", "column")}.get(len(place))
    if names is None:
        return f"place {', '.join(map(str, place))}"
    return ", ".join(f"{name} {at}" for name, at in zip(names, place, strict=True))


def _about_maps(maps: NDArray[np.float32]) -> str:
    if maps.size == 1:
        return f"Its only cell is {number(maps.max(), 4)}."
    if maps.max() == maps.min():
        return f"Every cell is {number(maps.max(), 4)}: the picture leaves no trace here."
    name, place = largest("value", maps)
    which = f" in channel {place[-1]}" if maps.shape[-1] > 1 else ""
    sentence = f"{name} is {number(maps[place])},{which} at {_place(place[:-1])}"
    silent = silent_channels(maps)
    if maps.shape[-1] == 1:
        return f"{sentence}."
    if not silent:
        return f"{sentence}; no channel is silent for this picture."
    named = ", ".join(str(i) for i in silent[:_MOST_NAMED])
    rest = f" and {len(silent) - _MOST_NAMED} more" if len(silent) > _MOST_NAMED else ""
    word = "channel" if len(silent) == 1 else "channels"
    verb = "is" if len(silent) == 1 else "are"
    return f"{sentence}; {word} {named}{rest} {verb} silent for this picture (zero everywhere)."


def _about_units(values: NDArray[np.float32]) -> str:
    if len(values) == 1:
        return f"It is {number(values[0])}."
    if values.max() == values.min():
        return f"Every unit is {number(values.max(), 4)}."
    name, (place,) = largest("value", values)
    zeros = int((values == 0).sum())
    sentence = f"{name} is {number(values[place])}, of unit {place}"
    verb = "is" if zeros == 1 else "are"
    return (
        f"{sentence}; {zeros:,} of {len(values):,} {verb} zero for this picture."
        if zeros
        else f"{sentence}."
    )
