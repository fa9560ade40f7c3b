"""Uploaded pictures, kept under their content hash: with a cap on their size, and for some days."""

from __future__ import annotations

import hashlib
import io
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError
from cnn.files import replacing, why_not_written
from cnn.images.decoding import Limits

_HASH_DIGITS = 32
_DAY_SECONDS = 86_400


def limit_in_words(limits: Limits) -> str:
    """Return how large a file may be, and what to do, in words that follow a colon."""
    return f"this server takes up to {limits.bytes / 1e6:g} MB. Reduce the picture and try again."


class Uploads:
    """A folder of PNG files, each named by the hash of its pixels."""

    def __init__(self, folder: Path, *, most_bytes: int, most_days: float) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_seconds = most_days * _DAY_SECONDS

    def put(self, pixels: NDArray[np.uint8]) -> str:
        """Keep the picture, uint8 (height, width, 1 or 3); return its hash.

        The oldest others go where all of them would be more than the cap. Raises `ImageError` for a
        picture that is alone above it, or that cannot be written.
        """
        shape = "×".join(map(str, pixels.shape))
        key = hashlib.sha256(shape.encode() + pixels.tobytes()).hexdigest()[:_HASH_DIGITS]
        buffer = io.BytesIO()
        Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG")
        size = buffer.tell()
        if size > self._most_bytes:
            raise ImageError(
                f"The picture takes {size:,} bytes: this server keeps {self._most_bytes:,} bytes of "
                "uploads in all. Upload a smaller one."
            )
        try:
            self._make_room(size)
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._path(key)) as aside:
                aside.write_bytes(buffer.getvalue())
        except OSError as error:
            raise ImageError(
                f"The picture of {size:,} bytes cannot be kept: {why_not_written(error)}. Ask "
                "whoever runs this server to make room or the folder writable, then upload it again."
            ) from error
        return key

    def get(self, key: str) -> NDArray[np.uint8]:
        """Return the picture with that hash; `ImageError` where it is not, or no longer, kept."""
        try:
            if self._path(key).stat().st_mtime < self._eldest():
                raise FileNotFoundError
            with Image.open(self._path(key), formats=["PNG"]) as picture:
                pixels = np.asarray(picture)
        except (OSError, ValueError) as error:
            raise ImageError(
                f"This link shows the uploaded picture {key[:8]}…, which this server does not have "
                "or has removed after a time: upload it again, or choose another picture."
            ) from error
        return pixels[..., None] if pixels.ndim == 2 else pixels

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.png"

    def _eldest(self) -> float:
        return time.time() - self._most_seconds

    def _make_room(self, size: int) -> None:
        """Remove what is too old, then the oldest until `size` more bytes fit under the cap."""
        files = [(path.stat(), path) for path in self._folder.glob("*.png")]
        kept = sum(stat.st_size for stat, _ in files)
        for stat, path in sorted(files, key=lambda one: one[0].st_mtime):
            if stat.st_mtime < self._eldest() or kept + size > self._most_bytes:
                path.unlink(missing_ok=True)
                kept -= stat.st_size
