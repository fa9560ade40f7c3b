"""Captions of a training: its curves, and what changed between two of its moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnn.captions.words import Caption, counted


def accuracy(val_accuracies: Sequence[float]) -> Caption:
    """Return the caption of the accuracy per epoch, from that on validation data."""
    if not len(val_accuracies):
        return Caption("No epoch has ended yet.")
    best = int(np.argmax(val_accuracies))
    return Caption(
        "The share of pictures classified rightly; validation pictures are never trained on.",
        f"The best validation accuracy is {val_accuracies[best]:.2%}, after epoch {best + 1}.",
    )


def change(before: NDArray[np.float32], after: NDArray[np.float32]) -> Caption:
    """Return the caption of the difference of a layer's output, (..., channels), at two moments."""
    moved = np.abs(np.subtract(after, before, dtype=np.float64))
    if not moved.any():
        return Caption("Nothing changed: both are the same, to every bit.")
    per_channel = moved.reshape(-1, moved.shape[-1]).max(axis=0)
    most = int(per_channel.argmax())
    return Caption(
        "Red is where the later value is higher, blue where it is lower.",
        f"The largest change is {per_channel[most]:.3g}, in "
        f"{'unit' if moved.ndim == 1 else 'channel'} {most}; the mean change is {moved.mean():.3g}.",
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
