"""Model files of readers, kept under their content hash: with a cap on their number and size."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from cnn.errors import ModelError, shown
from cnn.models.opening import SUFFIXES, format_of

_MOST_LETTERS = 60
_ABANDONED_SECONDS = 86_400
_NO_NAME = "network"


def limit_in_words(most_bytes: int) -> str:
    """Return how large a model file may be, and what to do, in words that follow a colon."""
    return f"this server takes models of up to {most_bytes / 1e6:g} MB. Open a smaller one."


class UploadedModels:
    """A folder with a folder for each model, named by the hash of its file, which has its own name."""

    def __init__(self, folder: Path, *, most_bytes: int, most: int) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._most = most

    @contextmanager
    def receiving(self, name: str) -> Iterator[Path]:
        """Yield where a file of that name is to be written.

        It is removed when the block ends, however it ends, unless it was kept. Raises `ModelError`
        for a name that no model file has.
        """
        aside = self.folder / f".{uuid4().hex}"
        path = aside / _file_name(name)
        aside.mkdir(parents=True)
        try:
            yield path
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def keep(self, path: Path, key: str) -> None:
        """Keep a received file under its hash; one that is kept already stays.

        Those that were not asked for the longest go where there would be too many, or too much of
        them. Raises `ModelError` for a file that is alone above the cap.
        """
        size = path.stat().st_size
        if size > self._most_bytes:
            raise ModelError(
                f"{path.name} has {size / 1e6:,.1f} MB: this server keeps "
                f"{self._most_bytes / 1e6:g} MB of uploaded models in all. Upload a smaller one."
            )
        if self.find(key):
            return
        self._make_room(size)
        path.parent.replace(self.folder / key)

    def find(self, key: str) -> Path | None:
        """Return the file with that hash, or None."""
        return next(
            (path for path in (self.folder / key).glob("*") if path.suffix in SUFFIXES), None
        )

    def touch(self, key: str) -> None:
        """Note that the model was asked for now."""
        with suppress(OSError):
            os.utime(self.folder / key)

    def all(self) -> list[tuple[str, Path]]:
        """Return the hashes and files of all models, that asked for last first."""
        found = ((folder.name, self.find(folder.name)) for _, folder in reversed(self._by_use()))
        return [(key, path) for key, path in found if path]

    def _by_use(self) -> list[tuple[float, Path]]:
        """Return the folders of the models, that not asked for the longest first."""
        return sorted((_used(path), path) for path in self.folder.glob("[!.]*"))

    def _make_room(self, size: int) -> None:
        """Remove what was abandoned, and models until one more with `size` bytes fits."""
        for aside in self.folder.glob(".*"):
            if _used(aside) < time.time() - _ABANDONED_SECONDS:
                shutil.rmtree(aside, ignore_errors=True)
        kept = [(path, _size(path)) for _, path in self._by_use()]
        while kept and (
            len(kept) >= self._most or size + sum(of for _, of in kept) > self._most_bytes
        ):
            shutil.rmtree(kept.pop(0)[0], ignore_errors=True)


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0


def _size(folder: Path) -> int:
    with suppress(OSError):
        return sum(path.stat().st_size for path in folder.iterdir())
    return 0


def _file_name(name: str) -> str:
    """Return the name without what could be a path or is not to be seen, and of bounded length."""
    given = Path(re.split(r"[/\\]", name)[-1])
    suffix = format_of(given.name)
    if not suffix:
        raise ModelError(
            f"{shown(given.name)} is not called as Keras models are: expected a .keras or .h5 file. If "
            "it is one, rename it."
        )
    seen = "".join(letter for letter in given.stem if letter.isprintable()).strip(" .")
    return f"{seen[:_MOST_LETTERS] or _NO_NAME}{suffix}"
