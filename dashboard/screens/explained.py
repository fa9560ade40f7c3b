"""The number that maps of attribution explain: of an output, or of a unit of any layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cnn
from cnn.models.layers import LayerInfo
from cnn.properties import cached_property
from dashboard.screens.cell import sides_of_maps, sought_place
from dashboard.screens.classes import ChosenClasses, ranked

_OF_OUTPUT = "output"
_MOST_AXES = 2


@dataclass(frozen=True)
class Explained(ChosenClasses):
    """Which number is explained; where a layer is chosen, the outputs to choose from are its channels."""

    @cached_property
    def layer(self) -> LayerInfo | None:
        """The layer chosen; None for the output."""
        return self._layers.get(self.request.view.unit)

    @cached_property
    def _layers(self) -> dict[str, LayerInfo]:
        """The layers whose numbers a picture makes, by name."""
        infos = cnn.layer_infos(self.request.model)
        return {one.name: one for one in infos if one.inputs and not one.nested and one.channels}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs, or of the layer's channels."""
        if self.layer is None:
            return super().names
        return tuple(f"{self.noun} {place}" for place in range(self.layer.channels))

    @property
    def noun(self) -> str:
        """What one of them is called."""
        if self.layer is None:
            return super().noun
        return "channel" if len(self.layer.output_shape) > 1 else "unit"

    @cached_property
    def ranked(self) -> list[int]:
        """The outputs, or the channels, the largest first; of maps by their mean."""
        if self.layer is None:
            return super().ranked
        return ranked(self.request.passed.activations[self.layer.name])

    @property
    def sides(self) -> tuple[int, ...]:
        """How many rows, or rows and columns, the maps have that the number is of; none without maps."""
        if self.layer is not None:
            return sides_of_maps(self.layer)
        sides = self.request.passed.prediction.probabilities.shape[:-1]
        return tuple(map(int, sides)) if len(sides) <= _MOST_AXES else ()

    @property
    def cell(self) -> tuple[int, ...] | None:
        """The place in the maps; None for the mean over all places, and without maps."""
        return sought_place(self.request.view, self.sides)

    def target_of(self, of: int) -> cnn.Target:
        """Return the number of an output, or a channel, less that of the other one chosen."""
        against = self.against if self.against != of else None
        return cnn.Target(of, against, self.layer.name if self.layer else "", self.cell)

    def words(self, target: cnn.Target) -> str:
        """Return such a number in words, as an object."""
        head = self.request.passed.prediction.head
        return cnn.captions.attribution.explained(target, head, self.names, is_map=bool(self.sides))

    @property
    def missing(self) -> str:
        """Return what of the view cannot be explained here, and what is explained instead."""
        wanted, told = self.request.view.unit, super().missing
        if not wanted or self.layer is not None:
            return told
        return f"There is no layer {wanted} here: the output is explained. {told}".rstrip()

    def layers(self) -> list[dict[str, Any]]:
        """Return what the choice of a layer offers: the output first."""
        return [{"label": "the output", "value": _OF_OUTPUT}] + [
            {"label": name, "value": name} for name in self._layers
        ]
