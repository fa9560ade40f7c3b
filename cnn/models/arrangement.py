"""Where each layer of a network stands in its diagram, how high it is, and what joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

from cnn.models.layers import LayerInfo

MOST_SHEETS = 5
_MOST, _LEAST = 0.38, 0.0118


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
        return cls(max((cls.cells(info) for info in infos if info.has_maps), default=0))

    @staticmethod
    def cells(info: LayerInfo) -> int:
        """Return how many cells the layer's maps are high, 0 where that is open."""
        return int(info.output_shape[0] or 0)

    @property
    def least_cells(self) -> int:
        """The height, in cells, below which maps are drawn alike."""
        return ceil(self.highest * _LEAST / _MOST)

    def half_height(self, info: LayerInfo) -> float:
        """Return half the height of the layer's block."""
        if not info.has_maps:
            return 0.06 + 0.02 * log2(max(1, info.channels))
        cells = self.cells(info) or self.highest
        return max(_LEAST, _MOST * cells / self.highest) if self.highest else _MOST


def sheets(channels: int) -> int:
    """Return how many sheets a block of so many maps has: one more for four times as many."""
    return min(MOST_SHEETS, 1 + int(log2(max(1, channels)) / 2))


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
    nested = {info.name: info.inputs[0] for info in infos if info.nested}

    def inner(name: str) -> str:
        return inner(nested[name]) if name in nested else name

    return [(inner(name), info.name) for info in infos if not info.nested for name in info.inputs]
