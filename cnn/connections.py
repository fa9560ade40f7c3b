"""What feeds a channel, and what it feeds: the strength of every connection between two layers.

The strength is the weight itself where one number leads to one (dense layers), and the Euclidean
norm of the kernel's window where a map leads to a map (convolutions). Layers without such weights
hand channels on: pooling, activations, normalisation, flattening, merging. Statistics that a
normalisation or a softmax takes over several channels are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.figures.network import edges
from cnn.graph import Shape
from cnn.kernels import kernels, weights
from cnn.layers import LayerInfo, layer_info, layer_infos

if TYPE_CHECKING:
    import keras

Kind = Literal["weight", "norm", "channel", "unknown"]
Floats = NDArray[np.float32]

_HANDED_ON = (
    "Pooling", "Dropout", "Normalization", "Rescaling", "ReLU", "Relu", "ELU", "Softmax",
    "Activation", "Padding", "Cropping", "CenterCrop", "UpSampling", "Resizing", "Random",
    "Gaussian", "Identity", "ActivityRegularization", "Sigmoid", "Tanh", "Silu", "Gelu", "Swish",
)  # fmt: skip
_MERGED = (
    "Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Average", "Maximum", "Minimum",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Connection:
    """How the channels of the layer `source` feed those of another.

    `kind` says what a strength is: "weight", signed, and "norm" come as a `matrix` (inputs,
    outputs); where each channel reads few others they are `pairs` (n, 2) of input and output, with
    a strength each, or none where channels are handed on ("channel"). Of an "unknown" connection
    nothing is known but that it exists.
    """

    source: str
    kind: Kind
    matrix: Floats | None = None
    pairs: NDArray[np.int64] | None = None
    strengths: Floats | None = None

    def between(self, inputs: Sequence[int], outputs: Sequence[int]) -> Floats:
        """Return the strengths between some channels, float32 (inputs, outputs).

        NaN where one does not feed the other, 1 where a channel is handed on.
        """
        if self.matrix is not None:
            chosen: Floats = self.matrix[np.ix_(inputs, outputs)]
            return chosen
        found: Floats = np.full((len(inputs), len(outputs)), np.nan, np.float32)
        if self.pairs is not None and len(self.pairs):
            rows = _places(inputs, self.pairs[:, 0])
            columns = _places(outputs, self.pairs[:, 1])
            known = (rows >= 0) & (columns >= 0)
            found[rows[known], columns[known]] = self._pair_strengths()[known]
        return found

    def feeding(self, output: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the inputs that feed the channel `output` and their strengths, strongest first."""
        if self.matrix is not None:
            return _ranked(np.arange(len(self.matrix)), self.matrix[:, output])
        return self._along(1, output)

    def fed_by(self, source: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the outputs that the channel `source` feeds and their strengths, strongest first."""
        if self.matrix is not None:
            return _ranked(np.arange(self.matrix.shape[1]), self.matrix[source])
        return self._along(0, source)

    def _along(self, side: int, channel: int) -> tuple[NDArray[np.int64], Floats]:
        if self.pairs is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        here = self.pairs[:, side] == channel
        return _ranked(self.pairs[here, 1 - side], self._pair_strengths()[here])

    def _pair_strengths(self) -> Floats:
        if self.strengths is not None:
            return self.strengths
        return np.ones(0 if self.pairs is None else len(self.pairs), np.float32)


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


def one_to_one(source: str, count: int) -> Connection:
    """Return the connection of a layer that hands on each of the `count` channels of its input."""
    return Connection(source, "channel", pairs=_straight(count))


def _connection(model: keras.Model, info: LayerInfo, source: str, number: int) -> Connection:
    """Return the connection from the input `number` of the layer."""
    kind, shape = info.kind, info.input_shapes[number]
    if kind.startswith("Depthwise"):
        return _depthwise(model, info, source)
    if kind.startswith("SeparableConv"):
        return Connection(source, "norm", _norms(_separable(model, info)))
    if kind.startswith("Conv") and not kind.startswith(("Concat", "ConvLSTM")):
        return Connection(source, "norm", _grouped(_norms(kernels(model, info.name)), shape))
    if kind == "Dense":
        return Connection(source, "weight", kernels(model, info.name))
    pairs = _handed_on(model, info, number)
    return (
        Connection(source, "unknown")
        if pairs is None
        else Connection(source, "channel", None, pairs)
    )


def _norms(kernel: Floats) -> Floats:
    """Return the norm over the window for each input and output channel, (in, out)."""
    norms: Floats = np.sqrt(np.square(kernel).sum(axis=tuple(range(kernel.ndim - 2))))
    return norms


def _grouped(norms: Floats, shape: Shape) -> Floats:
    """Return norms (inputs, outputs) where channels convolve in groups; zero between groups."""
    channels, (within, outputs) = int(shape[-1] or 0), norms.shape
    if within == channels:
        return norms
    groups = channels // within
    whole: Floats = np.zeros((channels, outputs), np.float32)
    for group in range(groups):
        mine = slice(group * outputs // groups, (group + 1) * outputs // groups)
        whole[group * within : (group + 1) * within, mine] = norms[:, mine]
    return whole


def _depthwise(model: keras.Model, info: LayerInfo, source: str) -> Connection:
    norms = _norms(kernels(model, info.name))[0]
    outputs = np.arange(len(norms))
    inputs = outputs // max(1, len(norms) // int(info.input_shapes[0][-1] or 1))
    return Connection(source, "norm", None, np.stack([inputs, outputs], axis=1), norms)


def _separable(model: keras.Model, info: LayerInfo) -> Floats:
    """Return the one kernel that the two of a separable convolution amount to."""
    found = weights(model, info.name)
    each, mixed = found["depthwise_kernel"], found["pointwise_kernel"]
    inputs, times = each.shape[-2:]
    across = mixed.reshape(inputs, times, -1)
    whole: Floats = np.einsum("...im,imo->...io", each, across)
    return whole


def _handed_on(model: keras.Model, info: LayerInfo, number: int) -> NDArray[np.int64] | None:
    """Return pairs of input and output channel where channels are handed on; None: not known."""
    kind, shape = info.kind, info.input_shapes[number]
    inputs, outputs = int(shape[-1] or 0), info.channels
    if kind in ("Flatten", "Reshape"):
        return _rearranged(shape, info.output_shape)
    if kind == "Concatenate" and _along_channels(_layer(model, info.name), len(shape)):
        before = sum(int(other[-1] or 0) for other in info.input_shapes[:number])
        return _straight(inputs, before)
    is_handed_on = kind == "Concatenate" or any(part in kind for part in _HANDED_ON)
    if kind in _MERGED and inputs == 1:
        return np.stack([np.zeros(outputs, np.int64), np.arange(outputs)], axis=1)
    if (is_handed_on or kind in _MERGED) and inputs == outputs:
        return _straight(inputs)
    return None


def _straight(count: int, offset: int = 0) -> NDArray[np.int64]:
    channels = np.arange(count)
    return np.stack([channels, channels + offset], axis=1)


def _rearranged(shape: Shape, output: Shape) -> NDArray[np.int64] | None:
    """Return the pairs of a layer that only reads its numbers in another shape."""
    if None in shape or None in output:
        return None
    cells = np.arange(prod(int(side or 0) for side in shape))
    return np.unique(
        np.stack([cells % int(shape[-1] or 1), cells % int(output[-1] or 1)], axis=1), axis=0
    )


def _layer(model: keras.Model, name: str) -> Any:
    from cnn.graph import calls

    return next(call.layer for call in calls(model) if call.name == name)


def _along_channels(layer: Any, rank: int) -> bool:
    return getattr(layer, "axis", -1) in (-1, rank)


def _places(chosen: Sequence[int], channels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of `channels` stands among the chosen ones, -1 if it is not chosen."""
    where = np.full(int(max(channels.max(), max(chosen, default=0))) + 1, -1)
    where[np.asarray(chosen, np.int64)] = np.arange(len(chosen))
    found: NDArray[np.int64] = where[channels]
    return found


def _ranked(channels: NDArray[np.int64], strengths: Floats) -> tuple[NDArray[np.int64], Floats]:
    order = np.argsort(-np.abs(strengths), kind="stable")
    return channels[order], strengths[order]
