"""A picture of any size made ready for a model as a whole, step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.images.photos import Step
from cnn.images.pixels import as_pixels, crop, fit


def whole_steps(
    pixels: NDArray[np.uint8], shape: tuple[int | None, int | None, int]
) -> tuple[Step, ...]:
    """Return the way from a picture to one of a model's size (height, width, channels).

    The steps are the picture, uint8 (height, width, 1 or 3), its middle in the model's proportions,
    and that in the model's size. A side that the model leaves open (None) stays as it is. Raises
    `ImageError` for what is no picture.
    """
    given = as_pixels(pixels)
    height, width = shape[0] or given.shape[0], shape[1] or given.shape[1]
    part = crop(given, height, width)
    sized = fit(part, height, width, shape[2])
    cut = "all of it" if part.shape == given.shape else "its middle, and the rest is left out"
    colour = "grey" if shape[2] == 1 else "colour"
    return (
        Step("Picture", f"{given.shape[1]}×{given.shape[0]} pixels.", given),
        Step("Crop", f"The proportions of the model's input: {cut}.", part),
        Step("Size", f"{width}×{height} pixels in {colour}, as the model takes it.", sized),
    )
