"""Whether pictures come in as they did in training: their range, and light on dark or dark on light."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.diagnosis.case import Case, decisions
from cnn.inspection.diagnosis.findings import Finding
from cnn.inspection.kernels import weights
from cnn.models.inputs import scale_of
from cnn.models.layers import LayerInfo, layer_infos
from cnn.models.scales import RANGES, Scale

Kept = tuple[NDArray[np.float64], NDArray[np.float64]]
# Where the statistics of a training may be kept: the names of mean and variance.
_NAMES = (("moving_mean", "moving_variance"), ("mean", "variance"))
_RANGES = {
    "divided by 255": RANGES["0..1"],
    "from 0 to 255": RANGES["0..255"],
    "from −1 to 1": RANGES["-1..1"],
}
LEAST_PICTURES, _MOST_TRIED = 50, 100
LEAST_GAIN = 0.2
MOST_DEVIATIONS, MOST_RATIO = 1.0, 4.0


def unlike_training(case: Case) -> list[Finding] | None:
    """Pictures of another range or polarity than those that the network learned from.

    It is tried out where labels tell what is right, and read from the statistics that a layer kept of
    its training. None where there is neither.
    """
    tried, compared = _tried(case), _compared(case)
    if tried is None and compared is None:
        return None
    return tried or compared or []


def never_updated(case: Case) -> list[Finding] | None:
    """Layers whose statistics are those before any training. None where no layer keeps any."""
    keeping = list(_keeping(case))
    if not keeping:
        return None
    layers = [info for info, kept in keeping if not _is_updated(kept)]
    if not layers:
        return []
    given = [case.statistics[info.inputs[0]] for info in layers]
    numbers = {
        "layers": len(layers),
        "of": len(keeping),
        "largest mean": max(float(np.abs(one.mean).max()) for one in given),
        "largest deviation": max(float(np.sqrt(one.variance.max())) for one in given),
    }
    names = tuple(info.name for info in layers)
    return [Finding("never updated", "fault", names[0], (), numbers, names, "weights")]


def _tried(case: Case) -> list[Finding] | None:
    """Return how the pictures are recognised far better; None where labels do not tell it."""
    if case.targets is None or len(case.pixels) < LEAST_PICTURES:
        return None
    step = -(-len(case.pixels) // _MOST_TRIED)
    pixels, targets = case.pixels[::step], case.targets[::step]

    def accuracy(outputs: NDArray[np.float32]) -> float:
        return float((decisions(outputs) == targets).mean())

    scale = scale_of(case.model)
    right = accuracy(case.observation.outputs[::step])
    negative = accuracy(case.fed(255 - pixels, scale, step=step).outputs)
    ways = {
        name: accuracy(case.fed(pixels, way, step=step).outputs)
        for name, way in _others(scale).items()
    }
    best = max(ways, key=lambda name: ways[name])
    first = layer_infos(case.model)[0].name
    numbers: dict[str, float] = {"pictures": len(pixels), "accuracy": right}
    if is_far_better(negative, right) and negative >= ways[best]:
        numbers = {**numbers, "accuracy as negatives": negative}
        return [Finding("polarity", "fault", first, (), numbers)]
    if is_far_better(ways[best], right):
        numbers = {**numbers, "accuracy in the other range": ways[best]}
        return [Finding("range", "fault", first, (), numbers, (best, scale.reason))]
    return []


def is_far_better(accuracy: float, than: float) -> bool:
    """Whether an accuracy is higher by a fifth of the pictures, and errors are at most half as many."""
    return accuracy >= than + LEAST_GAIN and 1 - accuracy <= (1 - than) / 2


def _others(scale: Scale) -> dict[str, Scale]:
    return {name: one for name, one in _RANGES.items() if not one.alike(scale)}


def _compared(case: Case) -> list[Finding] | None:
    """Return how far the first statistics that were kept are from those of the sample."""
    first = next(((info, kept) for info, kept in _keeping(case) if _is_updated(kept)), None)
    if first is None:
        return None
    info, (mean, variance) = first
    given = case.statistics[info.inputs[0]]
    apart = np.abs(given.mean - mean) / np.sqrt(variance + 1e-3)
    ratio = np.sqrt((given.variance + 1e-12) / (variance + 1e-12))
    numbers = {
        "deviations apart": float(np.median(apart)),
        "spread": float(np.median(ratio)),
        "channels": float(given.mean.size),
    }
    wide = max(numbers["spread"], 1 / numbers["spread"]) if numbers["spread"] > 0 else np.inf
    if numbers["deviations apart"] < MOST_DEVIATIONS and wide < MOST_RATIO:
        return []
    return [Finding("statistics", "warning", info.name, (), numbers)]


def _is_updated(kept: Kept) -> bool:
    mean, variance = kept
    return bool(mean.any() or (variance != 1).any())


def _keeping(case: Case) -> Iterator[tuple[LayerInfo, Kept]]:
    """Yield the layers that keep the mean and the variance of each channel of their training."""
    for info in (one for one in case.once if one.is_along_channels):
        arrays = weights(case.model, info.name)
        for names in _NAMES:
            channels = case.statistics[info.inputs[0]].mean.shape
            if all(name in arrays and arrays[name].size in (1, *channels) for name in names):
                mean, variance = (arrays[name].ravel().astype(np.float64) for name in names)
                yield info, (mean, variance)
