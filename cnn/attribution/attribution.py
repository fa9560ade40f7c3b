"""What a method of attribution found: a map, how it was computed, and what its own law says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.read_only import ReadOnly
from cnn.attribution.target import Target
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS, Mark

Map = NDArray[np.float32]
# Of float32, relative to the numbers that are subtracted.
_HALF = 0.5
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Law:
    """What the numbers of a map must come to, by its own definition, and what they came to.

    `name` is the law's, such as "completeness"; `words` says it as an equation in words. `tolerance` is
    how far a map may be off and still be what its name says, relative to what is `expected`; beside it
    the numbers may be off by what float32 loses (`small`) and by `chance`. `remedy` says what helps
    beyond that.
    """

    name: str
    words: str
    expected: float
    found: float
    tolerance: float
    remedy: str = ""
    small: float = 0.0
    chance: float = 0.0

    @property
    def residual(self) -> float:
        """The difference, relative to what is expected, or to `small` where that is larger."""
        return abs(self.found - self.expected) / self._reference

    @property
    def allowed(self) -> float:
        """The largest residual with which the map keeps its law."""
        return self.tolerance + (self.small + self.chance) / self._reference

    @property
    def holds(self) -> bool:
        """Whether the map keeps its law."""
        return self.residual <= self.allowed

    @property
    def mark(self) -> Mark:
        """Pass where it is kept; nothing can be concluded where more than half of it may be off."""
        if not self.holds:
            return FAIL
        return INCONCLUSIVE if self.allowed > _HALF else PASS

    @property
    def _reference(self) -> float:
        return max(abs(self.expected), self.small) or abs(self.found) or 1.0


def rounding(subtracted: Iterable[float]) -> float:
    """Return what float32 may lose of a difference of numbers so large."""
    return _ROUNDING * max(map(abs, subtracted))


@dataclass(frozen=True, eq=False)
class Found:
    """What a method computes: its `map`, its `law` if it has one, and a `note` where more is to be said.

    The map is raw and signed, in the shape of the input, (height, width, channels) or (height, width), or
    in that of a layer's maps. `settings` are the options as they were used, where one of them was left
    to the method, and `value` is the number that is explained, where it was computed on the way.
    """

    map: Map
    law: Law | None = None
    note: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    value: float | None = None


@dataclass(frozen=True, eq=False)
class Attribution(ReadOnly):
    """Which pixels, or cells of a layer, made a number of the network, as one method says it.

    `map` is raw and signed, float32, before any resizing: in the shape of the model's input, (height,
    width, channels) or (height, width), or in that of the layer in `settings`. `value` is the number
    itself, the `target` with the class that was meant; `settings` are the options with which it was
    computed; `law` is what the method promises of its map, None where it promises nothing; `note` says
    why a map shows nothing, or how it was computed of this network.
    """

    method: str
    target: Target
    value: float
    map: Map
    settings: Mapping[str, Any] = field(default_factory=dict)
    law: Law | None = None
    note: str = ""

    @property
    def plane(self) -> Map:
        """The map as one number a place, (height, width): the sum over the channels of the input."""
        return self.map if self.map.ndim == 2 else self.map.sum(-1, dtype=np.float32)

    @property
    def residual(self) -> float | None:
        """How far the map is from its own law, relative; None where it has none."""
        return self.law.residual if self.law else None
