"""What a model says of a picture, and which class it prefers, if it prefers one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError
from cnn.models.card import card_of, class_names
from cnn.models.heads import Head, head_of

if TYPE_CHECKING:
    import keras

_ROUNDING = 1e-6
# Of classes along a slider a line is drawn for those that reach this anywhere, and for so many at most.
LEAST_DRAWN, MOST_DRAWN = 0.05, 6


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says of a picture.

    `probabilities` (classes,) is the model's output, or the softmax of it where that is logits;
    `head` says what it is, and where it is no probability per class, it is the output as it is.
    `logits` (classes,) are the sums before the last activation, None where the last layer does not
    show them. `zero` is the class for which a small number speaks, where the one output stands between
    two classes that the card names.
    """

    probabilities: NDArray[np.float32]
    logits: NDArray[np.float32] | None
    class_names: tuple[str, ...]
    head: Head
    zero: str | None = None

    @classmethod
    def of(cls, model: keras.Model, probabilities: Any, logits: Any) -> Prediction:
        """Return the prediction of a batch of one, from tensors (1, classes)."""
        first = None if logits is None else logits.numpy()[0]
        head, two = head_of(model), card_of(model).class_names
        zero = two[0] if len(two) == 2 and head.shape == (1,) else None
        return cls(probabilities.numpy()[0], first, class_names(model), head, zero)

    @property
    def has_classes(self) -> bool:
        """Whether there is a probability per class, all of them finite."""
        return self.head.has_classes and bool(np.isfinite(self.probabilities).all())

    def require_finite(self, what: str) -> None:
        """Raise `ModelError` where the output or the logits are not finite, which `what` needs."""
        given = [one for one in (self.probabilities, self.logits) if one is not None]
        if not all(np.isfinite(one).all() for one in given):
            raise ModelError(
                f"{what} needs finite numbers: this model gives NaN or infinity. Choose another picture "
                "or model."
            )

    @property
    def label(self) -> int:
        """The class with the largest probability; of equal ones the first."""
        return int(self.probabilities.argmax())

    @property
    def tied(self) -> int:
        """How many classes share the largest probability, but for rounding."""
        return int(tied(self.probabilities))

    @property
    def winner(self) -> str | None:
        """The name of the class with the largest probability; None where there is no single one."""
        return self.class_names[self.label] if self.has_classes and self.tied == 1 else None

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """Return the `count` likeliest classes as (name, probability), the likeliest first.

        Where the output is another vector, they are its largest numbers; of maps there are none.
        """
        if self.head.form == "maps":
            return []
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.class_names[i], float(self.probabilities[i])) for i in order]


def reaching_most(values: NDArray[np.float32]) -> list[int]:
    """Return the classes of `values` (n, classes) that are drawn as lines, the highest first.

    They are those that reach `LEAST_DRAWN` anywhere, at most `MOST_DRAWN`; where none does, the one that
    reaches most. A tie goes by the mean.
    """
    highest, mean = values.max(axis=0), values.mean(axis=0)
    order = np.lexsort((-mean, -highest))
    reaching = [int(i) for i in order if highest[i] >= LEAST_DRAWN]
    return reaching[:MOST_DRAWN] or [int(order[0])]


def tied(probabilities: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return how many of the last axis, (..., classes), share the largest, but for rounding."""
    largest = probabilities.max(axis=-1, keepdims=True)
    near: NDArray[np.intp] = (probabilities >= largest - _ROUNDING * np.abs(largest)).sum(axis=-1)
    return near
