"""The network as a picture: one block per layer, from the input on the left to the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import plotly.graph_objects as go

from cnn.figures import style
from cnn.layers import LayerInfo
from cnn.words import sides

COLUMN_PIXELS = 118
LANE_PIXELS = 190
_MOST, _LEAST = 0.38, 0.0118
_MOST_SHEETS = 5
_MOST_TRACKS = 8
_TRACK = 0.06
_FIRST_TRACK = 0.52
_SIDE = 0.3
_NAME_LENGTH = 15
_FAMILIES = (
    ("convolution", style.BLUE, ("Conv",)),
    ("pooling", style.GREEN, ("Pool",)),
    ("dense", style.ORANGE, ("Dense",)),
    ("normalisation", style.PURPLE, ("Normalization", "Rescaling")),
)
Point = tuple[float, float]


@dataclass(frozen=True)
class Block:
    """Where a layer stands: its column, counted from the input, and its lane, 0 being the middle."""

    info: LayerInfo
    column: int
    lane: float


@dataclass(frozen=True)
class BlockScale:
    """How high blocks are, half of it, as shares of the distance between two lanes.

    Maps are drawn to scale: as high as they have cells, the highest of the network `_MOST` high,
    and none lower than `_LEAST`. A vector is higher by a step for every doubling of its units.
    """

    highest: int

    @classmethod
    def of(cls, infos: Sequence[LayerInfo]) -> BlockScale:
        """Return the scale of a network; maps whose height is open are as high as the highest."""
        return cls(max((cls._cells(info) for info in infos if info.has_maps), default=0))

    @staticmethod
    def _cells(info: LayerInfo) -> int:
        return int(info.output_shape[0] or 0)

    @property
    def least_cells(self) -> int:
        """The height, in cells, below which maps are drawn alike."""
        return ceil(self.highest * _LEAST / _MOST)

    def half_height(self, info: LayerInfo) -> float:
        """Return half the height of the layer's block."""
        if not info.has_maps:
            return 0.06 + 0.02 * log2(max(1, info.channels))
        cells = self._cells(info) or self.highest
        return max(_LEAST, _MOST * cells / self.highest) if self.highest else _MOST

    def told(self, infos: Sequence[LayerInfo]) -> str:
        """Return what the heights and the sheets of the blocks say, in sentences."""
        heights = [self._cells(info) for info in infos if info.has_maps and not info.nested]
        if not heights:
            return "A bar is a step higher for every doubling of the layer's units."
        told = "A block is as high as the layer's maps, to scale"
        least = self.least_cells
        if any(0 < cells < least for cells in heights):
            told += f" (those of less than {least} cells like those of {least})"
        if 0 in heights:
            told += "; where the height is open it is drawn as the highest"
        return (
            f"{told}. Four times as many maps are one sheet more, up to {_MOST_SHEETS}; a layer of "
            "units is a slim bar, a step higher for every doubling."
        )


def sheets(channels: int) -> int:
    """Return how many sheets a block of so many maps has: one more for four times as many."""
    return min(_MOST_SHEETS, 1 + int(log2(max(1, channels)) / 2))


def family(info: LayerInfo) -> tuple[str, str]:
    """Return (what the layer does in one word, its colour)."""
    for name, colour, parts in _FAMILIES:
        if any(part in info.kind for part in parts):
            return name, colour
    return "other", style.GREY_LINE


def arrange(infos: Sequence[LayerInfo]) -> list[Block]:
    """Return a block per layer that computes something itself; branches get lanes of their own.

    A layer's column is the longest way to it. Nested models are shown by the layers inside.
    """
    columns: dict[str, int] = {}
    stack: dict[int, list[LayerInfo]] = {}
    for info in infos:
        columns[info.name] = max((columns[name] for name in info.inputs), default=-1)
        if not info.nested:
            columns[info.name] += 1
            stack.setdefault(columns[info.name], []).append(info)
    return [
        Block(info, column, lane - (len(layers) - 1) / 2)
        for column, layers in sorted(stack.items())
        for lane, info in enumerate(layers)
    ]


def edges(infos: Sequence[LayerInfo]) -> list[tuple[str, str]]:
    """Return (from, to) for every connection between layers that are not nested models."""
    nested = {info.name: info.inputs for info in infos if info.nested}

    def inner(name: str) -> list[str]:
        return [i for source in nested[name] for i in inner(source)] if name in nested else [name]

    return [
        (source, info.name)
        for info in infos
        if not info.nested
        for name in info.inputs
        for source in inner(name)
    ]


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
    found = {}
    for a, b in joined:
        (x1, y1), (x2, y2) = _ends(places[a], places[b])
        if (a, b) in tracks:
            along = top - _TRACK * tracks[a, b]
            shift = 0.02 * tracks[a, b]
            up, down = places[a].column + _SIDE + 0.05 + shift, places[b].column - 0.38 - shift
            found[a, b] = [(x1, y1), (up, y1), (up, along), (down, along), (down, y2), (x2, y2)]
        else:
            out, into = places[a].column + _SIDE, places[b].column - _SIDE - 0.08
            bent = [(out, y1), (into, y2)] if y1 != y2 else []
            found[a, b] = [(x1, y1), *bent, (x2, y2)]
    return found


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
    found = {}
    for a, b in sorted(long, key=lambda ends: ends[1].column - ends[0].column):
        free = (
            i for i, spans in enumerate(taken)
            if all(end <= a.column or start >= b.column for start, end in spans)
        )  # fmt: skip
        track = next(free, min(len(taken), _MOST_TRACKS - 1))
        if track == len(taken):
            taken.append([])
        taken[track].append((a.column, b.column))
        found[a.info.name, b.info.name] = track
    return found


def diagram(infos: Sequence[LayerInfo], *, title: str = "Architecture") -> go.Figure:
    """Return the network as blocks and arrows.

    A block of maps is as high as its maps, to scale, and has the more sheets the more maps there
    are; a vector is a slim bar. Each block's `customdata` is the layer's name.
    """
    blocks, scale, ways = arrange(infos), BlockScale.of(infos), list(routes(infos).values())
    lanes = [block.lane for block in blocks]
    last = max((block.column for block in blocks), default=0)
    top = min([min(lanes, default=0) - 0.5, *[y for way in ways for _, y in way]]) - 0.1
    bottom = max(lanes, default=0) + 0.72
    lines = [shape for way in ways for shape in _line(way)]
    return go.Figure(
        data=[_targets(blocks)],
        layout={
            **style.frame(title),
            "shapes": lines + [shape for block in blocks for shape in _sheets(block, scale)],
            "annotations": [_head(way) for way in ways] + [_name(block) for block in blocks],
            "xaxis": {"visible": False, "range": [-0.6, last + 0.6], "fixedrange": True},
            "yaxis": {"visible": False, "range": [bottom, top], "fixedrange": True},
            "width": max(320, COLUMN_PIXELS * (last + 1)),
            "height": 34 + round(LANE_PIXELS * (bottom - top)),
            "autosize": False,
        },
    )


def _sheets(block: Block, scale: BlockScale) -> list[dict[str, Any]]:
    """Return a few overlapping rectangles, more of them for more channels."""
    count = sheets(block.info.channels) if block.info.has_maps else 1
    half, colour = scale.half_height(block.info), family(block.info)[1]
    width = 0.2 if block.info.has_maps else 0.05
    shapes = []
    for i in range(count):
        shift = 0.035 * (i - (count - 1) / 2)
        shapes.append(
            {
                "type": "rect",
                "x0": block.column - width + shift,
                "x1": block.column + width + shift,
                "y0": block.lane - half,
                "y1": block.lane + half,
                "fillcolor": colour,
                "opacity": 0.9 if i == count - 1 else 0.45,
                "line": {"color": "rgba(255,255,255,0.8)", "width": 1},
                "layer": "below",
            }
        )
    return shapes


def _name(block: Block) -> dict[str, Any]:
    """Return the name and the shape below a block; a name that is cut is whole at the pointer."""
    name = block.info.name
    return {
        "x": block.column,
        "y": block.lane + 0.42,
        "text": f"<b>{style.plain(style.cut_middle(name, _NAME_LENGTH))}</b><br>"
        f"{sides(block.info.output_shape)}",
        "hovertext": style.plain(name) if len(name) > _NAME_LENGTH else None,
        "showarrow": False,
        "font": {"size": 11},
        "yanchor": "top",
    }


def _line(way: Sequence[Point]) -> list[dict[str, Any]]:
    """Return a way without its last part, which is an arrow's."""
    if len(way) < 3:
        return []
    first, *others = way[:-1]
    path = f"M {first[0]},{first[1]} " + " ".join(f"L {x},{y}" for x, y in others)
    line = {"color": style.GREY_LINE, "width": 1.2}
    return [{"type": "path", "path": path, "line": line, "layer": "below"}]


def _head(way: Sequence[Point]) -> dict[str, Any]:
    (ax, ay), (x, y) = way[-2:]
    return {
        "x": x,
        "y": y,
        "ax": ax,
        "ay": ay,
        "xref": "x",
        "yref": "y",
        "axref": "x",
        "ayref": "y",
        "text": "",
        "showarrow": True,
        "arrowhead": 2,
        "arrowsize": 1,
        "arrowwidth": 1.2,
        "arrowcolor": style.GREY_LINE,
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
