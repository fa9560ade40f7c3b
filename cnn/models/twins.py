"""Twins: models that differ in their numbers only, and share what was found out about them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from cnn.models.card import attach_card, card_of

if TYPE_CHECKING:
    import keras

_KEPT = "_cnn_compiled"
_keeping = Lock()


def twin(model: keras.Model, weights: list[NDArray[Any]]) -> keras.Model:
    """Return a copy of the model with other weights, in the order of `model.get_weights()`.

    What was compiled for the one serves the other.
    """
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(weights)
    attach_card(copy, card_of(model))
    share(copy, kept_for_twins(model))
    return copy


def share(model: keras.Model, kept: dict[str, Any]) -> None:
    """Make the model a twin of those for which `kept` was found out."""
    object.__setattr__(model, _KEPT, kept)


def kept_for_twins(model: keras.Model) -> dict[str, Any]:
    """Return what was found out about the model and holds for all its twins, by name."""
    with _keeping:
        kept: dict[str, Any] | None = getattr(model, _KEPT, None)
        if kept is None:
            kept = {}
            share(model, kept)
    return kept
