"""Captions of a training that another program did: what was measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn.captions.caption import Caption
from cnn.runs.recorded import ACCURACY, LOSS, Recorded
from cnn.words import counted, percent

_NO_CURVES = {
    "callback": "No epoch has ended yet.",
    "import": "These checkpoints came without curves: import them again with --history.",
}


def recorded_loss(
    epochs: Sequence[int], losses: Sequence[float], val_losses: Sequence[float], known: Recorded
) -> Caption:
    """Return the caption of the losses of epochs, given by number; what was not measured is NaN."""
    if not len(losses):
        return Caption(_NO_CURVES[known.by])
    seen = f"{counted(len(losses), 'epoch')}, as Keras told {'it' if len(losses) == 1 else 'them'}."
    if LOSS in known.settings:
        seen += f" The loss is {known.settings[LOSS]}."
    broken = int((~np.isfinite(losses)).sum())
    if broken == len(losses) and not np.isfinite(val_losses).any():
        return Caption(f"{seen} No loss is known.")
    if not np.isfinite(val_losses).any():
        best = int(np.nanargmin(losses))
        return Caption(
            f"{seen} Nothing was validated.",
            f"The loss in training was lowest in epoch {epochs[best]} ({losses[best]:.4f}).",
        )
    best = int(np.nanargmin(val_losses))
    return Caption(
        seen,
        f"The validation loss was lowest after epoch {epochs[best]} ({val_losses[best]:.4f}).",
    )


def recorded_accuracy(
    epochs: Sequence[int],
    accuracies: Sequence[float],
    val_accuracies: Sequence[float],
    known: Recorded,
) -> Caption:
    """Return the caption of the accuracies of epochs, as of their losses."""
    if not len(accuracies):
        return Caption(_NO_CURVES[known.by])
    if np.isfinite(val_accuracies).any():
        best = int(np.nanargmax(val_accuracies))
        what, where, share = "validation accuracy", "after", val_accuracies[best]
    elif np.isfinite(accuracies).any():
        best = int(np.nanargmax(accuracies))
        what, where, share = "accuracy in training", "in", accuracies[best]
    else:
        return Caption("This training measured no accuracy.")
    named = f"The accuracy is {known.settings[ACCURACY]}." if ACCURACY in known.settings else ""
    return Caption(named, f"The best {what} is {percent(share, 2)}, {where} epoch {epochs[best]}.")


def recorded_rate(known: Recorded) -> Caption:
    """Return the caption of the learning rate."""
    optimizer = known.settings.get("optimiser")
    if optimizer:
        return Caption(f"Optimiser: {optimizer}.")
    return Caption("The optimiser and its learning rate are not known.")


def recorded_gradients() -> Caption:
    """Return the caption of the norms of the gradients, for a training by another program."""
    return Caption(
        "How steeply the loss rises with the weights of each layer, before the optimiser cuts or scales "
        "it. It was read at most four times a second."
    )
