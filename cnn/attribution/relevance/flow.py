"""Relevance on its way back through the whole network, from the number that is explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cnn.attribution.objective import Objective, Visits, numbers_of
from cnn.attribution.relevance.folding import foldable
from cnn.attribution.relevance.rules import back
from cnn.attribution.relevance.step import Step, total
from cnn.errors import AttributionError
from cnn.models import heads
from cnn.models.graph import Call, calls
from cnn.models.internals import is_graph
from cnn.models.orientation import channels_first


def propagated(
    objective: Objective, convolutions: str, pictures: Any, which: Any, epsilon: Any
) -> tuple[Any, ...]:
    """Return the number, the map, and what each call received and absorbed, each (n, ...)."""
    import tensorflow as tf

    layer_calls, visits = calls(objective.model), objective.visits(pictures)
    entered = {name: entering for name, _, entering, _ in visits}
    start, given, head = _start(objective, visits, which)
    flow = _Flow({start: {0: given}}, foldable(layer_calls))
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
