"""Somebody's own pictures: what kind of files they are in, found out without decoding any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnn.data.archives import notes_of_archive, read_archive, splits_of_archive
from cnn.data.cifar import about_batches, batch_files, read_batches
from cnn.data.folders import below_classes, list_folder, not_read
from cnn.data.idx import idx_files, read_idx_files
from cnn.data.labelled import TEST, TRAIN, Labelled
from cnn.data.listing import Listed
from cnn.data.picture_files import SUFFIXES, key_of, stamp_of
from cnn.data.tables import list_table, names_pictures
from cnn.errors import DatasetError, reason
from cnn.words import listed, printable

ACCEPTED = (
    "a folder of pictures (a sub-folder per class, where they have any, below train and test, where "
    f"they are divided; {', '.join(SUFFIXES)}), a CSV of file,label (or with a column of 0 and 1 for "
    "each class), an .npz with x and, for labels, y, or the files of MNIST, Fashion-MNIST, CIFAR-10 or "
    "CIFAR-100"
)
_OF_LABELS = ("labels", "train")
# By their places; see `keep_source`.
_kept: dict[Path, Source] = {}


@dataclass(frozen=True, eq=False)
class Source:
    """Pictures that were found: `splits`, the one to look at first, and how one is read.

    `key` is another as soon as one of the files is another. `notes` are sentences about what is not
    shown, or otherwise than it is called.
    """

    name: str
    key: str
    splits: tuple[str, ...]
    read: Callable[[str], Labelled]
    notes: tuple[str, ...] = ()


def open_source(path: Path) -> Source:
    """Return the pictures in a folder or a file; `DatasetError` where there are none.

    Files that come or go afterwards are not noticed; those that change are, when they are read.
    """
    try:
        source = _opened(path)
    except OSError as error:
        raise DatasetError(
            f"{path.name} cannot be read ({reason(error)}): expected {ACCEPTED}."
        ) from error
    if source is None:
        raise DatasetError(f"{path.name} holds no data set{_instead(path)}: expected {ACCEPTED}.")
    return source


def keep_source(path: Path) -> Source:
    """Open pictures as `open_source` does, for `kept_source` in this process and those it forks.

    So a server that checks a folder before it starts its processes lists it once for all of them.
    """
    _kept[path] = open_source(path)
    return _kept[path]


def kept_source(path: Path) -> Source:
    """Return the pictures that were kept open, else as `open_source` does."""
    return _kept.get(path) or open_source(path)


def _instead(path: Path) -> str:
    """Return what there is in place of a data set, to be said in the middle of a sentence."""
    if not path.is_dir():
        return ""
    if deeper := below_classes(path):
        return f" where it is looked for, and pictures in {deeper}"
    others = not_read(path)
    return f", and {others}" if others else ""


def _opened(path: Path) -> Source | None:
    if path.is_file():
        return _file(path)
    if not path.is_dir():
        raise DatasetError(f"There is nothing called {path.name}: expected {ACCEPTED}.")
    if files := idx_files(path):
        return _arrays(path, *_divided(files), lambda split: read_idx_files(path, split))
    if files := batch_files(path):
        notes = about_batches(path)
        return _arrays(path, *_divided(files), lambda split: read_batches(path, split), notes)
    return _found(path)


def _found(path: Path) -> Source | None:
    """Return what a folder holds: a table of pictures, classes, an archive, or pictures alone."""
    tables, archives = sorted(path.glob("*.csv"), key=_by_use), sorted(path.glob("*.npz"))
    if table := next(filter(names_pictures, tables), None):
        others = [file.name for file in (*tables, *archives) if file != table]
        return _listed(table.name, list_table(table), *_left_out(others, table.name))
    pictures = list_folder(path)
    if pictures and (pictures.class_names or not archives):
        others = [file.name for file in (*tables, *archives)]
        notes = _left_out(others, f"the pictures in {path.name}")
        if tables:
            notes += ("A table of pictures has the columns file and label in its first line.",)
        return _listed(path.name, pictures, *notes)
    alone = [*archives, *tables]
    return _file(alone[0]) if alone else None


def _by_use(table: Path) -> tuple[bool, str]:
    """Return what tables are sorted by: those that are called as labels of training are first."""
    return table.stem.lower() not in _OF_LABELS, table.name


def _left_out(names: Sequence[str], beside: str) -> tuple[str, ...]:
    return (f"Left out: {listed(names)}, beside {beside}.",) if names else ()


def _divided(files: Mapping[str, list[Path]]) -> tuple[list[Path], tuple[str, ...]]:
    """Return all files of the splits, and the splits, the one to look at first."""
    splits = tuple(split for split in (TEST, TRAIN) if split in files)
    return [path for each in files.values() for path in each], splits


def _file(path: Path) -> Source | None:
    if path.suffix.lower() == ".csv":
        return _listed(path.name, list_table(path))
    if path.suffix.lower() == ".npz":
        splits, notes = splits_of_archive(path), notes_of_archive(path)
        return _arrays(path, [path], splits, lambda split: read_archive(path, split), notes)
    return None


def _listed(name: str, found: Listed, *notes: str) -> Source:
    told = tuple(map(printable, (*found.notes, *notes)))
    return Source(printable(name), found.key, found.splits, found.read, told)


def _arrays(
    place: Path,
    files: Sequence[Path],
    splits: tuple[str, ...],
    read: Callable[[str], Labelled],
    notes: tuple[str, ...] = (),
) -> Source:
    """Return pictures that are read as a whole; files that were changed since they were found are not."""
    key = _key(files)

    def unchanged(split: str) -> Labelled:
        labelled = read(split)
        if _key(files) != key:
            raise DatasetError(
                f"{place.name} was changed since it was opened: start again to see what it is now."
            )
        return labelled

    return Source(printable(place.name), key, splits, unchanged, notes)


def _key(files: Sequence[Path]) -> str:
    return key_of([stamp_of(path.name, path.stat()) for path in files])
