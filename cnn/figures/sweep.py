"""The probabilities of the classes along the range of one parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnn.colours import BLUE, GREEN, GREY, ORANGE, PURPLE
from cnn.figures import style
from cnn.inspection.predictions import reaching_most
from cnn.words import percent

_LINES = (
    (BLUE, "solid"),
    (ORANGE, "dash"),
    (GREEN, "dot"),
    (PURPLE, "dashdot"),
    ("#d0478f", "longdash"),
    ("#a6761d", "longdashdot"),
)
_MARGIN = {"l": 46, "r": 22, "t": 46, "b": 34}
_SIZE = (320 - _MARGIN["l"] - _MARGIN["r"], 272 - _MARGIN["t"] - _MARGIN["b"])
_FONT = {"size": 14}
_LETTER, _LABEL_HEIGHT, _AWAY = 9, 21, 14
_LONGEST_NAME = 12
# So far below its axis a number does not touch the one at the lower end of the other axis.
_BELOW_AXIS = 5
_QUARTERS = {"tick0": 0, "dtick": 90}


@dataclass(frozen=True)
class _Box:
    """Where a name stands, in pixels of the smallest figure, from the lower left corner up."""

    left: float
    bottom: float
    width: float
    anchor: str

    @classmethod
    def above(cls, point: NDArray[np.float64], text: str) -> _Box:
        """Return the box of a name above a point (2,), within the axes from side to side."""
        x, y = float(point[0]), float(point[1])
        width = _LETTER * len(text) + 6
        anchor, left = "center", x - width / 2
        if left < 0:
            anchor, left = "left", x
        elif left + width > _SIZE[0]:
            anchor, left = "right", x - width
        return cls(left, y + _AWAY - _LABEL_HEIGHT / 2, width, anchor)

    def meets(self, other: _Box) -> bool:
        """Whether the two cover a place in common."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and abs(self.bottom - other.bottom) < _LABEL_HEIGHT
        )

    def holds(self, points: NDArray[np.float64]) -> int:
        """Return how many of the points (n, 2) it covers."""
        within = points - (self.left, self.bottom)
        return int(((within > 0) & (within < (self.width, _LABEL_HEIGHT))).all(axis=1).sum())


def sweep(
    values: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    names: Sequence[str],
    *,
    current: float,
    unit: str = "",
    title: str,
    written: Callable[[float], str] = percent,
) -> go.Figure:
    """Return a line per class over `values` (n,), from `probabilities` (n, classes).

    Shown are the classes of `cnn.inspection.predictions.reaching_most`. Each line carries its name; an
    upright line marks the `current` value.
    `written` says how a number is written: as a share, or, where it is none, as it is.
    """
    classes = reaching_most(probabilities)
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": style.plain(names[class_]),
            "x": values,
            "y": probabilities[:, class_],
            "line": {"color": colour, "dash": dash, "width": 2.5},
            "cliponaxis": False,
            "customdata": [written(float(share)) for share in probabilities[:, class_]],
            "hovertemplate": f"{style.plain(names[class_])}, at %{{x:.3~g}}{unit}<br>"
            "<b>%{customdata}</b><extra></extra>",
        }
        for class_, (colour, dash) in zip(classes, _LINES, strict=False)
    ]
    axis = {"showgrid": True, "zeroline": False, "fixedrange": True, "tickfont": _FONT}
    return go.Figure(
        data=traces,
        layout={
            **style.frame(title),
            "margin": dict(_MARGIN),
            "xaxis": {
                **axis,
                "range": [float(values[0]), float(values[-1])],
                "ticksuffix": unit,
                "ticks": "outside",
                "ticklen": _BELOW_AXIS,
                "tickcolor": "rgba(0,0,0,0)",
                **(_QUARTERS if unit == "°" else {"nticks": 6}),
            },
            "yaxis": {
                **axis,
                "range": [0, 1],
                "tickformat": ".0%" if written is percent else ".1f",
                "tickvals": [0, 0.5, 1],
            },
            "shapes": [_mark(current)],
            "annotations": _labels(values, probabilities[:, classes], [names[i] for i in classes]),
            "hovermode": "closest",
        },
    )


def _mark(current: float) -> dict[str, Any]:
    return {
        "type": "line",
        "layer": "below",
        "x0": current,
        "x1": current,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": GREY, "width": 2},
    }


def _labels(
    values: NDArray[np.float32], curves: NDArray[np.float32], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the names above the `curves` (n, lines), none over another where there is room."""
    across = (values - values[0]) / (values[-1] - values[0])
    points = np.stack([np.broadcast_to(across, curves.T.shape), curves.T], axis=-1) * _SIZE
    labels: list[dict[str, Any]] = []
    taken: list[_Box] = []
    for line, name, (colour, _) in zip(points, names, _LINES, strict=False):
        text = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        boxes = [_Box.above(point, text) for point in line]
        crossed = np.array([box.holds(points.reshape(-1, 2)) for box in boxes])
        covered = np.array([any(map(box.meets, taken)) for box in boxes])
        best = int((_prominence(line[:, 1]) / (1 + crossed) * np.where(covered, 1e-6, 1)).argmax())
        taken.append(boxes[best])
        place = (float(values[best]), float(line[best, 1] / _SIZE[1]))
        labels.append(_label(text, colour, place, boxes[best].anchor))
    return labels


def _prominence(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how well a name stands at each point of a line (n,): high, amid its high part."""
    window = np.hanning(len(heights) // 3 + 3)[1:-1]
    smooth: NDArray[np.float64] = np.convolve(heights, window, "same") * heights
    return smooth


def _label(text: str, colour: str, place: tuple[float, float], anchor: str) -> dict[str, Any]:
    return {
        "x": place[0],
        "y": place[1],
        "text": style.plain(text),
        "showarrow": False,
        "xanchor": anchor,
        "yshift": _AWAY,
        "font": _FONT,
        "borderpad": 1,
        "bordercolor": colour,
        "bgcolor": _tint(colour),
    }


def _tint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"
