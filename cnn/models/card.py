"""What is known about a model beyond its graph: its card, a file beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError, reason
from cnn.files import read_json, write_json
from cnn.images.pixels import RED_GREEN_BLUE, Colours
from cnn.models.losses import AIMS, KNOWN, Aim, Loss, read_loss
from cnn.models.opening.contents import require_short
from cnn.models.scales import read_scale
from cnn.words import counted

if TYPE_CHECKING:
    import keras

_CARD = "_cnn_card"
_LONGEST_NAME = 80
_MOST_TOLD = 5
_EXAMPLE = '{"class_names": ["cat", "dog"]}'
_KEPT = ("class_names", "scale", "facts", "inputs", "losses", "range", "sums")


@dataclass(frozen=True)
class Card:
    """What a model's maker says of it: class names, pixel scale, and free facts for the reader.

    `scale` is what `cnn.models.scales.read_scale` takes: a number, the name of a convention, or
    `{"factor": ..., "offset": ...}`. `kept_range`, "range" in the file, is one of its names that a
    reader chose instead for all, or mean and deviation; `range` is what the reader of one link chose,
    and no part of the file, and so are `colours`, the channels that are red, green and blue. `inputs`
    are the numbers for further inputs of the model, by their names. `losses` are those that it was
    trained with, as far as they are known, by the layer call that gives the output. `kept_sums`, "sums"
    in the file, says by the same names what a reader takes an output's sums for, where no loss does, and
    `sums` what the reader of one link does. Raises `ModelError` for a scale that is none of these.
    """

    class_names: tuple[str, ...] = ()
    scale: Any = None
    facts: dict[str, Any] | None = None
    range: str = ""
    inputs: dict[str, Any] | None = None
    losses: Mapping[str, Loss] = field(default_factory=dict)
    colours: Colours = RED_GREEN_BLUE
    kept_range: str = ""
    sums: Mapping[str, Aim] = field(default_factory=dict)
    kept_sums: Mapping[str, Aim] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a scale that cannot be used."""
        if self.scale is not None:
            read_scale(self.scale)
        if self.kept_range:
            read_scale(self.kept_range)


_EMPTY = Card()


def card_path(model_path: Path) -> Path:
    """Return where the card of the model file is kept: beside it, `<name>.card.json`."""
    return model_path.with_name(f"{model_path.stem}.card.json")


def read_card(path: Path) -> Card:
    """Return the card in a JSON file; `ModelError` if it is no card, or larger than any real one."""
    try:
        require_short(path.name, path.stat().st_size)
        raw = read_json(path)
    except (OSError, ValueError) as error:
        raise _no_card(path.name, reason(error)) from error
    return card_from(raw, path.name)


def card_from(raw: Any, called: str) -> Card:
    """Return the card that JSON holds; `ModelError`, with what the file is called, if it is none."""
    if not isinstance(raw, dict):
        raise _no_card(called, f"expected an object, such as {_EXAMPLE}")
    names, scale, facts, inputs, losses, kept, sums = (raw.get(name) for name in _KEPT)
    _require_names(names, called)
    if inputs is not None and not isinstance(inputs, dict):
        raise ModelError(
            f"{called} gives {str(inputs)[:60]!r} as inputs: expected numbers by the names of the "
            'inputs beside the picture, such as {"age": 42}.'
        )
    if not isinstance(kept or "", str):
        raise ModelError(
            f"{called} gives {str(kept)[:60]!r} as range: expected a name, such as "
            '"0..255", or leave it out.'
        )
    known, taken = _losses(losses, called), _sums(sums, called)
    try:
        return Card(
            tuple(names or ()), scale, facts, inputs=inputs, losses=known, kept_range=kept or "",
            kept_sums=taken,
        )  # fmt: skip
    except ModelError as error:
        raise ModelError(f"{called}: {error}") from error


def _losses(stated: Any, called: str) -> dict[str, Loss]:
    """Return the losses of Keras that a card states by the layers of the outputs."""
    if not isinstance(stated or {}, dict):
        raise ModelError(
            f"{called} gives {str(stated)[:60]!r} as losses: expected them by the layers of the outputs, "
            'such as {"classes": "mean_squared_error"}.'
        )
    return {layer: _loss(one, layer, called) for layer, one in (stated or {}).items()}


def _loss(stated: Any, layer: str, called: str) -> Loss:
    loss = read_loss(stated)
    if loss is None:
        raise ModelError(
            f"{called} gives {str(stated)[:60]!r} as the loss of {layer!r}: expected one of "
            f"{', '.join(KNOWN)}. Leave out any other."
        )
    return loss


def _sums(stated: Any, called: str) -> dict[str, Aim]:
    """Return what a card says that the sums of outputs are, by the layers of the outputs."""
    is_known = isinstance(stated or {}, dict) and all(
        one in AIMS for one in (stated or {}).values()
    )
    if not is_known:
        raise ModelError(
            f"{called} gives {str(stated)[:60]!r} as sums: expected {', '.join(AIMS)} by the layers of "
            'the outputs, such as {"dense": "numbers"}.'
        )
    return dict(stated or {})


def _no_card(called: str, why: str) -> ModelError:
    return ModelError(f"{called} is no model card ({why}): mend or remove it.")


def _require_names(names: Any, called: str) -> None:
    are_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if names is not None and not are_names:
        raise ModelError(
            f"{called} gives {str(names)[:60]!r} as class names: expected a list of strings, one "
            'for each class, such as ["cat", "dog"].'
        )


def stated_card(class_names: Any = (), scale: Any = None) -> Card:
    """Return the card of what a program states: names of classes, which become texts, and a scale.

    Raises `ModelError` for class names that are no list of one name each, of which one is empty or too
    long, or two are the same, and for a scale that is not known.
    """
    is_list = isinstance(class_names, Iterable) and not isinstance(
        class_names, str | bytes | Mapping
    )
    if not is_list:
        raise ModelError(
            f"class_names is {str(class_names)[:60]!r}: expected a list with one name a class, such as "
            '["cat", "dog"].'
        )
    names = tuple(one.decode() if isinstance(one, bytes) else str(one) for one in class_names)
    _require_distinct(names)
    return Card(names, _without_numpy(scale))


def _without_numpy(stated: Any) -> Any:
    """Return numbers of numpy, and those in lists and mappings, as plain ones, which JSON can hold."""
    if isinstance(stated, np.generic | np.ndarray):
        return stated.tolist()
    if isinstance(stated, Mapping):
        return {name: _without_numpy(one) for name, one in stated.items()}
    return [_without_numpy(one) for one in stated] if isinstance(stated, list | tuple) else stated


def with_class_names(card: Card, names: Sequence[str], count: int) -> Card:
    """Return the card with these names of `count` outputs, one each, or both of a single one's.

    Raises `ModelError` where there are more or fewer, one is empty or too long, or two are the same.
    """
    if len(names) != count and (count, len(names)) != (1, 2):
        wanted = "2 (the one for 0, then the one for 1)" if count == 1 else str(count)
        raise ModelError(f"{counted(len(names), 'name')} came: expected {wanted}, one a class.")
    _require_distinct(names)
    return replace(card, class_names=tuple(names))


def _require_distinct(names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        letters = len(name.strip())
        if not 0 < letters <= _LONGEST_NAME:
            raise ModelError(
                f"Name {place + 1} has {counted(letters, 'letter')}: expected 1 to {_LONGEST_NAME}."
            )
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise ModelError(f"{twice!r} is the name of several classes: give each its own.")


def write_card(card: Card, path: Path) -> None:
    """Write the card as JSON."""
    write_json(path, content_of(card))


def content_of(card: Card) -> dict[str, Any]:
    """Return what a file of the card holds, as what JSON can hold."""
    scale = card.range or card.scale
    content: dict[str, Any] = {
        "class_names": card.class_names,
        "scale": scale,
        "facts": card.facts or {},
    }
    if card.inputs:
        content["inputs"] = card.inputs
    if card.losses:
        content["losses"] = {name: loss.written for name, loss in card.losses.items()}
    if card.kept_range and not card.range:
        content["range"] = card.kept_range
    if sums := {**card.kept_sums, **card.sums}:
        content["sums"] = sums
    return content


def card_of(model: keras.Model) -> Card:
    """Return the card that came with the model, or an empty one."""
    return getattr(model, _CARD, _EMPTY)


def class_names(model: keras.Model) -> tuple[str, ...]:
    """Return a name per output unit: from the card, else the numbers from 0.

    Of one output between two classes it is the second, for which a large one speaks. An empty name is
    the number.
    """
    count = _units(model.outputs[0])
    names = tuple(name or str(i) for i, name in enumerate(card_of(model).class_names))
    if (count, len(names)) == (1, 2):
        return names[1:]
    return names if len(names) == count else tuple(str(i) for i in range(count))


def miscounted(model: keras.Model) -> str:
    """Return a sentence where the card names more or fewer classes than any output has; else ""."""
    names = card_of(model).class_names
    if not names or any(_fits(names, output) for output in model.outputs):
        return ""
    given, wanted = counted(len(names), "class name"), _units(model.outputs[0])
    return (
        f"The card gives {given}, and the output has {wanted}: none is used. Give one for each, in their "
        "order."
    )


def unclear_names(model: keras.Model) -> str:
    """Return a sentence where names on the card are empty or those of several classes; else ""."""
    names = card_of(model).class_names
    times = Counter(names)
    unclear = [repr(one) for one, count in times.items() if not one.strip() or count > 1]
    if not unclear:
        return ""
    return f"Not each class has a name of its own on the card ({', '.join(unclear[:_MOST_TOLD])})."


def outputs_of_classes(
    model: keras.Model, names: Sequence[str], *, are_own: bool
) -> NDArray[np.int64] | None:
    """Return which output stands for each class of a data set (classes,), None where that is not known.

    Classes of the same names are the same, whatever their order. Those of a model without names are
    numbers: they are the classes of pictures that `are_own`, which were given with the model and are
    numbered too, and of a public data set they may mean anything.
    """
    own = class_names(model)
    if set(own) != set(names) or not (are_own or names_classes(model)):
        return None
    return np.array([own.index(one) for one in names])


def names_classes(model: keras.Model) -> bool:
    """Whether the card names the classes of the model's first output."""
    return _fits(card_of(model).class_names, model.outputs[0])


def _fits(names: Sequence[str], output: Any) -> bool:
    """Whether there are as many names as an output has units, or two for one between two classes."""
    count = _units(output)
    return len(names) == count or (count, len(names)) == (1, 2)


def _units(output: Any) -> int:
    return int(output.shape[-1] or 1)


def attach_card(model: keras.Model, card: Card) -> None:
    """Let `card_of` return the card for the model."""
    object.__setattr__(model, _CARD, card)


def checked_class(model: keras.Model, number: int) -> int:
    """Return the number of a class; `ModelError` for one that the model does not have."""
    count = len(class_names(model))
    if number not in range(count):
        raise ModelError(
            f"The model has no class {number}: it has {count}. Choose a number from 0 to "
            f"{count - 1}."
        )
    return int(number)
