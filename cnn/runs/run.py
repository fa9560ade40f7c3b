"""A training run: a folder that says what was asked, how far it is, and what came of it.

`config.json` what was asked, or `recorded.json` what is known of a training by another program ·
`note.json` its name and a note, by the reader · `status.json` how
far it is · `heartbeat.json` a number that grows while somebody works on it · `history.csv` a row
per epoch · `batches.csv` a row per batch · `classes.csv` the accuracy of each class per epoch ·
`initial.keras` the network before training · `epochs/` the weights at each moment, in float16, to
look at · `resume.npz` all that training goes on from · `model.keras` and `model.card.json` the
result. Any process may read one.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from reprlib import repr as short
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from cnn.errors import DamagedRunError, RunError
from cnn.files import read_json, replacing, why_not_written, write_json
from cnn.runs import files, recorded
from cnn.runs.configuration import TrainingConfig
from cnn.runs.files import Note as Note
from cnn.runs.files import State as State
from cnn.runs.files import Status as Status
from cnn.runs.moments import Moment
from cnn.runs.naming import MOST_NAME, automatic, unique
from cnn.runs.recorded import Recorded
from cnn.runs.worked import Worked
from cnn.words import counted

if TYPE_CHECKING:
    import pandas as pd

ACTIVE: tuple[State, ...] = ("queued", "running")
HISTORY_COLUMNS = (
    "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds",
)  # fmt: skip
_CONFIG = "config.json"
ID = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
MOST_NOTE = 2000
_MOST_RUNS = 16_384
_HANDED_BACK = "Its worker was stopped: it goes on from the end of its last epoch."
_NO_WEIGHTS = (
    OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Run(Worked):
    """A run's folder. Each file is replaced whole; one that is damaged all the same is a
    `DamagedRunError` where it is asked for, and says nothing of the others.
    """

    @property
    def exists(self) -> bool:
        """Whether the run is there: anybody may delete it, even while it is shown."""
        return _is_run(str(self.path))

    @property
    def model_path(self) -> Path:
        """Where the trained model is, once it is."""
        return self.path / "model.keras"

    @property
    def initial_path(self) -> Path:
        """Where the network is as it was before training."""
        return self.path / "initial.keras"

    @property
    def resume_path(self) -> Path:
        """Where all stands that training goes on from; absent before the first epoch's end."""
        return self.path / "resume.npz"

    @property
    def config(self) -> TrainingConfig:
        """What was asked; `RunError` for a training that another program did."""
        if self.is_recorded:
            raise RunError(
                f"The run {self.id} was trained by another program: train it there again."
            )
        config: TrainingConfig = self._read(_CONFIG)
        return config

    @property
    def is_recorded(self) -> bool:
        """Whether another program trained it."""
        return os.access(f"{self.path}/{recorded.FILE}", os.F_OK)

    @property
    def recorded(self) -> Recorded | None:
        """What is known of a training that another program did; None for one of our own."""
        return self._read(recorded.FILE) if self.is_recorded else None

    def add_recorded(self, settings: Mapping[str, str]) -> None:
        """Add settings to those that are known of a training by another program."""
        if settings and (known := self.recorded):
            added = replace(known, settings={**known.settings, **settings})
            with _written(f"The run {self.id}"):
                write_json(self.path / recorded.FILE, asdict(added))

    @property
    def planned_epochs(self) -> int:
        """How many epochs were asked for; 0 if nobody knows."""
        return known.epochs if (known := self.recorded) else self.config.epochs

    @property
    def status(self) -> Status:
        """How far the run is; one whose worker is gone is "interrupted"."""
        status: Status = self._read("status.json")
        if status.state == "running" and not self.is_worked_on():
            if self.is_handed_back:
                return replace(status, state="queued", seconds_left=None, message=_HANDED_BACK)
            return replace(
                status, state="interrupted", seconds_left=None,
                message="The program that trains it ended during the run." if self.is_recorded
                else "The worker ended during the run: resume it to go on.",
            )  # fmt: skip
        return status

    def _read(self, name: str) -> Any:
        try:
            return files.read(self.path, name)
        except FileNotFoundError as error:
            self._require()
            raise DamagedRunError(self.id, name) from error

    @property
    def damaged(self) -> str:
        """The name of a file of the run that is missing or damaged, "" if all are whole.

        `RunError` if the run is not there any more.
        """
        for name in (recorded.FILE if self.is_recorded else _CONFIG, "status.json"):
            try:
                self._read(name)
            except DamagedRunError as error:
                return error.file
        file = files.damaged(self.path)
        return "" if file == "batches.csv" and self._is_before_first_step() else file

    def has_whole(self, name: str) -> bool:
        """Whether the file of that name is there and not damaged."""
        return files.is_whole(self.path, name)

    @property
    def note(self) -> Note:
        """What the reader calls the run; empty if nothing was said, or the file is damaged."""
        try:
            note: Note = files.read(self.path, "note.json")
            return note
        except (FileNotFoundError, DamagedRunError):
            return Note()

    @property
    def name(self) -> str:
        """The reader's name for the run, else its id."""
        return self.note.name or self.id

    @property
    def history(self) -> pd.DataFrame:
        """A row per finished epoch, with the columns `HISTORY_COLUMNS`.

        What another program did not measure is NaN.
        """
        return self._table("history.csv").reindex(columns=list(HISTORY_COLUMNS))

    @property
    def batches(self) -> pd.DataFrame:
        """A row per batch: epoch, batch, loss, accuracy, learning_rate, pictures_per_second, and
        `gradient <layer>`, the Euclidean norm of the loss's gradient by the layer's weights.

        Of a training by another program it has what Keras told it: loss and accuracy are means over
        the epoch so far, and the learning rate is NaN where it was not read.
        """
        import pandas as pd

        try:
            return self._table("batches.csv")
        except DamagedRunError:
            if self._is_before_first_step():
                return pd.DataFrame()
            raise

    @property
    def classes(self) -> pd.DataFrame:
        """A row per finished epoch: `epoch`, and the share of each class that is recognised."""
        return self._table("classes.csv")

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        try:
            return files.table(self.path, name)
        except FileNotFoundError:
            return pd.DataFrame()

    def _is_before_first_step(self) -> bool:
        """Whether somebody works on the run whose table of steps is there, and has no line yet."""
        return not files.has_line(self.path, "batches.csv") and self.status.state == "running"

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The moments of which the weights are kept, the first one first."""
        return tuple(sorted(moment for moment, _ in files.moments(self.path)))

    @property
    def moments_bytes(self) -> int:
        """The size of all kept weights, in bytes."""
        return sum(size for _, size in files.moments(self.path))

    def weights(self, moment: Moment) -> list[NDArray[np.float32]]:
        """Return the weights at a moment, in the order of `model.get_weights()`, as float32."""
        try:
            with (
                self.weights_path(moment).open("rb") as file,
                np.load(file, allow_pickle=False) as archive,
            ):
                return [archive[f"w{i}"].astype(np.float32) for i in range(len(archive.files))]
        except FileNotFoundError as error:
            kept = self.moments
            known = f"from “{kept[0].description}” to “{kept[-1].description}”" if kept else "none"
            raise RunError(
                f"Of this training no weights are kept of the moment “{moment.description}”, but of "
                f"{counted(len(kept), 'moment')}, {known}. Choose one of them."
            ) from error
        except _NO_WEIGHTS as error:
            raise self.damaged_weights(moment) from error

    def damaged_weights(self, moment: Moment) -> DamagedRunError:
        """Return the error that says that the weights of a moment are not those of the network."""
        return DamagedRunError(self.id, f"{files.EPOCHS}/{moment.stem}.npz")

    def write_weights(self, moment: Moment, weights: list[NDArray[np.float32]]) -> None:
        """Keep the weights at a moment, as float16."""
        arrays = {f"w{i}": _as_float16(w) for i, w in enumerate(weights)}
        (self.path / files.EPOCHS).mkdir(exist_ok=True)
        with replacing(self.weights_path(moment)) as aside:
            np.savez_compressed(aside, allow_pickle=False, **arrays)

    def weights_path(self, moment: Moment) -> Path:
        """Where the weights of a moment are, if they are kept."""
        return self.path / files.EPOCHS / f"{moment.stem}.npz"

    def write_status(self, status: Status) -> None:
        """Replace the status."""
        write_json(self.path / "status.json", asdict(status))

    def write_note(self, name: str, text: str) -> None:
        """Replace the reader's name and note; `RunError` if they are too long."""
        self._write(replace(self.note, name=name.strip(), text=text.strip()))

    def _write(self, note: Note) -> None:
        for what, given, most in (("name", note.name, MOST_NAME), ("note", note.text, MOST_NOTE)):
            if len(given) > most:
                raise RunError(f"The {what} has {len(given)} characters: give at most {most}.")
        self._require()
        with _written(f"The note of the run {self.id}"):
            write_json(self.path / "note.json", asdict(note))

    def write_table(self, name: str, rows: pd.DataFrame) -> None:
        """Replace one of the tables."""
        with replacing(self.path / name) as aside:
            rows.to_csv(aside, index=False)

    def ask_to_cancel(self) -> None:
        """Ask the worker to stop at the next batch; a queued run is cancelled at once."""
        self._require()
        with _written(f"That the run {self.name} is cancelled"):
            (self.path / "cancel").touch()
            status = self.status
            if status.state == "queued":
                message = "Cancelled." if status.epoch else "Cancelled before it began."
                self.write_status(replace(status, state="cancelled", message=message))

    def renew(self) -> None:
        """Make an ended or interrupted run a queued one, to go on from its resume point.

        Raises `RunError` if it is finished, somebody works on it, or another program trained it.
        """
        self._require()
        if self.is_recorded:
            raise RunError(
                f"The run {self.name} was trained by another program: go on with it there."
            )
        status = self.status
        if status.state not in ("interrupted", "cancelled", "failed"):
            raise RunError(f"The run {self.name} is {status.state}: it cannot be resumed.")
        with _written(f"That the run {self.name} is queued"):
            (self.path / "cancel").unlink(missing_ok=True)
            self.write_status(replace(status, state="queued", seconds_left=None, message=""))

    def delete(self) -> None:
        """Remove the folder, all at once; whoever works on the run notices and stops."""
        self._require()
        aside = self.path.with_name(f".deleted-{self.id}-{secrets.token_hex(2)}")
        with _written(f"That the run {self.name} is deleted"):
            try:
                self.path.rename(aside)
            except FileNotFoundError:
                self._require()
                raise
        shutil.rmtree(aside, ignore_errors=True)

    def _require(self) -> None:
        if not self.exists:
            raise RunError(f"There is no run {self.id}: it was deleted, or never made.")


def _as_float16(weights: NDArray[Any]) -> NDArray[np.float16]:
    """Return the weights in half precision; what is too large for it becomes its largest number."""
    most = np.finfo(np.float16).max
    limited: NDArray[np.float16] = np.clip(np.asarray(weights), -most, most).astype(np.float16)
    return limited


def create(
    runs_dir: Path, config: TrainingConfig, name: str | None = None, *, note: Note | None = None
) -> Run:
    """Make the folder of a new, queued run below `runs_dir` and return the run.

    Nothing is left behind, and `RunError` raised, where it cannot be written.
    The folder's name is the time and a random end, or `name`; `RunError` if a run has that name.
    The run is called as the note says, else after its settings, or as its folder where that has a
    name; a number behind it tells it from other runs.
    """
    note = note or Note()
    called = note.name or ("" if name else automatic(config))
    name = name or _new_id(runs_dir)
    run = Run(runs_dir / name)
    if run.exists:
        raise RunError(f"{name} holds a run already: remove it or choose another folder.")
    with _written(f"The run {run.id}"):
        runs_dir.mkdir(parents=True, exist_ok=True)
        if not called:
            _make(run, config, note)
            return run
        with FileLock(runs_dir / ".names.lock"):
            taken = [other.name for other in find(runs_dir)]
            _make(run, config, replace(note, name=unique(called, taken)))
    return run


def create_recorded(folder: Path, known: Recorded, fill: Callable[[Run], object]) -> Run:
    """Make the folder of a run that another program trains, or has trained, and return the run.

    `fill` writes its status, and whatever else, into a folder aside, which is there as a whole or not
    at all. Where `folder` is taken, a number stands behind its name. Raises `RunError` for a name that
    no run can have, or if it cannot be written.
    """
    require_name(folder.name)
    with _written(f"The run {folder.name}"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _aside(folder) as aside:
            write_json(aside.path / recorded.FILE, asdict(known))
            fill(aside)
            with FileLock(folder.parent / ".names.lock"):
                return Run(aside.path.rename(_free(folder)))


def require_name(name: str) -> None:
    """Raise `RunError` for what the folder of a run cannot be called."""
    if not re.fullmatch(ID, name):
        raise RunError(
            f"No run can be called {short(name)}: give up to 64 letters, digits, dots, dashes and "
            "underscores, a letter or a digit first."
        )


def _free(folder: Path) -> Path:
    """Return the folder, with a number behind its name if it is taken: "mine-2"."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([folder], numbered) if not path.exists())


def _new_id(runs_dir: Path) -> str:
    second = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    ids = (f"{second}-{secrets.token_hex(2)}" for _ in itertools.count())
    return next(run_id for run_id in ids if not Run(runs_dir / run_id).exists)


@contextmanager
def _written(what: str) -> Iterator[None]:
    """Say in a sentence that something could not be written, and why."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{what} could not be written: {why_not_written(error)}. Delete what is not needed, or "
            "ask whoever runs this server, then try again."
        ) from error


def _make(run: Run, config: TrainingConfig, note: Note) -> None:
    """Write the files of a new run; its folder is there when it has them all."""
    if run.path.is_dir():
        _write_new(run, config, note)
        return
    with _aside(run.path) as aside:
        _write_new(aside, config, note)
        aside.path.rename(run.path)


@contextmanager
def _aside(path: Path) -> Iterator[Run]:
    """Yield a run in a folder beside `path`, which is removed if the block ends with an error."""
    aside = Run(path.with_name(f".new-{path.name}-{secrets.token_hex(2)}"))
    aside.path.mkdir()
    try:
        yield aside
    except BaseException:
        shutil.rmtree(aside.path, ignore_errors=True)
        raise


def _write_new(run: Run, config: TrainingConfig, note: Note) -> None:
    run.write_status(Status())
    write_json(run.path / _CONFIG, config.to_json())
    if note != Note():
        run._write(note)


def find(runs_dir: Path) -> list[Run]:
    """Return all runs below `runs_dir`, the newest first; they may be gone the next moment."""
    try:
        with os.scandir(runs_dir) as entries:
            paths = [entry.path for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return []
    return [_run_at(path) for path in sorted(paths, reverse=True) if _is_run(path)]


@lru_cache(maxsize=_MOST_RUNS)
def _run_at(path: str) -> Run:
    return Run(Path(path))


def _is_run(path: str) -> bool:
    # Asked of every run at every look: this takes a tenth of the time of `Path.is_file`.
    return os.access(f"{path}/config.json", os.F_OK) or os.access(f"{path}/status.json", os.F_OK)


def together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several tables below each other; what one lacks is NaN."""
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def facts(run: Run) -> dict[str, Any]:
    """Return the facts of the card that a finished run wrote; empty before."""
    try:
        files.read(run.path, "model.card.json")
        return dict(read_json(run.path / "model.card.json").get("facts") or {})
    except (FileNotFoundError, DamagedRunError):
        return {}
