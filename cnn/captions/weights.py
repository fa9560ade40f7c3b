"""Captions of kernels, dense weights, biases, and how weights are spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.captions.words import Caption, counted, percent, sides


def kernel_tiles(tiles: NDArray[np.float32], *, norms: bool) -> Caption:
    """Return the caption of kernels drawn as tiles (height, width, count)."""
    count = tiles.shape[-1]
    what = "the norm of its weights over all input channels" if norms else "its weights"
    seen = f"{counted(count, 'kernel')} of {sides(tiles.shape[:-1])}; a tile shows {what}"
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
        f"{name}: {counted(values.size, 'number')}, one per channel.",
        f"They range from {values.min():.3g} to {values.max():.3g}.",
    )
