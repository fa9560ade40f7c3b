"""What a network was trained to do, as far as the loss is known: read as words, never compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cnn.models.internals import graph_of, is_graph

if TYPE_CHECKING:
    import keras

Aim = Literal["classes", "separate", "numbers", ""]
# What sums can be taken for.
AIMS: tuple[Aim, ...] = ("classes", "separate", "numbers")
_SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
    "cosine_proximity": "cosine_similarity",
}
# Of sums, hinges make margins: larger speaks for a class, and no share of it.
_OF_NUMBERS = {*_SHORT.values(), "poisson", "hinge", "squared_hinge", "categorical_hinge"}
_OF_CLASSES = {
    "categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_focal_crossentropy",
}  # fmt: skip
_OF_EACH = {"binary_crossentropy", "binary_focal_crossentropy"}
# The losses of Keras of which it is known what they say of an output.
KNOWN = tuple(sorted(_OF_NUMBERS | _OF_CLASSES | _OF_EACH))
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
        if self.name in _OF_EACH:
            return "separate"
        return "classes" if self.from_logits else ""

    @property
    def takes_sigmoids(self) -> bool:
        """Whether it makes a probability of each sum by itself."""
        return self.aim == "separate" and self.from_logits

    @property
    def words(self) -> str:
        """The loss for a sentence: "mean squared error"."""
        return self.name.replace("_", " ") + (" of sums" if self.from_logits else "")

    @property
    def written(self) -> dict[str, Any]:
        """The loss as what JSON can hold, which `read_loss` reads."""
        return {"class_name": self.name, "config": {"from_logits": self.from_logits}}


@dataclass(frozen=True)
class Place:
    """Where an output stands among those of a model: its layer, and the keys on the way to it."""

    layer: str = ""
    keys: tuple[int | str, ...] = ()


def places_of(model: Any) -> tuple[Place, ...]:
    """Return where each output of a model stands, in the order of `model.outputs`."""
    import keras

    if not is_graph(model):
        return (Place(),)
    graph = graph_of(model)
    keys = [keys for keys, _ in keras.tree.flatten_with_path(graph.output)]
    return tuple(map(Place, graph.output_names, keys))


def read_losses(training: Any, outputs: Sequence[Place]) -> tuple[Loss | None, ...]:
    """Return the loss of each output of a model, None where none of Keras is named.

    `training` is what the file keeps of `model.compile`. Losses may be named by the layers of the
    outputs or, where the model gives its outputs by names of their own, by these.
    """
    stated = training.get("loss") if isinstance(training, Mapping) else None
    if isinstance(stated, list):
        fits = len(stated) == len(outputs)
        return tuple(map(read_loss, stated)) if fits else (None,) * len(outputs)
    return tuple(read_loss(_stated_of(output, stated)) for output in outputs)


def _stated_of(output: Place, stated: Any) -> Any:
    """Return what is stated of one output, where it is by names, else all that is stated."""
    for key in output.keys or (0,):
        if isinstance(stated, Mapping) and "class_name" not in stated:
            stated = stated.get(key if isinstance(key, str) else output.layer)
    return stated


def compiled_losses(model: keras.Model) -> tuple[Loss | None, ...]:
    """Return the loss of each output that a model in memory was compiled with, as `read_losses` does."""
    import keras

    try:
        stated = keras.saving.serialize_keras_object(getattr(model, "loss", None))
    except Exception:
        # A loss of somebody's own that Keras cannot put into words is none of Keras.
        stated = None
    return read_losses({"loss": stated}, places_of(model))


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
    return Loss(name, from_logits) if name in KNOWN else None
