"""What each layer is: shapes, parameters and where they come from, cost, and how much it sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from cnn.errors import LayerError
from cnn.models.graph import Call, Shape, calls
from cnn.models.internals import is_graph
from cnn.models.kinds import kind_of
from cnn.models.receptive import Field, merged, sides_of, window_of

if TYPE_CHECKING:
    import keras

_INFOS = "_cnn_layer_infos"
_LARGE = 100_000_000


@dataclass(frozen=True)
class LayerInfo:
    """One use of a layer.

    Shapes have no batch axis and None where the model leaves a size open. `formula` multiplies and
    adds up to `parameters`. `multiply_adds` are those of one picture, None where a size is open.
    `receptive_field` is (height, width) in pixels of the input, None where it is not known; it is
    the whole picture for layers that `sees_everything`. `inputs` are names of other layers.
    `dilation` is how many cells apart those of a kernel lie, `scaling` (scale, offset) of a layer
    that has one of each.
    `nested` layers are models themselves: their parameters are those of the layers named after
    them, `inner/conv`, and are not counted twice in totals.
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

    @property
    def has_maps(self) -> bool:
        """Whether the output is a stack of pictures: (height, width, channels)."""
        return len(self.output_shape) == 3

    @property
    def channels(self) -> int:
        """The size of the last axis: maps of a stack, or units of a vector."""
        return int(self.output_shape[-1] or 0)


def layer_infos(model: keras.Model) -> tuple[LayerInfo, ...]:
    """Return a `LayerInfo` for every layer call of the model, inputs first, in graph order."""
    cached: tuple[LayerInfo, ...] | None = getattr(model, _INFOS, None)
    if cached is None:
        cached = _layer_infos(model)
        object.__setattr__(model, _INFOS, cached)
    return cached


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
    multiply_adds: int


def is_large(model: keras.Model) -> bool:
    """Whether a picture costs so much that TensorFlow's own graph computes it sooner than XLA does."""
    return sum(info.multiply_adds or 0 for info in layer_infos(model)) > _LARGE


def totals(model: keras.Model) -> Totals:
    """Return the model's totals; multiply-adds are those of one picture, as far as known."""
    infos = [info for info in layer_infos(model) if not info.nested]
    return Totals(
        len(infos), int(model.count_params()), sum(info.multiply_adds or 0 for info in infos)
    )


def _layer_infos(model: keras.Model) -> tuple[LayerInfo, ...]:
    fields: dict[str, Field | None] = {}
    infos = []
    for call in calls(model):
        field = _receptive_field(call, [fields[name] for name in call.inputs])
        fields[call.name] = field
        infos.append(_info(call, field, tuple(model.inputs[0].shape[1:3])))
    return tuple(infos)


def _info(call: Call, field: Field | None, picture: tuple[int | None, int | None]) -> LayerInfo:
    layer = call.layer
    nested = is_graph(layer)
    weights = tuple(
        (weight.path.rsplit("/", 1)[-1], tuple(weight.shape))
        for weight in getattr(layer, "weights", ())
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
        multiply_adds=None if nested else _multiply_adds(call, weights),
        receptive_field=_pixels(field, picture),
        sees_everything=bool(field and field.everything),
        inputs=call.inputs,
        weight_shapes=weights,
        nested=nested,
        scaling=_scaling(layer),
    )


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


def _multiply_adds(call: Call, weights: tuple[tuple[str, Shape], ...]) -> int | None:
    """Return how often a weight is multiplied and added for one picture.

    Every element of a kernel is used once per place of the output, or of the input where the layer
    is a transposed convolution.
    """
    kernels = [shape for name, shape in weights if name.endswith("kernel")]
    is_transposed = kind_of(type(call.layer).__name__).kernel == "transposed"
    shape = call.input_shapes[0] if is_transposed else call.output_shape
    if kernels and None in shape:
        return None
    places = prod(int(side or 0) for side in shape[:-1])
    return sum(prod(int(side or 0) for side in kernel) for kernel in kernels) * places


def _receptive_field(call: Call, sources: list[Field | None]) -> Field | None:
    """Return what one cell of the output sees."""
    if not call.inputs:
        return Field((1, 1), (1, 1))
    known = [field for field in sources if field is not None]
    return _through(call, merged(known)) if len(known) == len(sources) else None


def _through(call: Call, field: Field) -> Field | None:
    layer, kind = call.layer, kind_of(type(call.layer).__name__)
    if is_graph(layer):
        return field
    if call.input_shapes and len(call.input_shapes[0]) == 3 and len(call.output_shape) != 3:
        return replace(field, everything=kind.channels != "rearranged" or field.everything)
    if len(call.output_shape) != 3:
        return replace(field, everything=field.everything or _mixes(layer))
    return kind.field(layer, field)


def _mixes(layer: Any) -> bool:
    """Whether each unit of the layer reads all units before it."""
    return getattr(layer, "kernel", None) is not None


def _pixels(field: Field | None, picture: tuple[int | None, int | None]) -> tuple[int, int] | None:
    if field is None:
        return None
    if field.everything:
        return None if None in picture else (int(picture[0] or 0), int(picture[1] or 0))
    height, width = (int(-(-size // 1)) for size in field.size)
    return min(height, picture[0] or height), min(width, picture[1] or width)
