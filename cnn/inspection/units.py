"""One number that a layer computed, taken apart down to multiplications, with the proof.

The operands are what Keras computed for the layers before, in float32; the arithmetic is repeated in
float64, and what it gives is compared with what Keras gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import LayerError
from cnn.inspection.activations import forward
from cnn.inspection.computed import Computed
from cnn.models.arithmetic.cell import Cell, Derivation, Place, Rule, Status, weighted
from cnn.models.arithmetic.copies import same
from cnn.models.arithmetic.forms import Form, Function, Indices, Shares, Term, WeightedSum
from cnn.models.arithmetic.slopes import gradient
from cnn.models.graph import Call, FurtherOutput, calls
from cnn.models.inputs import scale_of
from cnn.models.internals import is_graph, is_known
from cnn.models.kinds import kind_of
from cnn.models.layers import layer_info
from cnn.models.orientation import as_computed, channels_first
from cnn.models.preparing import fitted
from cnn.words import listed, sides

if TYPE_CHECKING:
    import keras

Outputs = Mapping[str, NDArray[np.float32]]
# How many times farther apart the numbers of a precision lie than those of float32.
_COARSER = {"float16": 2.0**13, "bfloat16": 2.0**16}
# What the axes of an output are called, by their number.
_NAMES = {1: ("channel",), 2: ("row", "channel"), 3: ("row", "column", "channel")}


@dataclass(frozen=True, eq=False)
class Source:
    """The cells of a layer that a number is made of: their indices in its output, (n, axes)."""

    layer: str
    cells: Indices


@dataclass(frozen=True, eq=False)
class Unit:
    """One number of a layer's output, and how it is computed.

    `place` is its index in the output, without the batch axis. `computed` is what Keras computed,
    `form` how it is done; `activation` what the layer then makes of it, None where it applies no
    function of its own. The `status` is "gradient" where the arithmetic of the layer is not known:
    then the form says how the number changes with the inputs, and nothing is proved. `precision` is
    that in which the layer computes.
    """

    layer: str
    kind: str
    place: Place
    computed: float
    form: Form
    activation: Function | Shares | None
    sources: tuple[Source, ...]
    status: Status
    precision: str = "float32"

    @property
    def last(self) -> Form:
        """The form whose value is the number: that of the activation, if there is one."""
        return self.activation or self.form

    @property
    def recomputed(self) -> float:
        """What our arithmetic gives, in float64; not a number where it is not known."""
        return self.last.value

    @property
    def tolerance(self) -> float:
        """How far a computation in the layer's precision may be from `recomputed`.

        Each form says how far one in float32 may be, and why.
        """
        return _COARSER.get(self.precision, 1.0) * self.last.tolerance

    @property
    def difference(self) -> float:
        """How far what Keras computed is from `recomputed`."""
        return abs(self.recomputed - self.computed)

    @property
    def is_proved(self) -> bool:
        """Whether the parts give the number, within the tolerance."""
        return self.last.gives(self.computed, coarser=_COARSER.get(self.precision, 1.0))

    @property
    def sum(self) -> float:
        """The number before the activation."""
        return self.form.value

    @property
    def terms(self) -> tuple[Term, ...]:
        """What each input channel adds, where the number is a weighted sum; otherwise nothing."""
        return self.form.terms if isinstance(self.form, WeightedSum) else ()

    @property
    def bias(self) -> float:
        """What a weighted sum adds to its terms; otherwise zero."""
        return self.form.bias if isinstance(self.form, WeightedSum) else 0.0


def explain_unit(
    model: keras.Model,
    image: Any,
    *,
    layer: str,
    channel: int | None = None,
    row: int | None = None,
    column: int | None = None,
    place: tuple[int, ...] | None = None,
    activations: Outputs | None = None,
) -> Unit:
    """Return how one number of a layer is computed for a picture.

    Of maps (height, width, channels) it is that of `channel` at `row` and `column`; of rows
    (rows, channels) that of `channel` in `row`; of a vector that of `channel`. Of any other output,
    and of these as well, `place` is the whole index instead. `image` is what `prepare` takes;
    `activations` are those of the picture where they have been computed. Raises `LayerError` for a
    layer that the model does not have, and for a place that its output does not have.
    """
    info = layer_info(model, layer)
    outputs = forward(model, image).activations if activations is None else activations
    call = next(call for call in calls(model) if call.name == layer)
    if call.inputs and isinstance(outputs, Computed):
        outputs = outputs.around(layer)
    shape = outputs[layer].shape
    named = {"row": row, "column": column, "channel": channel}
    at = _within(layer, shape, _place(layer, shape, named) if place is None else place)
    first = channels_first(model)
    computed = as_computed(outputs, first)
    own = (at[-1], *at[:-1]) if layer in first else at
    with np.errstate(all="ignore"):
        derivation = (
            derive(Cell(call, inputs_of(computed, call), own, computed[layer].shape))
            if call.inputs
            else _of_picture(model, image, at)
        )
    return Unit(
        layer=layer,
        kind=info.kind,
        place=at,
        computed=float(outputs[layer][at]),
        form=derivation.form,
        activation=derivation.activation,
        sources=_sources(call, derivation.reads, first),
        status=derivation.status,
        precision=str(getattr(call.layer, "compute_dtype", "float32")),
    )


def _place(layer: str, shape: Place, given: Mapping[str, int | None]) -> tuple[Any, ...]:
    """Return the index that row, column and channel make; `LayerError` for too many or too few."""
    names = _NAMES.get(len(shape), ())
    stated = [name for name, value in given.items() if value is not None]
    if not names or set(stated) != set(names):
        came = listed(stated).capitalize() or "Nothing"
        needed = listed(names) if names else f"a place of {len(shape)} indices"
        raise LayerError(
            f"{came} given for {layer!r}, whose output is {sides(shape)}: give {needed}."
        )
    return tuple(given[name] for name in names)


def _within(layer: str, shape: Place, place: tuple[Any, ...]) -> Place:
    """Return the index as whole numbers; `LayerError` where the output has no such place."""
    if len(place) != len(shape):
        raise LayerError(
            f"A place of {len(place)} indices was given for {layer!r}, whose output is "
            f"{sides(shape)}: give {len(shape)}."
        )
    names = _NAMES.get(len(shape), ("index",) * len(shape))
    for name, at, size in zip(names, place, shape, strict=True):
        if not isinstance(at, int | np.integer) or not 0 <= at < size:
            raise LayerError(
                f"There is no {name} {at!r} in {layer!r}, whose output is {sides(shape)}: give a "
                f"whole number from 0 to {size - 1}."
            )
    return tuple(int(at) for at in place)


def inputs_of(outputs: Outputs, call: Call) -> tuple[NDArray[np.float32], ...]:
    """Return what goes into a call, as Keras computed it; a further output of a layer hands itself on."""
    names = (call.name,) if isinstance(call.layer, FurtherOutput) else call.inputs
    return tuple(outputs[name] for name in names)


def rule_of(layer: Any) -> Rule | None:
    """Return the rule of a layer's arithmetic; None where it is not known.

    What somebody else's class of the same name does is not known.
    """
    if is_graph(layer):
        return same
    return kind_of(type(layer).__name__).arithmetic if is_known(layer) else None


def derive(cell: Cell) -> Derivation:
    """Return how a cell is computed by the rule of its kind, else how it changes."""
    rule = rule_of(cell.layer)
    return (rule and rule(cell)) or gradient(cell)


def _of_picture(model: keras.Model, image: Any, place: Place) -> Derivation:
    """Return that a number of the picture is that of the pixel, scaled."""
    pixels = fitted(image, model)
    *cell, channel = place
    source, factor, offset = scale_of(model).of_channel(channel, pixels.shape[-1])
    return Derivation(weighted([pixels[*cell, source]], [factor], bias=offset), ())


def _sources(call: Call, reads: Sequence[Indices], first: frozenset[str]) -> tuple[Source, ...]:
    """Return the cells that are read by layer, each layer and each cell once, with channels last.

    They are those of the layers' first outputs, which a pass keeps.
    """
    by_layer: dict[str, list[Indices]] = {}
    for name, part, cells in zip(call.inputs, call.parts, reads, strict=False):
        if part:
            continue
        turned = np.roll(cells, -1, axis=1) if name in first else cells
        by_layer.setdefault(name, []).append(turned)
    return tuple(
        Source(name, cells[0] if len(cells) == 1 else np.unique(np.concatenate(cells), axis=0))
        for name, cells in by_layer.items()
    )
