"""A binary answer: facts as JSON, and the arrays behind them as they are in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly.io.json import to_json_plotly

_ALIGNMENT = 4
_SENT = ("float32", "uint8")


class Answer:
    """Facts and arrays, gathered until they are packed."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self._arrays: list[NDArray[Any]] = []

    def add(self, array: NDArray[Any]) -> int:
        """Append an array, uint8 or made float32; return its number, for the facts."""
        kind = array.dtype if str(array.dtype) in _SENT else np.float32
        self._arrays.append(np.ascontiguousarray(array, kind))
        return len(self._arrays) - 1

    def packed(self) -> bytes:
        """Return the length of the JSON (uint32), the JSON, and the arrays, each from a multiple of 4."""
        described = [{"dtype": str(a.dtype), "shape": a.shape} for a in self._arrays]
        head = to_json_plotly({**self.facts, "arrays": described}).encode()
        head += b" " * (-len(head) % _ALIGNMENT)
        parts = [len(head).to_bytes(_ALIGNMENT, "little"), head]
        for array in self._arrays:
            data = array.tobytes()
            parts += [data, bytes(-len(data) % _ALIGNMENT)]
        return b"".join(parts)
