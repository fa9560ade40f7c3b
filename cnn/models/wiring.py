"""What reads what in a whole network: every layer's readings, in the order of the graph.

It follows from the shapes and settings of the layers alone, and is found once for a size of picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cnn.errors import LayerError
from cnn.models import graph, reading_rules
from cnn.models.graph import Call, FurtherOutput, Shape
from cnn.models.inputs import input_shape
from cnn.models.internals import is_graph
from cnn.models.kinds import kind_of
from cnn.models.orientation import channels_first, declares_first, with_channels_last
from cnn.models.reading import Reading, Sides, concrete
from cnn.models.reading_rules import Rule, in_place, unknown
from cnn.models.sizes import Size, size_for
from cnn.models.twins import kept_for_twins
from cnn.models.wrapping import of_each_slice, unwrapped

if TYPE_CHECKING:
    import keras

_WIRINGS = "_cnn_wirings"
# Rules that ask for no axis of the layer by its number, or for its `axis` as it is read.
_OF_CELLS = (
    reading_rules.beside, reading_rules.along_axis, reading_rules.normalised_in_groups,
    reading_rules.in_place, reading_rules.windowed, reading_rules.windowed_apart,
    reading_rules.transposed, reading_rules.pooled, reading_rules.padded, reading_rules.cropped,
    reading_rules.resampled,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Step:
    """A reading from the cells of one layer, the `origin`, to those of another, back or forth."""

    origin: str
    end: str
    reading: Reading


@dataclass(frozen=True, eq=False)
class Wiring:
    """The shapes of a model's layers, and what each reads.

    `picture` is the name of the input layer. Steps lead `backwards` from outputs to inputs, the last
    layer first, and `forwards` the other way.
    """

    picture: str
    shapes: Mapping[str, Sides]
    backwards: tuple[Step, ...]
    forwards: tuple[Step, ...]


def wiring_of(model: keras.Model, size: Size | None) -> Wiring:
    """Return the wiring for a picture of that size, found once for the model and its twins.

    Raises `LayerError` where the model leaves the size open and none is given.
    """
    known: dict[Size, Wiring] = kept_for_twins(model).setdefault(_WIRINGS, {})
    height, width, _ = input_shape(model)
    if size is None and not (height and width):
        raise LayerError(
            f"The network {model.name!r} takes pictures of any size, and none was given: say for "
            "which one, size=(height, width) in pixels."
        )
    taken = size_for(model, *(size or (0, 0)))
    if taken not in known:
        known[taken] = _wired(_sized_calls(model, taken), channels_first(model))
    return known[taken]


def _wired(layer_calls: tuple[Call, ...], first: frozenset[str]) -> Wiring:
    """Return what reads what among the calls, which have no size open; `first` are channels first."""
    layer_calls = tuple(unwrapped(with_channels_last(call, first)) for call in layer_calls)
    shapes = {call.name: concrete(call.output_shape) for call in layer_calls}
    by_name = {call.name: call for call in layer_calls}
    backwards: list[Step] = []
    forwards: list[Step] = []
    for call in layer_calls:
        for source, reading in _readings(call, by_name, first):
            backwards.append(Step(call.name, source, reading))
            forwards.append(Step(source, call.name, reading.turned))
    picture = layer_calls[0].name
    return Wiring(picture, shapes, tuple(reversed(backwards)), tuple(forwards))


def _readings(
    call: Call, by_name: Mapping[str, Call], first: frozenset[str]
) -> Iterator[tuple[str, Reading]]:
    """Yield the name and the reading of each input of a call.

    A nested model hands on what the call inside gives that its first output comes from. What a layer
    that moves numbers hands out beside its first output is read of its inputs; what others do is not
    looked into. Numbers that a network gets beside its picture read nothing of it.
    """
    part = 0
    if isinstance(call.layer, FurtherOutput) and _moves(by_name[call.inputs[0]]):
        (part,) = call.parts
        whole = by_name[call.inputs[0]]
        call = replace(whole, output_shape=call.output_shape, turned=call.turned)
    sources = tuple(by_name[name].output_shape for name in call.inputs)
    rule = _rule(call)
    if rule is reading_rules.nothing:
        return
    if is_graph(call.layer):
        yield call.inputs[0], in_place(replace(call, input_shapes=sources), 0)
        return
    if rule is reading_rules.moved:
        rule = partial(reading_rules.moved, first=first, part=part)
    elif not _is_read_by_cells(call, rule, first):
        rule = unknown
    if sources != call.input_shapes:
        rule = unknown
    call = replace(call, input_shapes=sources)
    for number, name in enumerate(call.inputs):
        yield name, rule(call, number)


def _moves(call: Call) -> bool:
    return _rule(call) is reading_rules.moved


def _rule(call: Call) -> Rule:
    """Return how the call reads."""
    inner = of_each_slice(call)
    if inner is None:
        return kind_of(type(call.layer).__name__).reads
    inner = unwrapped(inner)
    is_known = not is_graph(inner.layer) and not declares_first(inner.layer)
    rule = _rule(inner) if is_known else unknown
    return lambda call, number: reading_rules.at_each_step(call, number, rule(inner, number))


def _is_read_by_cells(call: Call, rule: Rule, first: frozenset[str]) -> bool:
    """Whether the rule holds for the call's shapes, which have channels last, computed so or not."""
    if first.isdisjoint({call.name, *call.inputs}):
        return True
    is_alike = first.issuperset(call.inputs) and (call.name in first or len(call.output_shape) == 1)
    return is_alike and (rule in _OF_CELLS or declares_first(call.layer))


def _sized_calls(model: keras.Model, size: Size) -> tuple[Call, ...]:
    """Return the model's calls for a picture of that size, with no side left open."""
    import keras

    layer_calls = graph.calls(model)
    if not any(None in call.output_shape for call in layer_calls):
        return layer_calls
    shapes: dict[str, tuple[Shape, tuple[Shape, ...]]] = {}

    def visit(name: str, _layer: Any, entering: list[Any], output: Any) -> None:
        shapes[name] = tuple(output.shape[1:]), tuple(tuple(t.shape[1:]) for t in entering)

    source = keras.Input((*size, input_shape(model)[2]), batch_size=1, dtype=model.inputs[0].dtype)
    graph.run(model, source, visit)
    return tuple(
        replace(call, output_shape=shapes[call.name][0], input_shapes=shapes[call.name][1])
        for call in layer_calls
    )
