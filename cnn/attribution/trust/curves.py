"""Deletion and insertion: what the number does while pixels go, or come back, in the order of a map.

Petsiuk et al. 2018 (arXiv:1806.07421). A map that says which pixels made a number lowers it sooner by
taking these away than an order does that knows nothing of the network, and raises it sooner by
putting them back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.attribution import Map
from cnn.attribution.objective import Batch, Objective
from cnn.attribution.resizing import resized
from cnn.attribution.trust.fills import FILLS, fills
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS, Mark
from cnn.attribution.trust.orders import CONTROLS, controls, order
from cnn.attribution.trust.ranks import is_constant
from cnn.models import heads

Way = Literal["deletion", "insertion"]
WAYS: tuple[Way, ...] = ("deletion", "insertion")
MAP = "map"
# So that both ways together are one batch of 64.
POINTS = 32
# A share of the range of all curves: of less nothing is seen in a figure of them.
LEAST_MARGIN = 0.01
# One for each fill and each order.
BATCHES = len(FILLS) * (1 + len(CONTROLS))
PASSES = BATCHES * len(WAYS) * POINTS
_HAVE_SHARES = ("softmax", "logits", "scores")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Curve:
    """What the network says with each of the `fractions` of the pixels taken away, or put back.

    `values` are those of the target, `shares` its probability, None where it has none.
    """

    values: tuple[float, ...]
    shares: tuple[float, ...] | None

    @property
    def area(self) -> float:
        """The area below the values, by trapezoids, over fractions from 0 to 1."""
        return _area(self.values)

    @property
    def share_area(self) -> float | None:
        """The area below the probability."""
        return None if self.shares is None else _area(self.shares)


@dataclass(frozen=True)
class Trial:
    """The curves of one way with one fill, by order: "map", and the `CONTROLS`."""

    way: Way
    fill: str
    curves: dict[str, Curve]

    @property
    def best_control(self) -> str:
        """The control that does best: with the smallest area of deletion, or the largest of insertion."""
        return self._best({name: curve.area for name, curve in self.curves.items()})

    @property
    def margin(self) -> float | None:
        """How much better the map does than the best control, as a share of the range of all curves.

        It is below 0 where the control does better, and None where no pixel changes anything.
        """
        values = [value for curve in self.curves.values() for value in curve.values]
        spread = max(values) - min(values)
        if spread <= np.finfo(np.float32).eps * max(map(abs, values)):
            return None
        areas = {name: curve.area for name, curve in self.curves.items()}
        return self._ahead(areas) / spread

    @property
    def share_margin(self) -> float | None:
        """How much better the map does than the best control by the area of the probability, −1 to 1.

        That may be another control than `best_control`. It is None where there is no probability.
        """
        areas = {name: curve.share_area for name, curve in self.curves.items()}
        known = {name: area for name, area in areas.items() if area is not None}
        return self._ahead(known) if len(known) == len(areas) else None

    def _ahead(self, areas: dict[str, float]) -> float:
        ahead = areas[self._best(areas)] - areas[MAP]
        return ahead if self.way == "deletion" else -ahead

    def _best(self, areas: dict[str, float]) -> str:
        """Return the control with the smallest area of deletion, or the largest of insertion."""
        best = min if self.way == "deletion" else max
        return best((name for name in areas if name != MAP), key=lambda name: areas[name])


@dataclass(frozen=True)
class Curves:
    """Deletion and insertion of one map with every fill.

    `tied` is the share of pixels that are as large in the map as another one: their order is by chance.
    """

    fractions: tuple[float, ...]
    trials: tuple[Trial, ...]
    is_constant: bool
    tied: float

    @property
    def margins(self) -> tuple[float | None, ...]:
        """The margin of each trial."""
        return tuple(trial.margin for trial in self.trials)

    @property
    def ahead(self) -> int:
        """In how many of the trials the map is ahead of every control."""
        return sum(margin is not None and margin > LEAST_MARGIN for margin in self.margins)

    @property
    def mark(self) -> Mark:
        """Pass where the map is ahead of every control in all trials, fail where it is in none."""
        if self.is_constant or None in self.margins:
            return INCONCLUSIVE
        return PASS if self.ahead == len(self.trials) else INCONCLUSIVE if self.ahead else FAIL


def curves(
    objective: Objective,
    batch: Batch,
    plane: Map,
    *,
    data: Batch | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Curves:
    """Return the curves of a map (height, width) for a prepared picture, a batch of one.

    `data` are prepared pictures of the data set, for the fills. A map of another size is resized.
    Each order is one batch; `on_progress` gets how many are done, of how many, and may raise.
    """
    picture = batch[0]
    plane = resized(plane, *picture.shape[:2])
    planes = {MAP: plane, **controls(picture, seed)}
    filled = fills(picture, data, seed)
    measured = objective.compiled("curves", _values_and_shares(objective))
    fractions = np.linspace(0, 1, POINTS)
    found: dict[tuple[Way, str], dict[str, Curve]] = {
        (way, fill): {} for fill in FILLS for way in WAYS
    }
    for done, (fill, name) in enumerate(_pairs(planes)):
        gone = taken_away(order(planes[name], seed), fractions).reshape(-1, *plane.shape, 1)
        deleted = np.where(gone, filled[fill], picture)
        inserted = np.where(gone, picture, filled[fill])
        both = measured(np.concatenate([deleted, inserted]))
        for way, part in zip(WAYS, (slice(POINTS), slice(POINTS, None)), strict=True):
            found[way, fill][name] = _curve([numbers[part] for numbers in both])
        if on_progress:
            on_progress(done + 1, BATCHES)
    trials = tuple(Trial(way, fill, made) for (way, fill), made in found.items())
    return Curves(tuple(fractions.tolist()), trials, is_constant(plane), _tied(plane))


def taken_away(places: NDArray[np.intp], fractions: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which places are among the first of an order at each fraction, (fractions, places)."""
    rank = np.empty(places.size, int)
    rank[places] = np.arange(places.size)
    counts = np.round(fractions * places.size)
    return rank < counts[:, None]


def _tied(plane: Map) -> float:
    _, counts = np.unique(plane, return_counts=True)
    return float(counts[counts > 1].sum() / plane.size)


def _pairs(planes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    return ((fill, name) for fill in FILLS for name in planes)


def _values_and_shares(objective: Objective) -> Callable[[Any, Any], Any]:
    """Return a function of pictures that gives the target, and its probability where it has one."""
    import tensorflow as tf

    head = heads.head_of(objective.model)
    target = objective.target
    has_shares = not target.layer and target.against is None and head.form in _HAVE_SHARES

    def measured(pictures: Any, which: Any) -> Any:
        visits = objective.visits(pictures)
        values = objective.of_visits(visits, which)
        if not has_shares:
            return (values,)
        final = {name: output for name, _, _, output in visits}[head.last]
        shares, _ = heads.read(head, final, visits)
        return values, tf.gather(shares, which[0], axis=-1)

    return measured


def _curve(numbers: list[NDArray[np.float32]]) -> Curve:
    values, *shares = (tuple(map(float, one)) for one in numbers)
    return Curve(values, shares[0] if shares else None)


def _area(values: tuple[float, ...]) -> float:
    return float(np.trapezoid(values, dx=1 / (len(values) - 1)))
