"""Pictures as text that fits into a question or an answer: deflated, then base64."""

from __future__ import annotations

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]


def packed(pixels: NDArray[np.uint8]) -> str:
    """Return a picture, uint8 (height, width, channels), as text."""
    return base64.b64encode(zlib.compress(pixels.tobytes())).decode()


def unpacked(text: str, shape: Shape) -> NDArray[np.uint8]:
    """Return the picture of that shape in the text."""
    content = zlib.decompress(base64.b64decode(text))
    return np.frombuffer(content, np.uint8).reshape(shape)
