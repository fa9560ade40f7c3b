"""What adds up to a sum as a waterfall: each bar begins where the one above it ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnn.captions.caption import NO_CAPTION, Caption
from cnn.colours import GREY
from cnn.figures import style
from cnn.figures.chart import Chart
from cnn.models.arithmetic.forms import WeightedSum
from cnn.words import counted, number

MOST_NAMED = 12
_BAR_PIXELS = 22
_AROUND_PIXELS = 80
# The signs that these colours stand for are also told by which way a bar goes.
_BELOW, _ABOVE = style.DIVERGING[2][1], style.DIVERGING[-3][1]
_DIGITS = 4


def waterfall_chart(
    form: WeightedSum, *, title: str, each: str, total: str, caption: Caption = NO_CAPTION
) -> Chart:
    """Return what the terms of a weighted sum add to it, the strongest first, then the bias, then all.

    The twelve strongest are named by their channels; what the others add is one bar. `each` is what a
    term is, `total` what the sum is.
    """
    strongest, others = form.order[:MOST_NAMED], form.order[MOST_NAMED:]
    bars = [(str(form.channels[i]), float(form.subtotals[i]), _product(form, i)) for i in strongest]
    if len(others):
        added = float(form.subtotals[others].sum())
        bars.append(
            (f"{len(others):,} others", added, f"the {counted(len(others), f'weaker {each}')}")
        )
    bars.append(("bias", form.bias, "the bias"))
    labels, amounts, sources = (list(column) for column in zip(*bars, strict=True))
    sums = np.cumsum(amounts)
    told = [
        f"{source}<br>adds <b>{number(amount, _DIGITS)}</b>, so far {number(so_far, _DIGITS)}"
        for source, amount, so_far in zip(sources, amounts, sums, strict=True)
    ]
    numbers = {
        "x": np.array([*amounts, form.value], np.float32),
        "y": [*labels, style.plain(total)],
        "customdata": [*told, f"{style.plain(total)}<br><b>{number(form.value, _DIGITS)}</b>"],
    }

    def frame() -> dict[str, Any]:
        trace = {
            "type": "waterfall",
            "orientation": "h",
            "measure": [*["relative"] * len(bars), "total"],
            "increasing": {"marker": {"color": _ABOVE}},
            "decreasing": {"marker": {"color": _BELOW}},
            "totals": {"marker": {"color": GREY}},
            "connector": {"line": {"color": GREY, "width": 1}},
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        return {"data": [trace], "layout": _layout(each)}

    height = _BAR_PIXELS * (len(bars) + 1) + _AROUND_PIXELS
    return Chart(
        ("waterfall", len(bars), each), frame, (numbers,), {"title.text": style.plain(title)}, "",
        {"height": f"{height}px"}, caption,
    )  # fmt: skip


def _product(form: WeightedSum, term: int) -> str:
    """Return what a term is called, and the product that it is if it is one."""
    channel = int(form.channels[term])
    if form.inside.size > 1:
        return f"channel {channel}, all its cells"
    value, weight = (float(one[..., term].item()) for one in (form.values, form.weights))
    return f"input {channel}: {number(value, _DIGITS)} × {number(weight, _DIGITS)}"


def _layout(each: str) -> dict[str, Any]:
    axis = {"fixedrange": True, "automargin": True}
    return {
        **style.frame(),
        "margin": {"l": 64, "r": 12, "t": 28, "b": 40},
        "xaxis": {
            **axis, "type": "linear", "showgrid": True, "zeroline": True,
            "title": {"text": "the sum so far", "standoff": 4},
        },
        "yaxis": {
            **axis, "type": "category", "autorange": "reversed", "showgrid": False,
            "ticklabelstandoff": 4,
            "title": {"text": each, "standoff": 4},
        },
        "waterfallgap": 0.25,
    }  # fmt: skip
