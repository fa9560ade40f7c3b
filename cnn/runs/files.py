"""The files of a run, read and checked: each for itself, and only when it has changed.

Whatever stands in a file, its reader gets what it is promised or a `DamagedRunError` with the
file's name; a file that is not there is a `FileNotFoundError`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zipfile import BadZipFile, ZipFile

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter

from cnn.errors import CnnError, DamagedRunError
from cnn.files import read_json
from cnn.runs import recorded
from cnn.runs.configuration import TrainingConfig
from cnn.runs.moments import Moment

if TYPE_CHECKING:
    import pandas as pd

State = Literal["queued", "running", "finished", "cancelled", "failed", "interrupted"]
Count = Annotated[int, Field(ge=0, le=10**12)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=10**12)]
EPOCHS = "epochs"
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_FINITE = ConfigDict(strict=True, allow_inf_nan=False)
_UNREADABLE = (ValueError, TypeError, AttributeError, RecursionError, CnnError)
_BROKEN = (BadZipFile, OSError, ValueError, NotImplementedError)
# A table is long: whether it is one is seen at its beginning.
_HEAD_BYTES = 65_536
_MOST_KEPT = 16_384
_MOST_TABLES = 256
_MOST_COUNTED = 1e12


@dataclass(frozen=True)
class Status:
    """How far a run is. Losses are means over the epoch so far, `seconds_left` an estimate."""

    __pydantic_config__ = _STRICT

    state: State = "queued"
    epoch: Count = 0
    batch: Count = 0
    batches: Count = 0
    loss: float | None = None
    accuracy: Share | None = None
    seconds_left: Seconds | None = None
    message: str = ""


@dataclass(frozen=True)
class Note:
    """What a reader calls a run, and writes beside it; `by` is who asked for it, where that is known."""

    __pydantic_config__ = _STRICT

    name: str = ""
    text: str = ""
    by: str = ""


@dataclass(frozen=True)
class _Beat:
    __pydantic_config__ = _STRICT

    machine: str
    process: int
    count: int


@dataclass(frozen=True)
class _Facts:
    __pydantic_config__ = _FINITE

    scores: dict[str, Share] = field(default_factory=dict)


@dataclass(frozen=True)
class _Card:
    __pydantic_config__ = _FINITE

    class_names: list[str]
    scale: float | str | dict[str, Any] | None = None
    facts: _Facts | None = None


def _read_config(path: Path) -> TrainingConfig:
    return TrainingConfig.from_json(read_json(path))


def _as(kind: type) -> Callable[[Path], Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return lambda path: adapter.validate_json(path.read_bytes())


_KINDS: dict[str, Callable[[Path], Any]] = {
    "config.json": _read_config,
    recorded.FILE: _as(recorded.Recorded),
    "status.json": _as(Status),
    "note.json": _as(Note),
    "heartbeat.json": _as(_Beat),
    "model.card.json": _as(_Card),
}
_COLUMNS = {
    "history.csv": ("epoch", "loss", "accuracy", "val_loss", "val_accuracy"),
    "batches.csv": ("epoch", "batch", "loss", "accuracy"),
    "classes.csv": ("epoch",),
}
# Other programs measure what they like.
_COLUMNS_OF_OTHERS = {
    "history.csv": ("epoch", "loss"),
    "batches.csv": ("epoch", "batch", "loss"),
    "classes.csv": ("epoch",),
}
_MEMBERS = {
    "model.keras": ("config.json", "model.weights.h5"),
    "initial.keras": ("config.json", "model.weights.h5"),
    "resume.npz": ("epoch.npy",),
}


def read(folder: Path, name: str) -> Any:
    """Return what one of the JSON files says, as the class that stands for it."""
    path = f"{folder}/{name}"
    try:
        return _read(path, name, _signature(path))
    except FileNotFoundError:
        raise
    except (*_UNREADABLE, OSError) as error:
        raise DamagedRunError(folder.name, name) from error


def table(folder: Path, name: str) -> pd.DataFrame:
    """Return one of the tables, without a last line that is half written."""
    path = f"{folder}/{name}"
    try:
        return _table(path, name, _signature(path)).copy(deep=False)
    except FileNotFoundError:
        raise
    except (*_UNREADABLE, OSError) as error:
        raise DamagedRunError(folder.name, name) from error


def has_line(folder: Path, name: str) -> bool:
    """Whether a table has a whole line: its writer makes the file before the first one."""
    try:
        with (folder / name).open("rb") as file:
            return b"\n" in file.read(_HEAD_BYTES)
    except OSError:
        return False


def moments(folder: Path) -> Iterator[tuple[Moment, int]]:
    """Find the moments of which weights are kept, in no order: each with its file's bytes."""
    for entry in _entries(f"{folder}/{EPOCHS}"):
        moment = _moment(entry.name)
        if moment is not None:
            try:
                yield moment, entry.stat().st_size
            except FileNotFoundError:
                continue


def damaged(folder: Path) -> str:
    """Return the name of the first file that is damaged, "" if all are whole."""
    kept = sorted(entry.name for entry in _entries(f"{folder}/{EPOCHS}"))
    names = [*_KINDS, *_COLUMNS, *_MEMBERS, *(f"{EPOCHS}/{name}" for name in kept)]
    return next((name for name in names if _state(folder, name) == "damaged"), "")


def is_whole(folder: Path, name: str) -> bool:
    """Whether a file is there and not damaged."""
    return _state(folder, name) == "whole"


def _state(folder: Path, name: str) -> Literal["whole", "damaged", "missing"]:
    """Return how a file is; of a large one only the beginning or the table of contents is read."""
    path = f"{folder}/{name}"
    try:
        return "whole" if _is_whole(path, name, _signature(path)) else "damaged"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return "damaged"


def _signature(path: str) -> tuple[int, int, int]:
    """Return what is another when the file is: files are replaced, so its place on the disk too."""
    known = os.stat(path)  # noqa: PTH116 - asked of every run at every look
    return known.st_ino, known.st_mtime_ns, known.st_size


@lru_cache(maxsize=_MOST_KEPT)
def _read(path: str, name: str, _known: tuple[int, int, int]) -> Any:
    return _KINDS[name](Path(path))


@lru_cache(maxsize=_MOST_TABLES)
def _table(path: str, name: str, _known: tuple[int, int, int]) -> pd.DataFrame:
    return _as_table(Path(path).read_bytes(), name, is_own=_is_own(path))


@lru_cache(maxsize=_MOST_KEPT)
def _is_whole(path: str, name: str, known: tuple[int, int, int]) -> bool:
    try:
        if name in _KINDS:
            _read(path, name, known)
        elif name in _COLUMNS:
            with Path(path).open("rb") as file:
                _as_table(file.read(_HEAD_BYTES), name, is_own=_is_own(path))
        else:
            return _is_archive(path, _MEMBERS.get(name, ("w0.npy",))) and (
                name in _MEMBERS or _moment(Path(name).name) is not None
            )
    except FileNotFoundError:
        raise
    except (*_UNREADABLE, OSError):
        return False
    return True


def _is_own(path: str) -> bool:
    """Whether a file is of a run that was trained here."""
    return not (Path(path).parent / recorded.FILE).exists()


def _as_table(data: bytes, name: str, *, is_own: bool) -> pd.DataFrame:
    """Return the whole lines of a table; `ValueError` if they are not those of `name`."""
    import pandas as pd
    from pandas.api.types import is_numeric_dtype

    lines = data[: data.rfind(b"\n") + 1]
    table = pd.read_csv(io.BytesIO(lines), on_bad_lines="skip")
    wanted = list((_COLUMNS if is_own else _COLUMNS_OF_OTHERS)[name])
    is_numbers = all(is_numeric_dtype(kind) for kind in table.dtypes) or table.empty
    if not is_numbers or not set(wanted) < set(table.columns):
        raise ValueError(f"{name} has the columns {list(table.columns)}")
    if is_own and name == "history.csv" and not np.isfinite(table[wanted].to_numpy(float)).all():
        raise ValueError(f"{name} has what is no number")
    if not _counts(table, "epoch") or not _counts(table, "batch"):
        raise ValueError(f"{name} has what is no epoch or no step")
    shares = table.drop(columns="epoch") if name == "classes.csv" else table.filter(like="accuracy")
    if is_own and ((shares < 0) | (shares > 1)).any(axis=None):
        raise ValueError(f"{name} has what is no share")
    return table


def _counts(table: pd.DataFrame, column: str) -> bool:
    """Whether a column, if it is there, has whole numbers from 0."""
    values = table[column].to_numpy(float) if column in table else np.zeros(0)
    return bool(((values >= 0) & (values <= _MOST_COUNTED) & (values == np.floor(values))).all())


def _is_archive(path: str, members: tuple[str, ...]) -> bool:
    try:
        with ZipFile(path) as archive:
            return set(members) <= set(archive.namelist())
    except FileNotFoundError:
        raise
    except _BROKEN:
        return False


def _entries(path: str) -> list[os.DirEntry[str]]:
    """Return what stands in a folder, without what is being written."""
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return []


def _moment(name: str) -> Moment | None:
    """Return the moment whose weights a file has by its name, None if it is none."""
    stem, _, suffix = name.rpartition(".")
    try:
        moment = Moment.parse("-".join(part.lstrip("0") or "0" for part in stem.split("-")))
    except CnnError:
        return None
    return moment if suffix == "npz" and moment.stem == stem else None
