"""What a network was trained to do, as far as the loss is known: read as words, never compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import keras

Aim = Literal["classes", "separate", "numbers", ""]
_SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
    "cosine_proximity": "cosine_similarity",
}
_OF_NUMBERS = {*_SHORT.values(), "poisson"}
_OF_CLASSES = {
    "categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_focal_crossentropy",
}  # fmt: skip
_OF_EACH = {"binary_crossentropy", "binary_focal_crossentropy"}
_CAPITAL = re.compile("(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Loss:
    """A loss of Keras by its `name`, and whether it makes probabilities of the output itself."""

    name: str
    from_logits: bool = False

    @property
    def aim(self) -> Aim:
        """What the sums that it was given are: of "classes", "separate" ones, plain "numbers", or ""."""
        if self.name in _OF_NUMBERS:
            return "numbers"
        if not self.from_logits:
            return ""
        return "classes" if self.name in _OF_CLASSES else "separate"

    @property
    def words(self) -> str:
        """The loss for a sentence: "mean squared error"."""
        return self.name.replace("_", " ") + (" of sums" if self.from_logits else "")

    @property
    def written(self) -> dict[str, Any]:
        """The loss as what JSON can hold, which `read_loss` reads."""
        return {"class_name": self.name, "config": {"from_logits": self.from_logits}}


def read_losses(training: Any, outputs: Sequence[str]) -> tuple[Loss | None, ...]:
    """Return the loss of each output of a model, None where none of Keras is named.

    `training` is what the file keeps of `model.compile`, and `outputs` are the names of the outputs.
    """
    stated = training.get("loss") if isinstance(training, Mapping) else None
    if isinstance(stated, Mapping) and "class_name" not in stated:
        return tuple(read_loss(stated.get(name)) for name in outputs)
    if isinstance(stated, list):
        fits = len(stated) == len(outputs)
        return tuple(map(read_loss, stated)) if fits else (None,) * len(outputs)
    return (read_loss(stated),) * len(outputs)


def compiled_losses(model: keras.Model) -> tuple[Loss | None, ...]:
    """Return the loss of each output that a model in memory was compiled with, as `read_losses` does."""
    import keras

    try:
        stated = keras.saving.serialize_keras_object(getattr(model, "loss", None))
    except Exception:
        # A loss of somebody's own that Keras cannot put into words is none of Keras.
        stated = None
    return read_losses({"loss": stated}, getattr(model, "output_names", ("",)))


def read_loss(stated: Any) -> Loss | None:
    """Return the loss of Keras that a file states, by its name or as Keras writes it, else None."""
    config = stated.get("config") if isinstance(stated, Mapping) else None
    if isinstance(config, Mapping):
        name, from_logits = stated.get("class_name"), config.get("from_logits") is True
    else:
        name, from_logits = stated if config is None else config, False
    if not isinstance(name, str):
        return None
    name = _CAPITAL.sub("_", name).lower()
    name = _SHORT.get(name, name)
    return Loss(name, from_logits) if name in _OF_NUMBERS | _OF_CLASSES | _OF_EACH else None
