"""Guided backpropagation: the gradient, cut at each ReLU where it is negative (Springenberg 2014)."""

from __future__ import annotations

from functools import partial
from typing import Any

from cnn.attribution.attribution import Found
from cnn.attribution.objective import Batch, Objective, finite
from cnn.errors import ModelError
from cnn.inspection.units import rule_of
from cnn.models.arithmetic.functions import applied_by
from cnn.models.graph import Call, calls
from cnn.models.internals import is_graph
from cnn.models.twins import kept_for_twins
from cnn.words import listed

_RECTIFIERS = ("relu", "relu6")
_HIDDEN = "_cnn_hidden_relus"


def guided_backprop(objective: Objective, batch: Batch) -> Found:
    """Return the guided gradient, (height, width, channels): section 3.4 of arXiv:1412.6806.

    R' = 1[x > 0] 1[R > 0] R at each ReLU of an x, where R comes from above: one that is the
    activation of a layer, a layer, or an operation. What a ReLU6 holds at its limit passes nothing. A
    ReLU inside another layer is left as it is, and named in the note.
    """
    values, gradients = objective.compiled("guided", partial(_guided, objective))(batch)
    return Found(finite(gradients)[0], note=_note(objective), value=float(values[0]))


def _guided(objective: Objective, pictures: Any, which: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        pictures = tf.convert_to_tensor(pictures)
        tape.watch(pictures)
        values = objective.of_visits(objective.visits(pictures, _outputs), which)
    zero = tf.UnconnectedGradients.ZERO
    return values, tape.gradient(values, pictures, unconnected_gradients=zero)


def _outputs(call: Call, entering: list[Any]) -> list[Any]:
    """Return what the call gives, and let only positive gradients back into its ReLU.

    That ReLU lets back by itself only those where its input was positive.
    """
    made = call.outputs(entering)
    return [_only_positive(made[0]), *made[1:]] if _rectifies(call.layer) else made


def _only_positive(tensor: Any) -> Any:
    """Return the tensor, whose gradient is cut where it is negative."""
    import tensorflow as tf

    return tf.custom_gradient(lambda same: (tf.identity(same), tf.nn.relu))(tensor)


def _rectifies(layer: Any) -> bool:
    """Whether the last thing that a layer does is a ReLU."""
    applied = None if is_graph(layer) or rule_of(layer) is None else applied_by(layer)
    if applied is None or applied.name not in _RECTIFIERS:
        return False
    return not applied.options.get("negative_slope")


def _note(objective: Objective) -> str:
    """Return what the map lacks: ReLUs that are out of reach, or any at all."""
    kept = kept_for_twins(objective.model)
    if _HIDDEN not in kept:
        kept[_HIDDEN] = [call.name for call in calls(objective.model) if _hides_one(call)]
    if hidden := kept[_HIDDEN]:
        return f"a ReLU inside {listed(hidden)} is left as it is, with the plain gradient"
    if not any(_rectifies(call.layer) for call in calls(objective.model)):
        return "the network has no ReLU: this is the plain gradient"
    return ""


def _hides_one(call: Call) -> bool:
    """Whether there is a ReLU in what a layer that is not known computes, or its activation does.

    What cannot be traced is not looked into.
    """
    import tensorflow as tf

    layer = call.layer
    known = rule_of(layer) and not (hasattr(layer, "activation") and applied_by(layer) is None)
    if known or not call.inputs:
        return False
    entering = [tf.TensorSpec((1, *t.shape[1:]), t.dtype) for t in call.node.input_tensors]
    traced = tf.function(lambda *tensors: call.outputs(tensors), autograph=False)
    try:
        graph = traced.get_concrete_function(*entering).graph.as_graph_def()
    except ModelError:
        return False
    inside = [node for function in graph.library.function for node in function.node_def]
    return any(node.op in ("Relu", "Relu6") for node in (*graph.node, *inside))
