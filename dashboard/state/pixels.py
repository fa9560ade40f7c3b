"""Pictures of 28×28 pixels as text that fits into an address: deflated, then base64 for URLs."""

from __future__ import annotations

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

SIDE = 28
MASK_BYTES = SIDE * SIDE // 8


def encode(pixels: NDArray[np.uint8]) -> str:
    """Return uint8 pixels (28, 28, 1) as text."""
    return _to_text(pixels.tobytes())


def decode(text: str) -> NDArray[np.uint8]:
    """Return the pixels (28, 28, 1) in the text; `ValueError` if there are none."""
    return np.frombuffer(_from_text(text, SIDE * SIDE), np.uint8).reshape(SIDE, SIDE, 1)


def decode_mask(text: str) -> bytes:
    """Return the 98 bytes of a mask, a bit per pixel, in the text; `ValueError` if there are none."""
    return _from_text(text, MASK_BYTES)


def encode_mask(mask: bytes) -> str:
    """Return the bytes of a mask as text."""
    return _to_text(mask)


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def _from_text(text: str, size: int) -> bytes:
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        inflater = zlib.decompressobj()
        data = inflater.decompress(packed, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(data) != size or not inflater.eof:
        raise ValueError(f"{len(data)} bytes instead of {size}")
    return data
