"""Screens of pages as their functions return them, and answers as the browser reads them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.screens.request import Moving, Request
from dashboard.screens.screen import Screen
from dashboard.state.view import parse


def screen(
    page: Any, query: dict[str, str], layer: str | None = None, moving: Moving = ""
) -> Screen:
    """Return what a page shows of a query."""
    shown: Screen = page.show(Request(parse(query)[0], layer, moving=moving))
    return shown


def caption(shown: Screen, figure: str) -> str:
    """Return the caption of a figure as the page says it."""
    text: str = shown.around()["texts"][f"{figure}-caption"]
    return text


def unpacked(body: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Return (facts, arrays) of a binary answer."""
    length = int.from_bytes(body[:4], "little")
    facts, offset, arrays = json.loads(body[4 : 4 + length]), 4 + length, []
    for described in facts["arrays"]:
        dtype, count = np.dtype(described["dtype"]), int(np.prod(described["shape"]))
        values = np.frombuffer(body, dtype, count, offset).reshape(described["shape"])
        arrays.append(values)
        offset += -(-values.nbytes // 4) * 4
    assert offset == len(body)
    return facts, arrays
