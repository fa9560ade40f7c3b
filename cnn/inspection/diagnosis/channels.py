"""Channels that say nothing: dead, always the same, saturated, or no numbers at all."""

from __future__ import annotations

from math import prod

import numpy as np

from cnn.inspection.diagnosis.case import Case, Mask, places
from cnn.inspection.diagnosis.findings import Finding, Severity
from cnn.inspection.diagnosis.observation import saturating
from cnn.inspection.kernels import weights as numbers_of
from cnn.models.layers import LayerInfo

# The least share of a unit's numbers near an end of the range by which it counts as saturated.
LEAST_FLAT = 0.95


def dead(case: Case) -> list[Finding]:
    """Channels that are zero in every cell for every picture."""
    found = case.beginning(lambda info: case.statistics[info.name].dead, lambda given: given.dead)
    return [_finding("dead", case, info, mask) for info, mask in found]


def constant(case: Case) -> list[Finding]:
    """Channels that are the same for every picture, but not zero and not saturated."""

    def here(info: LayerInfo) -> Mask:
        known = case.statistics[info.name]
        return known.unchanging & ~known.dead & ~_saturated(case, info)

    found = case.beginning(here, lambda given: given.unchanging)
    return [_finding("constant", case, info, mask) for info, mask in found]


def saturated(case: Case) -> list[Finding] | None:
    """Units whose function is nearly always near an end of its range, but for the outputs.

    None where no layer inside has a function with such ends.
    """
    last = {name for head in case.heads for name in (head.deciding, head.last)}
    inside = [info for info in case.infos if saturating(info) and info.name not in last]
    if not inside:
        return None
    masks = [(info, _saturated(case, info)) for info in inside]
    return [
        _finding(
            "saturated", case, info, mask, names=(saturating(info),),
            share=float(case.statistics[info.name].flat[mask].min()),
        )
        for info, mask in masks
        if mask.any()
    ]  # fmt: skip


def not_finite(case: Case) -> list[Finding]:
    """Channels in which some number is infinite or none at all, where that begins: it spreads.

    Or whose weights are: some processors make a zero of NaN where they compute a ReLU with the sum.
    """
    weights = {info.name: _broken_weights(case, info) for info in case.infos}
    broken = {
        name: ~np.isfinite(one.minimum + one.maximum) for name, one in case.statistics.items()
    }
    broken |= {name: broken[name] | mask for name, mask in weights.items()}
    return [
        _finding(
            "not finite", case, info, broken[info.name], severity="fault",
            names=("weights",) if weights[info.name].any() else (),
        )
        for info in case.infos
        if broken[info.name].any() and not any(broken[name].any() for name in info.inputs)
    ]  # fmt: skip


def _broken_weights(case: Case, info: LayerInfo) -> Mask:
    """Return which channels are made with weights that are not finite: all where it is not known."""
    mask = np.zeros(info.channels, bool)
    for array in numbers_of(case.model, info.name).values():
        if np.isfinite(array).all():
            continue
        if info.channels in (array.shape[-1], prod(array.shape[-2:])):
            mask |= ~np.isfinite(array).reshape(-1, info.channels).all(axis=0)
        else:
            mask[:] = True
    return mask


def _saturated(case: Case, info: LayerInfo) -> Mask:
    return case.statistics[info.name].flat >= LEAST_FLAT


def _finding(
    kind: str,
    case: Case,
    info: LayerInfo,
    mask: Mask,
    *,
    severity: Severity | None = None,
    names: tuple[str, ...] = (),
    **numbers: float,
) -> Finding:
    """Return what was found of some channels: a fault where they are all that the layer has."""
    each = "units" if len(info.output_shape) == 1 else "channels"
    numbers = {each: mask.size, "pictures": case.selection.count, **numbers}
    severity = severity or ("fault" if mask.all() else "warning")
    return Finding(kind, severity, info.name, places(mask), numbers, names)
