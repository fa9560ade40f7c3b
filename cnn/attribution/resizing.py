"""A map in the size of another, or of the picture that it is drawn over."""

from __future__ import annotations

import numpy as np
from PIL import Image

from cnn.attribution.attribution import Map


def resized(plane: Map, height: int, width: int) -> Map:
    """Return a plane (h, w) as (height, width): bilinear, with the centres of cells half a cell in."""
    if plane.shape == (height, width):
        return plane
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float32)
