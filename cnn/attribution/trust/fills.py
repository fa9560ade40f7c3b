"""What stands where a pixel was taken away. Black alone would be the background of a digit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
FILLS = ("blur", "mean", "noise")
# A tenth of the longer side: strokes of a digit run into each other, and so do parts of an object.
_BLUR = 0.1


def fills(picture: Picture, data: Picture | None, seed: int) -> dict[str, Picture]:
    """Return what replaces a picture (height, width, channels), by the names in `FILLS`.

    It is the picture blurred; the mean of `data`, pictures (n, height, width, channels), at each pixel;
    and noise, in which each pixel is that of some picture of the data, drawn for itself. Without data
    the picture's own pixels stand for them: their mean, and one of them for each pixel.
    """
    from scipy import ndimage

    deviation = _BLUR * max(picture.shape[:2])
    return {
        "blur": ndimage.gaussian_filter(picture, (deviation, deviation, 0)),
        "mean": _mean(picture, data),
        "noise": _noise(picture, data, np.random.default_rng([seed, 2])),
    }


def _mean(picture: Picture, data: Picture | None) -> Picture:
    if data is not None:
        mean: Picture = data.mean(0, dtype=np.float32)
        return mean
    return np.broadcast_to(picture.mean((0, 1)), picture.shape)


def _noise(picture: Picture, data: Picture | None, random: np.random.Generator) -> Picture:
    height, width, channels = picture.shape
    if data is None:
        return random.choice(picture.reshape(-1, channels), (height, width))
    which = random.integers(len(data), size=(height, width))
    return data[which, np.arange(height)[:, None], np.arange(width)]
