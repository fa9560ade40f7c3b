"""Layers that surgery puts into a network: no part of it as it was trained, and told by their name."""

from __future__ import annotations

import re
from typing import Any

OPERATED = "_operated"
_INSERTED = re.compile(rf".*{OPERATED}(_\d+)?", re.DOTALL)


def is_inserted(layer: Any) -> bool:
    """Whether the layer is one that `ablate` inserted, and no part of the network as it was trained."""
    return type(layer).__name__ == "Rescaling" and bool(_INSERTED.fullmatch(layer.name))
