"""Layer-wise relevance propagation (Bach et al. 2015): the number shared out, layer by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cnn.attribution.attribution import Found, Law, Map, rounding
from cnn.attribution.lrp_rules import back, told
from cnn.attribution.lrp_steps import Step, total
from cnn.attribution.objective import Batch, Objective, Visits, finite, numbers_of
from cnn.errors import AttributionError
from cnn.inspection.units import rule_of
from cnn.models import heads
from cnn.models.arithmetic import normalisations, sums
from cnn.models.arithmetic.functions import applied_by
from cnn.models.graph import Call, calls
from cnn.models.internals import is_graph
from cnn.models.orientation import channels_first, declares_first
from cnn.words import number

CONVOLUTIONS = ("z+", "epsilon")
_TOLERANCE = 0.01
_WEIGHTED = (
    sums.convolution, sums.dense, sums.depthwise_convolution, sums.separable_convolution,
    sums.transposed_convolution,
)  # fmt: skip


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
    z+ rule of Montavon et al. 2019 (doi:10.1007/978-3-030-28954-6_10), or the other if chosen, which
    separable ones always have. Max pooling gives all to the winner, an activation hands all on, and a
    batch normalisation is folded into the layer before it, if there is one that it can be folded into.
    Attention, other normalisations and products have the rules of `lrp_held`, which the note names.
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
        _TOLERANCE + rounding((found.value, absorbed), left, kept),
    )
    through = [call for call in calls(objective.model) if found.received[call.name]]
    return Found(found.map, law, told(through), value=found.value)


def relevance(objective: Objective, batch: Batch, convolutions: str, epsilon: float) -> Relevance:
    """Return where the number goes for a batch of one, layer by layer."""
    function = partial(_propagated, objective, convolutions)
    compiled = objective.compiled(f"lrp {convolutions}", function, np.array(epsilon, np.float32))
    value, found, received, absorbed = compiled(batch)
    names = [call.name for call in calls(objective.model)]
    by_call = [
        {name: float(one) for name, one in zip(names, ledger[0], strict=True)}
        for ledger in (received, absorbed)
    ]
    return Relevance(float(value[0]), finite(found)[0], *by_call)


def _propagated(
    objective: Objective, convolutions: str, pictures: Any, which: Any, epsilon: Any
) -> tuple[Any, ...]:
    """Return the number, the map, and what each call received and absorbed, each (n, ...)."""
    import tensorflow as tf

    layer_calls, visits = calls(objective.model), objective.visits(pictures)
    entered = {name: entering for name, _, entering, _ in visits}
    start, given, head = _start(objective, visits, which)
    flow = _Flow({start: {0: given}}, _foldable(layer_calls))
    received, absorbed = [], []
    for call in reversed(layer_calls):
        nothing = tf.zeros(tf.shape(pictures)[:1])
        here = flow.arrived.get(call.name, {})
        taken = nothing
        if here and not flow.hands_on(call):
            step = Step(
                call,
                entered[call.name],
                here,
                convolutions,
                epsilon,
                flow.folded.get(call.name),
                is_head=call.name == head,
            )
            sent, taken = back(step)
            flow.add(call, sent)
        received.append(tf.add_n([nothing, *map(total, here.values())]))
        absorbed.append(taken)
    found = [flow.arrived[call.name][0] for call in layer_calls if flow.ends_at(call)]
    if not found:
        raise AttributionError(
            "The number that is explained does not depend on the picture: choose another."
        )
    ledgers = (tf.stack(ledger[::-1], axis=1) for ledger in (received, absorbed))
    return objective.of_visits(visits, which), tf.add_n(found), *ledgers


def _start(objective: Objective, visits: Visits, which: Any) -> tuple[str, Any, str]:
    """Return the call where the number is, the relevance of its output, and whose sums it is of.

    The last is the call before whose activation the number is, "" for none.
    """
    import keras
    import tensorflow as tf

    model, layer = objective.model, objective.target.layer
    numbers, is_sum = numbers_of(model, layer, visits)
    with tf.GradientTape() as tape:
        tape.watch(numbers)
        value = objective.chosen(numbers, which)
    relevance = numbers * tape.gradient(value, numbers)
    head = heads.head_of(model)
    start, decides = (layer, "") if layer else (head.last, head.deciding if is_sum else "")
    if layer in channels_first(model):
        relevance = keras.ops.moveaxis(relevance, -1, 1)
    made = next(output for name, _, _, output in visits if name == start)
    return start, tf.reshape(relevance, tf.shape(made)), decides


class _Flow:
    """The relevance on its way back: what `arrived` at the outputs of calls, by name and number.

    `folded` are the batch normalisations that count as a part of a call, by the name of that call.
    """

    def __init__(self, arrived: dict[str, dict[int, Any]], foldable: Mapping[str, str]) -> None:
        self.arrived = arrived
        self.folded: dict[str, Call] = {}
        self._foldable = foldable

    def add(self, call: Call, sent: Iterable[Any]) -> None:
        """Add what a call sends to the outputs that it reads; None is nothing."""
        for (name, part), relevance in zip(call.sources, sent, strict=True):
            if relevance is not None:
                parts = self.arrived.setdefault(name, {})
                parts[part] = parts[part] + relevance if part in parts else relevance

    def hands_on(self, call: Call) -> bool:
        """Whether the call computes nothing by itself; what arrived at it is then with its sources."""
        here = self.arrived[call.name]
        if is_graph(call.layer):
            self.add(call, [here.get(part) for part in range(len(call.inputs))])
        elif call.name in self._foldable:
            self.folded[self._foldable[call.name]] = call
            self.add(call, [here[0]])
        return is_graph(call.layer) or call.name in self._foldable or not call.inputs

    def ends_at(self, call: Call) -> bool:
        """Whether the call is an input that relevance arrived at."""
        return not call.inputs and call.name in self.arrived


def _foldable(layer_calls: Iterable[Call]) -> dict[str, str]:
    """Return the batch normalisations of what only they read, sums without an activation: whose."""
    known = {call.name: call for call in layer_calls}
    readers = Counter(name for call in layer_calls for name in call.inputs)
    found = {}
    for call in known.values():
        if rule_of(call.layer) is not normalisations.batch:
            continue
        before = known[call.inputs[0]]
        rank = len(call.output_shape) + 1
        channels = 1 if declares_first(before.layer) else rank - 1
        is_sum = rule_of(before.layer) in _WEIGHTED and _is_linear(before.layer)
        if is_sum and readers[before.name] == 1 and call.layer.axis % rank == channels:
            found[call.name] = before.name
    return found


def _is_linear(layer: Any) -> bool:
    applied = applied_by(layer)
    return applied is not None and applied.name == "linear"
