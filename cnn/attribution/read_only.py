"""Values whose arrays nobody can write, so that what was computed stays what it was."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType

import numpy as np


class ReadOnly:
    """A frozen dataclass whose arrays and mappings are read-only copies of what was given."""

    def __post_init__(self) -> None:
        """Put a copy that cannot be written in the place of each array, or mapping, that can."""
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if isinstance(value, dict):
                object.__setattr__(self, one.name, MappingProxyType({**value}))
            elif isinstance(value, np.ndarray) and value.flags.writeable:
                copied = value.copy()
                copied.setflags(write=False)
                object.__setattr__(self, one.name, copied)
