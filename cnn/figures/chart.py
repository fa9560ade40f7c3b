"""What every figure is: a frame that its form decides, and the numbers that stand in it.

Two charts of one form have the same frame. So a figure that is on the screen needs only the numbers
of the next one, and whoever has no figure yet asks for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Literal, ParamSpec

import plotly.graph_objects as go

from cnn.captions.caption import NO_CAPTION, Caption

Given = ParamSpec("Given")
# The left, upper, right and lower end of what is in sight of a figure, on its axes.
Window = tuple[float, float, float, float]
WHOLE = "whole"
PART = "part"
EMPTY_FIGURE: dict[str, Any] = {
    "data": [],
    "layout": {
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
    },
}
_NO_ROOM = {"height": "0", "overflow": "hidden"}


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure as data.

    `traces` has the numbers of each trace and `layout` those of the layout, by paths such as
    "colorbar.title.text"; `frame` returns all else as {"data": traces, "layout": layout}, and is
    called only for a whole figure. `form` says what the frame depends on. `painted` is how the numbers
    can be painted over the figure at once: as the cells of the first trace, as its bars, or not.
    `size` is CSS, relative to the width of the container. `enlarged` returns the numbers of a trace that
    shows a window of a reduced figure more finely, None where it cannot.
    """

    form: Hashable
    frame: Callable[[], dict[str, Any]]
    traces: tuple[dict[str, Any], ...]
    layout: dict[str, Any] = field(default_factory=dict)
    painted: Literal["cells", "bars", ""] = ""
    size: dict[str, str] = field(default_factory=dict)
    caption: Caption = NO_CAPTION
    enlarged: Callable[[Window], dict[str, Any] | None] | None = None

    @classmethod
    def whole(cls, figure: go.Figure, *, size: dict[str, str], caption: Caption) -> Chart:
        """Return a figure as a chart without a frame: all of it counts as numbers."""
        traces = tuple(trace.to_plotly_json() for trace in figure.data)
        return _whole(traces, figure.layout.to_plotly_json(), size, caption)

    @property
    def is_whole(self) -> bool:
        """Whether the chart has no frame."""
        return self.form == WHOLE

    @property
    def is_part(self) -> bool:
        """Whether the chart has some numbers alone of a figure that the browser has already."""
        return self.form == PART

    def part(self, *names: str) -> Chart:
        """Return these numbers of the traces alone."""
        traces = tuple({name: trace[name] for name in names} for trace in self.traces)
        return replace(self, form=PART, traces=traces, layout={}, painted="")

    def of_layer(
        self,
        name: str,
        *,
        channel: int | None = None,
        cell: Sequence[int] | None = None,
        slices: tuple[int, int] | None = None,
    ) -> Chart:
        """Return the chart that says of which layer its cells are: a click on one leads there.

        `channel` is the one that is shown, None where all are; `cell` is the index in the layer's output
        of the one that is looked at. Of a volume, whose slices stand one below the other, `slices` are
        the number of the first and the rows of each.
        """
        first, *others = self.traces
        meta = {"layer": name, "channel": channel, "cell": None if cell is None else list(cell)}
        if slices is not None:
            meta["slices"] = list(slices)
        numbers = {**first, **{f"meta.{what}": value for what, value in meta.items()}}
        return replace(self, traces=(numbers, *others))

    def figure(self) -> go.Figure:
        """Return the whole figure."""
        if self.is_whole:
            return go.Figure(data=self.traces, layout=self.layout)
        fixed = self.frame()
        pairs = zip(fixed["data"], self.traces, strict=True)
        data = [_filled(trace, numbers) for trace, numbers in pairs]
        return go.Figure(data=data, layout=_filled(fixed["layout"], self.layout))


def nothing(reason: str) -> Chart:
    """Return the chart that draws nothing, and whose caption says why."""
    return _whole((), EMPTY_FIGURE["layout"], {}, Caption(reason))


def reason_alone(reason: str) -> Chart:
    """Return the chart that draws nothing and takes no room, so that its caption stands alone."""
    return replace(nothing(reason), size=_NO_ROOM)


def _whole(
    traces: tuple[dict[str, Any], ...],
    layout: dict[str, Any],
    size: dict[str, str],
    caption: Caption,
) -> Chart:
    return Chart(WHOLE, dict, traces, layout, size=size, caption=caption)


def figure_of(chart: Callable[Given, Chart]) -> Callable[Given, go.Figure]:
    """Return the function whose result is the Plotly figure of the chart."""

    @wraps(chart)
    def drawn(*args: Given.args, **kwargs: Given.kwargs) -> go.Figure:
        return chart(*args, **kwargs).figure()

    drawn.__annotations__ = {**chart.__annotations__, "return": go.Figure}
    return drawn


def _filled(fixed: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `fixed` with the numbers at their paths."""
    filled = dict(fixed)
    for path, value in numbers.items():
        *outer, name = path.split(".")
        part = filled
        for key in outer:
            part[key] = dict(part.get(key) or {})
            part = part[key]
        part[name] = value
    return filled
