"""How many multiply-adds a layer costs for one picture: a rule for each way, named in `cnn.models.kinds`.

Every element of a kernel is multiplied and added once per place at which it is used. A rule gets a call
and gives None where that depends on a size that the model leaves open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import TYPE_CHECKING, Any

from cnn.models.attending import attended_axes

if TYPE_CHECKING:
    from cnn.models.graph import Call, Shape

Rule = Callable[["Call"], int | None]


def per_output(call: Call) -> int | None:
    """Return the cost of kernels that are used once per place of the output."""
    return _times(call.output_shape[:-1], _kernels(call.layer))


def per_input(call: Call) -> int | None:
    """Return the cost of a transposed convolution, which spreads every place of its input."""
    return _times(call.input_shapes[0][:-1], _kernels(call.layer))


def per_step(call: Call) -> int | None:
    """Return the cost of a recurrent layer: at every step all kernels, at all places of a step."""
    steps, *inside = call.input_shapes[0]
    places = call.output_shape[-len(inside) : -1]
    return _times((steps, *places), _kernels(call.layer))


def of_equation(call: Call) -> int | None:
    """Return the cost of an einsum: its kernel is used once per place on axes that it does not have."""
    if not hasattr(call.layer, "equation"):
        return per_output(call)
    of_input, of_kernel = call.layer.equation.split("->")[0].replace("...", "").split(",")
    shape = call.input_shapes[0]
    letters = of_input[-len(shape) :].rjust(len(shape), ".")
    free = [size for letter, size in zip(letters, shape, strict=True) if letter not in of_kernel]
    return _times(free, _kernels(call.layer))


def attended(call: Call) -> int | None:
    """Return the cost of an attention with heads: its four kernels, the scores, and what they weigh.

    Vaswani et al. 2017 (arXiv:1706.03762), equation 1 and section 3.2.2.
    """
    layer = call.layer
    query, value = call.input_shapes[0], call.input_shapes[1]
    of_queries = _kernels(layer.query_dense, layer.output_dense)
    of_keys = _kernels(layer.key_dense, layer.value_dense)
    each = layer.num_heads * (layer.key_dim + layer.value_dim)
    return together(
        (_times(query[:-1], of_queries), _times(value[:-1], of_keys), _times(_pairs(call), each))
    )


def weighed(call: Call) -> int | None:
    """Return the cost of an attention without weights: the scores, and what they weigh."""
    _, value, *key = call.input_shapes
    channels = together(((key or [value])[0][-1], value[-1]))
    return None if channels is None else _times(_pairs(call), channels)


def _pairs(call: Call) -> Shape:
    """Return the sizes whose product is how many pairs of a query and a key there are."""
    query, value = call.input_shapes[0], call.input_shapes[1]
    return (*query[:-1], *(value[axis] for axis in attended_axes(call.layer, query)))


def _kernels(*layers: Any) -> int:
    """Return how many numbers the kernels of some layers have."""
    weights = [weight for layer in layers for weight in getattr(layer, "weights", ())]
    return sum(prod(weight.shape) for weight in weights if weight.name.endswith("kernel"))


def _times(sizes: Iterable[int | None], each: int) -> int | None:
    """Return `each` times all sizes; None where it is not zero and a size is open."""
    sizes = list(sizes)
    known = [size for size in sizes if size is not None]
    return None if each and len(known) < len(sizes) else each * prod(known)


def together(costs: Iterable[int | None]) -> int | None:
    """Return the sum of all costs; None where one depends on a size that is open."""
    costs = list(costs)
    return None if None in costs else sum(cost or 0 for cost in costs)
