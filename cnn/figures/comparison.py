"""Numbers before and after something was changed, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import NO_CAPTION, Caption
from cnn.colours import BLUE, ORANGE
from cnn.figures import style
from cnn.figures.bars import BARS_SIZE, bars_layout
from cnn.figures.chart import Chart

_NAMES = ("before", "after")
_LEGEND = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}


def comparison_chart(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    names: Sequence[str],
    *,
    title: str,
    each: str,
    label: str,
    is_share: bool = False,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return two numbers for each of several names, (names,) before and after, as pairs of bars.

    `each` is what has the numbers, `label` what they are; a share goes from 0 to 1.
    """

    def frame() -> dict[str, Any]:
        value = "%{y:.4~%}" if is_share else "%{y:.4~g}"
        data = [
            {
                "type": "bar",
                "name": name,
                "x": [style.plain(one) for one in names],
                "marker": {"color": colour, "line": {"width": 0}},
                "hovertemplate": f"{each} %{{x}}, {name}<br><b>{value}</b><extra></extra>",
            }
            for name, colour in zip(_NAMES, (BLUE, ORANGE), strict=True)
        ]
        layout = {**bars_layout(each, label, "category"), "showlegend": True, "legend": _LEGEND}
        if is_share:
            layout["yaxis"] |= {"range": [0, 1], "tickformat": ".0%"}
        return {"data": data, "layout": layout}

    return Chart(
        ("comparison", tuple(names), each, label), frame, ({"y": before}, {"y": after}),
        {"title.text": style.plain(title)}, "", BARS_SIZE, caption,
    )  # fmt: skip


def shares_chart(
    shares: NDArray[np.float32],
    names: Sequence[str],
    *,
    title: str,
    each: str,
    label: str,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return a share for each of several names (names,) as bars from 0; it can be more than 1."""

    def frame() -> dict[str, Any]:
        trace = {
            "type": "bar",
            "x": [style.plain(name) for name in names],
            "marker": {"color": BLUE, "line": {"width": 0}},
            "hovertemplate": f"{each} %{{x}}<br><b>%{{y:.4~%}}</b><extra></extra>",
        }
        layout = bars_layout(each, label, "category")
        layout["yaxis"] |= {"rangemode": "tozero", "tickformat": ".0%"}
        return {"data": [trace], "layout": layout}

    return Chart(
        ("shares", tuple(names), each, label), frame, ({"y": shares},),
        {"title.text": style.plain(title)}, "bars", BARS_SIZE, caption,
    )  # fmt: skip
