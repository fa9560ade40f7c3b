"""Keras models in files: loaded as a functional graph of one picture, and saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn.errors import ModelError
from cnn.files import replacing
from cnn.models.adapting import adapted, unadapted
from cnn.models.card import Card, attach_card, card_path, read_card, write_card
from cnn.models.enclosed import enclosed_card
from cnn.models.graph import output_names, owned_layers
from cnn.models.internals import without_graph
from cnn.models.layers import layer_infos
from cnn.models.losses import Loss
from cnn.models.opening import SUFFIXES, Limits, opened
from cnn.models.sizes import size_for

if TYPE_CHECKING:
    import keras

_DEFAULT = Limits()
# Of a picture whose size a network leaves open, where it has to be known.
_SIDE = 28


@cache
def pretrained_run() -> Path:
    """Return the folder of the bundled digit classifier, laid out as a training run."""
    return Path(str(files("cnn") / "pretrained"))


def load_model(path: Path | str | None = None, *, limits: Limits = _DEFAULT) -> keras.Model:
    """Return the model in a `.keras`, `.h5` or `.hdf5` file, normalised to a functional graph.

    Without a path it is the bundled digit classifier. Its card is the file beside it, or the one inside.
    No code in the file is run, and nothing beyond `limits` is unpacked or built. Raises `ModelError`
    for a file that is missing, damaged, of another kind, too large, that needs code or classes of its
    own, or that is no single-image model.
    """
    path = Path(path) if path else pretrained_run() / "model.keras"
    card = kept_card(path)
    model, losses = opened(path, limits)
    functional = as_functional(model, given=card.inputs)
    attach_card(functional, trained_with(card, functional, losses))
    return functional


def trained_with(card: Card, model: keras.Model, losses: Iterable[Loss | None]) -> Card:
    """Return the card with the losses of the model's outputs, in their order; None is not known."""
    named = zip(output_names(model), losses, strict=False)
    return replace(card, losses={**card.losses, **{name: one for name, one in named if one}})


def kept_card(path: Path) -> Card:
    """Return the card beside the model's file, else the one inside; `ModelError` for a damaged one."""
    beside = card_path(path)
    return read_card(beside) if beside.is_file() else enclosed_card(path)


def save_model(model: keras.Model, path: Path | str, *, card: Card | None = None) -> None:
    """Write the model to `path` (`.keras` or `.h5`), atomically, and its card beside it.

    The folder is made if it is not there. Raises `ModelError` for another ending, and for a network
    that Keras could not load again.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ModelError(f"{path.name} cannot be written: the name must end in .keras or .h5.")
    _require_loadable(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    if card:
        write_card(card, card_path(path))
    with replacing(path) as aside:
        unadapted(model).save(aside)


def _require_loadable(model: keras.Model) -> None:
    """Raise `ModelError` where models inside the model share a layer with weights.

    Keras writes such weights once, and misses them where it reads the second of the models.
    """
    owners: dict[int, Any] = {}
    for layer, owner in owned_layers(model):
        if getattr(layer, "weights", ()) and owners.setdefault(id(layer), owner) is not owner:
            raise ModelError(
                f"{model.name!r} cannot be saved: the models {owners[id(layer)].name!r} and "
                f"{owner.name!r} in it share the layer {layer.name!r}, which Keras could not load again. "
                "Change channels outside of them, or in one that is used once."
            )


def as_functional(model: Any, *, given: Mapping[str, Any] | None = None) -> keras.Model:
    """Return the model as a functional graph of one picture in; `ModelError` if it has none.

    A network that takes its picture in another way than (height, width, 1 or 3 channels) has layers
    before it that make that of it, see `cnn.models.adapting`; `given` are the numbers for further inputs
    by their names, else zeros.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError("The file holds no Keras model: save one with model.save('name.keras').")
    try:
        single = [tensors[0] if len(tensors) == 1 else tensors for tensors in _ends(model)]
        functional = keras.Model(*single, name=model.name)
    except (AttributeError, ValueError, TypeError) as error:
        raise ModelError(without_graph(model)) from error
    model = adapted(functional, given)
    if _has_open_channels(model):
        return adapted(functional, given, size=size_for(model, _SIDE, _SIDE))
    return model


def _has_open_channels(model: keras.Model) -> bool:
    """Whether it depends on the picture's size how many channels, or units, a layer has."""
    is_open = None in model.inputs[0].shape[1:]
    return is_open and any(info.output_shape[-1] is None for info in layer_infos(model))


def _ends(model: Any) -> tuple[list[Any], list[Any]]:
    return list(model.inputs), list(model.outputs)
