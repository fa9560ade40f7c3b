"""Sentences on answers that are maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn.captions.caption import Caption, not_finite
from cnn.inspection.pictured import Reconstruction, Segments
from cnn.inspection.predictions import Prediction
from cnn.words import listed, number, percent

_MOST_NAMED = 6
_EACH = {
    "softmax": "at each cell they are probabilities, which add up to 1",
    "logits": "the largest number of a cell wins it",
    "scores": "each is a score between 0 and 1 by itself, and none wins",
}


def overlay(found: Segments, names: Sequence[str]) -> Caption:
    """Return the caption of the picture coloured by the class of each cell."""
    order = [int(i) for i in np.argsort(-found.shares, kind="stable") if found.shares[i]]
    told = [f"{names[i]} ({percent(found.shares[i])})" for i in order[:_MOST_NAMED]]
    more = [f"{len(order) - _MOST_NAMED} more"] if len(order) > _MOST_NAMED else []
    return Caption(
        "The colour is the class with the largest number at a cell, bright where the picture is bright.",
        f"The cells by class: {listed([*told, *more])}.",
    )


def class_maps(prediction: Prediction) -> Caption:
    """Return the caption of the maps of all classes."""
    names, values = prediction.class_names, prediction.probabilities
    what = "classes" if prediction.head.each in _EACH else "channels"
    seen = f"A map for each of {len(names):,} {what}" if len(names) > 1 else "One map"
    if len(names) <= _MOST_NAMED and names != tuple(str(i) for i in range(len(names))):
        seen = f"A map each for {listed(names)}, from the first"
    rule = _EACH.get(prediction.head.each, "numbers that are no probabilities")
    return Caption(f"{seen}: {rule}.", not_finite("number", values))


def given(made: Reconstruction) -> Caption:
    """Return the caption of the picture that the answer is compared with."""
    return Caption(f"The picture, {made.scaling}: what the answer is compared with.")


def answer(made: Reconstruction) -> Caption:
    """Return the caption of a picture that the network made, and how far it is from the one given."""
    return Caption(
        "The picture that the network makes of it.",
        not_finite("number", made.made)
        or f"The mean squared error between both is {number(made.error)}.",
    )


def difference(made: Reconstruction) -> Caption:
    """Return the caption of the answer minus the picture."""
    seen = "The answer minus the picture: red is too bright, blue too dark."
    apart = made.made - made.picture
    if not np.isfinite(apart).all() or not apart.any():
        return Caption(seen)
    place = np.unravel_index(int(np.abs(apart).argmax()), apart.shape)
    where = f"row {int(place[0])}, column {int(place[1])}"
    channel = f" of channel {int(place[2])}" if apart.shape[-1] > 1 else ""
    return Caption(seen, f"It is largest, {number(apart[place])}, at {where}{channel}.")
