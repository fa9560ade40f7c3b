"""Settings as fields of a frozen dataclass: each is described once, where its default stands.

The check of values, the form, the command line, the README's table and the names shown of a run's
settings are made of these descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from reprlib import repr as short
from typing import Any, TypeVar

from cnn.errors import RunError
from cnn.ranges import Limits

_KEY = "setting"
# As long as a path may be.
_MOST_LETTERS = 4096
_T = TypeVar("_T")


@dataclass(frozen=True)
class Setting:
    """A setting: its default, its group, its label, what it is for, and what it may be.

    With `limits` it is a number, one that `is_share` is shown in percent; with `choices` one of them,
    `words` being what the less plain are called; without, a switch or a text in one line. `option` is
    what the command line calls it, where that is not its name.
    """

    default: Any
    group: str
    label: str
    help: str
    limits: Limits | None = None
    choices: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    is_share: bool = False
    option: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        """Its label, with the unit of its control."""
        return f"{self.label} %" if self.is_share else self.label

    @property
    def flag(self) -> str:
        """Its option of the command line."""
        return f"--{(self.option or self.name).replace('_', '-')}"

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return isinstance(self.default, bool)

    @property
    def accepted(self) -> str:
        """What it may be, for a sentence."""
        if self.limits:
            return self.limits.words
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        text = f"a text in one line, of at most {_MOST_LETTERS:,} characters"
        return "True or False" if self.is_switch else text

    @property
    def described(self) -> str:
        """What it is for, what it may be, and what it usually is."""
        among = f"{self.accepted}; " if self.limits or self.choices else ""
        usual = ("off", "on")[self.default] if self.is_switch else self.default
        return f"{self.help} ({among}usually {usual})"

    @property
    def control_limits(self) -> Limits | None:
        """The limits of a number, in the unit of its control."""
        return self.limits.times(100) if self.limits and self.is_share else self.limits

    def accept(self, value: object) -> bool:
        """Whether it may be this value."""
        if self.limits:
            return self.limits.accept(value)
        if self.is_switch or type(value) is not str:
            return self.is_switch and type(value) is bool
        if self.choices:
            return value in self.choices
        return len(value) <= _MOST_LETTERS and value.isprintable()

    def in_control(self, value: Any) -> Any:
        """Return the value in the unit of its control."""
        return round(100 * value, 3) if self.is_share else value

    def from_control(self, value: Any) -> Any:
        """Return the value of what stands in its control."""
        return value / 100 if self.is_share else value

    def in_words(self, value: Any) -> str:
        """Return the value in words."""
        if self.limits:
            return f"{self.in_control(value):g}"
        return ("no", "yes")[value] if self.is_switch else self.words.get(value, value)


def setting(
    default: _T, group: str, label: str, help: str, limits: Limits | None = None, **of: Any
) -> _T:
    """Return the field of a dataclass that is a `Setting`, which takes the same arguments."""
    return field(
        default=default, metadata={_KEY: Setting(default, group, label, help, limits, **of)}
    )


def settings_of(config: type) -> dict[str, Setting]:
    """Return the settings among the fields of a dataclass, by name and in their order."""
    return {
        known.name: replace(known.metadata[_KEY], name=known.name)
        for known in fields(config)
        if _KEY in known.metadata
    }


def require_accepted(config: Any) -> None:
    """Raise `RunError`, with what is accepted, unless each setting of the config may be what it is."""
    for name, known in settings_of(type(config)).items():
        value = getattr(config, name)
        if not known.accept(value):
            raise RunError(f"{name} is {short(value)}: give {known.accepted}.")
