"""What a file holds of a model, before Keras is asked: its configuration, and where its weights are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn.errors import ModelError
from cnn.models.opening.limits import in_words

Config = dict[str, Any]
# The configurations of the largest networks of keras.applications have about 1 MB.
MOST_CONFIGURATION = 16_000_000


@dataclass(frozen=True)
class Contents:
    """A model in a file.

    `configuration` is that of the model, `version` that of the Keras which wrote it ("" if it is not
    said), and `weights` an HDF5 file. `training` is how it was compiled, where that is kept apart, and
    `in_archive` whether they were members of one.
    """

    configuration: Config
    version: str
    weights: Path
    training: Any = None
    in_archive: bool = False

    @property
    def is_of_keras_2(self) -> bool:
        """Whether a Keras before version 3 wrote it; the first ones did not say which they were."""
        return self.version.split(".")[0] in ("", "1", "2")


def parsed(name: str, text: bytes | str) -> Config:
    """Return a configuration from JSON; `ModelError` where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{name} is damaged: its configuration cannot be read. Save the model again."
        ) from error
    if not isinstance(value, dict):
        raise ModelError(
            f"{name} is no Keras model: its configuration is a {type(value).__name__}, expected an "
            "object. Save the model again."
        )
    return value


def require_short(name: str, count: int) -> None:
    """Raise `ModelError` where a configuration, or a card, has more bytes than any real one."""
    if count > MOST_CONFIGURATION:
        raise ModelError(
            f"{name} has a configuration of {in_words(count)}: expected at most "
            f"{in_words(MOST_CONFIGURATION)}. Save the model again."
        )


def parts(value: Any) -> Iterator[Config]:
    """Yield every object with a class in a configuration: the model, its layers, and what they have."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


def name_of(part: Config) -> str:
    """Return the name of a layer in a configuration, or that of its class."""
    config = part.get("config")
    inner = config.get("name") if isinstance(config, dict) else None
    return str(part.get("name") or inner or part["class_name"])
