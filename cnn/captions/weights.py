"""Captions of kernels, dense weights, biases, and how weights are spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption, largest, legend, not_finite
from cnn.colours import ColourRange, colour_range
from cnn.words import counted, number, percent, sides


def kernel_tiles(
    tiles: NDArray[np.float32],
    *,
    inputs: int = 1,
    source: int | None = None,
    colours: ColourRange | None = None,
) -> Caption:
    """Return the caption of kernels drawn as tiles (height, width, count).

    Each kernel has `inputs` input channels. Drawn are the weights of the one that is the `source`,
    or of the only one; else norms over all. `colours` is their range if it is not their own.
    """
    count = tiles.shape[-1]
    what = _of_inputs(inputs, source)
    read = legend(colours or colour_range(tiles), tiles)
    shape = sides((*tiles.shape[:-1], inputs) if inputs > 1 else tiles.shape[:-1])
    seen = f"{counted(count, 'kernel')} of {shape}; a tile shows {what}: {read}."
    if broken := not_finite("number", tiles):
        return Caption(seen, broken)
    sizes = np.sqrt(np.square(tiles).sum(axis=tuple(range(tiles.ndim - 1))))
    most, least = int(sizes.argmax()), int(sizes.argmin())
    if count == 1 or sizes[most] == sizes[least]:
        return Caption(seen)
    return Caption(
        seen,
        f"Kernel {most} has the largest weights (norm {number(sizes[most])}), "
        f"kernel {least} the smallest ({number(sizes[least])}).",
    )


def _of_inputs(inputs: int, source: int | None) -> str:
    if inputs == 1:
        return "its weights"
    if source is None:
        return f"the norm of its weights over the {inputs} input channels"
    return f"its weights for input channel {source}"


def dense_weights(kernel: NDArray[np.float32], *, colours: ColourRange | None = None) -> Caption:
    """Return the caption of the weights (inputs, units) of a dense layer.

    `colours` is their range if it is not their own.
    """
    inputs, units = kernel.shape
    seen = (
        f"A row per unit ({units:,}), a column per input ({inputs:,}): "
        f"{legend(colours or colour_range(kernel), kernel)}. A unit adds up its inputs, each times "
        "its weight."
    )
    if broken := not_finite("weight", kernel):
        return Caption(seen, broken)
    if kernel.min() == kernel.max():
        return Caption(seen)
    name, place = largest("weight", kernel)
    return Caption(
        seen,
        f"{name} is {number(kernel[place])}, from input {place[0]} to unit {place[1]}.",
    )


def weight_matrix(name: str, values: NDArray[np.float32]) -> Caption:
    """Return the caption of weights of several axes that are no kernel, such as those of positions."""
    seen = f"{name}, {sides(values.shape)}: {legend(colour_range(values), values)}."
    if broken := not_finite("number", values):
        return Caption(seen, broken)
    size, place = largest("number", values)
    return Caption(seen, f"{size} is {number(values[place])}, at {list(place)}.")


def single_kernel(channel: int, weights: NDArray[np.float32], *, inputs: int = 1) -> Caption:
    """Return the caption of one kernel (height, width), or of its norms over several inputs."""
    read = legend(colour_range(weights), weights)
    seen = f"Kernel {channel}, which made the channel: {_of_inputs(inputs, None)}; {read}."
    if broken := not_finite("number", weights):
        return Caption(seen, broken)
    if weights.min() == weights.max():
        return Caption(seen)
    name, (row, column) = largest("norm" if inputs > 1 else "weight", weights)
    sentence = f"{name} is {number(weights[row, column])}, at row {row}, column {column}"
    if weights.min() >= 0 or weights.max() <= 0:
        return Caption(seen, f"{sentence}.")
    return Caption(seen, f"{sentence}; all together they add up to {number(weights.sum())}.")


def spread(values: NDArray[np.float32]) -> Caption:
    """Return the caption of the histogram of a layer's weights."""
    seen = f"How many of the {values.size:,} weights fall into the range of each bar."
    if broken := not_finite("weight", values):
        return Caption(seen, broken)
    if values.min() == values.max():
        return Caption(seen, f"All of them are {number(values.flat[0])}.")
    mean, deviation = float(values.mean()), float(values.std())
    within = float((np.abs(values - mean) <= deviation).mean())
    return Caption(
        seen,
        f"Their mean is {number(mean)}, their standard deviation {number(deviation)}; "
        f"{percent(within)} are within one standard deviation of the mean.",
    )


def vector(name: str, values: NDArray[np.float32], *, each: str = "channel") -> Caption:
    """Return the caption of a vector of weights, one number per channel, or whatever `each` is."""
    seen = f"{name}: {counted(values.size, 'number')}, one per {each}."
    if broken := not_finite("number", values):
        return Caption(seen, broken)
    low, high = number(values.min()), number(values.max())
    if values.size == 1:
        return Caption(seen, f"It is {low}.")
    if low == high:
        return Caption(seen, f"All of them are {'about ' * bool(np.ptp(values))}{low}.")
    return Caption(seen, f"They range from {low} to {high}.")
