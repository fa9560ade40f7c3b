"""Arrays to plotly figures, one family a module."""

from cnn.colours import colour_range
from cnn.figures.bars import histogram, outputs, probabilities, shares_told
from cnn.figures.curves import (
    Course,
    class_accuracy,
    class_accuracy_of_runs,
    distances,
    gradients,
    history,
    learning_rates,
    mark,
    throughput,
)
from cnn.figures.mosaic import (
    SCALES,
    Cells,
    Mosaic,
    Scale,
    as_maps,
    cells,
    colour_scale,
    colour_stops,
    feature_maps,
    heatmap_size,
    largest_magnitude,
    matrix,
    tile_hover,
    units,
    vector_cells,
)
from cnn.figures.network import diagram
from cnn.figures.pair import Pair
from cnn.figures.sparkline import sparkline
from cnn.figures.sweep import sweep

__all__ = [
    "SCALES",
    "Cells",
    "Course",
    "Mosaic",
    "Pair",
    "Scale",
    "as_maps",
    "cells",
    "class_accuracy",
    "class_accuracy_of_runs",
    "colour_range",
    "colour_scale",
    "colour_stops",
    "diagram",
    "distances",
    "feature_maps",
    "gradients",
    "heatmap_size",
    "histogram",
    "history",
    "largest_magnitude",
    "learning_rates",
    "mark",
    "matrix",
    "outputs",
    "probabilities",
    "shares_told",
    "sparkline",
    "sweep",
    "throughput",
    "tile_hover",
    "units",
    "vector_cells",
]
