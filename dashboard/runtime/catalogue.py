"""The models that this server can show: the bundled one, the operator's, its readers', and runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING

from cachetools import LRUCache, cached

import cnn
from cnn.errors import without_folders
from cnn.files import content_hash
from cnn.models.card import with_class_names, write_card
from cnn.models.choosing import with_output_first
from cnn.models.heads import head_of
from cnn.models.loading import kept_card
from cnn.models.losses import Aim
from cnn.models.twins import twin
from cnn.runs.moments import Moment
from cnn.runs.run import Run
from cnn.studies import Network
from dashboard.settings import Settings

if TYPE_CHECKING:
    import keras


BUNDLED = "bundled digit classifier"
OF_RUN = "run:"
_MOST_MODELS = 3
_MOST_MOMENTS = 48
_MOST_OF_RUNS = 20
_MOST_KEYS = 16_384
_INSTEAD = "The bundled classifier is shown instead."


@dataclass(frozen=True)
class Entry:
    """A model file: its key, a name for the reader, and the run that made it, if known.

    The key is the file's content hash; of a run that has no finished model it is `run:` and its
    id, and the file that of the network before training.
    """

    key: str
    name: str
    path: Path
    run: Run | None


Stamp = tuple[int, int, int, int]


def _stamp(path: Path) -> Stamp:
    """Return what is another whenever the file at `path` is another."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@lru_cache(maxsize=_MOST_KEYS)
def _key(path: Path, _stamp: Stamp) -> str:
    return content_hash(path)


def key_of(path: Path) -> str:
    """Return the content hash of a model file; it is only computed again when the file changes."""
    return _key(path, _stamp(path))


class Catalogue:
    """Finds models by content hash and keeps a few of them loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._refused: dict[str, str] = {}
        self._found: dict[str, tuple[Entry, int]] = {}
        self._given: dict[str, keras.Model] = {}
        self._load = cached(LRUCache(_MOST_MODELS), condition=Condition())(self._load_and_try)
        self._at = cached(LRUCache(_MOST_MOMENTS), condition=Condition())(self._load_at)

    def give(self, path: Path, model: keras.Model) -> None:
        """Show this model for the file at `path`, which is not opened."""
        self._given[key_of(path)] = model

    def menu(self, shown: str = "") -> tuple[list[Entry], bool]:
        """Return the models to choose from, the operator's first, and whether these are all.

        Those of readers follow, the one asked for last first. Of the runs they are the newest twenty
        that have a model, and the one that is `shown`. Runs that made the same file as another lend it
        theirs.
        """
        of_runs = list(islice(self._of_runs(), _MOST_OF_RUNS + 1))
        entries: dict[str, Entry] = {}
        listed = [*self._own(), self.bundled(), *self._uploaded(), *of_runs[:_MOST_OF_RUNS]]
        for entry in listed:
            known = entries.get(entry.key, entry)
            entries[entry.key] = replace(known, run=known.run or entry.run)
        if shown and shown not in entries:
            with suppress(cnn.ModelError):
                entries[shown] = self.get(shown)
        return list(entries.values()), len(of_runs) <= _MOST_OF_RUNS

    def default(self) -> Entry:
        """Return the model that is shown when a link names none."""
        for own in self._own():
            if own.key not in self._refused:
                return self._find(own.key) or own
        return self.bundled()

    def bundled(self) -> Entry:
        """Return the bundled digit classifier."""
        run = Run(cnn.pretrained_run())
        return Entry(key_of(run.model_path), BUNDLED, run.model_path, run)

    def get(self, key: str) -> Entry:
        """Return the model with that content hash, the default one for an empty hash.

        Raises `ModelError` if this server has no such model.
        """
        if not key:
            return self.default()
        if key.startswith(OF_RUN):
            return self._of_run(key)
        entry = self._find(key)
        if entry is None:
            raise cnn.ModelError(
                f"This link shows the model {key}, which this server does not have: ask whoever "
                "sent it for the file, or choose a model of this server."
            )
        self._settings.models.touch(key)
        return entry

    def name_classes(self, entry: Entry, names: Sequence[str]) -> None:
        """Keep what the classes of a model are called on the card beside its file, for all processes.

        Raises `ModelError` for names that do not fit, and for a model that keeps none: the bundled one,
        one of a training that goes on, and one in memory; `OSError` where it cannot be written.
        """
        self._require_card(
            entry,
            of_bundled="The classes of the bundled classifier are the digits 0 to 9: open a model of "
            "your own to name its classes.",
            in_training="name its classes when that is over",
            of_program="give its names there, as class_names",
        )
        count = int(self._load_file(entry).outputs[0].shape[-1] or 1)
        card = with_class_names(kept_card(entry.path), names, count)
        write_card(card, cnn.models.card_path(entry.path))

    def keep_range(self, entry: Entry, name: str) -> None:
        """Keep the range of a model's pixels on the card beside its file, for all processes.

        "" takes back what was kept: then the file decides, or what the card said before. Raises
        `ModelError` for a range that is none of the model, and as `name_classes` does; `OSError` where
        it cannot be written.
        """
        self._require_card(
            entry,
            of_bundled="The bundled classifier takes pixels divided by 255: open a model of your own to "
            "keep another range.",
            in_training="keep the range when that is over",
            of_program="give its range there, as scale",
        )
        if name:
            cnn.models.require_range(self._load_file(entry), name)
        card = replace(kept_card(entry.path), kept_range=name)
        write_card(card, cnn.models.card_path(entry.path))

    def keep_sums(self, entry: Entry, output: int, aim: Aim) -> None:
        """Keep what the sums of one of a model's outputs are taken for on the card, for all processes.

        "" takes back what was kept: then they are shown as found. Raises `ModelError` for what they
        cannot be taken for, and as `name_classes` does; `OSError` where it cannot be written.
        """
        self._require_card(
            entry,
            of_bundled="The bundled classifier gives probabilities: open a model of your own that gives "
            "sums.",
            in_training="keep what its sums are when that is over",
            of_program="compile it with its loss there, which says what its sums are",
        )
        model = with_output_first(self._load_file(entry), output)
        if aim:
            cnn.models.require_sums_as(model, aim)
        card, layer = kept_card(entry.path), head_of(model).last
        others = {name: one for name, one in card.kept_sums.items() if name != layer}
        sums = {**others, layer: aim} if aim else others
        write_card(replace(card, kept_sums=sums), cnn.models.card_path(entry.path))

    def has_card(self, entry: Entry) -> bool:
        """Whether what readers say of the model can be kept beside its file."""
        is_other = entry.key.startswith(OF_RUN) or entry.key in self._given
        return not is_other and entry.path != self.bundled().path

    def _require_card(
        self, entry: Entry, *, of_bundled: str, in_training: str, of_program: str
    ) -> None:
        """Raise `ModelError` for a model of which no card is kept, with what to do instead."""
        if self.has_card(entry):
            return
        if entry.key.startswith(OF_RUN):
            raise cnn.ModelError(f"This network is still in training: {in_training}.")
        if entry.key in self._given:
            raise cnn.ModelError(f"This model came from a running program: {of_program}.")
        raise cnn.ModelError(of_bundled)

    def card_key(self, key: str) -> str:
        """Return the content hash of the card beside the model with that key; "" without one."""
        card = cnn.models.card_path(self.get(key).path)
        with suppress(FileNotFoundError):
            return key_of(card)
        return ""

    def has(self, key: str) -> bool:
        """Whether a model file with that content hash is here."""
        return self._find(key) is not None

    def load(self, key: str, epoch: str = "") -> keras.Model:
        """Return the loaded model with that key, with its weights of a moment if one is named.

        Who asks for a model that is being loaded waits for it, and for no other. Raises
        `ModelError` if the file cannot be used, `RunError` if the moment is not kept.
        """
        entry = self.get(key)
        moment = self._moment(entry, epoch)
        return self._at_moment(entry, moment) if moment else self._load_file(entry)

    def network(self, key: str, epoch: str = "") -> Network:
        """Return where the same model is to be found, for a worker; it is not loaded.

        Raises `ModelError` and `RunError` as `load` does.
        """
        entry = self.get(key)
        moment = self._moment(entry, epoch)
        card = cnn.models.card_path(entry.path)
        weights = _run_of(entry).weights_path(moment) if moment else None
        try:
            return Network(
                path=str(entry.path), content=key_of(entry.path),
                card=key_of(card) if card.is_file() else "",
                run=str(entry.run.path) if entry.run and moment else "", moment=str(moment or ""),
                weights=key_of(weights) if weights else "",
            )  # fmt: skip
        except OSError as error:
            raise cnn.ModelError(_gone(weights or entry.path)) from error

    def _moment(self, entry: Entry, epoch: str) -> Moment | None:
        """Return the moment whose weights are meant; None where they are those of the entry's file."""
        if epoch and str(self.last(entry)) != epoch:
            return Moment.parse(epoch)
        is_finished = entry.run is None or entry.path != entry.run.initial_path
        if is_finished or not entry.run or not entry.run.moments:
            return None
        return entry.run.moments[-1]

    def last(self, entry: Entry) -> Moment | None:
        """Return the moment that a finished model is of; None where there is no finished one."""
        kept = entry.run.moments if entry.run else ()
        return kept[-1] if kept and not entry.key.startswith(OF_RUN) else None

    def _load_file(self, entry: Entry) -> keras.Model:
        """Return the model in the entry's file; what was refused once is not tried again."""
        path = entry.path
        try:
            key = key_of(path)
            card = cnn.models.card_path(path)
            card_key = key_of(card) if card.is_file() else ""
        except OSError as error:
            raise cnn.ModelError(_gone(path)) from error
        if not entry.key.startswith(OF_RUN) and entry.key != key:
            raise cnn.ModelError(_replaced(path))
        if key in self._refused:
            raise cnn.ModelError(self._refused[key])
        return self._load(path, key, card_key)

    def _load_and_try(self, path: Path, key: str, _card_key: str) -> keras.Model:
        """Return the model with that content hash, which was shown to work."""
        try:
            model = self._given.get(key) or cnn.load_model(path, limits=self._settings.model_limits)
            cnn.try_out(model)
        except cnn.CnnError as error:
            _require_unchanged(path, key)
            message = str(error).replace(f"{path.parent}/", "")
            self._refused[key] = without_folders(message)
            raise cnn.ModelError(self._refused[key]) from error
        _require_unchanged(path, key)
        return model

    def _at_moment(self, entry: Entry, moment: Moment) -> keras.Model:
        run, model = _run_of(entry), self._load_file(entry)
        try:
            stamp = _stamp(run.weights_path(moment))
        except OSError:
            stamp = None
        return self._at(model, run, moment, stamp)

    def _load_at(
        self, model: keras.Model, run: Run, moment: Moment, _stamp: Stamp | None
    ) -> keras.Model:
        try:
            return twin(model, run.weights(moment))
        except ValueError as error:
            raise run.damaged_weights(moment) from error

    def _of_run(self, key: str) -> Entry:
        run = self._settings.jobs.run(key.removeprefix(OF_RUN))
        if not run.exists or not run.moments:
            raise cnn.ModelError(
                f"This link shows the run {run.id}, which this server does not have (any more): "
                "choose another model."
            )
        return _unfinished(run)

    def is_refused(self, key: str) -> bool:
        """Whether the file with that content hash was tried and proved unusable."""
        return key in self._refused

    def is_own(self, key: str) -> bool:
        """Whether the operator's model is the file with that content hash."""
        return any(own.key == key for own in self._own())

    def check_own(self) -> None:
        """Try to open the operator's model, and refuse it if it cannot be used."""
        path = self._settings.model_path
        if path is not None and path.is_file():
            with suppress(cnn.ModelError):
                for entry in _entry(path.name, path):
                    self._load_file(entry)

    def problem_of_own(self) -> str:
        """Why the operator's model is not shown, in a sentence; empty if it is, or is not there."""
        path = self._settings.model_path
        if path is None or not path.exists():
            return ""
        if not path.is_file():
            return f"{path.name} is no file: give a .keras or .h5 file. {_INSTEAD}"
        with suppress(OSError):
            reason = self._refused.get(key_of(path), "")
            return f"{reason} {_INSTEAD}" if reason else ""
        return ""

    def _find(self, key: str) -> Entry | None:
        """Return the model with that content hash, and the run that made it if one is known.

        What was found is looked for again when its file or, without a run, the runs are others. Models
        of readers come last: none takes the place of another.
        """
        folder = _changed(self._settings.jobs.runs_dir)
        known, then = self._found.get(key, (None, 0))
        if known and (known.run or then == folder) and _is_at(known.path, key):
            return known
        found = None
        for entry in self._files():
            if entry.key == key:
                found = replace(found or entry, run=entry.run)
                if found.run:
                    break
        if found:
            self._found[key] = found, folder
        return found

    def _files(self) -> Iterator[Entry]:
        """Find all model files; several may have the same content."""
        yield from self._own()
        yield self.bundled()
        for run in self._settings.jobs.runs():
            yield from _finished(run)
        yield from self._uploaded()

    def _uploaded(self) -> Iterator[Entry]:
        for key, path in self._settings.models.all():
            yield Entry(key, path.name, path, None)

    def _own(self) -> Iterator[Entry]:
        path = self._settings.model_path
        if path is not None and path.is_file():
            yield from _entry(path.name, path)

    def _of_runs(self) -> Iterator[Entry]:
        """Find what the runs made, the newest first."""
        for run in self._settings.jobs.runs():
            yield from entry_of(run)


def entry_of(run: Run) -> Iterator[Entry]:
    """Yield the model of a run, if there is one that can be shown: that in training counts."""
    if run.model_path.is_file():
        yield from _finished(run)
    elif run.has_whole("initial.keras") and run.moments:
        yield _unfinished(run)


def _run_of(entry: Entry) -> Run:
    """Return the run of a model that is to be shown at a moment."""
    if entry.run is None:
        raise cnn.ModelError(
            "This model came as a file: no moments of its training are known, only its end."
        )
    return entry.run


def _finished(run: Run) -> Iterator[Entry]:
    if run.has_whole("model.keras"):
        yield from _entry(f"trained {run.name}", run.model_path, run)


def _changed(folder: Path) -> int:
    """Return what is another when something was made in or removed from the folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _is_at(path: Path, key: str) -> bool:
    return any(entry.key == key for entry in _entry("", path))


def _entry(name: str, path: Path, run: Run | None = None) -> Iterator[Entry]:
    """Yield the entry of a model file, if it is there."""
    with suppress(OSError):
        yield Entry(key_of(path), name, path, run)


def _require_unchanged(path: Path, key: str) -> None:
    """Raise `ModelError` where the file is not any more what `key` stands for."""
    try:
        now = content_hash(path)
    except OSError as error:
        raise cnn.ModelError(_gone(path)) from error
    if now != key:
        raise cnn.ModelError(_replaced(path))


def _replaced(path: Path) -> str:
    return f"{path.name} was replaced while it was read: reload the page to see what it is now."


def _gone(path: Path) -> str:
    return f"{path.name} was removed or cannot be read any more: choose another model."


def key_of_run(run: Run) -> str:
    """Return the key of a run that has no finished model."""
    return f"{OF_RUN}{run.id}"


def _unfinished(run: Run) -> Entry:
    """Return the entry of a run by its id: its finished model if there is one by now."""
    path = run.model_path if run.model_path.is_file() else run.initial_path
    return Entry(key_of_run(run), f"in training: {run.name}", path, run)
