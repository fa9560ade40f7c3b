"""The network as a picture: one block per layer, from the input on the left to the output."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees
from typing import Any

import plotly.graph_objects as go

from cnn.colours import GREY
from cnn.figures import style
from cnn.models.arrangement import Block, BlockScale, arrange, edges, sheets
from cnn.models.kinds import kind_of
from cnn.models.layers import LayerInfo
from cnn.words import sides

COLUMN_PIXELS = 118
LANE_PIXELS = 190
_MOST_TRACKS = 8
_TRACK = 0.06
_FIRST_TRACK = 0.52
_SIDE = 0.3
_NAME_LENGTH = 15
Point = tuple[float, float]


def routes(infos: Sequence[LayerInfo]) -> dict[tuple[str, str], list[Point]]:
    """Return the way of each connection, as corners from the one block to the other.

    Between neighbouring columns it is straight. Others leave to the right of their block, go along
    a track above all lanes, and come down before the column of their target: they cross no block.
    """
    blocks = arrange(infos)
    places = {block.info.name: block for block in blocks}
    top = min((block.lane for block in blocks), default=0) - _FIRST_TRACK
    joined = list(dict.fromkeys(edges(infos)))
    tracks = _tracks([(places[a], places[b]) for a, b in joined])
    ways = {}
    for a, b in joined:
        (x1, y1), (x2, y2) = _ends(places[a], places[b])
        if (a, b) in tracks:
            along = top - _TRACK * tracks[a, b]
            shift = 0.02 * tracks[a, b]
            up, down = places[a].column + _SIDE + 0.05 + shift, places[b].column - 0.38 - shift
            ways[a, b] = [(x1, y1), (up, y1), (up, along), (down, along), (down, y2), (x2, y2)]
        else:
            out, into = places[a].column + _SIDE, places[b].column - _SIDE - 0.08
            bent = [(out, y1), (into, y2)] if y1 != y2 else []
            ways[a, b] = [(x1, y1), *bent, (x2, y2)]
    return ways


def _ends(source: Block, target: Block) -> tuple[Point, Point]:
    reach = {True: _SIDE, False: 0.1}
    return (
        (source.column + reach[source.info.has_maps], source.lane),
        (target.column - reach[target.info.has_maps], target.lane),
    )


def _tracks(joined: Sequence[tuple[Block, Block]]) -> dict[tuple[str, str], int]:
    """Return the track of each connection that passes columns, the shortest on the lowest."""
    long = [(a, b) for a, b in joined if b.column - a.column > 1]
    taken: list[list[tuple[int, int]]] = []
    tracks = {}
    for a, b in sorted(long, key=lambda ends: ends[1].column - ends[0].column):
        free = (
            i for i, spans in enumerate(taken)
            if all(end <= a.column or start >= b.column for start, end in spans)
        )  # fmt: skip
        track = next(free, min(len(taken), _MOST_TRACKS - 1))
        if track == len(taken):
            taken.append([])
        taken[track].append((a.column, b.column))
        tracks[a.info.name, b.info.name] = track
    return tracks


def diagram(infos: Sequence[LayerInfo], *, title: str = "Architecture") -> go.Figure:
    """Return the network as blocks and arrows.

    A block of maps is as high as its maps, to scale, and has the more sheets the more maps there
    are; a vector is a slim bar. Each block's `customdata` is the layer's name. What looks alike is
    one element: a browser draws that of hundreds of layers at once.
    """
    blocks, scale, ways = arrange(infos), BlockScale.of(infos), list(routes(infos).values())
    lanes = [block.lane for block in blocks]
    last = max((block.column for block in blocks), default=0)
    top = min([min(lanes, default=0) - 0.5, *[y for way in ways for _, y in way]]) - 0.1
    bottom = max(lanes, default=0) + 0.72
    return go.Figure(
        data=[_targets(blocks), _heads(ways), _names(blocks)],
        layout={
            **style.frame(title),
            "shapes": [*_lines(ways), *_sheets(blocks, scale)],
            "xaxis": {"visible": False, "range": [-0.6, last + 0.6], "fixedrange": True},
            "yaxis": {"visible": False, "range": [bottom, top], "fixedrange": True},
            "width": max(320, COLUMN_PIXELS * (last + 1)),
            "height": 34 + round(LANE_PIXELS * (bottom - top)),
            "autosize": False,
        },
    )


def _sheets(blocks: Sequence[Block], scale: BlockScale) -> list[dict[str, Any]]:
    """Return the blocks as a few overlapping rectangles each, more of them for more channels.

    A shape has all that lie equally deep and have the same colour, the deepest first.
    """
    paths: dict[tuple[int, str], list[str]] = {}
    for block in blocks:
        count = sheets(block.info.channels) if block.info.has_maps else 1
        half, colour = scale.half_height(block.info), kind_of(block.info.kind).family.colour
        width = 0.2 if block.info.has_maps else 0.05
        for i in range(count):
            x = block.column + 0.035 * (i - (count - 1) / 2)
            corners = (x - width, x + width, block.lane - half, block.lane + half)
            paths.setdefault((count - 1 - i, colour), []).append(_rectangle(*corners))
    return [
        {
            "type": "path",
            "path": " ".join(path),
            "fillcolor": colour,
            "opacity": 0.45 if depth else 0.9,
            "line": {"color": "rgba(255,255,255,0.8)", "width": 1},
            "layer": "below",
        }
        for (depth, colour), path in sorted(paths.items(), reverse=True)
    ]


def _rectangle(x0: float, x1: float, y0: float, y1: float) -> str:
    return f"M {x0:g},{y0:g} L {x1:g},{y0:g} L {x1:g},{y1:g} L {x0:g},{y1:g} Z"


def _names(blocks: Sequence[Block]) -> dict[str, Any]:
    """Return the name and the shape below each block; a name that is cut is whole at the pointer."""
    names = [block.info.name for block in blocks]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [block.column for block in blocks],
        "y": [block.lane + 0.42 for block in blocks],
        "text": [
            f"<b>{style.plain(style.cut_middle(block.info.name, _NAME_LENGTH))}</b><br>"
            f"{sides(block.info.output_shape)}"
            for block in blocks
        ],
        "textposition": "bottom center",
        "textfont": {"size": 11},
        "customdata": names,
        "hovertext": [style.plain(name) for name in names],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _lines(ways: Sequence[Sequence[Point]]) -> list[dict[str, Any]]:
    """Return all ways as one shape."""
    paths = ["M " + " L ".join(f"{x:g},{y:g}" for x, y in way) for way in ways]
    line = {"color": GREY, "width": 1.2}
    return (
        [{"type": "path", "path": " ".join(paths), "line": line, "layer": "below"}] if ways else []
    )


def _heads(ways: Sequence[Sequence[Point]]) -> dict[str, Any]:
    """Return the heads of the arrows, each in the direction in which its way ends."""
    ends = [(way[-2], way[-1]) for way in ways]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for _, (x, _) in ends],
        "y": [y for _, (_, y) in ends],
        "hoverinfo": "skip",
        "marker": {
            "symbol": "arrow",
            "size": 7,
            "color": GREY,
            "opacity": 1,
            "angle": [
                degrees(atan2((x - ax) * COLUMN_PIXELS, (ay - y) * LANE_PIXELS))
                for (ax, ay), (x, y) in ends
            ],
        },
    }


def _targets(blocks: Sequence[Block]) -> dict[str, Any]:
    """Return unseen markers over the blocks: they take hover and clicks."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [block.column for block in blocks],
        "y": [block.lane for block in blocks],
        "customdata": [block.info.name for block in blocks],
        "text": [_summary(block.info) for block in blocks],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 64, "symbol": "square", "opacity": 0},
    }


def _summary(info: LayerInfo) -> str:
    lines = [
        f"<b>{style.plain(info.name)}</b>",
        style.plain(info.kind),
        f"output {sides(info.output_shape)}",
    ]
    if info.parameters:
        lines.append(f"{info.parameters:,} parameters = {info.formula}")
    return "<br>".join(lines)
