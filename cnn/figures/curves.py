"""The course of one training, or of several beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnn.colours import BLUE, GREY, ORANGE
from cnn.figures import axes, style
from cnn.figures.mosaic import Cells, heatmap_chart
from cnn.words import percent

if TYPE_CHECKING:
    import pandas as pd

_MOST_POINTS = 300
_MOST_EPOCHS_NAMED = 10
# An axis with its numbers and its name, and the colour bar.
_BELOW = 42 + style.BAR_PIXELS
_MOST_LETTERS = 20
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "triangle-up", "x")
_FORMS = {"accuracy": ".2%", "loss": ".4~g", "learning_rate": ".3~g"}
GRADIENT = "gradient "


@dataclass(frozen=True, eq=False)
class Course:
    """A run as it is drawn: its name, a row per epoch, a row per batch (both may be empty).

    `steps` is the number of batches in an epoch. What Keras tells a callback of a batch are
    `running_means` over the epoch so far.
    """

    name: str
    history: pd.DataFrame
    batches: pd.DataFrame
    steps: int
    running_means: bool = False

    @property
    def thinned(self) -> pd.DataFrame:
        """At most 300 rows: means over as many consecutive batches as that takes.

        `place` is how many epochs were done, with the part of the one that goes on; `steps` how
        many batches a row stands for.
        """
        table = self.batches
        if table.empty:
            return table
        placed = table.assign(place=table["epoch"] - 1 + table["batch"] / self.steps)
        steps = -(-len(placed) // _MOST_POINTS)
        means = placed.groupby(np.arange(len(placed)) // steps).mean()
        return means.assign(steps=steps)

    @property
    def rates(self) -> pd.DataFrame:
        """The learning rate, as `learning_rate` by `place`: of batches, or else as each epoch told it."""
        import pandas as pd

        epochs = self.history.assign(place=self.history["epoch"])
        tables = (self.thinned, epochs)
        known = [one.dropna(subset="learning_rate") for one in tables if "learning_rate" in one]
        return next((one for one in known if len(one)), pd.DataFrame())


def history(courses: Sequence[Course], *, quantity: str, title: str) -> go.Figure:
    """Return "loss" or "accuracy" per epoch: training solid, validation dashed.

    Of a single run the steps are drawn too, thin; of several each has a colour and a symbol.
    """
    single = len(courses) == 1
    traces = []
    for number, course in enumerate(courses):
        colour = style.COLOURS[number % len(style.COLOURS)]
        if single:
            traces += _steps(course, quantity)
        lines = (
            ("training", quantity, colour, "solid"),
            ("validation", f"val_{quantity}", ORANGE if single else colour, "dash"),
        )
        for kind, column, shade, dash in lines:
            symbol = "diamond" if single and kind == "validation" else _symbol(number)
            name = kind if single else f"{course.name}, {kind}"
            table = course.history
            if len(table) and table[column].isna().all():
                continue
            traces.append(
                _line(name, table["epoch"], table[column], shade, dash, quantity)
                | {"mode": "lines+markers", "marker": {"symbol": symbol, "size": 6}}
                | ({} if single else _one_entry(course.name, number, kind))
            )
    axis = axes.shares if quantity == "accuracy" else axes.amounts
    return _figure(traces, title, axis(_values(traces), quantity))


def learning_rates(courses: Sequence[Course], *, title: str) -> go.Figure:
    """Return the learning rate along the training, a line per run."""
    traces = []
    for number, course in enumerate(courses):
        table = course.rates
        if table.empty:
            continue
        colour, dash = style.COLOURS[number % len(style.COLOURS)], _DASHES[number % len(_DASHES)]
        traces.append(
            _line(
                course.name, table["place"], table["learning_rate"], colour, dash, "learning_rate"
            )
        )
    return _figure(traces, title, axes.amounts(_values(traces), "learning rate"))


def gradients(course: Course, *, title: str) -> go.Figure:
    """Return the norm of the gradient by each layer's weights, on a logarithmic axis."""
    table, traces = course.thinned, []
    columns = [str(name) for name in table if str(name).startswith(GRADIENT)]
    for number, column in enumerate(columns):
        layer = column.removeprefix(GRADIENT)
        colour, dash = style.COLOURS[number % len(style.COLOURS)], _DASHES[number % len(_DASHES)]
        # Of a training by another program they are read seldom.
        known = table.dropna(subset=column)
        traces.append(_line(layer, known["place"], known[column], colour, dash, "gradient"))
    return _figure(traces, title, axes.logarithmic(_values(traces), "gradient"))


def throughput(course: Course, *, title: str) -> go.Figure:
    """Return how many pictures were trained on per second."""
    table = course.thinned
    traces = []
    if "pictures_per_second" in table:
        speed = table["pictures_per_second"]
        traces = [_line(course.name, table["place"], speed, BLUE, "solid", "speed")]
    return _figure(traces, title, axes.from_zero(_values(traces), "pictures per second"))


def class_accuracy(table: pd.DataFrame, *, title: str) -> go.Figure:
    """Return the share of each class that is recognised: a row per class, a column per epoch.

    `table` has a row per epoch. The colours begin at the lowest share, rounded down to a tenth.
    """
    epochs, classes = table["epoch"].tolist(), _classes(table)
    shares = table[classes].to_numpy(np.float32).T
    figure = _recognised(shares, epochs, _plain(classes), title, "class %{y}, epoch %{x}")
    step = -(-len(epochs) // _MOST_EPOCHS_NAMED)
    figure.update_xaxes(tick0=epochs[0], dtick=step, title={"text": "epoch", "standoff": 4})
    figure.update_yaxes(type="category", title={"text": "class", "standoff": 4})
    return figure.update_layout(margin={"l": 44, "r": 8, "b": _BELOW})


def class_accuracy_of_runs(table: pd.DataFrame, *, title: str, names: Sequence[str]) -> go.Figure:
    """Return the share of each class that is recognised: a row per run, a column per class.

    `table` has a row per run, called `names`; long ones are cut in the middle.
    """
    classes = _classes(table)
    shares = table[classes].to_numpy(np.float32)
    labels = _plain(names)
    figure = _recognised(shares, _plain(classes), labels, title, "%{y}, class %{x}")
    figure.update_xaxes(type="category", title={"text": "class", "standoff": 4})
    cut = [style.plain(_cut(name)) for name in names]
    figure.update_yaxes(type="category", automargin=True, tickvals=labels, ticktext=cut)
    return figure.update_layout(margin={"l": 8, "r": 8, "b": _BELOW})


def _classes(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns if name != "epoch"]


def _plain(names: Sequence[str]) -> list[str]:
    return [style.plain(name) for name in names]


def _cut(name: str) -> str:
    half = _MOST_LETTERS // 2
    return name if len(name) <= _MOST_LETTERS else f"{name[:half]}…{name[-half:]}"


def _recognised(
    shares: NDArray[np.float32], x: list[Any], y: list[str], title: str, place: str
) -> go.Figure:
    low = float(np.floor(10 * np.nanmin(shares)) / 10)
    percentages = [[percent(float(share)) for share in row] for row in shares]
    figure = heatmap_chart(
        Cells(shares, min(low, 0.9), 1.0),
        title=title,
        label="share recognised",
        hover=f"{place}<br><b>%{{text}}</b> recognised<extra></extra>",
        form="recognised",
    ).figure()
    bar = {"tickformat": ".0%", "nticks": 5, "yref": "container", "yanchor": "bottom", "ypad": 2}
    axis = {**style.VISIBLE_AXIS, "fixedrange": True, "scaleanchor": None}
    figure.update_traces(x=x, y=y, text=percentages, colorbar=bar)
    figure.update_xaxes({**axis, "constrain": None, "tickangle": 0})
    return figure.update_yaxes(axis)


def distances(table: pd.DataFrame, *, title: str) -> go.Figure:
    """Return how far each layer's weights are from their start: a column per layer, over `place`."""
    traces = []
    for number, layer in enumerate(name for name in table if name != "place"):
        colour, dash = style.COLOURS[number % len(style.COLOURS)], _DASHES[number % len(_DASHES)]
        traces.append(_line(str(layer), table["place"], table[layer], colour, dash, "distance"))
    return _figure(traces, title, axes.amounts(_values(traces), "distance"))


def mark(figure: go.Figure, place: float, label: str) -> go.Figure:
    """Draw a vertical line where the moment is that the other pages show."""
    return figure.add_vline(
        place, line={"color": GREY, "dash": "dot", "width": 1.5},
        annotation={"text": label, "showarrow": False, "font": {"size": 10}},
    )  # fmt: skip


def _steps(course: Course, quantity: str) -> list[dict[str, Any]]:
    table = course.thinned
    if quantity not in table or table[quantity].isna().all():
        return []
    steps = int(table["steps"].iloc[0])
    name = "each step" if steps == 1 else f"mean of {steps} steps"
    name = "mean of the epoch so far" if course.running_means else name
    line = _line(name, table["place"], table[quantity], GREY, "solid", quantity)
    return [line | {"line": {"color": GREY, "width": 1}}]


def _one_entry(name: str, number: int, kind: str) -> dict[str, Any]:
    """Return what gives both curves of a run one entry in the legend, with which both go."""
    entry = {"legendgroup": str(number), "showlegend": kind == "training"}
    return entry | ({"name": style.plain(name)} if kind == "training" else {})


def _symbol(number: int) -> str:
    return _SYMBOLS[number % len(_SYMBOLS)]


def _line(
    name: str, x: pd.Series, y: pd.Series, colour: str, dash: str, quantity: str
) -> dict[str, Any]:
    form, label = _FORMS.get(quantity, ".4~g"), style.plain(name)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label,
        "x": x,
        "y": y,
        "line": {"color": colour, "dash": dash, "width": 2},
        "hovertemplate": f"epoch %{{x:.4~g}}<br>{label} <b>%{{y:{form}}}</b><extra></extra>",
    }


def _values(traces: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Return all that the curves go through."""
    return np.concatenate([[], *(np.asarray(trace["y"], np.float64) for trace in traces)])


def _figure(traces: list[dict[str, Any]], title: str, vertical: dict[str, Any]) -> go.Figure:
    """Return the figure of curves over epochs; `vertical` is what their other axis is."""
    is_empty = not any(len(trace["x"]) for trace in traces)
    axis = {
        "type": "linear",
        "showgrid": not is_empty,
        "showticklabels": not is_empty,
        "automargin": True,
        "zeroline": False,
        "fixedrange": True,
        # Whether each label would be cut off takes a quarter of the time to draw the figure.
        "ticklabeloverflow": "allow",
    }
    return go.Figure(
        data=traces,
        layout={
            **style.frame(title),
            # With less room than labels and legend take, the figure would be drawn twice.
            "margin": {"l": 64, "r": 8, "t": 32, "b": 68},
            "showlegend": len(traces) > 1,
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 0,
                "yref": "container",
                "yanchor": "bottom",
            },
            "xaxis": {**axis, "title": {"text": "epoch", "standoff": 4}, "rangemode": "tozero"},
            "yaxis": {**axis, **vertical, "title": {**vertical["title"], "standoff": 4}},
            "hovermode": "closest",
        },
    )
