"""Layer-wise relevance propagation (Bach et al. 2015): the number shared out, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from cnn.attribution.attribution import Found, Law, Map, rounding
from cnn.attribution.objective import Batch, Objective, finite
from cnn.attribution.relevance.flow import propagated
from cnn.attribution.relevance.rules import told
from cnn.models.graph import calls
from cnn.words import number

CONVOLUTIONS = ("z+", "epsilon")
_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class Relevance:
    """The relevance of each number of the picture, and of each layer call by name, for one picture.

    `value` is that of the number explained; `received` what the outputs of a call had, and `absorbed`
    what of it came to none of its inputs.
    """

    value: float
    map: Map
    received: Mapping[str, float]
    absorbed: Mapping[str, float]


def lrp(objective: Objective, batch: Batch, *, convolutions: str, epsilon: float) -> Found:
    """Return the relevance R of the input, (height, width, channels).

    Layers with weights have the epsilon rule R_i = Σ_j a_i w_ij / (z_j + ε sign z_j) R_j, equation 58 of
    Bach et al. (doi:10.1371/journal.pone.0130140), where the sum z_j has its bias. Convolutions have the
    z+ rule of Montavon et al. 2019 (doi:10.1007/978-3-030-28954-6_10), or the other if chosen; of a
    separable one both parts have it. Max pooling gives all to the winner, an activation hands all on, and
    a batch normalisation is folded into the layer before it, if there is one that it can be folded into.
    Attention, other normalisations and products have rules of their own, which the note names.
    Raises `AttributionError` for a layer without a rule.
    """
    from cnn.models.adapters import given_numbers

    found = relevance(objective, batch, convolutions, epsilon)
    others = ", further inputs" if given_numbers(objective.model) else ""
    absorbed = sum(found.absorbed.values())
    left, kept = found.value - absorbed, float(found.map.sum(dtype=np.float64))
    law = Law(
        "conservation",
        f"the relevance of the pixels adds up to the number explained, {number(found.value)}, less what "
        f"is lost on the way, to biases{others}, to ε, or where nothing speaks for a number, "
        f"{number(absorbed)}",
        left,
        kept,
        _TOLERANCE,
        small=rounding((found.value, absorbed)),
    )
    through = [call for call in calls(objective.model) if found.received[call.name]]
    return Found(found.map, law, told(through), value=found.value)


def relevance(objective: Objective, batch: Batch, convolutions: str, epsilon: float) -> Relevance:
    """Return where the number goes for a batch of one, layer by layer."""
    function = partial(propagated, objective, convolutions)
    compiled = objective.compiled(f"lrp {convolutions}", function, np.array(epsilon, np.float32))
    value, found, received, absorbed = compiled(batch)
    names = [call.name for call in calls(objective.model)]
    by_call = [
        {name: float(one) for name, one in zip(names, ledger[0], strict=True)}
        for ledger in (received, absorbed)
    ]
    return Relevance(float(value[0]), finite(found)[0], *by_call)
