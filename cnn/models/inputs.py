"""What goes into a model: the shape of its picture, and how pixels are scaled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError
from cnn.images.pixels import Colours
from cnn.models.beginning import Expected, expected_range
from cnn.models.card import Card, attach_card, card_of
from cnn.models.internals import require_graph, with_layers
from cnn.models.scales import RANGES, Scale, in_ends, in_words, read_scale
from cnn.models.twins import kept_for_twins, share
from cnn.words import number

if TYPE_CHECKING:
    import keras

_EXPECTED = "_cnn_expected_range"
_SCALE = "_cnn_scale"


def input_shape(model: keras.Model) -> tuple[int | None, int | None, int]:
    """Return (height, width, channels) of the model's input; None where any size is taken."""
    require_graph(model)
    _, height, width, channels = model.inputs[0].shape
    return height, width, int(channels)


def scale_of(model: keras.Model) -> Scale:
    """Return how pixels are scaled for the model, and why.

    What the reader chose, or kept on the model's card, or what the card states counts first, then how
    the model scales its picture before its first weights, and whether it takes whole numbers; else it
    is a guess, 1/255 where the model says nothing. Raises `ModelError` where what is stated is for
    colours, and the model takes none.
    """
    card = card_of(model)
    kept: tuple[Card, Scale] | None = getattr(model, _SCALE, None)
    if kept is None or kept[0] is not card:
        kept = card, _scale(model, card)
        object.__setattr__(model, _SCALE, kept)
    return kept[1]


def _scale(model: keras.Model, card: Card) -> Scale:
    require_graph(model)
    found = _found(model)
    if card.range:
        chosen = read_scale(card.range)
        return replace(chosen, reason=f"{in_words(chosen)}, as chosen here")
    if card.kept_range:
        return _of_card(model, card.kept_range, found, "as kept on the model's card")
    if card.scale is not None:
        return _of_card(model, card.scale, found, "as the model's card says")
    dtype = str(model.inputs[0].dtype)
    if dtype == "int8":
        reason = "128 is taken away, a guess: the model takes whole numbers up to 127 (int8)"
        return Scale(1.0, reason, -128.0)
    if found and found.is_stated:
        return replace(RANGES[found.range], reason=_in_words(found), is_stated=True)
    if "int" in dtype:
        reason = f"not scaled: the model takes whole numbers ({dtype})"
        return replace(RANGES["0..255"], reason=reason, is_stated=True)
    if found:
        return replace(RANGES[found.range], reason=_guessed(found))
    return replace(
        RANGES["0..1"], reason="divided by 255, the usual choice: the model says nothing"
    )


def in_range(model: keras.Model, name: str) -> keras.Model:
    """Return the model with its pixels in the range that is called so in `RANGES`.

    Instead of a name it may be mean and deviation of the channels, "mean:0.5,0.4,0.3;deviation:0.2".
    It is a twin, with the same weights. Raises `ModelError` for another name, and for a range of more or
    fewer channels than the model takes.
    """
    require_range(model, name)
    twin = with_layers(model, {})
    attach_card(twin, replace(card_of(model), range=name))
    share(twin, kept_for_twins(model))
    return twin


def require_range(model: keras.Model, name: str) -> None:
    """Raise `ModelError` unless the model's pixels may be in a range: a name, or mean and deviation."""
    if not _is_range_of(model, name):
        raise ModelError(
            f"The range {name!r} is not one of this model: choose {', '.join(ranges_of(model))}, or mean "
            f"and deviation, {_as_many(model)}."
        )


def in_colours(model: keras.Model, colours: Colours) -> keras.Model:
    """Return the model for which these channels are red, green and blue in a picture of three colours.

    It is a twin, with the same weights.
    """
    twin = with_layers(model, {})
    attach_card(twin, replace(card_of(model), colours=colours))
    share(twin, kept_for_twins(model))
    return twin


def ranges_of(model: keras.Model) -> tuple[str, ...]:
    """Return the names of the ranges in which the model's pixels may be."""
    channels = input_shape(model)[2]
    return tuple(name for name, one in RANGES.items() if one.suits(channels))


def _is_range_of(model: keras.Model, name: str) -> bool:
    """Whether the model's pixels may be in a range: a name, or mean and deviation."""
    try:
        return read_scale(name).suits(input_shape(model)[2])
    except ModelError:
        return False


def _as_many(model: keras.Model) -> str:
    channels = input_shape(model)[2]
    return "a number each" if channels == 1 else f"a number or {channels} numbers each"


def _found(model: keras.Model) -> Expected | None:
    kept = kept_for_twins(model)
    if _EXPECTED not in kept:
        kept[_EXPECTED] = expected_range(model)
    found: Expected | None = kept[_EXPECTED]
    return found


def _of_card(model: keras.Model, stated: Any, found: Expected | None, source: str) -> Scale:
    scale = read_scale(stated)
    if not scale.suits(channels := input_shape(model)[2]):
        raise ModelError(
            f"The card states a scale for {scale.channels} channels, and the model takes {channels}: "
            "state one number, or as many."
        )
    reason = f"{in_words(scale)}, {source}"
    if found and found.is_stated and not scale.alike(RANGES[found.range]):
        reason += f", though its first layers suggest pixels from {in_ends(found.range)}"
    return replace(scale, reason=reason, is_stated=True)


def _in_words(found: Expected) -> str:
    low, high = (number(one) for one in found.ends)
    if found.range == "0..255":
        return f"not scaled: the model scales its input itself, to {low} to {high}"
    entering = in_ends(found.range)
    scaled = in_words(RANGES[found.range])
    return f"{scaled}: of {entering} the model makes {low} to {high} before its first weights"


def _guessed(found: Expected) -> str:
    scaled, entering = in_words(RANGES[found.range]), in_ends(found.range)
    return f"{scaled}, a guess: the model cuts or bends what it gets, pixels from {entering} least"
