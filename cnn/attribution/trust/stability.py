"""Whether a map stays as it is with another seed of its method, or with a little noise in the picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnn.attribution.attribution import Map
from cnn.attribution.methods import METHODS
from cnn.attribution.objective import Batch, Objective
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS, Mark
from cnn.attribution.trust.ranks import rank_correlation
from cnn.attribution.trust.repeating import plane_of
from cnn.models.inputs import scale_of

TIMES = 5
# The standard deviation, as a share of what pixels can be: hardly to be seen.
NOISE = 0.02
# Above it maps look the same, below the other their largest cells are mostly others.
LEAST_STABLE = 0.8
LEAST_ALIKE = 0.5
Progress = Callable[[float, int], None]


@dataclass(frozen=True)
class Stability:
    """The mean rank correlation of the map to those made again, 1 for the same order.

    `over_seeds` is None for a method that draws nothing, and both are None where a map is the same
    everywhere. `value` is the number that is explained, `noisy_values` what it was with each noise.
    """

    over_seeds: float | None
    under_noise: float | None
    value: float
    noisy_values: tuple[float, ...]

    @property
    def mark(self) -> Mark:
        """Pass where both are stable, fail where one is not alike."""
        if self.under_noise is None:
            return INCONCLUSIVE
        known = [one for one in (self.over_seeds, self.under_noise) if one is not None]
        if min(known) < LEAST_ALIKE:
            return FAIL
        return PASS if min(known) >= LEAST_STABLE else INCONCLUSIVE


def stability(
    objective: Objective,
    batch: Batch,
    method: str,
    options: Mapping[str, Any] | None = None,
    *,
    first: Map | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Stability:
    """Return how far the map of a method stays as it is, for a prepared picture, a batch of one.

    It is made again five times with other seeds, where the method has one, and five times with Gaussian
    noise of 2 % of what pixels can be, drawn from `seed` and kept within that range. `first` is the map
    itself, where it is known; `on_progress` gets how many others are made, with the share of the next,
    of how many, and may raise.
    """
    given = dict(options or {})
    if first is None:
        first = plane_of(objective, batch, method, given)
    noisy = _noisy(objective, batch, seed)
    count, kept = count_of_repeats(method), list[float | None]()

    def tell(share: float = 0) -> None:
        if on_progress:
            on_progress(len(kept) + share, count)

    def repeat(picture: Batch, settings: Mapping[str, Any]) -> None:
        kept.append(rank_correlation(first, plane_of(objective, picture, method, settings, tell)))
        tell()

    for picture in noisy:
        repeat(picture, given)
    for time in range(count - TIMES):
        own = int(given.get("seed", METHODS[method].options["seed"].default))
        repeat(batch, {**given, "seed": own + 1 + time})
    values = objective.values(np.concatenate(noisy))
    return Stability(
        _mean(kept[TIMES:]) if kept[TIMES:] else None,
        _mean(kept[:TIMES]),
        float(objective.values(batch)[0]),
        tuple(map(float, values)),
    )


def count_of_repeats(method: str) -> int:
    """Return how often the map is made again."""
    return 2 * TIMES if "seed" in METHODS[method].options else TIMES


def _noisy(objective: Objective, batch: Batch, seed: int) -> list[Batch]:
    ends = scale_of(objective.model).applied(
        np.array([0, 255], np.float32)[:, None, None] * np.ones((1, 1, batch.shape[-1]), np.float32)
    )
    low, high = ends.min(0), ends.max(0)
    random = np.random.default_rng([seed, 3])
    noise = random.normal(0, NOISE, (TIMES, *batch.shape)).astype(np.float32) * (high - low)
    return list((batch + noise).clip(low, high))


def _mean(numbers: list[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return float(np.mean(known)) if len(known) == len(numbers) else None
