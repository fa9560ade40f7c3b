"""Occlusion: what is lost when a patch is covered (Zeiler & Fergus 2013, arXiv:1311.2901)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.attribution import Found
from cnn.attribution.baselines import baseline
from cnn.attribution.objective import Batch, Objective, Progress
from cnn.errors import AttributionError
from cnn.words import sides

# Of 28 pixels a patch has 4 and moves by 1, of 224 it has 32 and moves by 4.
_PATCHES_A_SIDE, _STRIDES_A_PATCH = 7, 8


def occlusion(
    objective: Objective, batch: Batch, *, patch: int, stride: int, fill: str, progress: Progress
) -> Found:
    """Return for each pixel the mean of S(x) - S(x with a patch replaced), (height, width).

    The mean is over all patches that cover the pixel, each of `patch` × `patch` pixels, `stride` pixels
    apart, the last at the edge; all channels are replaced by those of the baseline `fill`. Of 0 they are
    chosen by the size of the picture. A patch that changes nothing loses nothing, and is not computed. It
    is section 4.2 of the paper, which paints the centre of each
    patch instead.
    """
    height, width = batch.shape[1:3]
    patch, stride = _chosen(height, width, patch, stride)
    _require(patch, stride, height, width)
    rows, columns = _covered(height, patch, stride), _covered(width, patch, stride)
    filling = baseline(objective.model, batch, fill)
    is_other = (filling != batch).any((0, -1)).astype(np.float32)
    changing = np.argwhere(rows @ is_other @ columns.T)
    # The picture itself goes the way of the others, as a place that covers nothing.
    places = np.pad(rows, ((0, 1), (0, 0)))
    patches = np.concatenate([[[len(rows), 0]], changing])
    values = np.zeros(len(patches))
    for part in objective.parts(len(patches), objective.at_once, progress):
        down, across = patches[part].T
        is_covered = places[down][:, :, None] & columns[across][:, None]
        values[part] = objective.values(np.where(is_covered[..., None], filling, batch))
    lost_by = np.zeros((len(rows), len(columns)))
    lost_by[tuple(changing.T)] = values[0] - values[1:]
    lost = rows.T @ lost_by @ columns
    times = np.outer(rows.sum(0), columns.sum(0))
    settings = {"patch": patch, "stride": stride, "fill": fill}
    return Found((lost / times).astype(np.float32), settings=settings, value=float(values[0]))


def count_of_patches(height: int, width: int, *, patch: int, stride: int) -> int:
    """Return how many places a patch has, as `occlusion` chooses them."""
    patch, stride = _chosen(height, width, patch, stride)
    return len(_starts(height, patch, stride)) * len(_starts(width, patch, stride))


def _chosen(height: int, width: int, patch: int, stride: int) -> tuple[int, int]:
    """Return the patch and the stride, by the size of the picture where one is 0."""
    patch = patch or max(1, min(height, width) // _PATCHES_A_SIDE)
    return patch, stride or max(1, patch // _STRIDES_A_PATCH)


def _require(patch: int, stride: int, height: int, width: int) -> None:
    if patch > min(height, width):
        raise AttributionError(
            f"A patch of {patch} pixels was given for a picture of {sides((height, width))}: choose at "
            f"most {min(height, width)}."
        )
    if stride > patch:
        raise AttributionError(
            f"A stride of {stride} pixels was given for a patch of {patch}: pixels between patches would "
            f"never be covered. Choose at most {patch}."
        )


def _covered(side: int, patch: int, stride: int) -> NDArray[np.bool_]:
    """Return which pixels along a side each place of the patch covers, (places, pixels)."""
    starts = np.array(_starts(side, patch, stride))[:, None]
    pixels = np.arange(side)
    return (starts <= pixels) & (pixels < starts + patch)


def _starts(side: int, patch: int, stride: int) -> list[int]:
    last = side - patch
    return [*range(0, last, stride), last]
