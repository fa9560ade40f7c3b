"""What goes into a model: the shape of its picture, and how pixels are scaled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnn.errors import ModelError
from cnn.models.beginning import Ends, expected_range
from cnn.models.card import Card, attach_card, card_of
from cnn.models.compilation import kept_for_twins, share
from cnn.models.internals import with_layers
from cnn.models.scales import RANGES, Scale, in_ends, in_words, read_scale
from cnn.words import number

if TYPE_CHECKING:
    import keras

_EXPECTED = "_cnn_expected_range"
_COLOURS = 3


def input_shape(model: keras.Model) -> tuple[int | None, int | None, int]:
    """Return (height, width, channels) of the model's input; None where any size is taken."""
    _, height, width, channels = model.inputs[0].shape
    return height, width, int(channels)


def scale_of(model: keras.Model) -> Scale:
    """Return how pixels are scaled for the model, and why.

    What the reader chose or the model's card states counts first, then what the model does to its
    picture before its first weights, and whether it takes whole numbers; else it is 1/255. Raises
    `ModelError` where what is stated is for colours, and the model takes none.
    """
    card, found = card_of(model), _found(model)
    if card.range:
        return replace(RANGES[card.range], reason=f"{in_words(RANGES[card.range])}, as chosen here")
    if card.scale is not None:
        return _of_card(model, card, found)
    if found:
        name, ends = found
        return replace(RANGES[name], reason=_in_words(name, ends), is_stated=True)
    dtype = str(model.inputs[0].dtype)
    if "int" in dtype:
        reason = f"not scaled: the model takes whole numbers ({dtype})"
        return replace(RANGES["0..255"], reason=reason, is_stated=True)
    return replace(
        RANGES["0..1"], reason="divided by 255, the usual choice: the model says nothing"
    )


def in_range(model: keras.Model, name: str) -> keras.Model:
    """Return the model with its pixels in the range that is called so in `RANGES`.

    It is a twin, with the same weights. Raises `ModelError` for another name, and for a range of colours
    where the model takes none.
    """
    if name not in ranges_of(model):
        raise ModelError(
            f"The range {name!r} is not one of this model: choose {', '.join(ranges_of(model))}."
        )
    twin = with_layers(model, {})
    attach_card(twin, replace(card_of(model), range=name))
    share(twin, kept_for_twins(model))
    return twin


def ranges_of(model: keras.Model) -> tuple[str, ...]:
    """Return the names of the ranges in which the model's pixels may be."""
    has_colours = input_shape(model)[2] == _COLOURS
    return tuple(name for name, one in RANGES.items() if has_colours or not one.is_of_colours)


def _found(model: keras.Model) -> tuple[str, Ends] | None:
    kept = kept_for_twins(model)
    if _EXPECTED not in kept:
        kept[_EXPECTED] = expected_range(model)
    found: tuple[str, Ends] | None = kept[_EXPECTED]
    return found


def _of_card(model: keras.Model, card: Card, found: tuple[str, Ends] | None) -> Scale:
    scale = read_scale(card.scale)
    if scale.is_of_colours and input_shape(model)[2] != _COLOURS:
        raise ModelError(
            "The card states a scale for colours, and the model takes grey pictures: state one number."
        )
    reason = f"{in_words(scale)}, as the model's card says"
    if found and not scale.alike(RANGES[found[0]]):
        reason += f", though its first layers suggest pixels from {in_ends(found[0])}"
    return replace(scale, reason=reason, is_stated=True)


def _in_words(name: str, ends: Ends) -> str:
    low, high = (number(one) for one in ends)
    scale = RANGES[name]
    if name == "0..255":
        return f"not scaled: the model scales its input itself, to {low} to {high}"
    entering = in_ends(name)
    return (
        f"{in_words(scale)}: of {entering} the model makes {low} to {high} before its first weights"
    )
