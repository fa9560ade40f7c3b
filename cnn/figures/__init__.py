"""Arrays to plotly figures, one family a module."""

from cnn.figures.bars import histogram, outputs, probabilities
from cnn.figures.curves import history
from cnn.figures.mosaic import (
    SCALES,
    Cells,
    Mosaic,
    Scale,
    as_maps,
    cells,
    colour_range,
    colour_scale,
    colour_stops,
    feature_maps,
    heatmap_size,
    largest_magnitude,
    matrix,
    units,
    vector_cells,
)
from cnn.figures.network import diagram
from cnn.figures.sweep import sweep

__all__ = [
    "SCALES",
    "Cells",
    "Mosaic",
    "Scale",
    "as_maps",
    "cells",
    "colour_range",
    "colour_scale",
    "colour_stops",
    "diagram",
    "feature_maps",
    "heatmap_size",
    "histogram",
    "history",
    "largest_magnitude",
    "matrix",
    "outputs",
    "probabilities",
    "sweep",
    "units",
    "vector_cells",
]
