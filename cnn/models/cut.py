"""A network cut behind some of its layers, so that what is behind can be run again by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cnn.models.graph import Call, Source, calls
from cnn.models.heads import Visits
from cnn.models.internals import is_graph

if TYPE_CHECKING:
    import keras

# The factor and the offset of each channel of a layer, two tensors (channels,), by its name.
Changes = Mapping[str, tuple[Any, Any]]
Outputs = Callable[[Call, list[Any]], list[Any]]


@dataclass(frozen=True, eq=False)
class Cut:
    """The layer calls of a network in two parts: those `behind` others read what those compute.

    `names` are the calls behind which it is cut. `crossing` are the outputs from `before` that the
    part behind needs: those of the cut layers, and whatever goes around them.
    """

    names: tuple[str, ...]
    before: tuple[Call, ...]
    behind: tuple[Call, ...]
    crossing: tuple[Source, ...]

    def front(self, batch: Any) -> list[Any]:
        """Return the tensors of `crossing`, in that order, for a tensor of prepared pictures."""
        values = {(call.name, 0): batch for call in self.before if not call.inputs}
        run_calls(self.before, values)
        return [values[source] for source in self.crossing]

    def rest(self, crossing: Iterable[Any], changes: Changes) -> Visits:
        """Return what the calls behind make of the tensors of `crossing`, as `heads.read` takes it.

        The first output of a cut layer is multiplied and shifted before others read it, as
        `changes` says.
        """
        values = dict(zip(self.crossing, crossing, strict=True))
        for name in self.names:
            if (name, 0) in values:
                values[name, 0] = _changed(name, values[name, 0], changes)
        return run_calls(self.behind, values, changes)


def cut(model: keras.Model, names: Iterable[str]) -> Cut:
    """Return the model cut behind the layer calls `names`, which it has."""
    names = tuple(names)
    reached = set(names)
    before: list[Call] = []
    behind: list[Call] = []
    for call in calls(model):
        is_behind = not reached.isdisjoint(call.inputs)
        (behind if is_behind else before).append(call)
        if is_behind:
            reached.add(call.name)
    first = {call.name for call in before}
    read = [(name, 0) for name in names] + [one for call in behind for one in call.sources]
    crossing = tuple(dict.fromkeys(source for source in read if source[0] in first))
    return Cut(names, tuple(before), tuple(behind), crossing)


def run_calls(
    layer_calls: Iterable[Call],
    values: dict[Source, Any],
    changes: Changes = MappingProxyType({}),
    outputs: Outputs | None = None,
) -> Visits:
    """Run the calls on what `values` has of others, and add to it what they give.

    `outputs` says what a layer makes of its inputs in place of the layer itself, a list of tensors.
    """
    compute = outputs or Call.outputs
    visits = []
    for call in layer_calls:
        if not call.inputs:
            continue
        entering = [values[source] for source in call.sources]
        made = entering if is_graph(call.layer) else compute(call, entering)
        visits.append((call.name, call.layer, entering, made[0]))
        made = [_changed(call.name, made[0], changes), *made[1:]]
        values.update({(call.name, part): output for part, output in enumerate(made)})
    return visits


def _changed(name: str, output: Any, changes: Changes) -> Any:
    import tensorflow as tf

    if name not in changes:
        return output
    factor, offset = (tf.cast(numbers, output.dtype) for numbers in changes[name])
    return output * factor + offset
