"""Expected gradients: what pixels add on the way from other pictures (Erion 2021, arXiv:1906.10670)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.attribution.attribution import Found, Law, rounding
from cnn.attribution.baselines import values_at
from cnn.attribution.objective import Batch, Objective, Progress
from cnn.images.pixels import as_pixels, fit
from cnn.models.card import card_of
from cnn.models.inputs import scale_of

# Standard errors; by chance alone one of ten thousand maps is farther from its law.
_MOST_ERRORS = 4
_SAME = "further inputs get with each picture to compare with what they get with this one"


def expected_gradients(
    objective: Objective,
    batch: Batch,
    *,
    baselines: Iterable[Any],
    samples: int,
    seed: int,
    progress: Progress,
) -> Found:
    """Return the mean of (x - x') dS/dx at x' + a (x - x'), (height, width, channels).

    It is equation 4 of the paper: for each of the samples x' is drawn from the `baselines`, in the size
    of the picture, and a evenly from 0 to 1, both from `seed`. Its law is completeness on average: the
    map tends to S(x) less the mean of S(x'). How far chance may take it from there follows from the
    spread of the samples. Further inputs get with every x' what they get with the picture that is
    explained: what they add is no part of the map.
    """
    from cnn.models.adapters import given_numbers

    known = list(baselines)
    drawn, chosen, left = _drawn(len(known), samples, seed)
    pictures = _fitted(objective, batch, [known[place] for place in drawn])
    ways = batch - pictures
    total = np.zeros(batch.shape[1:])
    sums = np.zeros(samples)

    def between(part: slice) -> Batch:
        return batch - left[part] * ways[chosen[part]]

    def add(part: slice, gradients: Batch) -> None:
        found = ways[chosen[part]] * gradients
        np.add(total, found.sum(0, dtype=np.float64), out=total)
        sums[part] = found.sum((1, 2, 3), dtype=np.float64)

    (value,) = objective.along(samples, between, batch, add, progress)
    end, starts = float(value), values_at(objective, pictures)
    law = _law(sums, end, starts[chosen])
    note = _SAME if given_numbers(objective.model) else ""
    return Found((total / samples).astype(np.float32), law, note, value=end)


@lru_cache
def _drawn(
    count: int, samples: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Batch]:
    """Return which of so many baselines are drawn, which of these each sample has, and its 1 - a.

    The latter is (samples, 1, 1, 1): the share of the way that is left to the picture.
    """
    random = np.random.default_rng(seed)
    drawn, chosen = np.unique(random.integers(count, size=samples), return_inverse=True)
    return drawn, chosen, 1 - random.random((samples, 1, 1, 1), np.float32)


def _fitted(objective: Objective, batch: Batch, baselines: Iterable[Any]) -> Batch:
    """Return the baselines as the model takes them, in the size of the picture."""
    model, (height, width, channels) = objective.model, batch.shape[1:]
    colours = card_of(model).colours
    pictures = [fit(as_pixels(one), height, width, channels, colours) for one in baselines]
    return scale_of(model).applied(np.stack(pictures))


def _law(sums: NDArray[np.float64], end: float, starts: NDArray[np.float32]) -> Law:
    """Return the law for what each sample adds up to, and where its way starts, (samples,)."""
    differences = end - starts
    expected, found = float(differences.mean(dtype=np.float64)), float(sums.mean())
    error = float((sums - differences).std(ddof=1)) / len(sums) ** 0.5
    return Law(
        "completeness on average",
        "the map tends to the number, less its mean over the baselines",
        expected,
        found,
        0.0,
        "More samples bring it closer.",
        small=rounding((end, float(abs(starts).max()))),
        chance=_MOST_ERRORS * error,
    )
