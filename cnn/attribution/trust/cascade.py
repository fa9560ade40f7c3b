"""Whether a map depends on what the network has learned: its weights are drawn anew from the top.

Adebayo et al. 2018 (arXiv:1810.03292), cascading randomisation. One layer with weights after the other is
drawn from its own initialisers, those before stay drawn, and the same compiled method is asked again.
A map that stays as it was does not show what was learned. One that changes may still be wrong:
the test is necessary, not sufficient, and ranks nothing (arXiv:2211.12486).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn.attribution.attribution import Map
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import Batch, Objective
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS, Mark
from cnn.attribution.trust.ranks import entropy, rank_correlation
from cnn.attribution.trust.repeating import plane_of
from cnn.attribution.untrained import Redrawing
from cnn.models.redrawing import weighted_layers

if TYPE_CHECKING:
    import keras

SEEDS = 10
# A network of more layers is drawn by several at a time.
MOST_STAGES = 12
# Maps of neighbouring pixels are alike, so two of nothing in common reach 0.2 by chance on a digit.
MOST_LEFT = 0.3
# Half of the order is still there without anything that was learned.
LEAST_KEPT = 0.5
Progress = Callable[[float, int], None]
_BAND = (0.1, 0.9)


@dataclass(frozen=True)
class Stage:
    """The map with all layers down to `layer` drawn anew, a number for each seed.

    `signed` and `absolute` are the rank correlations to the map of the network, of the numbers and
    of their magnitudes, None where the map is the same everywhere. `rises` are those of its entropy,
    relative to the entropy of the map of the network, None where that is 0.
    """

    layer: str
    signed: tuple[float | None, ...]
    absolute: tuple[float | None, ...]
    rises: tuple[float | None, ...]


@dataclass(frozen=True)
class Cascade:
    """What became of a map, from the top of the network to its first layer.

    `kept` are the layers that could not be drawn anew and stayed as they are, `layers` how many were
    drawn; of more than there are stages, several are drawn between two looks at the map.
    """

    stages: tuple[Stage, ...]
    seeds: int
    kept: tuple[str, ...]
    is_signed: bool
    layers: int = 0

    @property
    def mark(self) -> Mark:
        """Pass where no order is left once all is drawn, neither with signs nor without.

        Fail where half of the order is left that the method shows, with its signs if it has them.
        """
        last = self.stages[-1]
        signed, absolute = (band(numbers) for numbers in (last.signed, last.absolute))
        if signed is None or absolute is None:
            return INCONCLUSIVE
        if signed.middle >= LEAST_KEPT:
            return FAIL
        is_lost = all(max(abs(one.low), abs(one.high)) <= MOST_LEFT for one in (signed, absolute))
        return PASS if is_lost and not self.kept else INCONCLUSIVE


@dataclass(frozen=True)
class Band:
    """The median over seeds, and between which two numbers eight of ten lie."""

    low: float
    middle: float
    high: float


def band(numbers: Sequence[float | None]) -> Band | None:
    """Return the band of what seeds gave; None where fewer than half of them gave a number."""
    known = [number for number in numbers if number is not None]
    if 2 * len(known) < len(numbers):
        return None
    low, high = np.quantile(known, _BAND)
    return Band(float(low), float(np.median(known)), float(high))


def cascade(
    objective: Objective,
    batch: Batch,
    method: str,
    options: Mapping[str, Any] | None = None,
    *,
    first: Map | None = None,
    seeds: int = SEEDS,
    on_progress: Progress | None = None,
) -> Cascade:
    """Return what becomes of a method's map while the network loses what it has learned.

    `first` is the map of the network itself, where it is known. `seeds` networks are drawn;
    `on_progress` gets how many maps are made, with the share of the next, of how many, and may raise.
    Raises `AttributionError` for a network that cannot be copied or has nothing to draw.
    """
    settings = options or {}
    if first is None:
        first = plane_of(objective, batch, method, settings)
    drawn = Redrawing(objective.model)
    parts = _parts(list(drawn.layers))
    maps: list[list[Map]] = [[] for _ in parts]
    done, count = 0, seeds * len(parts)

    def tell(share: float = 0) -> None:
        if on_progress:
            on_progress(done + share, count)

    for seed in range(seeds):
        drawn.begin()
        for part, made in zip(parts, maps, strict=True):
            for name in part:
                drawn.draw(name, seed)
            other = Objective(drawn.model, objective.target)
            made.append(plane_of(other, batch, method, settings, tell))
            done += 1
            tell()
    stages = tuple(_stage(part[-1], first, made) for part, made in zip(parts, maps, strict=True))
    count = len(drawn.layers) - len(drawn.kept)
    return Cascade(stages, seeds, tuple(drawn.kept), METHODS[method].is_signed, count)


def count_of_maps(model: keras.Model, seeds: int = SEEDS) -> int:
    """Return how many maps a cascade makes, beside that of the network itself."""
    return seeds * min(len(weighted_layers(model)), MOST_STAGES)


def _parts(names: list[str]) -> list[list[str]]:
    """Return the layers that are drawn before each look at the map, in order."""
    return [part.tolist() for part in np.array_split(names, min(len(names), MOST_STAGES))]


def _stage(layer: str, first: Map, made: list[Map]) -> Stage:
    before = entropy(first)
    return Stage(
        layer,
        tuple(rank_correlation(first, one) for one in made),
        tuple(rank_correlation(abs(first), abs(one)) for one in made),
        tuple(entropy(one) / before - 1 if before else None for one in made),
    )
