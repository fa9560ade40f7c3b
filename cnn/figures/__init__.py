"""Arrays to plotly figures, one family a module."""

from cnn.colours import colour_range
from cnn.figures.bars import (
    histogram,
    histogram_chart,
    outputs,
    outputs_chart,
    percentages,
    probabilities,
    probabilities_chart,
)
from cnn.figures.chart import EMPTY_FIGURE, Chart, nothing
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
    feature_maps,
    heatmap_size,
    largest_magnitude,
    maps_chart,
    matrix,
    matrix_chart,
    tile_hover,
    units,
    units_chart,
)
from cnn.figures.network import diagram
from cnn.figures.pair import Pair
from cnn.figures.sparkline import sparkline
from cnn.figures.sweep import sweep

__all__ = [
    "EMPTY_FIGURE",
    "SCALES",
    "Cells",
    "Chart",
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
    "diagram",
    "distances",
    "feature_maps",
    "gradients",
    "heatmap_size",
    "histogram",
    "histogram_chart",
    "history",
    "largest_magnitude",
    "learning_rates",
    "maps_chart",
    "mark",
    "matrix",
    "matrix_chart",
    "nothing",
    "outputs",
    "outputs_chart",
    "percentages",
    "probabilities",
    "probabilities_chart",
    "sparkline",
    "sweep",
    "throughput",
    "tile_hover",
    "units",
    "units_chart",
]
