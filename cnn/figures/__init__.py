"""Arrays to plotly figures, one family a module."""

from cnn.colours import colour_range, largest_magnitude
from cnn.figures.arithmetic import (
    curve_chart,
    effective_chart,
    marked_chart,
    needs_room,
    terms_chart,
    window_chart,
)
from cnn.figures.attribution import attribution_chart
from cnn.figures.bars import (
    histogram,
    histogram_chart,
    outputs,
    outputs_chart,
    percentages,
    probabilities,
    probabilities_chart,
)
from cnn.figures.chart import EMPTY_FIGURE, Chart, nothing, reason_alone
from cnn.figures.comparison import comparison_chart, shares_chart
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
from cnn.figures.matrices import matrix, matrix_chart
from cnn.figures.mosaic import (
    SCALES,
    Cells,
    Scale,
    as_maps,
    cells,
    colour_scale,
    feature_maps,
    heatmap_size,
    maps_chart,
    slice_rows_of,
    tile_hover,
    unit_at,
    units,
    units_chart,
)
from cnn.figures.network import diagram
from cnn.figures.overlay import overlay_chart
from cnn.figures.pair import Pair
from cnn.figures.sparkline import sparkline
from cnn.figures.sweep import sweep
from cnn.figures.tiling import Mosaic
from cnn.figures.waterfall import waterfall_chart

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
    "attribution_chart",
    "cells",
    "class_accuracy",
    "class_accuracy_of_runs",
    "colour_range",
    "colour_scale",
    "comparison_chart",
    "curve_chart",
    "diagram",
    "distances",
    "effective_chart",
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
    "marked_chart",
    "matrix",
    "matrix_chart",
    "needs_room",
    "nothing",
    "outputs",
    "outputs_chart",
    "overlay_chart",
    "percentages",
    "probabilities",
    "probabilities_chart",
    "reason_alone",
    "shares_chart",
    "slice_rows_of",
    "sparkline",
    "sweep",
    "terms_chart",
    "throughput",
    "tile_hover",
    "unit_at",
    "units",
    "units_chart",
    "waterfall_chart",
    "window_chart",
]
