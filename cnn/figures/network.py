"""The network as a picture: one block per layer, from the input on the left to the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import plotly.graph_objects as go

from cnn.figures import style
from cnn.layers import LayerInfo

COLUMN_PIXELS = 118
_FAMILIES = (
    ("convolution", style.BLUE, ("Conv",)),
    ("pooling", style.GREEN, ("Pool",)),
    ("dense", style.ORANGE, ("Dense",)),
    ("normalisation", style.PURPLE, ("Normalization", "Rescaling")),
)


@dataclass(frozen=True)
class Block:
    """Where a layer stands: its column, counted from the input, and its lane, 0 being the middle."""

    info: LayerInfo
    column: int
    lane: float


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


def diagram(infos: Sequence[LayerInfo], *, title: str = "Architecture") -> go.Figure:
    """Return the network as blocks and arrows.

    A block of maps is as high as its maps (on a logarithmic scale) and as thick as its channels; a
    vector is a slim bar. Each block's `customdata` is the layer's name.
    """
    blocks = arrange(infos)
    places = {block.info.name: block for block in blocks}
    arrows = [_arrow(places[a], places[b]) for a, b in edges(infos)]
    lanes = [block.lane for block in blocks]
    last = max((block.column for block in blocks), default=0)
    return go.Figure(
        data=[_targets(blocks)],
        layout={
            **style.frame(title),
            "shapes": [shape for block in blocks for shape in _sheets(block)],
            "annotations": arrows + [note for block in blocks for note in _names(block)],
            "xaxis": {"visible": False, "range": [-0.6, last + 0.6], "fixedrange": True},
            "yaxis": {
                "visible": False,
                "range": [max(lanes, default=0) + 0.72, min(lanes, default=0) - 0.6],
                "fixedrange": True,
            },
            "width": max(320, COLUMN_PIXELS * (last + 1)),
            "height": 130 + 170 * (round(max(lanes, default=0) - min(lanes, default=0)) + 1),
            "autosize": False,
        },
    )


def _half_height(info: LayerInfo) -> float:
    if not info.has_maps:
        return 0.08 + 0.022 * log2(1 + info.channels)
    side = max((int(s or 32) for s in info.output_shape[:2]), default=1)
    return 0.1 + 0.036 * log2(1 + side)


def _sheets(block: Block) -> list[dict[str, Any]]:
    """Return a few overlapping rectangles, more of them for more channels."""
    count = (
        1 if not block.info.has_maps else min(5, 1 + int(log2(max(1, block.info.channels)) / 1.5))
    )
    half, colour = _half_height(block.info), family(block.info)[1]
    width = 0.2 if block.info.has_maps else 0.05
    shapes = []
    for i in range(count):
        shift = 0.035 * (i - (count - 1) / 2)
        shapes.append(
            {
                "type": "rect",
                "x0": block.column - width + shift,
                "x1": block.column + width + shift,
                "y0": block.lane - half + 0.8 * shift,
                "y1": block.lane + half + 0.8 * shift,
                "fillcolor": colour,
                "opacity": 0.9 if i == count - 1 else 0.45,
                "line": {"color": "rgba(255,255,255,0.8)", "width": 1},
                "layer": "below",
            }
        )
    return shapes


def _names(block: Block) -> list[dict[str, Any]]:
    shape = "×".join("?" if side is None else str(side) for side in block.info.output_shape)
    text = f"<b>{_short(block.info.name)}</b><br>{shape}"
    return [
        {
            "x": block.column,
            "y": block.lane + 0.4,
            "text": text,
            "showarrow": False,
            "font": {"size": 11},
            "yanchor": "top",
        }
    ]


def _short(name: str) -> str:
    return name if len(name) <= 17 else f"{name[:8]}…{name[-8:]}"


def _arrow(source: Block, target: Block) -> dict[str, Any]:
    reach = {True: 0.3, False: 0.1}
    return {
        "x": target.column - reach[target.info.has_maps],
        "y": target.lane,
        "ax": source.column + reach[source.info.has_maps],
        "ay": source.lane,
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
    shape = "×".join("?" if side is None else str(side) for side in info.output_shape)
    lines = [f"<b>{info.name}</b>", info.kind, f"output {shape}"]
    if info.parameters:
        lines.append(f"{info.parameters:,} parameters = {info.formula}")
    return "<br>".join(lines)
