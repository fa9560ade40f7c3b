"""The number of a network that is explained: a logit, the difference of two, or any unit of a layer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """The number that is explained.

    Without a `layer` it is that of an output before the last activation: of the class `of`, less that of
    the class `against` where there is one. With a `layer`, the name of a call, it is the layer's channel
    or unit `of`, less `against`. `of` is None for the largest: the predicted class. Where the numbers
    are maps, `cell` is the place in them, (row, column); None is the mean over all places.
    """

    of: int | None = None
    against: int | None = None
    layer: str = ""
    cell: tuple[int, ...] | None = None

    @property
    def kind(self) -> str:
        """What targets have in common for which the same is compiled."""
        return f"{self.layer} {self.cell is None} {self.against is None}"
