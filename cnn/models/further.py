"""What a network takes beside its picture: further pictures, vectors and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError, quoted
from cnn.images.pixels import as_pixels, fit
from cnn.models.adapting import Form, form_of, reads_picture
from cnn.models.card import attach_card, card_of
from cnn.models.internals import nodes, with_layers
from cnn.models.scales import Scale
from cnn.models.twins import kept_for_twins, share
from cnn.words import counted, listed, sides

if TYPE_CHECKING:
    import keras

_KEPT = "_cnn_given {}"


@dataclass(frozen=True, eq=False)
class Further:
    """An input beside the picture, at `place` among the network's own.

    `shape` is what it takes, without the batch axis. `form` says how that is a picture, None where it is
    numbers. `given` is what it gets, None where that is the same picture.
    """

    name: str
    place: int
    shape: tuple[int | None, ...]
    form: Form | None
    given: NDArray[np.float32] | None

    @property
    def count(self) -> int:
        """How many numbers it takes; an open side counts as 1."""
        return int(np.prod([side or 1 for side in self.shape]))

    def fitted(self, picture: Any) -> NDArray[np.uint8]:
        """Return a picture in the size of this input, uint8 (height, width, channels)."""
        assert self.form
        pixels = as_pixels(picture)
        height, width, channels = self.form.picture
        return fit(pixels, height or pixels.shape[0], width or pixels.shape[1], channels or 1)

    def taken(self, given: Any, scale: Scale) -> NDArray[np.float32]:
        """Return numbers or a picture as the input takes them; `ModelError` where they do not fit."""
        if self.form:
            pixels = self.fitted(given)
            suited = scale if scale.suits(pixels.shape[-1]) else Scale(1 / 255)
            values = suited.applied(pixels)
            values = np.repeat(values, self.form.channels // values.shape[-1], axis=-1)
            if self.form.is_first:
                values = np.moveaxis(values, -1, 0)
            own = zip(self.shape, values.shape, strict=False)
            return values.reshape([side or given for side, given in own])
        numbers = np.asarray(given, np.float32).ravel()
        if numbers.size != self.count:
            raise ModelError(
                f"The input {quoted(self.name)} takes {counted(self.count, 'number')}, and "
                f"{numbers.size} were given: give {sides(self.shape) or 'one'}."
            )
        return numbers.reshape([side or 1 for side in self.shape])


def further_inputs(model: keras.Model) -> tuple[Further, ...]:
    """Return what the model takes beside its picture, in the order of the network's own inputs."""
    return tuple(_further(model, node) for node in _nodes(model))


def with_inputs(model: keras.Model, given: Mapping[str, Any]) -> keras.Model:
    """Return the model with other numbers, or pictures, for further inputs, by their names.

    It is a twin with the same weights; a picture is what `prepare` takes, and is scaled as the first is.
    Raises `ModelError` for an input that is none of these, and for what does not fit it.
    """
    from cnn.models.adapters import Constant

    return _with(model, given, Constant, _taken)


def with_rows(model: keras.Model, given: Mapping[str, NDArray[np.float32]]) -> keras.Model:
    """Return the model whose further inputs get other numbers with each picture of a batch.

    They are as the inputs take them, (pictures, *shape), by the names of these: it takes so many
    pictures. Raises `ModelError` for an input that is none of these.
    """
    from cnn.models.adapters import Rows

    return _with(model, given, Rows, lambda _one, rows, _scale: rows)


def _taken(one: Further, given: Any, scale: Scale) -> NDArray[np.float32]:
    return one.taken(given, scale)


def _with(model: keras.Model, given: Mapping[str, Any], kind: Any, taken: Any) -> keras.Model:
    """Return a twin of the model in which layers of a kind give what is `taken` for further inputs."""
    from cnn.models.adapters import Constant
    from cnn.models.inputs import scale_of

    found = {node.operation.name: node for node in _nodes(model)}
    if unknown := given.keys() - found.keys():
        raise ModelError(
            f"The model has no further input {min(unknown)!r}: it has {listed(list(found)) or 'none'}."
        )
    scale, others = scale_of(model), {}
    for name, one in given.items():
        layer = found[name].operation
        numbers = taken(_further(model, found[name]), one, scale)
        dtype = found[name].outputs[0].dtype
        others[layer] = kind(numbers, name=name, place=layer.place, taken=layer.taken, dtype=dtype)
    twin = with_layers(model, others)
    for found_out in [name for name in vars(twin) if name.startswith("_cnn_")]:
        object.__delattr__(twin, found_out)
    attach_card(twin, card_of(model))
    # A layer of the same kind as before gives other numbers to what was compiled.
    own = [
        layer.name for layer in others if kind is not Constant or not isinstance(layer, Constant)
    ]
    kept = kept_for_twins(model)
    name = _KEPT.format(f"{kind.__name__} {sorted(own)}")
    share(twin, kept.setdefault(name, {}) if own else kept)
    return twin


def _further(model: keras.Model, node: Any) -> Further:
    layer, tensor = node.operation, node.outputs[0]
    form = form_of(model, tensor)
    numbers = getattr(layer, "numbers", None)
    return Further(
        layer.name, layer.place, tuple(tensor.shape[1:]),
        form if form and len(form.taken) > 1 else None,
        None if numbers is None else numbers.numpy(),
    )  # fmt: skip


def _nodes(model: keras.Model) -> list[Any]:
    """Return the nodes that stand for further inputs, in the order of these."""
    from cnn.models.adapters import Constant, is_adapter

    before = [node for node in nodes(model) if is_adapter(node.operation)]
    ends = [node for node in before if node.operation.place is not None]
    ends.sort(key=lambda node: node.operation.place)
    if reads_picture(model, before):
        return ends
    # The first that is made of the picture is the picture's own.
    main = next(node for node in ends if not isinstance(node.operation, Constant)) if ends else None
    return [node for node in ends if node is not main]
