"""An answer that is maps: the picture by class, a map per class, or one picture beside another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.captions import pictured as captions
from cnn.figures import Chart, Pair, nothing
from cnn.figures.mosaic import MOST_TOGETHER
from cnn.images import fit
from cnn.inspection.pictured import reconstruction, segments
from dashboard.screens.request import Request

OVERLAY, CLASSES = "output-overlay", "output-classes-maps"
GIVEN, MADE, DIFFERENCE = "output-given", "output-made", "output-difference"
FIGURES = {
    OVERLAY: "The picture by the class of each cell",
    CLASSES: "A map per class",
    GIVEN: "The picture",
    MADE: "The answer",
    DIFFERENCE: "The answer minus the picture",
}
_LABELS = {"softmax": "probability of the class", "scores": "score of the class"}


def are_maps(prediction: cnn.Prediction) -> bool:
    """Whether the answer is a stack of maps (height, width, channels)."""
    return prediction.probabilities.ndim == 3


def map_charts(request: Request) -> dict[str, Chart]:
    """Return the figures of an answer that is maps; those that do not fit it draw nothing."""
    prediction, seen = request.passed.prediction, request.look.seen
    made = reconstruction(request.model, seen, prediction)
    charts = dict.fromkeys(FIGURES, nothing(""))
    if made is not None:
        titles = ("the picture", f"{prediction.head.last}: the answer", "answer minus picture")
        told = (captions.given(made), captions.answer(made), captions.difference(made))
        pair = Pair(made.picture, made.made).charts(titles, told, "answer minus picture")
        return {**charts, **dict(zip((GIVEN, MADE, DIFFERENCE), pair, strict=True))}
    charts[CLASSES] = _classes(prediction)
    found = segments(prediction)
    if found is not None:
        charts[OVERLAY] = cnn.figures.overlay_chart(
            found.winners, _brightness(seen, found.winners.shape), prediction.class_names,
            title="the picture by class", caption=captions.overlay(found, prediction.class_names),
        )  # fmt: skip
    return charts


def _classes(prediction: cnn.Prediction) -> Chart:
    is_share = prediction.head.each in ("softmax", "scores")
    return cnn.figures.maps_chart(
        prediction.probabilities,
        title=f"{prediction.head.last}: {cnn.captions.sides(prediction.probabilities.shape)}",
        limits=(0.0, 1.0) if is_share else None,
        tile_name="class",
        label=_LABELS.get(prediction.head.each, "value, one range for all"),
        most=MOST_TOGETHER // 2,
        caption=captions.class_maps(prediction),
    )


def _brightness(seen: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the picture in grey, float32 (height, width) from 0 to 1, in the size of the answer."""
    height, width = shape
    grey = fit(seen, height, width, 1)[..., 0].astype(np.float32)
    return grey / np.float32(255)
