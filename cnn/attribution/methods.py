"""The methods of attribution by name: what each is called, where it comes from, and its options.

A method is a module; its entry here is all that others know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cnn.attribution.attribution import Found
from cnn.attribution.input_x_gradient import input_x_gradient
from cnn.attribution.options import Option
from cnn.attribution.saliency import saliency


@dataclass(frozen=True)
class Method:
    """A method of attribution.

    `name` is what people call it, `source` its paper; `variant` says in one sentence what exactly is
    computed. `compute` takes the objective, a batch of one, and the options by name. `is_signed` says
    whether its maps have numbers below zero, `is_slow` whether it takes many passes.
    """

    name: str
    source: str
    variant: str
    compute: Callable[..., Found]
    options: Mapping[str, Option] = field(default_factory=dict)
    is_signed: bool = True
    is_slow: bool = False


METHODS: Mapping[str, Method] = {
    "saliency": Method(
        "Saliency",
        "Simonyan et al. 2013, arXiv:1312.6034",
        "The magnitude of the gradient by the pixel, the largest of its channels.",
        saliency,
        is_signed=False,
    ),
    "input_x_gradient": Method(
        "Input × gradient",
        "Shrikumar et al. 2016, arXiv:1605.01713",
        "Each number of the input times its gradient.",
        input_x_gradient,
    ),
}
