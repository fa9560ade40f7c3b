"""Which of a network's outputs is looked at: it is the first, for whoever asks what the network says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn.errors import ModelError
from cnn.models.card import attach_card, card_of
from cnn.models.graph import output_names
from cnn.models.heads import heads_of
from cnn.models.twins import kept_for_twins, share

if TYPE_CHECKING:
    import keras

_KEPT = "_cnn_output_{}"


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
