"""What each layer is: shapes, parameters and where they come from, cost, and how much it sees."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any

from cnn.errors import LayerError
from cnn.models.attending import attended_axes, free_axes
from cnn.models.costs import times, together
from cnn.models.graph import Call, Shape, calls
from cnn.models.internals import graph_of, is_graph
from cnn.models.kinds import kind_of
from cnn.models.orientation import channels_first, with_channels_last
from cnn.models.reading import Certainty
from cnn.models.reading_rules import attended, nothing
from cnn.models.seen import SEES_NOTHING, Seen, seen
from cnn.models.twins import kept_for_twins
from cnn.models.weights import weights_by_name
from cnn.models.windows import sides_of, window_of
from cnn.models.wrapping import of_each_slice, unwrapped

if TYPE_CHECKING:
    import keras

_INFOS = "_cnn_layer_infos"
_SPOKEN_OF = (
    "axis", "data_format", "go_backwards", "interpolation", "max_value", "negative_slope",
    "num_heads", "return_sequences", "threshold",
)  # fmt: skip
_LARGE = 100_000_000
_MANY = 100


@dataclass(frozen=True)
class LayerInfo:
    """One use of a layer.

    Shapes have no batch axis and None where the model leaves a size open. `formula` multiplies and
    adds up to `parameters`. `multiply_adds` are those of one picture, None where a size is open.
    `receptive_field` is (height, width) in pixels of the input, None where it is not known or depends on
    the picture's size; it is the whole picture for layers that `sees_everything`, and (0, 0) of one that
    has its numbers from elsewhere. It is of the cell that sees most, and as sure as
    its `certainty`. `inputs` are names of other layers. `settings` are those that captions speak of.
    `dilation` is how many cells apart those of a kernel lie, `scaling` (scale, offset) of a layer
    that has one of each.
    `nested` layers are models themselves: their parameters are those of the layers named after
    them, `inner/conv`, and are not counted twice in totals.
    Shapes have channels last; layers with `channels_first` compute with them on the first axis.
    """

    name: str
    kind: str
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: int
    formula: str
    kernel_size: tuple[int, ...] | None
    strides: tuple[int, ...] | None
    dilation: tuple[int, ...] | None
    padding: str | None
    activation: str | None
    multiply_adds: int | None
    receptive_field: tuple[int, int] | None
    sees_everything: bool
    inputs: tuple[str, ...]
    weight_shapes: tuple[tuple[str, Shape], ...]
    nested: bool
    scaling: tuple[float, float] | None = None
    certainty: Certainty = "exact"
    settings: tuple[tuple[str, Any], ...] = ()
    channels_first: bool = False

    def setting(self, name: str) -> Any:
        """Return one of the layer's own settings, None where it has none of that name."""
        return dict(self.settings).get(name)

    @property
    def has_maps(self) -> bool:
        """Whether the output is a stack of pictures: (height, width, channels)."""
        return len(self.output_shape) == 3

    @property
    def is_given(self) -> bool:
        """Whether it computes nothing: it is the picture, or stands for another input."""
        return not self.inputs or kind_of(self.kind).reads is nothing

    @property
    def is_along_channels(self) -> bool:
        """Whether the axis that the layer is set to, where it is set to one, is that of the channels."""
        axis, rank = self.setting("axis"), len(self.output_shape)
        if isinstance(axis, tuple) and len(axis) == 1:
            (axis,) = axis
        if not isinstance(axis, int):
            return axis is None
        return axis % (rank + 1) == (1 if self.channels_first else rank)

    @property
    def channels(self) -> int:
        """The size of the last axis: maps of a stack, or units of a vector."""
        return int(self.output_shape[-1] or 0)


def layer_infos(model: keras.Model) -> tuple[LayerInfo, ...]:
    """Return a `LayerInfo` for every layer call of the model, inputs first, in graph order.

    They are found once for the model's twins.
    """
    kept = kept_for_twins(model)
    if _INFOS not in kept:
        kept[_INFOS] = _layer_infos(model)
    infos: tuple[LayerInfo, ...] = kept[_INFOS]
    return infos


def layer_info(model: keras.Model, name: str) -> LayerInfo:
    """Return the `LayerInfo` called `name`; `LayerError` names those that exist."""
    infos = layer_infos(model)
    for info in infos:
        if info.name == name:
            return info
    raise LayerError(
        f"The model has no layer {name!r}: it has {', '.join(info.name for info in infos)}."
    )


@dataclass(frozen=True)
class Totals:
    """Sums over a model: layers are counted by use, weights once however often they are used."""

    layers: int
    parameters: int
    multiply_adds: int | None


def is_large(model: keras.Model) -> bool:
    """Whether a picture costs so much that TensorFlow's own graph computes it sooner than XLA does.

    Where the size of the picture is open, so that nobody knows, many layers are taken for it.
    """
    infos = layer_infos(model)
    is_open = None in model.inputs[0].shape[1:]
    costs = sum(info.multiply_adds or 0 for info in infos)
    return costs > _LARGE or (is_open and len(infos) > _MANY)


def totals(model: keras.Model) -> Totals:
    """Return the model's totals.

    Multiply-adds are those of one picture, None where they depend on a size that the model leaves open.
    """
    infos = [info for info in layer_infos(model) if not info.nested]
    return Totals(
        len(infos), int(model.count_params()), together(info.multiply_adds for info in infos)
    )


def _layer_infos(model: keras.Model) -> tuple[LayerInfo, ...]:
    fields = seen(model)
    first = channels_first(model)

    def field_of(call: Call) -> Seen | None:
        return fields.get(call.name, SEES_NOTHING if fields else None)

    return tuple(
        _info(with_channels_last(call, first), field_of(call), first) for call in calls(model)
    )


def _info(call: Call, field: Seen | None, first: frozenset[str]) -> LayerInfo:
    layer = call.layer
    nested = is_graph(layer)
    weights = tuple(
        (name, tuple(weight.shape))
        for name, weight in weights_by_name(getattr(layer, "weights", ())).items()
    )
    return LayerInfo(
        name=call.name,
        kind=type(layer).__name__,
        input_shapes=call.input_shapes,
        output_shape=call.output_shape,
        parameters=sum(prod(shape) for _, shape in weights),
        formula=" + ".join("×".join(str(side) for side in shape) or "1" for _, shape in weights),
        kernel_size=window_of(layer),
        strides=sides_of(getattr(layer, "strides", None)),
        dilation=sides_of(getattr(layer, "dilation_rate", None)),
        padding=_padding(layer),
        activation=_activation(layer),
        multiply_adds=None if nested else _cost(call),
        receptive_field=None if field is None else field.size,
        sees_everything=field is not None and field.is_whole,
        inputs=call.inputs,
        weight_shapes=weights,
        nested=nested,
        scaling=_scaling(layer),
        certainty="exact" if field is None else field.certainty,
        settings=_settings(call),
        channels_first=call.name in first,
    )


def _cost(call: Call) -> int | None:
    """Return how many multiply-adds the call takes; one in slices those of each of these."""
    call = unwrapped(call)
    inner = of_each_slice(call)
    if inner is None:
        return kind_of(type(call.layer).__name__).cost(call)
    each = _cost_inside(inner.layer) if is_graph(inner.layer) else _cost(inner)
    return times(call.output_shape[:1], each)


def _cost_inside(model: Any) -> int | None:
    """Return the multiply-adds of all calls of a nested model."""
    graph, first = graph_of(model), channels_first(graph_of(model))
    inside = [call for call in calls(graph) if not is_graph(call.layer)]
    return together(_cost(with_channels_last(call, first)) for call in inside)


def _settings(call: Call) -> tuple[tuple[str, Any], ...]:
    """Return the settings of the layer that captions speak of, and whether it is called in training.

    Of layers that train unless they are told otherwise, as those that vary pictures, that says nothing.
    `free_axes` are those of the places of an attention that it does not go along.
    """
    found = {name: getattr(call.layer, name, None) for name in _SPOKEN_OF}
    if kind_of(type(call.layer).__name__).reads is attended and call.input_shapes:
        query = call.input_shapes[0]
        found["free_axes"] = free_axes(attended_axes(call.layer, query), query)
    called = bool(call.node and call.node.arguments.kwargs.get("training"))
    found["training"] = called and not _trains_by_default(call.layer)
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in found.items()
        if isinstance(value, bool | int | float | str | list | tuple)
    )


def _trains_by_default(layer: Any) -> bool:
    training = signature(layer.call).parameters.get("training")
    return training is not None and training.default is True


def _scaling(layer: Any) -> tuple[float, float] | None:
    """Return the scale and the offset that a layer has for all of its input, if it has them."""
    both = getattr(layer, "scale", None), getattr(layer, "offset", None)
    is_plain = all(isinstance(one, int | float) and not isinstance(one, bool) for one in both)
    return (float(both[0]), float(both[1])) if is_plain else None  # type: ignore[arg-type]


def _padding(layer: Any) -> str | None:
    padding = getattr(layer, "padding", None)
    return padding if isinstance(padding, str) else (str(padding) if padding is not None else None)


def _activation(layer: Any) -> str | None:
    """Return the name of the function that the layer applies to its own sums, if it does."""
    kind = type(layer).__name__
    if kind in ("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"):
        return kind.lower()
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", None) or getattr(function, "name", None)
    return str(name) if name else None
