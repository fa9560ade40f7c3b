"""The models that this server can show: the bundled one, the operator's, and finished runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import cnn
from cnn.files import content_hash
from cnn.runs import Run
from dashboard.settings import Settings

if TYPE_CHECKING:
    import keras


_INSTEAD = "The bundled classifier is shown instead."


@dataclass(frozen=True)
class Entry:
    """A model file: its content hash, a name for the reader, and the run that made it, if known."""

    key: str
    name: str
    path: Path
    run: Run | None


@lru_cache(maxsize=256)
def _key(path: Path, modified: int, size: int) -> str:  # noqa: ARG001
    return content_hash(path)


def key_of(path: Path) -> str:
    """Return the content hash of a model file; it is only computed again when the file changes."""
    stat = path.stat()
    return _key(path, stat.st_mtime_ns, stat.st_size)


class Catalogue:
    """Finds models by content hash and keeps a few of them loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._refused: set[str] = set()
        self._loading = Lock()
        self._load = lru_cache(maxsize=3)(cnn.load_model)

    def entries(self) -> list[Entry]:
        """Return all models, the operator's first; runs that made the same file lend theirs."""
        entries: dict[str, Entry] = {}
        runs = [run for run in self._settings.jobs.runs() if run.model_path.is_file()]
        for name, path, run in self._files(runs):
            key = key_of(path)
            known = entries.get(key, Entry(key, name, path, run))
            entries[key] = replace(known, run=known.run or run)
        return list(entries.values())

    def default(self) -> Entry:
        """Return the model that is shown when a link names none."""
        own = self._settings.model_path
        usable = (entry for entry in self.entries() if entry.key not in self._refused)
        return next((entry for entry in usable if entry.path == own), self.bundled())

    def bundled(self) -> Entry:
        """Return the bundled digit classifier."""
        return next(e for e in self.entries() if e.path.parent == cnn.pretrained_run())

    def get(self, key: str) -> Entry:
        """Return the model with that content hash, the default one for an empty hash.

        Raises `ModelError` if this server has no such model.
        """
        if not key:
            return self.default()
        found = next((entry for entry in self.entries() if entry.key == key), None)
        if found is None:
            raise cnn.ModelError(
                f"This link shows the model {key}, which this server does not have: ask whoever "
                "sent it for the file, or choose a model of this server."
            )
        return found

    def load(self, key: str) -> keras.Model:
        """Return the loaded model with that content hash; `ModelError` if it cannot be used."""
        with self._loading:
            try:
                return self._load(self.get(key).path)
            except cnn.ModelError:
                self._refused.add(key)
                raise

    def is_refused(self, key: str) -> bool:
        """Whether the file with that content hash was tried and proved unusable."""
        return key in self._refused

    def check_own(self) -> str:
        """Try to open the operator's model; return why it cannot be used, or nothing."""
        path = self._settings.model_path
        if path is None or not path.exists():
            return ""
        if not path.is_file():
            return f"{path} is no file: give a .keras or .h5 file. {_INSTEAD}"
        try:
            self.load(key_of(path))
        except (cnn.CnnError, OSError) as error:
            return f"{error} {_INSTEAD}"
        return ""

    def _files(self, runs: list[Run]) -> Iterator[tuple[str, Path, Run | None]]:
        own = self._settings.model_path
        if own is not None and own.is_file():
            yield own.name, own, None
        bundled = Run(cnn.pretrained_run())
        yield "bundled digit classifier", bundled.model_path, bundled
        for run in runs:
            yield f"trained {run.id}", run.model_path, run
