"""The methods of attribution by name: what each is called, where it comes from, and its options.

A method is a module; its entry here is all that others know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnn.attribution.attribution import Found
from cnn.attribution.baselines import BASELINES
from cnn.attribution.expected_gradients import expected_gradients
from cnn.attribution.grad_cam import grad_cam
from cnn.attribution.grad_cam_plus_plus import grad_cam_plus_plus
from cnn.attribution.guided_backprop import guided_backprop
from cnn.attribution.input_x_gradient import input_x_gradient
from cnn.attribution.integrated_gradients import integrated_gradients
from cnn.attribution.lrp import CONVOLUTIONS, lrp
from cnn.attribution.occlusion import count_of_patches, occlusion
from cnn.attribution.options import Choice, Number, OfLayer, Option, Pictures
from cnn.attribution.saliency import saliency
from cnn.attribution.smoothgrad import smoothgrad
from cnn.ranges import Limits

_SEED = Number("seed", 0, Limits(0, 999_999))
# A pass with its gradient takes about as long as three without.
_WITH_GRADIENT = 3


@dataclass(frozen=True)
class Method:
    """A method of attribution.

    `name` is what people call it, `source` its paper; `variant` says in one sentence what exactly is
    computed. `compute` takes the objective, a batch of one, and the options by name. `is_signed` says
    whether its maps have numbers below zero, `is_cut` whether these were cut off, and `is_slow` whether
    it takes many passes; then it takes `progress` too. `passes` counts them for the options and the
    height and width of the picture, a gradient for three.
    """

    name: str
    source: str
    variant: str
    compute: Callable[..., Found]
    options: Mapping[str, Option] = field(default_factory=dict)
    is_signed: bool = True
    is_cut: bool = False
    is_linear: bool = False
    is_slow: bool = False
    passes: Callable[[Mapping[str, Any], Sequence[int]], int] = lambda *_given: _WITH_GRADIENT

    def cost(self, given: Mapping[str, Any], sides: Sequence[int]) -> int:
        """Return about how many passes a map takes with the options that are given.

        `sides` are the height and the width of the picture.
        """
        defaults = {name: option.default for name, option in self.options.items()}
        return self.passes({**defaults, **given}, sides)


def _gradients(option: str) -> Callable[[Mapping[str, Any], Sequence[int]], int]:
    """Return the number of passes of a method that takes as many gradients as an option says."""
    return lambda settings, _sides: _WITH_GRADIENT * settings[option]


def _patches(settings: Mapping[str, Any], sides: Sequence[int]) -> int:
    return count_of_patches(*sides, patch=settings["patch"], stride=settings["stride"])


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
        is_linear=True,
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
        "LRP",
        "Bach et al. 2015, doi:10.1371/journal.pone.0130140",
        "Layer-wise relevance propagation: the number shared out layer by layer, by the ε rule; in "
        "convolutions by z+, unless ε is chosen.",
        lrp,
        {
            "convolutions": Choice("rule of convolutions", "z+", CONVOLUTIONS),
            "epsilon": Number("ε", 1e-6, Limits(0, 1, is_whole=False, above=True)),
        },
    ),
    "smoothgrad": Method(
        "SmoothGrad",
        "Smilkov et al. 2017, arXiv:1706.03825",
        "The mean of the signed gradient over copies of the picture with Gaussian noise.",
        smoothgrad,
        {
            "samples": Number("noisy copies", 64, Limits(1, 1024)),
            "noise": Number(
                "deviation of the noise, in percent of the picture's range",
                15,
                Limits(0, 100, is_whole=False),
            ),
            "seed": _SEED,
        },
        is_linear=True,
        is_slow=True,
        passes=_gradients("samples"),
    ),
    "integrated_gradients": Method(
        "Integrated gradients",
        "Sundararajan et al. 2017, arXiv:1703.01365",
        "Each number of the input less that of the baseline, times the mean gradient on the straight way "
        "from there, by the midpoint rule.",
        integrated_gradients,
        {
            "steps": Number("steps on the way", 64, Limits(1, 1024)),
            "baseline": Choice("baseline", "black", BASELINES),
        },
        is_linear=True,
        is_slow=True,
        passes=_gradients("steps"),
    ),
    "expected_gradients": Method(
        "Expected gradients",
        "Erion et al. 2021, arXiv:1906.10670",
        "Each number of the input less that of another picture, times the gradient somewhere on the way "
        "from there: the mean over pictures and places drawn at random.",
        expected_gradients,
        {
            "baselines": Pictures("pictures to compare with"),
            "samples": Number("pairs of a picture and a place", 64, Limits(8, 1024)),
            "seed": _SEED,
        },
        is_linear=True,
        is_slow=True,
        passes=_gradients("samples"),
    ),
    "occlusion": Method(
        "Occlusion",
        "Zeiler & Fergus 2013, arXiv:1311.2901",
        "What is lost when a square patch is covered: the mean over all patches that cover the pixel.",
        occlusion,
        {
            "patch": Number("side of the patch, in pixels (0: by the picture)", 0, Limits(0, 512)),
            "stride": Number("way between patches, in pixels (0: by the patch)", 0, Limits(0, 512)),
            "fill": Choice("what covers", "black", BASELINES),
        },
        is_linear=True,
        is_slow=True,
        passes=_patches,
    ),
}
