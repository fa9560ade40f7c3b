"""What was computed for screens that were opened, kept over a restart of the server.

TensorFlow needs seconds to start. Until then such a screen is answered with what Keras computed for
it before. It is found by its content: the model, the picture, what was asked of them, and the
program and libraries that computed it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2s
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cnn.files import replacing

_MOST_BYTES = 100_000_000
_PACKAGES = ("cnn", "dashboard", "pages")
_END = b"\n"
_LIBRARIES = ("dash", "keras", "numpy", "plotly", "tensorflow")


class Kept:
    """Answers as files, by key; the oldest go when there is no room for a new one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_empty(self) -> bool:
        """Whether no answer is kept."""
        return not self._folder.is_dir() or not any(self._folder.iterdir())

    def read(self, key: str) -> bytes | None:
        """Return the answer; None if it is not kept, or damaged."""
        path = self._folder / key
        try:
            digest, _, content = path.read_bytes().partition(_END)
            os.utime(path)
        except OSError:
            return None
        return content if digest == _digest(content) else None

    def write(self, key: str, content: bytes) -> None:
        """Keep an answer; where nothing can be written it is computed again after the next start."""
        path = self._folder / key
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            with replacing(path) as aside:
                aside.write_bytes(_digest(content) + _END + content)
            self._make_room()

    def has(self, key: str) -> bool:
        """Whether the answer is kept."""
        return (self._folder / key).exists()

    def _make_room(self) -> None:
        known = sorted(
            ((path.stat(), path) for path in self._folder.iterdir()),
            key=lambda one: one[0].st_mtime_ns,
            reverse=True,
        )
        total = 0
        for status, path in known:
            total += status.st_size
            if total > _MOST_BYTES:
                path.unlink(missing_ok=True)


def _digest(content: bytes) -> bytes:
    return blake2s(content).hexdigest().encode()


def key_of_question(question: Mapping[str, Any], picture: bytes) -> str:
    """Return the key of what is asked (as JSON can hold it) about a picture."""
    content = json.dumps([_program(), question], sort_keys=True)
    return blake2s(content.encode() + b"\n" + picture, digest_size=16).hexdigest()


@cache
def _program() -> str:
    """Return what is another when the program or a library that it computes with is another."""
    root = Path(__file__).parent.parent.parent
    sources = sorted(path for package in _PACKAGES for path in (root / package).rglob("*.py"))
    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    return blake2s(repr([files, *map(version, _LIBRARIES)]).encode()).hexdigest()
