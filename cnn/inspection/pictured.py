"""Answers that are maps: a class for each cell, or a picture that is to be like the one given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.predictions import Prediction
from cnn.models.card import card_of
from cnn.models.preparing import fitted, prepare

if TYPE_CHECKING:
    import keras

_RANK = 3
_ROUNDING = 1.001


@dataclass(frozen=True, eq=False)
class Segments:
    """The class with the largest number at each cell, `winners` (height, width), first of equal ones.

    `shares` (classes,) is the share of the cells that each class has.
    """

    winners: NDArray[np.intp]
    shares: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A picture beside one that a model made of it, both float32 (height, width, channels).

    `scaling` says what was done to the pixels to compare them, in words.
    """

    picture: NDArray[np.float32]
    made: NDArray[np.float32]
    scaling: str

    @property
    def error(self) -> float:
        """The mean of the squared differences."""
        return float(np.square(self.made.astype(np.float64) - self.picture).mean())


def segments(prediction: Prediction) -> Segments | None:
    """Return the class of each cell; None where the numbers of a cell are none of which one wins."""
    maps = prediction.probabilities
    if maps.ndim != _RANK or prediction.head.each not in ("softmax", "logits"):
        return None
    winners = maps.argmax(axis=-1)
    counts = np.bincount(winners.ravel(), minlength=maps.shape[-1])
    return Segments(winners, counts / winners.size)


def reconstruction(model: keras.Model, image: Any, prediction: Prediction) -> Reconstruction | None:
    """Return the picture beside the output, where that is a picture of the same shape; else None.

    Maps of probabilities, or of as many classes as the card names, are no picture. Of the pixels as the
    model receives them and as shares of full brightness those count that are nearer to the output:
    which ones an autoencoder was taught is not in its file.
    """
    batch = prepare(image, model)[0]
    made = prediction.probabilities
    names, channels = len(card_of(model).class_names), made.shape[-1]
    are_classes = names == channels or (names, channels) == (2, 1)
    if made.shape != batch.shape or prediction.head.each == "softmax" or are_classes:
        return None
    shares = fitted(image, model).astype(np.float32) / np.float32(255)
    received = Reconstruction(batch, made, "as the network receives it")
    divided = Reconstruction(shares, made, "divided by 255")
    return received if received.error <= _ROUNDING * divided.error else divided
