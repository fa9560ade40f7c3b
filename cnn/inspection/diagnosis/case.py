"""All that a check looks at: the network, the sample, and what the network made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.batches import part_of
from cnn.inspection.diagnosis.findings import Selection
from cnn.inspection.diagnosis.observation import Observation, Statistics, observe, unwatched
from cnn.inspection.diagnosis.selection import batch_size
from cnn.inspection.kernels import weights as numbers_of
from cnn.models import reading_rules
from cnn.models.card import outputs_of_classes
from cnn.models.graph import calls
from cnn.models.heads import Head, heads_of
from cnn.models.inputs import scale_of
from cnn.models.kinds import kind_of
from cnn.models.layers import LayerInfo, layer_infos
from cnn.models.rows import Given
from cnn.models.scales import Scale
from cnn.properties import cached_property

_OF_OTHERS = ("beside", "merged", "rearranged")
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Case:
    """A network and a sample: `pixels` uint8 (n, height, width, channels) in the network's size.

    `labels` are int64 (n,), None where there are none; `class_names` are those of the data set, and
    `are_own` says whether that is somebody's own. `given` is what further inputs get with each picture.
    `on_batch` is told how many of the pictures every layer was looked at for.
    """

    model: Any
    selection: Selection
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]
    are_own: bool
    given: Given
    on_batch: Callable[[int], None] = unwatched

    @cached_property
    def infos(self) -> tuple[LayerInfo, ...]:
        """The layers that compute something, each of their uses."""
        return tuple(i for i in layer_infos(self.model) if not (i.is_given or i.nested))

    @cached_property
    def once(self) -> tuple[LayerInfo, ...]:
        """The layers with weights, each once however often it is used."""
        first = {id(call.layer): call.name for call in reversed(calls(self.model))}
        return tuple(i for i in self.infos if i.weight_shapes and i.name in first.values())

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """What each output of the network is."""
        return heads_of(self.model)

    @cached_property
    def observation(self) -> Observation:
        """What every layer gives for the sample, fed as everywhere."""
        return self.fed(self.pixels, scale_of(self.model), on_batch=self.on_batch)

    @property
    def statistics(self) -> dict[str, Statistics]:
        """What every layer gives for the sample, by name."""
        return self.observation.statistics

    def fed(
        self,
        pixels: NDArray[np.uint8],
        scale: Scale,
        *,
        step: int = 1,
        on_batch: Callable[[int], None] = unwatched,
    ) -> Observation:
        """Return what every layer gives for pixels, which are scaled, in the place of the sample's.

        They are those of its pictures at every so many places, a `step`.
        """
        batch = min(batch_size(self.model, pixels.shape[1:]), len(self.pixels) + 1)
        given = part_of(self.given, slice(None, None, step))
        return observe(self.model, pixels, scale=scale, batch=batch, given=given, on_batch=on_batch)

    @cached_property
    def broken_weights(self) -> dict[str, Mask]:
        """Which channels of a layer are made with weights that are not finite, by its name."""
        return {info.name: _broken_weights(self.model, info) for info in self.infos}

    @cached_property
    def broken(self) -> dict[str, Mask]:
        """Which channels of a layer have a number, or a weight, that is not finite, by its name."""
        seen = {
            name: ~(np.isfinite(one.minimum) & np.isfinite(one.maximum))
            for name, one in self.statistics.items()
        }
        return seen | {name: seen[name] | mask for name, mask in self.broken_weights.items()}

    @cached_property
    def behind_broken(self) -> frozenset[str]:
        """The layers to which something comes that is computed with a number that is not finite."""
        behind: set[str] = set()
        for info in self.infos:
            if any(name in behind or self.broken[name].any() for name in info.inputs):
                behind.add(info.name)
        return frozenset(behind)

    def telling(self, info: LayerInfo) -> Mask:
        """Return of which channels of a layer the numbers tell anything: a ReLU may make 0 of NaN."""
        return ~self.broken[info.name] & (info.name not in self.behind_broken)

    @cached_property
    def targets(self) -> NDArray[np.int64] | None:
        """The output for each picture's label (n,), None where they do not belong together."""
        if self.labels is None or not self.class_names or self.class_count != len(self.class_names):
            return None
        outputs = outputs_of_classes(self.model, self.class_names, are_own=self.are_own)
        return None if outputs is None else outputs[self.labels]

    @property
    def class_count(self) -> int:
        """How many classes the first output tells apart; 0 where it tells none."""
        head = self.heads[0]
        if head.form == "maps" or len(head.shape) != 1:
            return 0
        count = int(head.shape[0] or 0)
        return 2 if (count, head.form) == (1, "scores") else count if count > 1 else 0

    def beginning(
        self, here: Callable[[LayerInfo], Mask], before: Callable[[Statistics], Mask]
    ) -> Iterator[tuple[LayerInfo, Mask]]:
        """Yield each layer with the channels of which something holds that did not hold `before` it.

        A layer that hands channels on is not blamed for what it was given, none for giving nothing
        where it is given nothing, and none whose numbers are meant to be the same for every picture.
        """
        for info in self.infos:
            kind = kind_of(info.kind)
            channels = kind.channels
            if channels in _OF_OTHERS or kind.reads is reading_rules.nothing:
                continue
            mask, given = here(info), [before(self.statistics[name]) for name in info.inputs]
            if channels == "kept" and given[0].shape == mask.shape:
                mask = mask & ~given[0]
            elif all(one.all() for one in given):
                continue
            if mask.any():
                yield info, mask


def _broken_weights(model: Any, info: LayerInfo) -> Mask:
    """Return which channels are made with weights that are not finite: all where it is not known."""
    mask = np.zeros(info.channels, bool)
    for array in numbers_of(model, info.name).values():
        if np.isfinite(array).all():
            continue
        if info.channels in (array.shape[-1], prod(array.shape[-2:])):
            mask |= ~np.isfinite(array).reshape(-1, info.channels).all(axis=0)
        else:
            mask[:] = True
    return mask


def decisions(outputs: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the class decided on for each row of outputs (n, outputs): (n,).

    It is the largest of several; a single score stands for the second of two classes.
    """
    chosen = outputs[:, 0] > 0.5 if outputs.shape[1] == 1 else outputs.argmax(axis=1)
    return np.asarray(chosen, np.int64)


def places(mask: Mask) -> tuple[int, ...]:
    """Return the channels that are marked."""
    return tuple(int(channel) for channel in np.flatnonzero(mask))
