"""The prediction as the panel says it: a winner where there is one, numbers, and what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import cnn
from dashboard.runtime.pictures import Picture

_MOST_BARS = 20
_DIGITS = 4
_MAPS = 3


def prediction_facts(
    passed: cnn.ForwardPass,
    picture: Picture,
    seen: NDArray[np.uint8],
    true: int | None,
    unnamed: str = "",
) -> dict[str, Any]:
    """Return the prediction of a pass as the browser paints it.

    `name` is the winner or the only number, `caption` what stands beside it, `mark` whether it is
    `right` (None: not known), `note` a sentence for the reader, and `bars` have a label, a share from
    0 to 1 (None: no bar), and a number. `broken` are the layers that give NaN or infinity. `seen` is
    the picture as the network receives it, `true` the output for its class (None: not known), and
    `unnamed` what outputs without names are taken for.
    """
    prediction = passed.prediction
    facts: dict[str, Any] = {"name": "", "caption": "", "right": None, "mark": "", "note": ""}
    facts |= {"bars": _bars(prediction), "broken": list(passed.not_finite)}
    if not np.isfinite(prediction.probabilities).all():
        return {**facts, "note": _not_finite(passed)}
    if not prediction.has_classes:
        return {**facts, **_number(prediction)}
    notes = [_about_output(prediction)]
    is_drawing = picture.label is None and not picture.of_set and picture.is_empty
    is_plain = bool((seen == seen[0, 0]).all())
    if not seen.any() or (is_drawing and is_plain):
        facts["caption"] = "nothing drawn yet" if is_drawing else "the picture is empty"
        notes.append("The bars are what the network makes of an empty picture.")
    elif prediction.winner is None:
        facts["caption"] = cnn.captions.tie(prediction)
    else:
        facts |= _winner(prediction, picture, true)
    if picture.label is None and facts["name"]:
        count = len(prediction.class_names)
        notes.append(f"The network must choose one of its {count:,} classes, whatever it sees.")
    return {**facts, "note": " ".join(filter(None, [*notes, unnamed]))}


def _winner(prediction: cnn.Prediction, picture: Picture, true: int | None) -> dict[str, Any]:
    share = cnn.captions.percent(float(prediction.probabilities.max()))
    facts: dict[str, Any] = {"name": prediction.winner, "caption": share}
    if true is None:
        return facts
    is_right = true == prediction.label
    mark = "✓ right" if is_right else f"✗ wrong, it is {picture.label}"
    return {**facts, "right": is_right, "mark": mark}


def _about_output(prediction: cnn.Prediction) -> str:
    """Return what is to be known of the model's output itself."""
    head = prediction.head
    notes = []
    if head.outputs > 1:
        notes.append(f"The model has {head.outputs} outputs: this is {head.last}.")
    if head.form == "logits":
        notes.append("This is the softmax of the outputs: the model ends with sums.")
        notes.append(head.trained)
    return " ".join(filter(None, notes))


def _not_finite(passed: cnn.ForwardPass) -> str:
    began = passed.first_not_finite
    where = f" That begins in the layer {began}." if began else ""
    return f"The model's output is not finite: it has NaN or infinity in it.{where}"


def _number(prediction: cnn.Prediction) -> dict[str, Any]:
    """Return what is said of an output that is no probability per class."""
    head, values = prediction.head, prediction.probabilities
    sentence = f"The model gives {head.description}."
    if head.form == "scores" and values.size > 1:
        sentence += " Each is by itself: they need not add up to 1, and none wins."
    elif head.form != "maps" and values.size > _MOST_BARS:
        sentence += f" The {_MOST_BARS} largest in size are listed."
    elif head.form == "maps":
        where = "Output shows them" if values.ndim == _MAPS else f"Activations has {head.last}"
        sentence += f" The page {where}."
    sentence = " ".join(filter(None, [sentence, head.trained]))
    note = " ".join(filter(None, [_about_output(prediction), sentence]))
    if head.form == "maps" or values.size > 1:
        return {"note": note}
    return {"name": _written(float(values[0])), "caption": _only(prediction), "note": note}


def _only(prediction: cnn.Prediction) -> str:
    """Return what the only number of the output is."""
    zero, (one,) = prediction.zero, prediction.class_names
    if prediction.head.form != "scores":
        return "the model's output" if zero is None else f"more for {one}, less for {zero}"
    return "a score between 0 and 1" if zero is None else f"a score from 0 ({zero}) to 1 ({one})"


def _bars(prediction: cnn.Prediction) -> list[list[Any]]:
    """Return (label, share or None, number) of the outputs, of many the largest."""
    values = prediction.probabilities
    if prediction.head.form == "maps":
        return []
    if prediction.has_classes:
        return [[name, share, cnn.captions.percent(share)] for name, share in _largest(prediction)]
    if values.size < 2:
        return []
    is_score = prediction.head.form == "scores"
    return [
        [name, value if is_score and np.isfinite(value) else None, _written(value)]
        for name, value in _largest(prediction)
    ]


def _largest(prediction: cnn.Prediction) -> list[tuple[str, float]]:
    """Return all outputs by name in their order, of more than 20 the largest in size first."""
    names, values = prediction.class_names, prediction.probabilities
    order = np.arange(len(values))
    if len(values) > _MOST_BARS:
        order = np.argsort(-np.abs(values), kind="stable")[:_MOST_BARS]
    return [(names[i], float(values[i])) for i in order]


def _written(value: float) -> str:
    return cnn.captions.finite(value, _DIGITS)
