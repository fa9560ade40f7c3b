"""Which layers compute with their channels on the first axis, and how their output is read.

Where a layer is set to `channels_first`, Keras gives (channels, height, width). What is shown, counted
and asked about here has its channels on the last axis; only the layer itself gets what it computes with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from cnn.models.graph import Call, as_unit, calls
from cnn.models.internals import is_graph
from cnn.models.kinds import kind_of

if TYPE_CHECKING:
    import keras

_FIRST = "_cnn_channels_first"
Side = TypeVar("Side", int, int | None)


def channels_first(model: keras.Model) -> frozenset[str]:
    """Return the names of the calls whose output has its channels on the first axis.

    They are those of layers that are set to it, what these read, and what lies between and only hands
    channels on. The picture itself is none of them.
    """
    kept: frozenset[str] | None = getattr(model, _FIRST, None)
    if kept is None:
        kept = _found(calls(model))
        object.__setattr__(model, _FIRST, kept)
    return kept


def declares_first(layer: Any) -> bool:
    """Whether a layer is set to have its channels on the first axis."""
    return getattr(layer, "data_format", None) == "channels_first"


def with_channels_last(call: Call, first: frozenset[str]) -> Call:
    """Return the call with its shapes as they are read: channels last, and a lone number as one unit."""
    return replace(
        call,
        turned=call.name in first,
        output_shape=last(call.output_shape, is_first=call.name in first),
        input_shapes=tuple(
            last(shape, is_first=name in first)
            for name, shape in zip(call.inputs, call.input_shapes, strict=False)
        ),
    )


def read(output: Any, name: str, first: frozenset[str]) -> Any:
    """Return a batch of outputs of a call, a tensor, with channels last, and lone numbers as one unit."""
    import keras

    return keras.ops.moveaxis(output, 1, -1) if name in first else as_unit(output)


def as_computed(
    outputs: Mapping[str, NDArray[np.float32]], first: frozenset[str]
) -> Mapping[str, NDArray[np.float32]]:
    """Return outputs without a batch axis, which have channels last, as the layers computed them.

    Each is turned when it is asked for: those of a large network are computed only then.
    """
    return _Turned(outputs, first) if first else outputs


class _Turned(Mapping[str, NDArray[np.float32]]):
    def __init__(self, outputs: Mapping[str, NDArray[np.float32]], first: frozenset[str]) -> None:
        self._outputs, self._first = outputs, first

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        values = self._outputs[name]
        return np.moveaxis(values, -1, 0) if name in self._first else values

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)


def _found(layer_calls: tuple[Call, ...]) -> frozenset[str]:
    maps = {call.name for call in layer_calls if call.inputs and len(call.output_shape) > 1}
    found: set[str] = set()
    for call in layer_calls:
        if declares_first(call.layer):
            found.update({call.name, *call.inputs} & maps)
    grown = True
    while found and grown:
        before = len(found)
        for call in filter(hands_on, layer_calls):
            around = {call.name, *call.inputs}
            if around & found:
                found |= around & maps
        grown = len(found) > before
    return frozenset(found)


def hands_on(call: Call) -> bool:
    """Whether the channels of a call stand where those of its inputs do."""
    keeps = kind_of(type(call.layer).__name__).channels in ("kept", "merged", "beside")
    states = getattr(call.layer, "data_format", None) is not None
    return bool(call.inputs) and (is_graph(call.layer) or (keeps and not states))


def last(shape: tuple[Side, ...], *, is_first: bool) -> tuple[Side, ...]:
    """Return the shape of an output as it is read: channels last, and a lone number as one unit."""
    if not shape:
        return cast("tuple[Side, ...]", (1,))
    return shape[1:] + shape[:1] if is_first else shape
