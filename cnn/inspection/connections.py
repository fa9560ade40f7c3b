"""What leads to a channel, and where it leads: the connections between two layers.

Layers with a kernel add up what all channels before them contribute
(`cnn.inspection.contributions`). Layers without one hand channels on: pooling, activations,
normalisation, flattening, merging. Statistics that a normalisation or a softmax takes over several
channels are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.contributions import (
    Contributions,
    Floats,
    adds_up,
    contributed,
    contributions,
    strengths,
    strengths_of,
)
from cnn.models.arrangement import edges
from cnn.models.graph import Shape, calls
from cnn.models.kinds import kind_of
from cnn.models.layers import LayerInfo, layer_info, layer_infos
from cnn.models.orientation import channels_first, declares_first

if TYPE_CHECKING:
    import keras

Kind = Literal["sum", "channel", "unknown"]
Amount = Literal["contribution", "weight", "norm", "channel", "unknown"]
Channels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Connection:
    """How the channels of the layer `source` lead to those of another.

    `kind` is "sum" where channels are added up, times weights; where they are handed on ("channel")
    the `pairs` (n, 2) are those of input and output; of an "unknown" connection nothing is known
    but that it exists.
    """

    source: str
    kind: Kind
    pairs: Channels | None = None

    def feeding(self, output: int) -> Channels:
        """Return the inputs that are handed on to the channel `output`."""
        return self._along(1, output)

    def fed_by(self, source: int) -> Channels:
        """Return the outputs that the channel `source` is handed on to."""
        return self._along(0, source)

    def _along(self, side: int, channel: int) -> Channels:
        if self.pairs is None:
            return np.empty(0, np.int64)
        channels: Channels = self.pairs[self.pairs[:, side] == channel, 1 - side]
        return channels


@dataclass(frozen=True, eq=False)
class Side:
    """What a channel is connected to in one layer: one that feeds it (`is_source`), or that it feeds.

    `amounts` is float32, one per channel of `layer`, NaN where there is no connection. They are
    what is contributed to a sum for a picture; or the weight, or the norm of the kernel; or 1 where
    a channel is handed on. `added_up` has the whole of a sum that is fed, for a picture.
    """

    layer: str
    is_source: bool
    kind: Amount
    amounts: Floats
    added_up: Contributions | None = None


def sides(
    model: keras.Model,
    layer: str,
    channel: int,
    *,
    activations: Mapping[str, Floats] | None = None,
) -> tuple[Side, ...]:
    """Return what feeds a channel and what it feeds, a `Side` per connection.

    Amounts are those for the picture of the `activations`, or without any those of the weights
    alone. Raises `LayerError` for a name that the model does not have.
    """
    targets = dict.fromkeys(b for a, b in edges(layer_infos(model)) if a == layer)
    fed = [_fed(model, layer, channel, one, activations) for one in connections(model, layer)]
    return (
        *fed,
        *[
            _feeding(model, target, channel, one, activations)
            for target in targets
            for one in connections(model, target)
            if one.source == layer
        ],
    )


def same_channel(layer: str, channel: int, count: int, *, is_source: bool) -> Side:
    """Return how a channel is connected to that of the same number of `layer`, which has `count`."""
    return Side(layer, is_source, "channel", _ones(count, np.array([channel])))


def _fed(
    model: keras.Model,
    layer: str,
    channel: int,
    connection: Connection,
    activations: Mapping[str, Floats] | None,
) -> Side:
    source = connection.source
    if connection.kind != "sum":
        count = layer_info(model, source).channels
        return Side(source, True, connection.kind, _ones(count, connection.feeding(channel)))
    if activations is None:
        return Side(source, True, _of_weights(model, layer), strengths(model, layer, channel))
    whole = contributions(model, layer, channel, activations)
    return Side(source, True, "contribution", whole.amounts, whole)


def _feeding(
    model: keras.Model,
    target: str,
    channel: int,
    connection: Connection,
    activations: Mapping[str, Floats] | None,
) -> Side:
    if connection.kind != "sum":
        count = layer_info(model, target).channels
        return Side(target, False, connection.kind, _ones(count, connection.fed_by(channel)))
    if activations is None:
        return Side(target, False, _of_weights(model, target), strengths_of(model, target, channel))
    added = contributed(model, target, channel, activations)
    return Side(target, False, "contribution", added)


def _of_weights(model: keras.Model, layer: str) -> Amount:
    return "weight" if kind_of(layer_info(model, layer).kind).kernel == "dense" else "norm"


def _ones(count: int, channels: Channels) -> Floats:
    """Return an array over `count` channels: 1 for those given, NaN for the others."""
    ones: Floats = np.full(count, np.nan, np.float32)
    ones[channels] = 1
    return ones


def connections(model: keras.Model, layer: str) -> tuple[Connection, ...]:
    """Return a `Connection` per input of the layer, in their order; none for an input layer.

    Raises `LayerError` for a name that the model does not have.
    """
    info = layer_info(model, layer)
    known = {one.name: one for one in layer_infos(model)}
    sources = [source for source, target in edges(tuple(known.values())) if target == layer]
    if len(sources) != len(info.input_shapes):
        return tuple(Connection(source, "unknown") for source in sources)
    return tuple(_connection(model, info, source, number) for number, source in enumerate(sources))


def _connection(model: keras.Model, info: LayerInfo, source: str, number: int) -> Connection:
    """Return the connection from the input `number` of the layer."""
    if adds_up(info.kind):
        is_quantised = getattr(_layer(model, info.name), "quantization_mode", None)
        return Connection(source, "unknown" if is_quantised else "sum")
    pairs = _handed_on(model, info, number)
    return Connection(source, "unknown" if pairs is None else "channel", pairs)


def _handed_on(model: keras.Model, info: LayerInfo, number: int) -> Channels | None:
    """Return pairs of input and output channel where channels are handed on; None: not known."""
    channels, shape = kind_of(info.kind).channels, info.input_shapes[number]
    inputs, outputs = int(shape[-1] or 0), info.channels
    layer, first = _layer(model, info.name), channels_first(model)
    if channels == "rearranged":
        is_moved = info.inputs[number] in first and not declares_first(layer)
        return None if is_moved else _rearranged(shape, info.output_shape)
    if channels == "beside" and _along_channels(layer, info):
        before = sum(int(other[-1] or 0) for other in info.input_shapes[:number])
        return _straight(inputs, before)
    if channels == "merged" and inputs == 1:
        return np.stack([np.zeros(outputs, np.int64), np.arange(outputs)], axis=1)
    if channels in ("kept", "merged", "beside") and inputs == outputs:
        return _straight(inputs)
    return None


def _straight(count: int, offset: int = 0) -> Channels:
    channels = np.arange(count)
    return np.stack([channels, channels + offset], axis=1)


def _rearranged(shape: Shape, output: Shape) -> Channels | None:
    """Return the pairs of a layer that only reads its numbers in another shape."""
    if None in shape or None in output:
        return None
    cells = np.arange(prod(int(side or 0) for side in shape))
    return np.unique(
        np.stack([cells % int(shape[-1] or 1), cells % int(output[-1] or 1)], axis=1), axis=0
    )


def _layer(model: keras.Model, name: str) -> Any:
    return next(call.layer for call in calls(model) if call.name == name)


def _along_channels(layer: Any, info: LayerInfo) -> bool:
    """Whether the layer puts its inputs together along their channels."""
    axes = (1,) if info.channels_first else (-1, len(info.output_shape))
    return getattr(layer, "axis", -1) in axes
