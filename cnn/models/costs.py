"""How many multiply-adds a layer costs for one picture: a rule for each way, named in `cnn.models.kinds`.

Every element of a kernel is multiplied and added once per place at which it is used. A rule gets a call
and gives None where that depends on a size that the model leaves open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from math import prod
from typing import TYPE_CHECKING, Any

from cnn.models.attending import attended_axes
from cnn.models.internals import floating_weights

if TYPE_CHECKING:
    from cnn.models.graph import Call, Shape

Rule = Callable[["Call"], int | None]


def per_output(call: Call) -> int | None:
    """Return the cost of kernels that are used once per place of the output."""
    return times(call.output_shape[:-1], _kernels(call.layer))


def per_input(call: Call) -> int | None:
    """Return the cost of a transposed convolution, which spreads every place of its input."""
    return times(call.input_shapes[0][:-1], _kernels(call.layer))


def per_step(call: Call) -> int | None:
    """Return the cost of a recurrent layer: at every step all kernels, at all places of a step."""
    steps, *inside = call.input_shapes[0]
    places = call.output_shape[-len(inside) : -1]
    return times((steps, *places), _kernels(call.layer))


def of_equation(call: Call) -> int | None:
    """Return the cost of an einsum: its kernel is used once per place on axes that it does not have."""
    if not hasattr(call.layer, "equation"):
        return per_output(call)
    of_input, of_kernel = call.layer.equation.split("->")[0].replace("...", "").split(",")
    shape = call.input_shapes[0]
    letters = of_input[-len(shape) :].rjust(len(shape), ".")
    free = [size for letter, size in zip(letters, shape, strict=True) if letter not in of_kernel]
    return times(free, _kernels(call.layer))


def attended(call: Call) -> int | None:
    """Return the cost of an attention with heads: its kernels, the scores, and what they weigh.

    Vaswani et al. 2017 (arXiv:1706.03762), equation 1 and section 3.2.2.
    """
    layer = call.layer
    return _projected(call, layer.num_heads * (layer.key_dim + layer.value_dim))


def attended_in_groups(call: Call) -> int | None:
    """Return the cost of an attention several of whose heads share keys and values.

    Ainslie et al. 2023 (arXiv:2305.13245), section 2.2.
    """
    layer = call.layer
    return _projected(call, layer.num_query_heads * 2 * layer.head_dim)


def _projected(call: Call, each: int) -> int | None:
    """Return the cost of an attention with kernels, of which a pair of a query and a key takes `each`."""
    layer, (query, value) = call.layer, call.input_shapes[:2]
    of_keys = _kernels(layer._key_dense, layer._value_dense)
    of_queries = _kernels(layer) - of_keys
    return together(
        (times(query[:-1], of_queries), times(value[:-1], of_keys), times(_pairs(call), each))
    )


def weighed(call: Call) -> int | None:
    """Return the cost of an attention without weights: the scores, and what they weigh."""
    _, value, *key = call.input_shapes
    channels = together(((key or [value])[0][-1], value[-1]))
    return None if channels is None else times(_pairs(call), channels)


def _pairs(call: Call) -> Shape:
    """Return the sizes whose product is how many pairs of a query and a key there are."""
    query, value = call.input_shapes[0], call.input_shapes[1]
    sides = (*value[:-1], getattr(call.layer, "num_heads", 1))
    return (*query[:-1], *(sides[axis] for axis in attended_axes(call.layer, query)))


def contracted(call: Call) -> int | None:
    """Return the cost of a product of tensors: each number of the output adds along the axes left out.

    Without subscripts that is the last axis of the first.
    """
    shapes = call.operand_shapes
    if not hasattr(call.layer, "subscripts"):
        return times((*call.output_shape, shapes[0][-1]), 1)
    terms, sizes = _read(call.layer.subscripts, shapes)
    return times((*call.output_shape, *sizes), len(terms) - 1)


def of_dot(call: Call) -> int | None:
    """Return the cost of a `Dot` along its axes, or of an operation of that name."""
    if not hasattr(call.layer, "axes"):
        return contracted(call)
    axes = call.layer.axes
    shape = (None, *call.input_shapes[0])
    return times((*call.output_shape, shape[axes if isinstance(axes, int) else axes[0]]), 1)


def of_kernels_given(call: Call) -> int | None:
    """Return the cost of a convolution by operands: used once per place of the output.

    A transposed one spreads every place of its input.
    """
    _, *kernels = call.operand_shapes
    is_transposed = type(call.layer).__name__ == "ConvTranspose"
    shape = call.input_shapes[0] if is_transposed else call.output_shape
    return together(times((*shape[:-1], *kernel), 1) for kernel in kernels)


def _read(subscripts: str, shapes: list[Shape]) -> tuple[list[str], list[int | None]]:
    """Return the terms of an einsum of tensors, and the sizes of the axes that its output leaves out."""
    entering, _, leaving = subscripts.replace(" ", "").partition("->")
    terms, counts = entering.split(","), Counter(entering)
    kept = leaving or {letter for letter in counts if counts[letter] == 1}
    sizes: dict[str, int | None] = {}
    for term, shape in zip(terms, shapes, strict=True):
        before, _, after = term.partition("...")
        sizes.update(zip(before, shape, strict=False))
        sizes.update(zip(reversed(after), reversed(shape), strict=False))
    return terms, [size for letter, size in sizes.items() if letter not in kept]


def _kernels(*layers: Any) -> int:
    """Return how many numbers the kernels of some layers have; of codes, those that they stand for."""
    count = 0
    for layer in layers:
        known = floating_weights(layer)
        kernels = [one for one in getattr(layer, "weights", ()) if one.name.endswith("kernel")]
        count += sum(prod(known.get(id(one), one).shape) for one in kernels)
    return count


def times(sizes: Iterable[int | None], each: int | None) -> int | None:
    """Return `each` times all sizes; None where that is open, or not zero and a size is open."""
    sizes = list(sizes)
    known = [size for size in sizes if size is not None]
    is_open = each is None or (each and len(known) < len(sizes))
    return None if is_open else (each or 0) * prod(known)


def together(costs: Iterable[int | None]) -> int | None:
    """Return the sum of all costs; None where one depends on a size that is open."""
    costs = list(costs)
    return None if None in costs else sum(cost or 0 for cost in costs)
