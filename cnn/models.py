"""Keras models: built, loaded, saved, and what is known about one beyond its graph (its card)."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn.architecture import Architecture
from cnn.errors import ModelError, reason
from cnn.files import read_json, replacing, write_json
from cnn.words import scaled

if TYPE_CHECKING:
    import keras

SUFFIXES = (".keras", ".h5")
_CARD = "_cnn_card"


@dataclass(frozen=True)
class Scale:
    """What pixels of 0 to 255 are multiplied with before they enter the model, and why."""

    factor: float
    reason: str


@dataclass(frozen=True)
class Card:
    """What a model's maker says of it: class names, pixel scale, and free facts for the reader."""

    class_names: tuple[str, ...] = ()
    scale: float | None = None
    facts: dict[str, Any] | None = None


@cache
def pretrained_run() -> Path:
    """Return the folder of the bundled digit classifier, laid out as a training run."""
    return Path(str(files("cnn") / "pretrained"))


def card_path(model_path: Path) -> Path:
    """Return where the card of the model file is kept: beside it, `<name>.card.json`."""
    return model_path.with_name(f"{model_path.stem}.card.json")


def build_classifier(
    shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    architecture: Architecture | None = None,
    seed: int | None = None,
) -> keras.Model:
    """Return an untrained classifier; `ModelError` if such pictures do not go through it.

    Without an `architecture`: Conv2D 32 3x3 ReLU, max-pool 2, Conv2D 64 3x3 ReLU, max-pool 2,
    flatten, Dense 64 ReLU, Dense `classes` softmax. `seed` fixes the initial weights.
    """
    import keras

    if seed is not None:
        keras.utils.set_random_seed(seed)
    inputs, outputs = (architecture or Architecture()).build(shape, classes)
    return keras.Model(inputs, outputs, name="digit_classifier")


def load_model(path: Path | str | None = None) -> keras.Model:
    """Return the model in a `.keras` or `.h5` file, normalised to a functional graph.

    Without a path it is the bundled digit classifier. Files are opened in safe mode. Raises
    `ModelError` for a file that is missing, damaged, of another kind, that needs arbitrary code,
    or that is no single-image model.
    """
    path = Path(path) if path else pretrained_run() / "model.keras"
    _require_model_file(path)
    model = as_functional(_open(path))
    card = card_path(path)
    if card.is_file():
        attach_card(model, read_card(card))
    return model


def save_model(model: keras.Model, path: Path | str, *, card: Card | None = None) -> None:
    """Write the model to `path` (`.keras` or `.h5`), atomically, and its card beside it.

    The folder is made if it is not there.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ModelError(f"{path.name} cannot be written: the name must end in .keras or .h5.")
    path.parent.mkdir(parents=True, exist_ok=True)
    if card:
        write_card(card, card_path(path))
    with replacing(path) as aside:
        model.save(aside)


def read_card(path: Path) -> Card:
    """Return the card in a JSON file; `ModelError` if it is no card."""
    try:
        raw = read_json(path)
        names = tuple(str(name) for name in raw.get("class_names", ()))
        return Card(names, raw.get("scale"), raw.get("facts"))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelError(
            f"{path.name} is no model card ({reason(error)}): mend or remove it."
        ) from error


def write_card(card: Card, path: Path) -> None:
    """Write the card as JSON."""
    write_json(
        path,
        {"class_names": card.class_names, "scale": card.scale, "facts": card.facts or {}},
    )


def card_of(model: keras.Model) -> Card:
    """Return the card that came with the model, or an empty one."""
    return getattr(model, _CARD, Card())


def class_names(model: keras.Model) -> tuple[str, ...]:
    """Return a name per output unit: from the card, else the numbers from 0."""
    count = int(model.outputs[0].shape[-1] or 1)
    names = card_of(model).class_names
    return names if len(names) == count else tuple(str(i) for i in range(count))


def input_shape(model: keras.Model) -> tuple[int | None, int | None, int]:
    """Return (height, width, channels) of the model's input; None where any size is taken."""
    _, height, width, channels = model.inputs[0].shape
    return height, width, int(channels)


def scale_of(model: keras.Model) -> Scale:
    """Return how pixels are scaled for the model: by its own layers, its card, or 1/255."""
    if any(_scales(layer) for layer in _all_layers(model)):
        return Scale(1.0, "not scaled: the model scales its input itself")
    stated = card_of(model).scale
    if stated is not None:
        return Scale(float(stated), f"{scaled(float(stated))}, as the model's card says")
    return Scale(1 / 255, "divided by 255, the usual choice: the model says nothing")


def as_functional(model: Any) -> keras.Model:
    """Return the model as a functional graph of one picture in; `ModelError` if it has none."""
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError("The file holds no Keras model: save one with model.save('name.keras').")
    try:
        single = [tensors[0] if len(tensors) == 1 else tensors for tensors in _ends(model)]
        functional = keras.Model(*single, name=model.name)
    except (AttributeError, ValueError, TypeError) as error:
        raise ModelError(
            f"The model {model.name!r} has no graph of layers (it is a subclass of Model, or was "
            "never built): rebuild it with the functional or the sequential API."
        ) from error
    shapes = [tuple(tensor.shape) for tensor in functional.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][-1] not in (1, 3):
        raise ModelError(
            f"The model {model.name!r} takes {shapes}: expected one picture, "
            "(batch, height, width, 1 or 3 channels)."
        )
    return functional


def _ends(model: Any) -> tuple[list[Any], list[Any]]:
    return list(model.inputs), list(model.outputs)


def _scales(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.Rescaling | keras.layers.Normalization)


def _all_layers(model: keras.Model) -> list[Any]:
    return list(model._flatten_layers())


def attach_card(model: keras.Model, card: Card) -> None:
    """Let `card_of` return the card for the model."""
    object.__setattr__(model, _CARD, card)


def _require_model_file(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"There is no file {path.name}: give the path of a .keras or .h5 file.")
    if path.suffix not in SUFFIXES:
        raise ModelError(f"{path.name} is no Keras model: expected a .keras or .h5 file.")
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path.name} is no Keras model or is cut short: it is not the archive that "
            "model.save('name.keras') writes. Save it again."
        )


def _open(path: Path) -> Any:
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        told = str(error)
        if "safe_mode" in told or "unsafe" in told.lower() or "lambda" in told.lower():
            raise ModelError(
                f"{path.name} needs arbitrary Python code to run (a Lambda layer, for example), "
                "which is refused: replace it by layers or operations of Keras."
            ) from error
        raise ModelError(
            f"{path.name} cannot be opened as a Keras model ({reason(error)[:200]}): it is damaged "
            "or needs classes of its own. Save it again from layers of Keras."
        ) from error
