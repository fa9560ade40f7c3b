"""Which of a network's outputs is looked at, the first for whoever asks what it says, and as what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnn.errors import ModelError
from cnn.models.card import attach_card, card_of
from cnn.models.graph import output_names
from cnn.models.heads import head_of, heads_of
from cnn.models.internals import with_layers
from cnn.models.losses import Aim
from cnn.models.twins import kept_for_twins, share

if TYPE_CHECKING:
    import keras

_KEPT = "_cnn_output_{}"
_KEPT_AS = "_cnn_sums_{}"


def output_labels(model: keras.Model) -> tuple[str, ...]:
    """Return what each of the model's outputs is called: the layer call it comes from, and its shape."""
    return tuple(f"{head.last}: {head.description}" for head in heads_of(model))


def with_output_first(model: keras.Model, place: int) -> keras.Model:
    """Return the network with the output at `place` first and the others after it; its layers stay.

    Twins of the model give twins of each other. Raises `ModelError` for an output that it does not have.
    """
    import keras

    count = len(output_names(model))
    if place not in range(count):
        raise ModelError(
            f"The model has no output {place}: it has {count}. Choose a number from 0 to {count - 1}."
        )
    if place == 0:
        return model
    outputs = [model.outputs[place], *model.outputs[:place], *model.outputs[place + 1 :]]
    chosen = keras.Model(model.inputs[0], outputs, name=model.name)
    attach_card(chosen, card_of(model))
    share(chosen, kept_for_twins(model).setdefault(_KEPT.format(place), {}))
    return chosen


def with_sums_as(model: keras.Model, aim: Aim) -> keras.Model:
    """Return the network whose first output gives sums that are taken for `aim`, where no loss is known.

    Its layers and weights are the same; twins of the model give twins of each other. Raises `ModelError`
    for what its sums cannot be taken for.
    """
    require_sums_as(model, aim)
    read = with_layers(model, {})
    card = card_of(model)
    attach_card(read, replace(card, sums={**card.sums, head_of(model).last: aim}))
    share(read, kept_for_twins(model).setdefault(_KEPT_AS.format(aim), {}))
    return read


def require_sums_as(model: keras.Model, aim: str) -> None:
    """Raise `ModelError` unless the sums of the model's first output may be taken for `aim`."""
    head = head_of(model)
    if aim in head.choices:
        return
    if head.choices:
        raise ModelError(
            f"The sums of {head.last} cannot be taken for {aim!r}: choose {', '.join(head.choices)}."
        )
    why = (
        f"it was compiled with the loss {head.loss.words}"
        if head.loss
        else "it gives no plain sums"
    )
    raise ModelError(f"What {head.last} gives is known ({why}): nothing is to be chosen.")
