"""What of a method can be chosen, and whether a choice is one of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnn.errors import AttributionError
from cnn.ranges import Limits
from cnn.words import listed


@dataclass(frozen=True)
class Number:
    """An option that is a number within limits; `label` is a noun for it."""

    label: str
    default: float
    limits: Limits

    @property
    def words(self) -> str:
        """What is accepted."""
        return self.limits.words

    def accepts(self, value: Any) -> bool:
        """Whether the value can be chosen."""
        return self.limits.accept(value)


@dataclass(frozen=True)
class Choice:
    """An option that is one of some words."""

    label: str
    default: str
    choices: tuple[str, ...]

    @property
    def words(self) -> str:
        """What is accepted."""
        return " or ".join(self.choices)

    def accepts(self, value: Any) -> bool:
        """Whether the value can be chosen."""
        return value in self.choices


@dataclass(frozen=True)
class OfLayer:
    """An option that is the name of a layer call with maps; the default is the last such layer."""

    label: str
    default: str = ""

    @property
    def words(self) -> str:
        """What is accepted."""
        return "the name of a layer that gives maps"

    def accepts(self, value: Any) -> bool:
        """Whether the value may be a name; whether there is such a layer the method finds out."""
        return isinstance(value, str)


@dataclass(frozen=True)
class Pictures:
    """An option that is pictures; they must be given, since the library knows no data set."""

    label: str
    default: Any = None

    @property
    def words(self) -> str:
        """What is accepted."""
        return "one or more pictures, such as an array (n, height, width, channels)"

    def accepts(self, value: Any) -> bool:
        """Whether the value may be pictures; what each of them is is found out when it is prepared."""
        if isinstance(value, np.ndarray):
            return value.ndim > 0 and len(value) > 0
        return isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0


Option = Number | Choice | OfLayer | Pictures


def chosen(method: str, options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each option, the default where none is given.

    Raises `AttributionError` for an option that the method does not have, a value that it cannot be, and
    pictures that are not given.
    """
    for name, value in given.items():
        if name not in options:
            known = f"it has {listed(list(options))}" if options else "it has none"
            raise AttributionError(f"{method} has no option {name!r}: {known}.")
        if not options[name].accepts(value):
            raise AttributionError(
                f"{value!r} was given as {name} of {method}: expected {options[name].words}."
            )
    for name, option in options.items():
        if isinstance(option, Pictures) and name not in given:
            raise AttributionError(
                f"{method} compares with pictures, and none were given: give {name}, {option.words}."
            )
    return {name: given.get(name, option.default) for name, option in options.items()}
