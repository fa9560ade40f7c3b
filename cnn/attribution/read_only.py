"""Values whose arrays nobody can write, so that what was computed stays what it was."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any

import numpy as np


class ReadOnly:
    """A frozen dataclass whose arrays and mappings are read-only copies of what was given."""

    def __post_init__(self) -> None:
        """Put a copy that cannot be written in the place of each array, or mapping, that can."""
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if isinstance(value, dict):
                kept = {name: _kept(given) for name, given in value.items()}
                object.__setattr__(self, one.name, MappingProxyType(kept))
            else:
                object.__setattr__(self, one.name, _kept(value))


def _kept(value: Any) -> Any:
    """Return an array, or the arrays of a list, as copies that cannot be written; all else as it is."""
    if isinstance(value, list):
        return tuple(_kept(one) for one in value)
    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    copied = value.copy()
    copied.setflags(write=False)
    return copied
