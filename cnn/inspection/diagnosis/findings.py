"""What a diagnosis is: findings, each with its numbers, and the pictures that it was said over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["fault", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("fault", "warning", "note")
Shown = Literal["maps", "weights", "arithmetic"]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a network, may be, or is worth knowing.

    `kind` is what it is; `cnn.captions.finding` says it in a sentence. A "fault" makes what the
    network says wrong or useless, a "warning" is probably not meant, a "note" is worth knowing. It is
    found at `layer`, in some `channels` of it (none: in the layer as a whole). `numbers` bear it out, by
    what they are of, and `names` are the words that belong to it: functions, layers, classes. `shown`
    is which picture of the layer shows it: its maps, its weights, or the arithmetic of a cell.
    """

    kind: str
    severity: Severity
    layer: str
    channels: tuple[int, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    shown: Shown = "maps"


@dataclass(frozen=True)
class Checked:
    """What a check, by its name, found; None where it has nothing to go by."""

    name: str
    findings: tuple[Finding, ...] | None


@dataclass(frozen=True)
class Selection:
    """The pictures that were looked at: `count` of the `total` in a data set, evenly chosen.

    It `is_short` where the network computes too much for more.
    """

    name: str
    split: str
    count: int
    total: int
    is_short: bool = False


@dataclass(frozen=True)
class Diagnosis:
    """What every check found, and over which pictures."""

    checked: tuple[Checked, ...]
    selection: Selection

    @property
    def pictures(self) -> int:
        """How many pictures were looked at."""
        return self.selection.count

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the gravest first."""
        found = [one for check in self.checked for one in check.findings or ()]
        return tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity)))
