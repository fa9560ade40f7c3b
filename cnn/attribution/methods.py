"""The methods of attribution by name: what each is called, where it comes from, and its options.

A method is a module; its entry here is all that others know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cnn.attribution.attribution import Found
from cnn.attribution.grad_cam import grad_cam
from cnn.attribution.grad_cam_plus_plus import grad_cam_plus_plus
from cnn.attribution.guided_backprop import guided_backprop
from cnn.attribution.input_x_gradient import input_x_gradient
from cnn.attribution.lrp import CONVOLUTIONS, lrp
from cnn.attribution.options import Choice, Number, OfLayer, Option
from cnn.attribution.saliency import saliency
from cnn.ranges import Limits


@dataclass(frozen=True)
class Method:
    """A method of attribution.

    `name` is what people call it, `source` its paper; `variant` says in one sentence what exactly is
    computed. `compute` takes the objective, a batch of one, and the options by name. `is_signed` says
    whether its maps have numbers below zero, `is_cut` whether these were cut off, and `is_slow` whether
    it takes many passes.
    """

    name: str
    source: str
    variant: str
    compute: Callable[..., Found]
    options: Mapping[str, Option] = field(default_factory=dict)
    is_signed: bool = True
    is_cut: bool = False
    is_slow: bool = False


_OF_LAYER = {"layer": OfLayer("layer")}

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
    "grad_cam": Method(
        "Grad-CAM",
        "Selvaraju et al. 2016, arXiv:1610.02391",
        "The maps of a layer, each times the mean of its gradient, added up; what is below zero is cut.",
        grad_cam,
        _OF_LAYER,
        is_signed=False,
        is_cut=True,
    ),
    "grad_cam_plus_plus": Method(
        "Grad-CAM++",
        "Chattopadhyay et al. 2017, arXiv:1710.11063",
        "As Grad-CAM, but each map times the weight of equation 19, of its positive gradients alone.",
        grad_cam_plus_plus,
        _OF_LAYER,
        is_signed=False,
        is_cut=True,
    ),
    "guided_backprop": Method(
        "Guided backpropagation",
        "Springenberg et al. 2014, arXiv:1412.6806",
        "The gradient, of which each ReLU lets back only what is positive, where its input was positive.",
        guided_backprop,
    ),
    "lrp": Method(
        "Layer-wise relevance propagation",
        "Bach et al. 2015, doi:10.1371/journal.pone.0130140",
        "The number shared out layer by layer: by the ε rule, in convolutions by z+ unless ε is chosen.",
        lrp,
        {
            "convolutions": Choice("rule of convolutions", "z+", CONVOLUTIONS),
            "epsilon": Number("ε", 1e-6, Limits(0, 1, is_whole=False, above=True)),
        },
    ),
}
