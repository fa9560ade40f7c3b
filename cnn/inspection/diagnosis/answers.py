"""Whether what the network says can be read: its softmax, and the labels of the pictures."""

from __future__ import annotations

import math

import numpy as np

from cnn.inspection.diagnosis.case import Case, decisions
from cnn.inspection.diagnosis.feeding import is_far_better
from cnn.inspection.diagnosis.findings import Finding, Severity
from cnn.models.card import names_classes
from cnn.models.heads import Head, maker_before
from cnn.models.layers import layer_info

_SOFTMAX = "softmax"
LEAST_PER_CLASS = 10


def softmax(case: Case) -> list[Finding]:
    """A softmax too many, one that is missing, or one of a single number, at any of the outputs."""
    found = []
    for head in case.heads:
        info = layer_info(case.model, head.deciding)
        if info.activation == _SOFTMAX:
            found.append(_doubled(case, head) or _single(head))
        else:
            found.append(_missing(case, head))
    return [one for one in found if one]


def _doubled(case: Case, head: Head) -> Finding | None:
    """Return that a softmax gets what a softmax gave."""
    if layer_info(case.model, head.deciding).weight_shapes:
        return None
    before = maker_before(case.model, head.deciding)
    if before.activation != _SOFTMAX:
        return None
    classes = int(head.shape[-1] or 1)
    most = math.e / (math.e + classes - 1)
    numbers = {"classes": classes, "largest possible": most}
    names = (before.name,)
    return Finding("softmax doubled", "fault", head.deciding, (), numbers, names, "arithmetic")


def _single(head: Head) -> Finding | None:
    if head.shape[-1] != 1:
        return None
    return Finding("softmax of one", "fault", head.deciding, shown="arithmetic")


def _missing(case: Case, head: Head) -> Finding | None:
    """Return that sums, or other numbers where there is one per class, are no probabilities."""
    count = int(head.shape[-1] or 0)
    if head.form == "logits":
        return Finding("logits", "note", head.deciding, (), {"classes": count}, shown="arithmetic")
    activation = layer_info(case.model, head.deciding).activation
    if (
        head.form != "numbers"
        or head is not case.heads[0]
        or case.targets is None
        or not activation
    ):
        return None
    numbers = {"classes": count}
    return Finding(
        "softmax missing", "warning", head.deciding, (), numbers, (activation,), "arithmetic"
    )


def labels(case: Case) -> list[Finding] | None:
    """Labels of which there are not as many as outputs, or which stand for other ones.

    None where the pictures have no labels, or the network does not tell classes apart.
    """
    if case.labels is None or not case.class_names or not case.class_count:
        return None
    head = case.heads[0]
    if head.form == "numbers" and case.class_count != len(case.class_names):
        return None
    last = head.last
    if case.targets is None:
        return [_strange(case, last)]
    return _in_another_order(case, last)


def _strange(case: Case, last: str) -> Finding:
    """Return that labels and outputs are of other classes: not as many, of other names, or of none."""
    count = len(case.class_names)
    numbers = {"classes": count, "outputs": case.class_count}
    if count != case.class_count:
        return Finding("label count", "warning", last, (), numbers, (case.selection.name,))
    kind: tuple[str, Severity] = ("label names", "warning")
    if not names_classes(case.model):
        kind = ("label unnamed", "note")
    return Finding(*kind, last, (), numbers, (case.selection.name,))


def _in_another_order(case: Case, last: str) -> list[Finding]:
    """Return that labels fit the outputs far better in another order, if they do."""
    assert case.targets is not None
    count = case.class_count
    pairs = np.zeros((count, count), np.int64)
    np.add.at(pairs, (case.targets, decisions(case.observation.outputs)), 1)
    order = pairs.argmax(axis=1)
    if pairs.sum(axis=1).min() < LEAST_PER_CLASS or len(set(order)) < count:
        return []
    total = pairs.sum()
    right = float(pairs.trace() / total)
    other = float(pairs[np.arange(count), order].sum() / total)
    if not is_far_better(other, right):
        return []
    moved = int(np.flatnonzero(order != np.arange(count))[0])
    numbers = {
        "accuracy": right, "accuracy in the other order": other, "pictures": case.selection.count,
        "label": moved, "output": int(order[moved]),
    }  # fmt: skip
    return [Finding("label order", "fault", last, (), numbers)]
