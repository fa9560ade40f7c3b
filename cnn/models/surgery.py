"""A network with some of its channels changed: switched off, weakened, or held at a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count, groupby
from numbers import Real
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from cnn.errors import LayerError
from cnn.models.card import attach_card, card_of
from cnn.models.graph import Call, FurtherOutput, calls, named_nodes
from cnn.models.heads import giving
from cnn.models.inserted import OPERATED, is_inserted
from cnn.models.internals import graph_of, is_graph, name_scopes, origin, with_layers
from cnn.models.kinds import kind_of
from cnn.models.layers import LayerInfo, layer_info, layer_infos
from cnn.models.twins import kept_for_twins, share
from cnn.words import sides

if TYPE_CHECKING:
    import keras

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Affine:
    """What becomes of a channel: `factor` times its values, plus `offset`.

    A factor of 0 leaves the offset alone: the channel is held at that number.
    """

    factor: float = 0.0
    offset: float = 0.0


_FIRST = "_cnn_operated"
# Sets of layer calls with changes of which what was compiled is kept, of a model and all its twins: each
# takes as much memory as the network without changes.
_MOST_SETS = 8
_keeping = Lock()
_T = TypeVar("_T")
Sets = LRUCache[frozenset[str], _T]
# What is done to channels, by the name of a layer call and the number of the channel; a number alone
# is a factor.
Changes = Mapping[str, Mapping[int, "float | Affine"]]
# The factor and the offset of every channel of a layer, each float32 (channels,), by layer call.
Tables = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
# Makes the layer to stand after a layer call, of its name, the factors and offsets, and settings.
Insert = Callable[..., Any]


def ablate(model: keras.Model, channels: Changes) -> keras.Model:
    """Return the network with some channels changed, as in `{"conv2d": {3: 0.0, 7: 0.5}}`.

    Here channel 3 of the output of the layer call `conv2d` is switched off, and channel 7 halved;
    an `Affine` adds a number as well. All later layers see the changed output. Weights are shared
    with the model, which stays as it is: what trains the one trains the other.

    The change is a `Rescaling` layer of Keras after the call, called `conv2d_operated`; after
    `shared:2` it is `shared_2_operated`, and a number follows where the model has such a layer. So
    `conv2d` still is what the layer computes, `conv2d_operated` is what the later layers see,
    `layer_infos` shows it as one more layer without parameters, and the network is saved as any
    other. A nested model in which something is changed is built anew around its layers, under the
    name of its call; where it is used more than once, its uses share layers, and `save_model` refuses
    the network, because Keras could not load it.

    Raises `LayerError` for a layer or a channel that the model does not have, for what is no finite
    number, for a layer whose channels are not the last axis of its output, and for one whose output
    is the answer of the network.
    """
    import keras

    def insert(_call: str, *numbers: Any, **settings: Any) -> Any:
        return keras.layers.Rescaling(*numbers, **settings)

    return _anew(model, tables_of(model, channels), insert)


def operated(model: keras.Model, channels: Changes) -> keras.Model:
    """Return the network that `ablate` makes, for looking at it with ever other numbers.

    Networks with changes in the same layer calls of a model, or of its twins, are twins: nothing is
    compiled anew where only factors, offsets and channels differ. They are not for saving, as the
    layers put in are of a class of this package. Raises `LayerError` as `ablate` does.
    """
    from cnn.models.factors import Rescaling

    tables = tables_of(model, channels)
    first = _first_with(model, tables)
    others = {
        layer: Rescaling(*tables[call], name=layer.name, dtype=layer.dtype_policy)
        for call, layer in first.inserted.items()
    }
    network = with_layers(first.network, others)
    attach_card(network, card_of(model))
    name_scopes(network)
    kept = kept_for_twins(model).setdefault(OPERATED, LRUCache(_MOST_SETS))
    share(network, _recent(kept, frozenset(tables), dict))
    return network


def _recent(known: Sets[_T], calls_changed: frozenset[str], make: Callable[[], _T]) -> _T:
    """Return what is known of a set of layer calls, or make it; of many sets the longest unused go."""
    with _keeping:
        found = known.get(calls_changed)
    if found is not None:
        return found
    made = make()
    with _keeping:
        return known.setdefault(calls_changed, made)


@dataclass(frozen=True, eq=False)
class _First:
    """The first network with changes in some layer calls: all others differ from it in numbers only.

    `inserted` has the layer that stands after each of these calls.
    """

    network: keras.Model
    inserted: dict[str, Any]


def _first_with(model: keras.Model, tables: Tables) -> _First:
    known: Sets[_First] = vars(model).setdefault(_FIRST, LRUCache(_MOST_SETS))
    return _recent(known, frozenset(tables), lambda: _made_with(model, tables))


def _made_with(model: keras.Model, tables: Tables) -> _First:
    from cnn.models.factors import Rescaling

    inserted: dict[str, Any] = {}

    def insert(call: str, *numbers: Any, **settings: Any) -> Any:
        inserted[call] = Rescaling(*numbers, **settings)
        return inserted[call]

    return _First(_anew(model, tables, insert), inserted)


def keep_only(model: keras.Model, layer: str, *, channel: int) -> dict[int, float]:
    """Return the factors, by channel, that switch off all channels of a layer call but one.

    They are for `ablate`: `{layer: keep_only(model, layer, channel=3)}`. Raises `LayerError` as it
    does.
    """
    info = changeable(model, layer)
    kept = channel_of(info, channel)
    return {other: 0.0 for other in range(info.channels) if other != kept}


def tables_of(model: keras.Model, channels: Changes) -> Tables:
    """Return factor and offset of every channel of the layer calls named; 1 and 0 where none is given.

    Raises `LayerError` as `ablate` does.
    """
    return {name: _table(changeable(model, name), given) for name, given in channels.items()}


def alike(channels: Mapping[int, Affine]) -> Iterator[tuple[int, int, Affine]]:
    """Yield the first and the last of neighbouring channels that are changed alike, and the change."""
    places = enumerate(sorted(channels))
    for (_, change), run in groupby(places, lambda one: (one[1] - one[0], channels[one[1]])):
        numbers = [channel for _, channel in run]
        yield numbers[0], numbers[-1], change


def operated_names(model: keras.Model) -> dict[str, str]:
    """Return, by the name of a layer call that was changed, the name of the call that changes it."""
    return {call.inputs[0]: call.name for call in calls(model) if is_inserted(call.layer)}


def changeable(model: keras.Model, name: str) -> LayerInfo:
    """Return the `LayerInfo` of a layer call whose channels can be changed, else raise `LayerError`."""
    info = layer_info(model, name)
    by_name = {call.name: call for call in calls(model)}
    if name in giving(model):
        raise LayerError(
            f"The output of {name!r} is what the network answers, and not changed: choose a layer "
            "before it."
        )
    if _has_channels_first(name, by_name):
        raise LayerError(
            f"{name!r} computes with its channels on the first axis, where they are not changed: choose "
            "a layer with its channels last."
        )
    if not info.output_shape or not info.channels:
        raise LayerError(
            f"The output of {name!r}, {sides(info.output_shape) or 'one number'}, has no channels on "
            "its last axis: choose a layer whose last axis are channels, and how many is known."
        )
    if isinstance(by_name[name].layer, FurtherOutput):
        raise LayerError(
            f"{name!r} is no first output of its layer, and not changed: choose a layer that reads it."
        )
    dtype = _dtype(by_name[name])
    if "float" not in dtype:
        raise LayerError(
            f"The output of {name!r} is whole numbers ({dtype}), which cannot be scaled: choose a "
            "layer whose output is floating-point numbers."
        )
    return info


def changeable_layers(model: keras.Model) -> tuple[LayerInfo, ...]:
    """Return the layer calls whose channels can be changed, in the order of the graph."""
    found = []
    for info in (info for info in layer_infos(model) if info.inputs):
        with suppress(LayerError):
            found.append(changeable(model, info.name))
    return tuple(found)


def require_changeable(model: keras.Model, channels: Changes) -> None:
    """Raise `LayerError` where `ablate` would."""
    tables_of(model, channels)


def channel_of(info: LayerInfo, channel: int) -> int:
    """Return the number of a channel of the layer call; `LayerError` where it has no such channel."""
    is_whole = isinstance(channel, int | np.integer) and not isinstance(channel, bool)
    if not is_whole or not 0 <= channel < info.channels:
        raise LayerError(
            f"There is no channel {channel!r} in {info.name!r}, whose output is "
            f"{sides(info.output_shape)}: give a whole number from 0 to {info.channels - 1}."
        )
    return int(channel)


def _table(
    info: LayerInfo, given: Mapping[int, float | Affine]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    factors, offsets = np.ones(info.channels, np.float32), np.zeros(info.channels, np.float32)
    for number, change in given.items():
        channel = channel_of(info, number)
        affine = change if isinstance(change, Affine) else Affine(change)
        if not all(_is_finite(one) for one in (affine.factor, affine.offset)):
            raise LayerError(
                f"For channel {channel} of {info.name!r} {change!r} was given: expected a finite "
                "number, or an Affine of two. Give 0 to switch the channel off."
            )
        factors[channel], offsets[channel] = affine.factor, affine.offset
    return factors, offsets


def _is_finite(value: Any) -> bool:
    """Whether the value is a number that float32 holds."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and abs(float(value)) <= _LARGEST


def _has_channels_first(name: str, by_name: Mapping[str, Call]) -> bool:
    """Whether the channels are the first axis of an output: a layer says so, or one it follows."""
    waiting, seen = [name], {name}
    while waiting:
        call = by_name[waiting.pop()]
        stated = getattr(call.layer, "data_format", None)
        if stated == "channels_first" and len(call.output_shape) > 1:
            return True
        keeps = kind_of(type(call.layer).__name__).channels in ("kept", "merged", "beside")
        if stated is None and (keeps or is_graph(call.layer)):
            waiting += [before for before in call.inputs if before not in seen]
            seen.update(call.inputs)
    return False


def _dtype(call: Call) -> str:
    return str(call.node.outputs[0].dtype if call.node else call.layer.dtype)


def _anew(model: keras.Model, tables: Tables, insert: Insert) -> keras.Model:
    network = _Anew(graph_of(model), "", tables, insert).model(model.name)
    attach_card(network, card_of(model))
    name_scopes(network)
    return network


class _Anew:
    """A graph built anew around its layers, with channels changed by layers that `insert` makes.

    The names of its calls begin with `prefix`; `values` has the new tensors, by the old ones' ids.
    """

    def __init__(self, network: Any, prefix: str, tables: Tables, insert: Insert) -> None:
        self.network, self.prefix, self.tables = network, prefix, tables
        self.insert = insert
        self.named = list(named_nodes(network, prefix))
        self.taken = {origin(tensor).name for tensor in network.inputs}
        self.taken |= {node.operation.name for _, node in self.named}
        self.values: dict[int, Any] = {}

    def model(self, name: str) -> keras.Model:
        import keras

        inputs = [
            keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=origin(tensor).name)
            for tensor in self.network.inputs
        ]
        for tensor, value in zip(self.network.inputs, inputs, strict=True):
            self._keep(f"{self.prefix}{origin(tensor).name}", [tensor], [value])
        entered = {id(node.operation) for call, node in self.named if self._is_entered(call)}
        for call, node in self.named:
            compute = self._inside if id(node.operation) in entered else self._as_before
            self._keep(call, node.outputs, keras.tree.flatten(compute(call, node)))
        outputs = [self.values[id(tensor)] for tensor in self.network.outputs]
        return keras.Model(_single(inputs), _single(outputs), name=name)

    def _is_entered(self, call: str) -> bool:
        """Whether something inside the nested model is changed."""
        return any(name.startswith(f"{call}/") for name in self.tables)

    def _inside(self, call: str, node: Any) -> Any:
        inner = _Anew(graph_of(node.operation), f"{call}/", self.tables, self.insert)
        entering = [self.values[id(tensor)] for tensor in node.input_tensors]
        return inner.model(self._local(call))(_single(entering))

    def _as_before(self, _call: str, node: Any) -> Any:
        arguments, keywords = node.arguments.fill_in(self.values)
        return node.operation(*arguments, **keywords)

    def _keep(self, call: str, tensors: list[Any], outputs: list[Any]) -> None:
        """Let `outputs` be the new ones of a call, the first of them changed where that is asked for."""
        if call in self.tables:
            outputs = [self._changed(call, outputs[0]), *outputs[1:]]
        self.values.update({id(t): output for t, output in zip(tensors, outputs, strict=True)})

    def _changed(self, call: str, tensor: Any) -> Any:
        factors, offsets = (numbers.tolist() for numbers in self.tables[call])
        name = self._free(f"{self._local(call).replace(':', '_')}{OPERATED}")
        return self.insert(call, factors, offsets, name=name, dtype=tensor.dtype)(tensor)

    def _local(self, call: str) -> str:
        return call.removeprefix(self.prefix)

    def _free(self, name: str) -> str:
        """Return the name, with a number where it is taken, and take it."""
        names = chain([name], (f"{name}_{number}" for number in count(2)))
        free = next(one for one in names if one not in self.taken)
        self.taken.add(free)
        return free


def _single(tensors: list[Any]) -> Any:
    """Return the only one of the tensors, or all: as Keras takes and gives them."""
    return tensors[0] if len(tensors) == 1 else tensors
