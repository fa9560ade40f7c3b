"""Any network that takes a picture in some way, as one that takes (height, width, channels).

Where its own input is another, layers are put before it that make it of the picture. They are called
after the inputs that they stand for, so all layers keep their names, and `unadapted` takes them away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError, quoted
from cnn.images.pixels import Colours
from cnn.models.card import card_of
from cnn.models.graph import calls
from cnn.models.internals import nodes, origin
from cnn.models.orientation import declares_first, hands_on
from cnn.words import listed, number, sides

if TYPE_CHECKING:
    import keras

Shape = tuple[int | None, ...]
_GREY, _COLOURS = 1, 3
# A vector or a table of numbers is a picture from so many on a side, and of so many where both are open.
_LEAST_SIDE, _SIDE = 8, 28
_GIVEN = "Constant"
_WINDOWS = ("kernel_size", "pool_size")
_MOST_SAID = 4
# More channels than that are not taken for channels that come first, unless a layer says so.
_MOST_FIRST = 4


@dataclass(frozen=True)
class Form:
    """How a network takes its picture: as `taken`, without the batch axis.

    `picture` is (height, width, channels), `channels` how many it takes, and `is_first` whether they come
    before height and width.
    """

    taken: Shape
    picture: Shape
    channels: int
    is_first: bool = False

    def of_size(self, size: tuple[int, int] | None) -> Form:
        """Return the form with the sides of the picture that are open filled in."""
        *own, channels = self.picture
        sides = [side or other for side, other in zip(own, size or own, strict=True)]
        return replace(self, picture=(*sides, channels))

    @property
    def is_plain(self) -> bool:
        """Whether the network takes the picture as it is."""
        return self.taken == self.picture and not self.is_first


def adapted(
    model: keras.Model,
    given: Mapping[str, Any] | None = None,
    *,
    size: tuple[int, int] | None = None,
) -> keras.Model:
    """Return the functional model as one of a single picture; itself, where it is that.

    The first input that can be a picture gets it, one with maps before others. Further ones of its shape
    get the same, and all others the numbers that are `given` by their names, else zeros. Sides that the
    model leaves open are those of the `size` where it is given. Raises
    `ModelError` where no input can be a picture, and for numbers that do not fit their input.
    """
    import keras

    forms = [(form_of(model, tensor), tensor) for tensor in model.inputs]
    # Of several the one with the most axes: a vector that could be a picture seldom is.
    form, main = max(forms, key=lambda one: len(one[0].taken) if one[0] else 0)
    if form is None:
        shapes = [tuple(tensor.shape) for tensor in model.inputs]
        raise ModelError(
            f"The model {quoted(model.name)} takes {shapes}: expected one picture, (batch, height, "
            "width, channels) with the channels last or first, (batch, height, width), or a vector of as "
            "many numbers as a square picture of at least 8×8 has pixels."
        )
    form = form.of_size(size)
    if len(forms) == 1 and form.is_plain:
        return model
    picture = keras.Input(
        batch_shape=(main.shape[0], *form.picture),
        dtype=main.dtype,
        name=_name(model, origin(main).name, is_free=form.is_plain),
    )
    values = {id(main): picture} if form.is_plain else {}
    for which, tensor in enumerate(model.inputs):
        if id(tensor) not in values:
            if tuple(tensor.shape) == tuple(main.shape):
                steps = _steps(form)
            else:
                own = (given or {}).get(origin(tensor).name, 0)
                steps = [(_GIVEN, _numbers(tensor, own))]
            values[id(tensor)] = _made(picture, tensor, which, steps)
    return _rebuilt(model, values, picture)


def unadapted(model: keras.Model) -> keras.Model:
    """Return the network as its maker built it, without the layers that `adapted` put before it."""
    from cnn.models.adapters import is_adapter

    before = [node for node in nodes(model) if is_adapter(node.operation)]
    if not before:
        return model
    import keras

    given: dict[int, Any] = {}
    values: dict[int, Any] = {id(tensor): tensor for tensor in model.inputs}
    for node in before:
        (output,) = node.outputs
        if node.operation.place is not None:
            name = node.operation.name
            shape = (output.shape[0], *node.operation.taken)
            new = keras.Input(batch_shape=shape, dtype=output.dtype, name=name)
            values[id(output)] = given[node.operation.place] = new
        else:
            values[id(output)] = output
    if reads_picture(model, before):
        free = next(place for place in range(len(given) + 1) if place not in given)
        given[free] = model.inputs[0]
    return _rebuilt(model, values, [given[place] for place in sorted(given)])


def notes(model: keras.Model) -> tuple[str, ...]:
    """Return in sentences how the picture becomes what the network takes; none where it is that."""
    from cnn.models import adapters

    before = [node for node in nodes(model) if adapters.is_adapter(node.operation)]
    count = int(model.inputs[0].shape[-1])
    said = [_of_channels(count, card_of(model).colours)] if count not in (_GREY, _COLOURS) else []
    for node in before:
        layer, shape = node.operation, node.outputs[0].shape[1:]
        if isinstance(layer, adapters.Permute):
            said.append("The network takes its channels first.")
        elif isinstance(layer, adapters.Reshape):
            chosen = ": as many were chosen, for it takes any" if None in layer.taken else ""
            said.append(f"The network takes the picture as {sides(shape)} numbers{chosen}.")
        elif None in layer.taken and None not in shape:
            said.append(
                f"The network takes any size: {sides(shape[:2])} was chosen, for in some of its layers "
                "as many numbers stand side by side as the picture has pixels."
            )
        elif isinstance(layer, adapters.Constant):
            said.append(f"The further input {layer.name} gets {_in_words(layer.numbers.numpy())}.")
    return tuple(dict.fromkeys(said))


def _in_words(given: NDArray[np.float32]) -> str:
    if not given.any():
        return "zeros"
    if given.ndim > 1:
        return "a picture of its own"
    told = ", ".join(number(one) for one in given.ravel()[:_MOST_SAID])
    return told + " ..." * (given.size > _MOST_SAID)


def _of_channels(count: int, colours: Colours) -> str:
    if count < _COLOURS:
        return f"Of one with other channels, all {count} channels are the grey picture."
    return (
        f"Of {count} channels {listed(list(map(str, colours)))} are red, green and blue; the others of a "
        "colour picture are black, and those of a grey one all alike."
    )


def reads_picture(model: keras.Model, before: Sequence[Any]) -> bool:
    """Whether a layer of the network itself reads the picture."""
    others = [node for node in nodes(model) if node not in before]
    return any(tensor is model.inputs[0] for node in others for tensor in node.input_tensors)


def form_of(model: keras.Model, tensor: Any) -> Form | None:
    """Return how an input takes a picture; None where it cannot be one."""
    taken: Shape = tuple(tensor.shape[1:])
    if len(taken) == 3:
        first, *_, last = taken
        is_first = _has_channels_first(model, origin(tensor).name, taken)
        count = first if is_first else last
        height, width = taken[1:] if is_first else taken[:2]
        if count is None:
            return None
        return Form(taken, (height, width, count), count, is_first)
    if len(taken) == 2 and all(side is None or side >= _LEAST_SIDE for side in taken):
        height, width = (side or _square(taken) for side in taken)
        return Form(taken, (height, width, _GREY), _GREY)
    several = [side for side in taken if side != 1]
    size = several[0] if len(several) == 1 and len(taken) <= 2 else None
    for channels in (_GREY, _COLOURS):
        side = math.isqrt((size or 0) // channels)
        if side >= _LEAST_SIDE and side * side * channels == size:
            return Form(taken, (side, side, channels), channels)
    return None


def _square(taken: Shape) -> int:
    """Return what stands for an open side of rows of numbers: the other side, or that of a digit."""
    return next(filter(None, taken), _SIDE)


def _has_channels_first(model: keras.Model, name: str, taken: Shape) -> bool:
    """Whether the channels of an input are its first axis.

    A layer with a window says it that reads the input as it is; where none does, the sizes do.
    """
    as_given = {name}
    for call in (one for one in calls(model) if not as_given.isdisjoint(one.inputs)):
        if hasattr(call.layer, "data_format") and any(hasattr(call.layer, w) for w in _WINDOWS):
            return declares_first(call.layer)
        if hands_on(call):
            as_given.add(call.name)
    first, *rest = taken
    is_few = first is not None and first <= _MOST_FIRST
    return is_few and all(side is not None and side >= _LEAST_SIDE for side in rest)


def _name(model: keras.Model, own: str, *, is_free: bool) -> str:
    """Return what the picture is called: as the input that it is, else by a name not taken."""
    taken = {call.name for call in calls(model)}
    return own if is_free else "picture" if "picture" not in taken else f"{own}_picture"


def _numbers(tensor: Any, given: Any) -> NDArray[Any]:
    """Return what is given for an input in its shape, without the batch axis; an open side is 1."""
    shape = tuple(side or 1 for side in tensor.shape[1:])
    try:
        return np.broadcast_to(np.asarray(given, np.float64), shape)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"The card gives {str(given)[:60]!r} for the input {quoted(origin(tensor).name)}: expected "
            f"{sides(shape) or 'one'} numbers, or one for all."
        ) from error


def _made(picture: Any, tensor: Any, place: int, steps: Sequence[tuple[str, Any]]) -> Any:
    """Return what an input gets, made of the picture in some steps."""
    own, value = origin(tensor).name, picture
    for step, (kind, argument) in enumerate(steps, 1):
        is_last = step == len(steps)
        settings = {
            "name": own if is_last else f"{own}_{step}",
            "place": place if is_last else None,
            "taken": tensor.shape[1:] if is_last else (),
        }
        value = _layer(kind, argument, dtype=str(tensor.dtype), **settings)(value)
    return value


def _steps(form: Form) -> list[tuple[str, Any]]:
    """Return the kinds of layers, and what each is told, that make of the picture what is taken."""
    if form.is_first:
        return [("Permute", (3, 1, 2))]
    if len(form.taken) < len(form.picture):
        sides = zip(form.taken, form.picture, strict=False)
        return [("Reshape", tuple(side or own for side, own in sides))]
    return [("Identity", None)]


def _layer(kind: str, argument: Any, **settings: Any) -> Any:
    from cnn.models import adapters

    make = getattr(adapters, kind)
    return make(**settings) if argument is None else make(argument, **settings)


def _rebuilt(model: keras.Model, values: dict[int, Any], inputs: Any) -> keras.Model:
    """Return the network on other inputs; `values` are the new tensors by the ids of the old ones."""
    import keras

    for node in nodes(model):
        if all(id(tensor) in values for tensor in node.outputs):
            continue
        arguments, keywords = node.arguments.fill_in(values)
        outputs = keras.tree.flatten(node.operation(*arguments, **keywords))
        values.update({id(old): new for old, new in zip(node.outputs, outputs, strict=True)})
    outputs = [values[id(tensor)] for tensor in model.outputs]
    single = [
        one[0] if isinstance(one, list) and len(one) == 1 else one for one in (inputs, outputs)
    ]
    return keras.Model(*single, name=model.name)
