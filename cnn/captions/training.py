"""Captions of a training: its curves, and what changed between two of its moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption
from cnn.words import counted, number, percent


def accuracy(val_accuracies: Sequence[float]) -> Caption:
    """Return the caption of the accuracy per epoch, from that on validation data."""
    if not len(val_accuracies):
        return Caption("No epoch has ended yet.")
    best = int(np.argmax(val_accuracies))
    return Caption(
        "The share of pictures classified rightly; validation pictures are never trained on.",
        f"The best validation accuracy is {percent(val_accuracies[best], 2)}, after epoch {best + 1}.",
    )


def change(left: NDArray[np.float32], right: NDArray[np.float32]) -> Caption:
    """Return the caption of right minus left, a layer's output (..., channels) at two moments.

    Its colours are those of `cnn.colours.difference_range`: red above zero, blue below it.
    """
    difference = np.subtract(right, left, dtype=np.float64)
    if not difference.any():
        return Caption("Both are the same, to every bit.")
    if difference.min() == difference.max():
        way = "higher" if difference.flat[0] > 0 else "lower"
        return Caption(f"Everywhere the right one is {number(abs(difference.flat[0]))} {way}.")
    moved = np.abs(difference)
    per_channel = moved.reshape(-1, moved.shape[-1]).max(axis=0)
    most = int(per_channel.argmax())
    return Caption(
        "Red is where the right one is higher, blue where it is lower, white where both are equal.",
        f"They differ most in {'unit' if moved.ndim == 1 else 'channel'} {most}, by "
        f"{number(per_channel[most])}; on average by {number(moved.mean())}.",
    )


def gradients(optimizer: str) -> Caption:
    """Return the caption of the norms of the gradients, for a training with the optimiser."""
    seen = "How steeply the loss rises with the weights of each layer."
    if optimizer == "sgd":
        return Caption(seen, "A step is this gradient times the learning rate, downhill.")
    if optimizer == "momentum":
        return Caption(
            seen,
            "A step is the learning rate times a sum of the gradients so far, in which each counts "
            "nine tenths as much as the one after it.",
        )
    return Caption(
        seen,
        "Steps are not that large: the optimiser divides the gradient of each weight by its usual "
        "size.",
    )


def course(losses: Sequence[float], val_losses: Sequence[float]) -> Caption:
    """Return the caption of a training history: losses per epoch, in training and validation."""
    if not len(losses):
        return Caption("No epoch has ended yet.")
    seen = f"{counted(len(losses), 'epoch')}: one point is the mean over an epoch."
    best = int(np.argmin(val_losses))
    notice = f"The validation loss was lowest after epoch {best + 1} ({val_losses[best]:.4f})"
    rises = best < len(val_losses) - 1 and val_losses[-1] > 1.05 * val_losses[best]
    if rises and losses[-1] < losses[best]:
        return Caption(
            seen, f"{notice} and rose after it while the training loss fell: overfitting."
        )
    return Caption(seen, f"{notice}.")
