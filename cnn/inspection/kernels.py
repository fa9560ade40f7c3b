"""The weights of any layer, as arrays to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnn.errors import LayerError
from cnn.models.graph import calls
from cnn.models.kinds import CONVOLUTION, kind_of
from cnn.models.layers import layer_info
from cnn.models.weights import numbers_by_name

if TYPE_CHECKING:
    import keras


def weights(model: keras.Model, layer: str) -> dict[str, NDArray[np.float32]]:
    """Return every weight array of the layer by its own name ("kernel", "bias", "gamma" ...).

    Where a layer has several of one name, as attention and recurrent layers do, the names say of which
    part: "query/kernel". Quantised ones are the numbers that their codes stand for.
    """
    layer_info(model, layer)
    return numbers_by_name(next(call.layer for call in calls(model) if call.name == layer))


def kernels(
    model: keras.Model,
    layer: str,
    *,
    name: str | None = None,
    arrays: Mapping[str, NDArray[np.float32]] | None = None,
) -> NDArray[np.float32]:
    """Return a kernel of the layer with the output channels last.

    (height, width, in, out) for a convolution, transposed ones included; (..., 1, out) for a
    depthwise one, whose channels each see one input channel; (in, out) for a dense layer, and for each
    of an attention, whose heads stand one after the other. `name` says which, where there are several:
    see `kernel_names`; without it the first is meant. `arrays` are taken in place of the layer's own
    weights, by the same names. Raises `LayerError` for one that it does not have.
    """
    arrays = weights(model, layer) if arrays is None else arrays
    names = kernel_names(arrays)
    wanted = names[0] if name is None and names else name
    if wanted not in names:
        what = "no kernel" if name is None else f"no kernel {name!r}"
        raise LayerError(f"The layer {layer!r} has {what}: it has {list(arrays) or 'no weights'}.")
    kernel, kind = arrays[wanted], kind_of(layer_info(model, layer).kind)
    if kind.kernel == "none" and kind.family is not CONVOLUTION:
        return (
            kernel.reshape(-1, kernel.shape[-1])
            if _joins(wanted)
            else kernel.reshape(len(kernel), -1)
        )
    if kind.kernel == "depthwise" or (
        kind.kernel == "separable" and wanted.startswith("depthwise")
    ):
        return kernel.reshape(*kernel.shape[:-2], 1, -1)
    return np.swapaxes(kernel, -1, -2) if _is_transposed(model, layer) else kernel


def kernel_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of weights that are those of kernels, in their order."""
    return tuple(name for name in names if name.partition(":")[0].endswith("kernel"))


def _joins(name: str) -> bool:
    """Whether a kernel is that of an attention which takes all its heads together."""
    return name.endswith("output/kernel")


def biases(model: keras.Model, layer: str) -> NDArray[np.float32] | None:
    """Return the biases of the layer (out,), or None if it adds none."""
    return weights(model, layer).get("bias")


def kernel_norms(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the Euclidean norm over the input channels: (height, width, 1, out)."""
    norms: NDArray[np.float32] = np.sqrt(np.square(kernel).sum(axis=-2, keepdims=True))
    return norms


def kernel_tiles(kernel: NDArray[np.float32], source: int | None = None) -> NDArray[np.float32]:
    """Return a convolution's kernel as tiles (height, width, count), one per output channel.

    `source` picks the input channel whose weights are shown; None shows the norm over all, or the
    weights themselves where there is but one. Kernels of rank 3 (sequences) and 5 (volumes) are
    laid out as pictures. Raises `LayerError` for an input channel that does not exist.
    """
    inputs = kernel.shape[-2]
    if source is not None and not 0 <= source < inputs:
        raise LayerError(f"There is no input channel {source}: choose 0 to {inputs - 1}.")
    chosen = 0 if inputs == 1 else source
    flat = kernel_norms(kernel) if chosen is None else kernel[..., chosen : chosen + 1, :]
    places = flat[..., 0, :]
    return places[:, None] if places.ndim == 2 else places.reshape(-1, *places.shape[-2:])


def _is_transposed(model: keras.Model, layer: str) -> bool:
    return kind_of(layer_info(model, layer).kind).kernel == "transposed"
