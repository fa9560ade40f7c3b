"""In which order pixels are taken away or put back: by a map, or by what knows nothing of the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating]
CONTROLS = ("random", "edges", "intensity", "centre")


def order(plane: Plane, seed: int) -> NDArray[np.intp]:
    """Return the places of a plane (height, width), flat, the largest first; the seed breaks ties."""
    among_equals = np.random.default_rng(seed).permutation(plane.size)
    return np.lexsort((among_equals, -plane.ravel()))


def controls(picture: NDArray[np.float32], seed: int) -> dict[str, Plane]:
    """Return planes (height, width) that need no network, by the names in `CONTROLS`.

    They are numbers by chance, the strength of edges (Sobel), the brightness of the picture (height,
    width, channels), and the nearness to its middle.
    """
    from scipy import ndimage

    grey = picture.mean(-1)
    height, width = grey.shape
    rows = (np.arange(height) + 0.5) / height - 0.5
    columns = (np.arange(width) + 0.5) / width - 0.5
    return {
        "random": np.random.default_rng([seed, 1]).random(grey.shape),
        "edges": np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1)),
        "intensity": grey,
        "centre": np.exp(-(rows[:, None] ** 2 + columns**2)),
    }
