"""Arrays to plotly figures, one family a module."""

from cnn.figures.bars import histogram, outputs, probabilities
from cnn.figures.curves import history
from cnn.figures.mosaic import (
    SCALES,
    Cells,
    Mosaic,
    Scale,
    cells,
    colour_range,
    feature_maps,
    matrix,
    picture,
    units,
    vector_cells,
)
from cnn.figures.network import diagram

__all__ = [
    "SCALES",
    "Cells",
    "Mosaic",
    "Scale",
    "cells",
    "colour_range",
    "diagram",
    "feature_maps",
    "histogram",
    "history",
    "matrix",
    "outputs",
    "picture",
    "probabilities",
    "units",
    "vector_cells",
]
