"""What steps on one picture did to a network, as figures, each with its size and its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, isnan, isqrt
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnn import captions
from cnn.captions import Caption, number, percent
from cnn.colours import BLUE, GREY, ColourRange, colour_range, difference_range
from cnn.figures import bars, matrices, mosaic, style
from cnn.figures.chart import Chart
from cnn.gradients.teaching import LayerTeaching, Teaching
from cnn.inspection.kernels import kernel_tiles, kernels
from cnn.words import listed

_MOST_CLASSES = 20
# Of each of the three matrices.
_MOST_CELLS = mosaic.MOST_TOGETHER // 3
_MOST_MOVED = isqrt(_MOST_CELLS)
_ROWS_AT_ONCE = 1024
_MOST_NAMED = 24
_LONGEST_NAME = 18
_ROOM_FOR_SHARES = 1.22
_ROOM_FOR_NUMBERS = 1.35
_LEAST_NUMBER = 0.005
_NEARLY_NO_LOSS = 0.01
# So many layers of equal slope are named, of more the number is told.
_MOST_EQUAL = 3
_MATRIX_SIZE = {"height": "max(26cqw, 17rem)"}
_BARS_SIZE = {"height": "60cqw"}
_HATCHED = {
    "color": GREY,
    "line": {"width": 1, "color": GREY},
    "pattern": {"shape": "/", "size": 5, "solidity": 0.35, "fillmode": "replace"},
}
_SOLID = {"color": BLUE, "line": {"width": 1, "color": BLUE}}


@dataclass(frozen=True, eq=False)
class Weights:
    """A layer's weights before the steps, after them, and the difference.

    `inputs` is the number of input channels that can be chosen from; the figures of a `wide` layer
    need the whole width.
    """

    charts: tuple[Chart, ...]
    inputs: int = 0
    wide: bool = False


def steps(teaching: Teaching) -> str:
    """Return "no step", "1 step", "2 steps" ..., as many as the teaching has."""
    count = len(teaching.learning_rates)
    return {0: "no step", 1: "1 step"}.get(count, f"{count} steps")


def gradient_norms(teaching: Teaching) -> Chart:
    """Return the norm of the gradient of each layer that learns, as bars."""
    layers = teaching.moving
    norms = [layer.gradient_norm for layer in layers]
    figure = _layer_bars(
        [layer.name for layer in layers], norms, "Gradient of each layer", "norm of the gradient",
        "%{x:.4~g}", [number(norm) for norm in norms],
    )  # fmt: skip
    where = "as the last step followed it" if teaching.learning_rates else "before any step"
    seen = f"How steeply the loss rises along all weights of a layer together, {where}."
    return Chart.whole(
        figure, size=_size(len(layers), 1), caption=Caption(seen, _steepest(teaching))
    )


def relative_changes(teaching: Teaching) -> Chart:
    """Return how far each layer that learns has moved, relative to its size, as bars."""
    layers = teaching.moving
    shares = [layer.relative_change for layer in layers]
    figure = _layer_bars(
        [layer.name for layer in layers], shares, "Change of each layer", "share of its weights",
        "%{x:.4~%}", ["all were 0" if isnan(share) else _share(share) for share in shares],
    )  # fmt: skip
    figure.update_xaxes(tickformat="~%")
    seen = "The norm of the change over the norm of the weights."
    known = [layer for layer in layers if not isnan(layer.relative_change)]
    if not any(layer.change_norm for layer in layers):
        notice = "Nothing has moved." if teaching.learning_rates else "Nothing has moved yet."
    else:
        most = max(known, key=lambda layer: layer.relative_change)
        least = min(known, key=lambda layer: layer.relative_change)
        notice = f"{most.name} moved by {_share(most.relative_change)} of its size"
        rest = f", {least.name} by {_share(least.relative_change)}."
        notice += "." if most is least else rest
    return Chart.whole(figure, size=_size(len(layers), 1), caption=Caption(seen, notice))


def predictions(teaching: Teaching, true: int | None = None) -> Chart:
    """Return the probability of each class before and after, as pairs of bars.

    More than 20 classes are cut to the likeliest of both, the predicted ones and the one taught.
    `true` is the picture's own class, where it is known.
    """
    before, after = teaching.before.probabilities, teaching.after.probabilities
    classes = _likeliest_classes(teaching)
    names = teaching.before.class_names
    marks = {teaching.label: "taught"}
    if true is not None:
        marks[true] = "taught, true" if true == teaching.label else "true"
    ticks = [_marked(names[i], marks.get(i, "")) for i in classes]
    numbered = {teaching.label, teaching.before.label, teaching.after.label}
    traces = [
        {
            **_class_bars(name, values[classes], [names[i] for i in classes]),
            "text": [
                percent(float(values[i])) if i in numbered or values[i] >= _LEAST_NUMBER else ""
                for i in classes
            ],
            "marker": marker,
        }
        for name, values, marker in (("before", before, _HATCHED), ("after", after, _SOLID))
    ]
    layout = _bar_layout("Prediction before and after", "probability")
    layout["xaxis"] |= {"range": [0, _ROOM_FOR_SHARES], "tickvals": [0, 0.5, 1]}
    layout["xaxis"]["tickformat"] = ".0%"
    layout["yaxis"] |= {"tickvals": list(range(len(classes))), "ticktext": ticks}
    layout |= {"barmode": "group", "bargap": 0.25, "bargroupgap": 0.05, "showlegend": True}
    layout["legend"] = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}
    layout["margin"]["t"] = 46
    figure = go.Figure(data=traces, layout=layout)
    return Chart.whole(figure, size=_size(len(classes), 2), caption=_about_prediction(teaching))


def weights(model: Any, teaching: Teaching, layer: str, *, source: int | None = None) -> Weights:
    """Return a layer's weights before and after the teaching that `model` was given, and how they differ.

    A convolution is shown as tiles: the weights of the input channel `source`, or, with None, the
    norm over all; a dense layer as a matrix, or, if it is large, as the part that moved most; any
    other as the first of its weights that learn.
    """
    taught = replace(teaching.layers[layer], name=layer)
    if not any(name.endswith("kernel") for name in taught.before):
        return _vectors(taught, teaching)
    before, after = _kernels(model, teaching, taught)
    if before.ndim == 2:
        return _matrices(taught, teaching, before, after)
    inputs = before.shape[-2]
    chosen = source if source is not None and source < inputs else None
    tiles = _tiles(taught, teaching, before, after, chosen)
    if chosen == source:
        return tiles
    first, *others = tiles.charts
    notice = f"There is no input channel {source}: choose 0 to {inputs - 1}."
    first = replace(first, caption=Caption(notice, first.caption.seen))
    return replace(tiles, charts=(first, *others))


def _kernels(
    model: Any, teaching: Teaching, taught: LayerTeaching
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first kernel of a layer before and after."""
    if teaching.model is not None:
        return kernels(model, taught.name), kernels(teaching.model, taught.name)
    before, after = (
        kernels(model, taught.name, arrays=arrays) for arrays in (taught.before, taught.after)
    )
    return before, after


def _tiles(
    taught: LayerTeaching,
    teaching: Teaching,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    source: int | None,
) -> Weights:
    inputs = before.shape[-2]
    norms = source is None and inputs > 1
    first, last = kernel_tiles(before, source), kernel_tiles(after, source)
    change = after - before
    moved = kernel_tiles(change, source)
    of = "norm over inputs" if norms else f"input channel {source or 0}"
    both = f"{'norm' if norms else 'weight'}, one range for before and after"
    common = colour_range(first, last)
    own = colour_range(moved) if norms else difference_range(moved)

    def tiled(tiles: NDArray[np.float32], title: str, limits: ColourRange, label: str) -> Chart:
        return mosaic.maps_chart(
            tiles, title=title, limits=limits, tile_name="kernel", label=label, most=_MOST_CELLS
        )

    charts = (
        tiled(first, f"{taught.name} before, {of}", common, both),
        tiled(last, _after_title(taught, teaching), common, both),
        tiled(moved, f"{taught.name}: difference", own, _range_of(moved, own)),
    )
    caption = captions.kernel_tiles(first, inputs=inputs, source=source, colours=common)
    texts = _three(caption, taught, teaching, (before, after, change), _change_seen(moved, own))
    captioned = (replace(chart, caption=text) for chart, text in zip(charts, texts, strict=True))
    return Weights(tuple(captioned), inputs)


def _matrices(
    taught: LayerTeaching,
    teaching: Teaching,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
) -> Weights:
    change = after - before
    rows, columns = _most_moved(change)
    whole = before.size <= _MOST_CELLS
    common, own = colour_range(before, after), difference_range(change)
    both = "weight, one range for before and after"

    def drawn(
        values: NDArray[np.float32], title: str, limits: ColourRange, label: str
    ) -> go.Figure:
        selection = values[np.ix_(rows, columns)].T
        figure = matrices.matrix(
            selection, title=title, rows="unit", columns="input", limits=limits, label=label
        )
        figure.update_traces(colorbar={"yref": "container", "yanchor": "bottom", "ypad": 2})
        if not whole:
            figure.update_traces(x=[str(i) for i in rows], y=[str(i) for i in columns])
            figure.update_xaxes(type="category", nticks=12)
            figure.update_yaxes(type="category", nticks=12)
        return figure

    title = f"{taught.name} before: {before.shape[0]}×{before.shape[1]} weights"
    part = "" if whole else f", those {len(rows)}×{len(columns)} that moved most"
    figures = (
        drawn(before, title + part, common, both),
        drawn(after, _after_title(taught, teaching), common, both),
        drawn(change, f"{taught.name}: difference", own, _range_of(change, own)),
    )
    caption = captions.dense_weights(before, colours=common)
    if not whole:
        caption = Caption(
            f"Of {before.size:,} weights the part that moved most. {caption.seen}", caption.notice
        )
    texts = _three(caption, taught, teaching, (before, after, change), _change_seen(change, own))
    return Weights(_whole(figures, _MATRIX_SIZE, texts), wide=True)


def _vectors(taught: LayerTeaching, teaching: Teaching) -> Weights:
    name = next(iter(taught.moving or taught.before))
    before, after = taught.before[name].ravel(), taught.after[name].ravel()
    change = after - before
    titles = (
        f"{taught.name} before: {name}",
        _after_title(taught, teaching),
        f"{taught.name}: difference",
    )
    labels = (name, name, f"change of {name}")
    drawn = [
        bars.outputs(values, title=title, label=label, each="channel")
        for values, title, label in zip((before, after, change), titles, labels, strict=True)
    ]
    span = [float(min(before.min(), after.min(), 0)), float(max(before.max(), after.max(), 0))]
    for figure in drawn[:2]:
        figure.update_yaxes(range=[1.05 * end for end in span])
    bound = float(np.abs(change).max()) or 1.0
    drawn[2].update_yaxes(range=[-1.05 * bound, 1.05 * bound], tickformat="~g", nticks=5)
    drawn[2].update_layout(margin={"l": 76})
    caption = captions.vector(name, before, each="channel")
    seen = "After minus before, in a range of its own."
    texts = _three(caption, taught, teaching, (before, after, change), seen)
    return Weights(_whole(drawn, _BARS_SIZE, texts))


def _whole(
    figures: Sequence[go.Figure], size: dict[str, str], texts: Sequence[Caption]
) -> tuple[Chart, ...]:
    pairs = zip(figures, texts, strict=True)
    return tuple(Chart.whole(figure, size=size, caption=text) for figure, text in pairs)


def _three(
    caption: Caption,
    taught: LayerTeaching,
    teaching: Teaching,
    weights: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    change_seen: str,
) -> tuple[Caption, Caption, Caption]:
    """Return the captions of before, after and difference, from all of its weights."""
    before, after, change = weights
    farthest = _farthest(before), _farthest(after)
    last = Caption(
        "The same weights afterwards, in the same range.",
        f"No weight was farther from zero than {number(farthest[0], 4)}; now none is farther than "
        f"{number(farthest[1], 4)}.",
    )
    return (
        caption,
        last,
        Caption(change_seen, _about_change(taught, teaching, change, farthest)),
    )


def _about_change(
    taught: LayerTeaching,
    teaching: Teaching,
    change: NDArray[np.float32],
    farthest: tuple[float, float],
) -> str:
    if taught.is_frozen:
        return f"{taught.name} is frozen: training does not move it."
    if not teaching.learning_rates:
        return "No step has been made yet."
    if not change.any():
        return "None of these weights moved: the gradient is too small for them, or zero."
    most = _farthest(change)
    sentence = f"Each weight moved by at most {number(most, 2)}; none is farther from zero than "
    sentence += number(farthest[1], 2)
    still = 1 - np.count_nonzero(change) / change.size
    return f"{sentence}, and {percent(still)} did not move at all." if still else f"{sentence}."


def _change_seen(change: NDArray[np.float32], own: ColourRange) -> str:
    if not change.any():
        return "After minus before: zero everywhere."
    if own.signed:
        return "After minus before, in a range of its own: red weights went up, blue ones down."
    return (
        "How far the weights moved, as the norm over all input channels, in a range of its own: "
        f"{captions.legend(own, change)}."
    )


def _after_title(taught: LayerTeaching, teaching: Teaching) -> str:
    return f"{taught.name} after {steps(teaching)}"


def _range_of(change: NDArray[np.float32], own: ColourRange) -> str:
    """Return what the colour bar says of changes: their own range, from zero where they are norms."""
    what = "change" if own.signed else "norm of the change"
    if not change.any():
        return f"{what}: zero everywhere"
    return f"{what}, its own range: {number(own.low, 2)} to {number(own.high, 2)}"


def _most_moved(change: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the inputs and the units of (inputs, units) that are shown, in their own order."""
    if change.size <= _MOST_CELLS:
        return np.arange(change.shape[0]), np.arange(change.shape[1])
    rows, columns = np.empty(len(change)), np.zeros(change.shape[1])
    # In parts, since the weights before and after take memory enough.
    for start in range(0, len(change), _ROWS_AT_ONCE):
        sizes = np.abs(change[start : start + _ROWS_AT_ONCE])
        rows[start : start + _ROWS_AT_ONCE] = sizes.sum(axis=1)
        columns += sizes.sum(axis=0)
    inputs, units = (np.sort(np.argsort(-s, kind="stable")[:_MOST_MOVED]) for s in (rows, columns))
    return inputs, units


def _farthest(values: NDArray[np.float32]) -> float:
    """Return the largest magnitude, without an array of magnitudes."""
    return float(max(values.max(), -values.min()))


def _steepest(teaching: Teaching) -> str:
    if teaching.loss_before < _NEARLY_NO_LOSS and len(teaching.learning_rates) < 2:
        return (
            f"The loss, {number(teaching.loss_before, 2)}, is close to zero already, so there is "
            "little to follow: teach another class to see more."
        )
    layers = teaching.moving
    steepest = max(layers, key=lambda layer: layer.gradient_norm)
    flattest = min(layers, key=lambda layer: layer.gradient_norm)
    sentence = f"{steepest.name} has the steepest slope ({number(steepest.gradient_norm)})"
    if steepest.gradient_norm == flattest.gradient_norm:
        return f"{sentence}."
    gentlest = [one.name for one in layers if one.gradient_norm == flattest.gradient_norm]
    named = gentlest if len(gentlest) <= _MOST_EQUAL else [f"{len(gentlest):,} layers"]
    return f"{sentence}, {listed(named)} the gentlest ({number(flattest.gradient_norm)})."


def _about_prediction(teaching: Teaching) -> Caption:
    names = teaching.before.class_names
    first, last = (
        float(p.probabilities[teaching.label]) for p in (teaching.before, teaching.after)
    )
    was, now = (p.winner or captions.tie(p) for p in (teaching.before, teaching.after))
    if not teaching.learning_rates:
        seen = f"What the network says of this picture: {was}."
        return Caption(seen, f"Class {names[teaching.label]}, to be taught, has {percent(first)}.")
    seen = "What the network says of this picture, before (hatched) and after (solid)."
    sentence = f"Class {names[teaching.label]}, which was taught, goes from {percent(first)} to "
    sentence += percent(last)
    verdict = (
        f"the prediction stays {now}"
        if was == now
        else f"the prediction was {was}; now it is {now}"
    )
    return Caption(seen, f"{sentence}; {verdict}.")


def _likeliest_classes(teaching: Teaching) -> list[int]:
    """Return the classes to draw, in their order."""
    highest = np.maximum(teaching.before.probabilities, teaching.after.probabilities)
    if len(highest) <= _MOST_CLASSES:
        return list(range(len(highest)))
    likeliest = np.argsort(-highest, kind="stable")[:_MOST_CLASSES]
    named = {teaching.label, teaching.before.label, teaching.after.label}
    return sorted(named | {int(i) for i in likeliest})


def _class_bars(name: str, shares: NDArray[np.float32], classes: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": shares,
        "y": np.arange(len(classes)),
        "customdata": list(zip(map(style.plain, classes), bars.percentages(shares), strict=True)),
        "textposition": "outside",
        "textfont": {"size": 10},
        "textangle": 0,
        "cliponaxis": False,
        "hovertemplate": f"class %{{customdata[0]}}, {name}<br><b>%{{customdata[1]}}</b><extra></extra>",
    }


def _layer_bars(
    names: Sequence[str],
    values: Sequence[float],
    title: str,
    across: str,
    form: str,
    texts: Sequence[str],
) -> go.Figure:
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": np.asarray(values, np.float64),
        "y": np.arange(len(names)),
        "customdata": [style.plain(name) for name in names],
        "text": list(texts) if len(names) <= _MOST_NAMED else None,
        "textposition": "outside",
        "textfont": {"size": 11},
        "textangle": 0,
        "cliponaxis": False,
        "marker": {"color": BLUE, "line": {"width": 0}},
        "hovertemplate": f"%{{customdata}}<br><b>{form}</b><extra></extra>",
    }
    layout = _bar_layout(title, across)
    top = max((value for value in values if not isnan(value)), default=0.0) or 1.0
    layout["xaxis"] |= {"range": [0, _ROOM_FOR_NUMBERS * top], "nticks": 4}
    layout["xaxis"]["tickformat"] = "~g"
    layout["bargap"] = 0.45
    named = range(0, len(names), ceil(len(names) / _MOST_NAMED))
    ticks = [_short(names[i]) for i in named]
    layout["yaxis"] |= {"tickvals": list(named), "ticktext": ticks}
    return go.Figure(data=[trace], layout=layout)


def _bar_layout(title: str, across: str) -> dict[str, Any]:
    return {
        **style.frame(title),
        "margin": {"l": 8, "r": 8, "t": 28, "b": 38},
        "xaxis": {
            "showgrid": True,
            "zeroline": True,
            "fixedrange": True,
            "title": {"text": across, "standoff": 4},
        },
        "yaxis": {
            "autorange": "reversed",
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": "rgba(0,0,0,0)",
        },
        "bargap": 0.3,
        "dragmode": False,
    }


def _size(count: int, bars_each: int) -> dict[str, str]:
    """Return a height for rows of bars: the same for the few, and what fits 24 names for the many."""
    rows = min(count, _MOST_NAMED)
    return {"height": f"{max(330, 90 + rows * (14 + 10 * bars_each))}px"}


def _share(share: float) -> str:
    """Return a share in percent with three digits, however small."""
    return f"{number(100 * share)}%"


def _short(name: str) -> str:
    cut = name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"
    return style.plain(cut)


def _marked(name: str, mark: str) -> str:
    return f"{mark} <b>{_short(name)}</b>" if mark else _short(name)
