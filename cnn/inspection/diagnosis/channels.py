"""Channels that say nothing: dead, always the same, saturated, or no numbers at all."""

from __future__ import annotations

from cnn.inspection.diagnosis.case import Case, Mask, places
from cnn.inspection.diagnosis.findings import Finding, Severity
from cnn.inspection.diagnosis.observation import saturating
from cnn.models.layers import LayerInfo

# The least share of a unit's numbers near an end of the range by which it counts as saturated.
LEAST_FLAT = 0.95


def dead(case: Case) -> list[Finding]:
    """Channels that are zero in every cell for every picture."""

    def here(info: LayerInfo) -> Mask:
        return case.statistics[info.name].dead & case.telling(info)

    found = case.beginning(here, lambda given: given.dead)
    return [_finding("dead", case, info, mask) for info, mask in found]


def constant(case: Case) -> list[Finding]:
    """Channels that are the same for every picture, but not zero and not saturated."""

    def here(info: LayerInfo) -> Mask:
        known = case.statistics[info.name]
        return known.unchanging & ~known.dead & ~_saturated(case, info) & case.telling(info)

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
    behind = {"layers behind": len(case.behind_broken)} if case.behind_broken else {}
    return [
        _finding(
            "not finite", case, info, case.broken[info.name], severity="fault",
            names=("weights",) if case.broken_weights[info.name].any() else (), **behind,
        )
        for info in case.infos
        if case.broken[info.name].any() and info.name not in case.behind_broken
    ]  # fmt: skip


def _saturated(case: Case, info: LayerInfo) -> Mask:
    return (case.statistics[info.name].flat >= LEAST_FLAT) & case.telling(info)


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
