"""What the channels before a layer add to its sums, for one picture.

A layer with a kernel computes sums of weight × value, plus a bias, and applies its activation to
them. What one input channel contributes to a sum is its share of it: weight × value for units, the
weights of the window times the values under it for maps. The contributions of all inputs and the
bias add up to the sum exactly. A map has a sum per cell; the one looked at is where the channel is
strongest for the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.models import windows
from cnn.models.graph import Call, calls
from cnn.models.kinds import kind_of
from cnn.models.layers import layer_info
from cnn.models.orientation import channels_first, with_channels_last

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]
Cell = tuple[int, ...]
# A training that explodes leaves weights that are no numbers; what they make is none either.
_quiet = np.errstate(over="ignore", invalid="ignore")


@dataclass(frozen=True, eq=False)
class Contributions:
    """What each input channel adds to one sum of a layer, for one picture.

    `amounts` is float32 (inputs,), NaN where an input does not lead to the channel. The sum is that
    at `cell` (without an index for a unit): where the channel is strongest, or, if it `is_silent`,
    where its sum is largest.
    """

    amounts: Floats
    bias: float
    cell: Cell
    is_silent: bool

    @property
    @_quiet
    def total(self) -> float:
        """The sum before the activation: all amounts and the bias."""
        return float(np.nansum(self.amounts, dtype=np.float64) + self.bias)


def adds_up(kind: str) -> bool:
    """Whether layers of this kind compute sums that contributions are known of."""
    return kind_of(kind).channels == "summed"


@_quiet
def contributions(
    model: keras.Model, layer: str, channel: int, activations: Mapping[str, Floats]
) -> Contributions:
    """Return what feeds one channel of a layer for which `adds_up` holds.

    `activations` are those of one picture, of every layer. Raises `LayerError` for a name that the
    model does not have.
    """
    call = _call(model, layer)
    values = activations[call.inputs[0]]
    output = activations[layer][..., channel]
    first, kernel = _into(call, channel)
    is_silent = output.ndim > 0 and not output.any()
    strength = _sums(call, values, first, kernel) if is_silent else np.abs(output)
    cell = np.array(np.unravel_index(int(strength.argmax()), output.shape), np.int64)
    seen = _windows(call, values, cell[None])[0][..., first : first + kernel.shape[-1]]
    amounts: Floats = np.full(values.shape[-1], np.nan, np.float32)
    amounts[first : first + kernel.shape[-1]] = _over_window(seen * kernel)
    bias = float(call.layer.bias[channel]) if call.layer.use_bias else 0.0
    return Contributions(amounts, bias, tuple(cell.tolist()), is_silent)


@_quiet
def contributed(
    model: keras.Model, layer: str, source: int, activations: Mapping[str, Floats]
) -> Floats:
    """Return what the channel `source` adds to each channel of a layer for which `adds_up` holds.

    float32 (outputs,), each at the cell where the output is strongest; NaN where it does not lead
    there, and for a silent map, which has no such cell. Raises `LayerError` for a name that the
    model does not have.
    """
    call = _call(model, layer)
    output = activations[layer]
    channels, kernel = _from(call, source)
    mine = output[..., channels].reshape(-1, len(channels))
    places = np.abs(mine).argmax(axis=0)
    cells = np.stack(np.unravel_index(places, (*output.shape[:-1], 1)), axis=1)[:, :-1]
    seen = _windows(call, activations[call.inputs[0]][..., source], cells)
    amounts: Floats = np.full(output.shape[-1], np.nan, np.float32)
    amounts[channels] = _over_window(np.moveaxis(seen, 0, -1) * kernel)
    if _axes(call):
        amounts[channels[~mine.any(axis=0)]] = np.nan
    return amounts


@_quiet
def strengths(model: keras.Model, layer: str, channel: int) -> Floats:
    """Return how strongly each input leads to a channel, whatever the picture.

    float32 (inputs,): the weight where units are fed, the Euclidean norm of the kernel over its
    window where maps are; NaN where an input does not lead there.
    """
    call = _call(model, layer)
    first, kernel = _into(call, channel)
    amounts: Floats = np.full(int(call.input_shapes[0][-1] or 0), np.nan, np.float32)
    amounts[first : first + kernel.shape[-1]] = _strength(call, kernel)
    return amounts


@_quiet
def strengths_of(model: keras.Model, layer: str, source: int) -> Floats:
    """Return how strongly the channel `source` leads to each channel: as `strengths`, (outputs,)."""
    call = _call(model, layer)
    channels, kernel = _from(call, source)
    amounts: Floats = np.full(int(call.output_shape[-1] or 0), np.nan, np.float32)
    amounts[channels] = _strength(call, kernel)
    return amounts


def _strength(call: Call, kernel: Floats) -> Floats:
    if _kernel(call) == "dense":
        return kernel.reshape(-1)
    strength: Floats = np.sqrt(_over_window(np.square(kernel)))
    return strength


def _call(model: keras.Model, layer: str) -> Call:
    """Return the call of that name, its shapes with channels last, as its values are read."""
    layer_info(model, layer)
    call = next(call for call in calls(model) if call.name == layer)
    return with_channels_last(call, channels_first(model))


def _kernel(call: Call) -> str:
    """Return how the weights of the layer lie."""
    return kind_of(type(call.layer).__name__).kernel


def _axes(call: Call) -> int:
    """Return how many axes of cells the layer's output has."""
    return len(call.output_shape) - 1


def _over_window(products: Floats) -> Floats:
    """Return the sums over all axes but the last."""
    sums: Floats = products.reshape(-1, products.shape[-1]).sum(axis=0)
    return sums


# --- kernels


def _into(call: Call, channel: int) -> tuple[int, Floats]:
    """Return the first input that leads to the channel, and its kernel (*window, inputs)."""
    layer, form = call.layer, _kernel(call)
    if form == "depthwise":
        source, number = divmod(channel, layer.depth_multiplier)
        return source, np.asarray(layer.kernel[..., source : source + 1, number])
    if form == "separable":
        each = np.asarray(layer.depthwise_kernel)
        mixed = np.asarray(layer.pointwise_kernel[..., channel]).reshape(each.shape[-2:])
        return 0, np.einsum("...im,im->...i", each, mixed)
    if form == "transposed":
        return 0, np.asarray(layer.kernel[..., channel, :])
    kernel = np.asarray(layer.kernel[..., channel])
    if form == "dense":
        return 0, kernel.reshape((1,) * _axes(call) + kernel.shape)
    return channel // (layer.filters // layer.groups) * kernel.shape[-1], kernel


def _from(call: Call, source: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the channels that an input leads to, and its kernel (*window, channels)."""
    layer, form = call.layer, _kernel(call)
    every = np.arange(int(call.output_shape[-1] or 0))
    if form == "depthwise":
        times = layer.depth_multiplier
        return every[source * times : (source + 1) * times], np.asarray(
            layer.kernel[..., source, :]
        )
    if form == "separable":
        each = np.asarray(layer.depthwise_kernel[..., source, :])
        times = each.shape[-1]
        mixed = np.asarray(layer.pointwise_kernel)[..., source * times : (source + 1) * times, :]
        return every, each @ mixed.reshape(times, -1)
    if form == "transposed":
        return every, np.asarray(layer.kernel[..., source])
    if form == "dense":
        kernel = np.asarray(layer.kernel[source])
        return every, kernel.reshape((1,) * _axes(call) + kernel.shape)
    group, place = divmod(source, layer.kernel.shape[-2])
    size = layer.filters // layer.groups
    channels = every[group * size : (group + 1) * size]
    return channels, np.asarray(layer.kernel[..., place, :])[..., channels]


# --- values under a window


def _windows(call: Call, values: Floats, cells: NDArray[np.int64]) -> Floats:
    """Return the values under the window of each of the `cells` (n, axes), zero outside the map.

    Of `values` (*map, inputs) they are (n, *window, inputs), of one channel (*map) (n, *window).
    """
    axes, count = cells.shape[1], len(cells)
    if not axes:
        return np.broadcast_to(values, (count, *values.shape))
    places = [_taps(call, axis, cells[:, axis], values.shape[axis]) for axis in range(axes)]
    spread = [
        place.reshape(count, *[-1 if other == axis else 1 for other in range(axes)])
        for axis, place in enumerate(places)
    ]
    seen = values[tuple(np.maximum(place, 0) for place in spread)]
    inside = np.ones((1,) * (axes + 1), bool)
    for place in spread:
        inside = inside & (place >= 0)
    return np.where(inside.reshape(inside.shape + (1,) * (seen.ndim - inside.ndim)), seen, 0)


def _sums(call: Call, values: Floats, first: int, kernel: Floats) -> Floats:
    """Return the sums of a channel (*map) without the bias, from its kernel (*window, inputs)."""
    shape = tuple(int(side or 0) for side in call.output_shape[:-1])
    shape = tuple(size or values.shape[axis] for axis, size in enumerate(shape))
    places = [_taps(call, i, np.arange(size), values.shape[i]) for i, size in enumerate(shape)]
    sums: Floats = np.zeros(shape, np.float32)
    mine = values[..., first : first + kernel.shape[-1]]
    for window, inside, rows in _shifts(places, kernel.shape[:-1]):
        sums[inside] += mine[rows] @ kernel[window]
    return sums


def _shifts(
    places: list[NDArray[np.int64]], window: tuple[int, ...]
) -> Iterator[tuple[Cell, Any, Any]]:
    """Yield each place in the window, the cells for which it is inside the map, and where it is."""
    for at in product(*map(range, window)):
        taps = [place[:, i] for place, i in zip(places, at, strict=True)]
        known = [tap >= 0 for tap in taps]
        yield at, np.ix_(*known), np.ix_(*[tap[k] for tap, k in zip(taps, known, strict=True)])


def _taps(call: Call, axis: int, cells: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return which place of the input each place in the window reads, (n, window); -1: none."""
    layer, form = call.layer, _kernel(call)
    if form == "dense":
        return cells[:, None]
    if form == "transposed":
        length = int(call.output_shape[axis] or size * int(layer.strides[axis]))
        return windows.transposed_taps(layer, axis, cells, size, length)
    return windows.taps(layer, axis, cells, size)
