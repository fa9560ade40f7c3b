"""The whole network as one picture: every layer's channels, and what feeds what."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, prod
from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, dcc, html

import cnn
from cnn.colours import GREY
from cnn.figures import style
from cnn.figures.thumbnails import (
    DIVERGING_COLOURS,
    MOST_SIDE,
    SEQUENTIAL_COLOURS,
    Thumbnails,
    colour_table,
    representative,
)
from cnn.inspection.connections import Side, same_channel, sides
from cnn.inspection.contributions import Contributions
from cnn.models.arrangement import Block, arrange, edges
from cnn.models.folding import folds
from cnn.models.heads import Head, head_of
from cnn.models.kinds import kind_of
from dashboard import ids
from dashboard.screens.answer import Answer
from dashboard.screens.request import Request
from dashboard.screens.screen import of_model, register_facts
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.scale import register_scale, scale_choice
from dashboard.state.view import CONTRIBUTION, OF_PICTURE, WEIGHT

NETWORK = "network"
_MOST_ROWS = 20
_FEWER_ROWS = 12
# With the picture of the panel less than a megabyte.
_MOST_BYTES = 750_000
STRUCTURE = "network-structure"
REQUESTED = "network-requested"
SCALE = "network-scale"
LINES = "network-lines"
EXPLAIN = "network-explain"
FOLDED = "network-folded"

_LINES = ((CONTRIBUTION, "weight × value"), (WEIGHT, "weight"))


def layout(**_query: Any) -> html.Div:
    """Return the page without its network: a script draws it, for it depends on the model."""
    return html.Div(
        [
            components.heading(
                "Network",
                "A convolutional network at work: a picture enters on the left, each column is a "
                "layer, its answer stands on the right. Choose a picture or draw your own; then point "
                "at a channel to see what feeds it, and click to open it.",
            ),
            html.Div(
                [
                    scale_choice(SCALE),
                    components.choices(LINES, "Lines", _LINES, CONTRIBUTION),
                    dbc.Switch(
                        id=EXPLAIN, label="Explain each layer", value=True,
                        persistence=True, persistence_type="local", className="mb-0",
                    ),
                    html.Div(id="network-legend", className="net-legend"),
                ],
                className="controls",
            ),
            html.P(id=FOLDED, className="net-folded", **components.aria(live="polite")),
            dcc.Store(id=STRUCTURE),
            dcc.Store(id=REQUESTED),
            html.Div(id=NETWORK, role="region", **components.aria(label="The network")),
            html.P(id="network-status", className="net-status", **components.aria(live="polite")),
        ]
    )  # fmt: skip


def register(app: Dash) -> None:
    """Register the page, its callbacks, and the addresses that its script asks."""
    dash.register_page(
        __name__, path="/", name="Network", title="Network – CNN Visualizer", layout=layout,
        order=1, in_header=True,
    )  # fmt: skip
    register_scale(app, SCALE)
    tie(app, LINES, choose="chooseLines", chosen="chosenLines")
    register_facts(app.server, "network", values, (*OF_PICTURE, "scale", "lines"))
    app.callback(Output(STRUCTURE, "data"), Input(ids.LAYERS, "data"))(
        of_model("network", structure)
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "showNetwork"),
        Output(REQUESTED, "data"),
        Input(ids.VIEW, "data"),
        Input(STRUCTURE, "data"),
        Input(EXPLAIN, "value"),
    )


def structure(request: Request) -> dict[str, Any]:
    """Return what does not depend on the picture: the layers, their places, and the colours."""
    return {
        "network": request.view.network,
        "layers": described(request.model),
        "classes": list(cnn.class_names(request.model)),
        "mostSide": MOST_SIDE,
        "sequential": _digits(style.SEQUENTIAL, SEQUENTIAL_COLOURS),
        "diverging": _digits(style.DIVERGING, DIVERGING_COLOURS),
    }


def described(model: Any) -> list[dict[str, Any]]:
    """Return each layer as the script draws it, inputs first; the class probabilities come last.

    What has the same `fold` is shown as one until it is opened.
    """
    infos = cnn.layer_infos(model)
    blocks = {block.info.name: block for block in arrange(infos)}
    lanes: dict[int, list[Block]] = {}
    for block in blocks.values():
        lanes.setdefault(block.column, []).append(block)
    feeds: dict[str, list[str]] = {}
    for source, target in edges(infos):
        feeds.setdefault(target, []).append(source)
    head, folded = head_of(model), folds(infos)
    layers = [
        {
            **_layer(info, has_classes=_has_classes(info, head)),
            "column": blocks[info.name].column,
            "lane": lanes[blocks[info.name].column].index(blocks[info.name]),
            "lanes": len(lanes[blocks[info.name].column]),
            "inputs": feeds.get(info.name, []),
            "fold": folded.get(info.name, ""),
        }
        for info in infos
        if not info.nested
    ]
    if head.form != "logits":
        return layers
    return [*layers, _softmax(cnn.layer_info(model, head.last), max(lanes))]


def _has_classes(info: cnn.LayerInfo, head: Head) -> bool:
    """Whether the layer's output is the class probabilities."""
    return head.form == "softmax" and info.name == head.last


def _layer(info: cnn.LayerInfo, *, has_classes: bool) -> dict[str, Any]:
    family = kind_of(info.kind).family
    is_vector = len(info.output_shape) == 1
    shape = [side or 0 for side in info.output_shape]
    return {
        "name": info.name,
        "kind": info.kind,
        "shape": cnn.captions.sides(info.output_shape),
        "family": family.name,
        "colour": family.colour,
        "form": "classes" if has_classes else "units" if is_vector else "maps",
        "total": info.channels,
        "rowCount": _row_count(info.channels) if has_classes else 0,
        "channels": _channels(info, has_classes=has_classes),
        "tile": shape[:2] if info.has_maps else [1, 1],
        "href": components.layer_address("activations", info.name),
        "explanation": cnn.captions.explanation(info),
    }


def _softmax(last: cnn.LayerInfo, column: int) -> dict[str, Any]:
    """Return the column of class probabilities of a model that ends with their logits."""
    return {
        **_layer(last, has_classes=True),
        "name": _softmax_of(last),
        "title": "class probabilities",
        "kind": "Softmax",
        "family": "other",
        "colour": GREY,
        "explanation": "The softmax of the sums: positive numbers that add up to 1.",
        "column": column + 1,
        "lane": 0,
        "lanes": 1,
        "inputs": [last.name],
        "fold": "",
    }


def _softmax_of(last: cnn.LayerInfo) -> str:
    return f"softmax of {last.name}"


def _channels(info: cnn.LayerInfo, *, has_classes: bool) -> list[int]:
    return list(range(info.channels)) if has_classes else representative(info.channels)


def _row_count(classes: int) -> int:
    """Return how many classes have rows: of very many the most probable."""
    return classes if classes <= _MOST_ROWS else _FEWER_ROWS


def _digits(scale: style.ColourScale, count: int) -> str:
    """Return `count` colours from the lowest to the highest value, as hexadecimal digits."""
    return colour_table(scale, count).tobytes().hex()


def values(request: Request, answer: Answer) -> dict[str, Any]:
    """Return the thumbnails of the layers asked for, or of all, and the class probabilities.

    Of a channel that is pointed at also what feeds it and what it feeds. Layers that would make the
    answer too large are left out, the last that were asked for first: they are to be asked for again.
    """
    infos = [info for info in cnn.layer_infos(request.model) if not info.nested]
    by_name = {info.name: info for info in infos}
    wanted = [by_name[name] for name in request.layers or by_name if name in by_name]
    bound = request.passed.bound if request.view.scale == "network" else None
    return {
        "layers": [_painted(request, info, bound, answer) for info in _fitting(request, wanted)],
        **_classes(request, answer),
        "scale": request.view.scale,
        "pointed": _pointed(request, answer) if request.pointed else None,
    }


def _fitting(request: Request, wanted: Sequence[cnn.LayerInfo]) -> list[cnn.LayerInfo]:
    """Return as many of the layers as fit into an answer, at least one."""
    sizes = [
        len(representative(info.channels))
        * prod(min(side, MOST_SIDE) for side in request.passed.shapes[info.name][:-1])
        for info in wanted
    ]
    fitting = int((np.cumsum(sizes) <= _MOST_BYTES).sum())
    return list(wanted[: max(1, fitting)])


def _classes(request: Request, answer: Answer) -> dict[str, Any]:
    """Return the class probabilities and the place of the winner, where there are any.

    The classes that have rows are told with their places, in percent.
    """
    prediction = request.passed.prediction
    if not prediction.head.has_classes:
        return {}
    winner = None if prediction.winner is None else prediction.label
    shares = prediction.probabilities
    places, count = np.arange(len(shares)), _row_count(len(shares))
    if count < len(shares):
        places = np.argsort(-shares, kind="stable")[:count]
    return {
        "probabilities": answer.add(shares),
        "winner": winner,
        "percents": [[int(i), cnn.captions.percent(float(shares[i]))] for i in places],
    }


def _painted(
    request: Request, info: cnn.LayerInfo, bound: float | None, answer: Answer
) -> dict[str, Any]:
    output = request.passed.activations[info.name]
    maps = cnn.figures.as_maps(output) if output.ndim > 1 else output.reshape(1, 1, -1)
    channels = representative(info.channels)
    thumbnails = Thumbnails.of(maps, channels, scale=request.view.scale, bound=bound)
    return {
        "name": info.name,
        "tiles": answer.add(thumbnails.tiles),
        "peaks": answer.add(thumbnails.peaks),
        "high": thumbnails.high,
        "signed": thumbnails.signed,
        "size": maps.shape[:2],
    }


def _pointed(request: Request, answer: Answer) -> dict[str, Any] | None:
    """Return what the channel that is pointed at is connected to; nothing for one that is not there."""
    layer, channel = request.pointed or ("", 0)
    infos = {info.name: info for info in cnn.layer_infos(request.model)}
    head = head_of(request.model)
    last = infos[head.last]
    is_softmax = head.form == "logits" and layer == _softmax_of(last)
    info = last if is_softmax else infos.get(layer)
    if info is None or info.nested or channel >= info.channels:
        return None
    ends: tuple[Side, ...] = (
        (same_channel(last.name, channel, last.channels, is_source=True),)
        if is_softmax
        else _sides(request, info, channel, head)
    )
    channels = {
        name: _channels(one, has_classes=_has_classes(one, head)) for name, one in infos.items()
    }
    channels[_softmax_of(last)] = list(range(last.channels))
    return {
        "layer": layer,
        "channel": channel,
        "lines": request.view.lines,
        "sides": [_side(answer, side, channels[side.layer]) for side in ends],
    }


def _sides(request: Request, info: cnn.LayerInfo, channel: int, head: Head) -> tuple[Side, ...]:
    values = request.passed.activations if request.view.lines == CONTRIBUTION else None
    ends = sides(request.model, info.name, channel, activations=values)
    if info.name != head.last or head.form != "logits":
        return ends
    return *ends, same_channel(_softmax_of(info), channel, info.channels, is_source=False)


def _side(answer: Answer, side: Side, channels: Sequence[int]) -> dict[str, Any]:
    """Return a side as the script reads it: the amounts where shown, and what is hidden."""
    known, amounts = ~np.isnan(side.amounts), np.nan_to_num(side.amounts)
    hidden = np.setdiff1d(np.flatnonzero(known), channels)
    first = int(hidden[np.abs(amounts[hidden]).argmax()]) if len(hidden) else None
    return {
        "layer": side.layer,
        "isSource": side.is_source,
        "kind": side.kind,
        "amounts": answer.add(side.amounts[list(channels)]),
        "count": int(known.sum()),
        "most": float(np.abs(amounts).max(initial=0)),
        "hidden": len(hidden),
        "firstHidden": None if first is None else [first, float(amounts[first])],
        "sum": _whole(side.added_up),
    }


def _whole(contributions: Contributions | None) -> dict[str, Any] | None:
    """Return the sum that the amounts and the bias make; none where it is not a finite number."""
    if contributions is None or not isfinite(contributions.total):
        return None
    return {
        "total": contributions.total,
        "bias": contributions.bias,
        "cell": contributions.cell,
        "isSilent": contributions.is_silent,
    }
