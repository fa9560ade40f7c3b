"""Captions of a training: its curves, and what changed between two of its moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import Caption
from cnn.runs.configuration import TrainingConfig
from cnn.words import counted, number, percent

if TYPE_CHECKING:
    import pandas as pd


def accuracy(
    accuracies: Sequence[float], val_accuracies: Sequence[float], config: TrainingConfig
) -> Caption:
    """Return the caption of the accuracy per epoch, in training and validation."""
    if not len(val_accuracies):
        return Caption("No epoch has ended yet.")
    best = int(np.argmax(val_accuracies))
    lower = int(np.less(accuracies, val_accuracies).sum())
    return Caption(
        "The share of pictures classified rightly; validation pictures are never trained on. "
        f"{_measured(config)}{_apart('lower', lower, len(accuracies))}",
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


def gradients(optimizer: str, last: Mapping[str, float] | None = None) -> Caption:
    """Return the caption of the norms of the gradients, for a training with the optimiser.

    `last` has those of the last step, by layer.
    """
    seen = "How steeply the loss rises with the weights of each layer."
    flat = ", ".join(layer for layer, norm in (last or {}).items() if norm == 0)
    if flat:
        seen += f" In the last step it is 0 for {flat}, which has no place on a logarithmic axis."
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


def course(losses: Sequence[float], val_losses: Sequence[float], config: TrainingConfig) -> Caption:
    """Return the caption of a training history: losses per epoch, in training and validation."""
    if not len(losses):
        return Caption("No epoch has ended yet.")
    higher = int(np.greater(losses, val_losses).sum())
    seen = (
        f"{counted(len(losses), 'epoch')}. {_measured(config)}"
        f"{_apart('higher', higher, len(losses))}"
    )
    best = int(np.argmin(val_losses))
    notice = f"The validation loss was lowest after epoch {best + 1} ({val_losses[best]:.4f})"
    rises = best < len(val_losses) - 1 and val_losses[-1] > 1.05 * val_losses[best]
    if rises and losses[-1] < losses[best]:
        return Caption(
            seen, f"{notice} and rose after it while the training loss fell: overfitting."
        )
    return Caption(seen, f"{notice}.")


def _measured(config: TrainingConfig) -> str:
    """Return how the two curves are measured, with all that makes them differ."""
    harder = [
        "on varied pictures" if config.augment else "",
        "with dropout" if config.architecture.dropout else "",
        f"with {percent(config.wrong_labels, 0)} wrong labels" if config.wrong_labels else "",
    ]
    how = ", ".join(filter(None, ["while the network learns", *harder]))
    return (
        f"Training is the mean over each epoch, measured {how}; validation is measured at the "
        "epoch's end."
    )


def _apart(which: str, count: int, epochs: int) -> str:
    if not count:
        return ""
    where = "here" if epochs == 1 else f"in {count} of the {epochs} epochs here"
    return f" That is why training can be the {which} of the two, as {where}."


def recognised(table: pd.DataFrame, when: Sequence[str]) -> Caption:
    """Return the caption of the share of each class that is recognised.

    `table` has a column per class, NaN where there are no pictures, and a row for each `when`,
    such as "After the last epoch".
    """
    shares = table.drop(columns="epoch")
    seen = (
        "Of the validation pictures of each class, the share that is recognised: the darker a cell, "
        "the smaller the share."
    )
    if shares.isna().any(axis=None):
        seen += " An empty cell is a class without pictures."
    rows = [row.dropna() for _, row in shares.iterrows()]
    sentences = [_one_answer(where, row) for where, row in zip(when, rows, strict=True)]
    if len(rows) == 1 and not sentences[0] and rows[0].nunique() > 1:
        least, most = rows[0].idxmin(), rows[0].idxmax()
        sentences = [
            f"{when[0]} class {least} is recognised least ({percent(rows[0][least])}), class {most} "
            f"most ({percent(rows[0][most])})."
        ]
    return Caption(seen, " ".join(filter(None, sentences)))


def _one_answer(when: str, shares: pd.Series) -> str:
    """Return what is to be said where a single class is recognised, else nothing."""
    known = shares[shares > 0]
    if len(known) != 1 or len(shares) == 1:
        return ""
    name = known.index[0]
    return (
        f"{when} only class {name} is recognised, as by a network that answers {name} to every "
        "picture: that says nothing of how hard the other classes are."
    )
