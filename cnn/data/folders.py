"""Folders of pictures: a sub-folder per class, a table that says which file is what, or no classes."""

from __future__ import annotations

import codecs
import csv
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.data.labelled import NO_LABEL, TEST, TRAIN, UNDIVIDED, Labelled, named, part
from cnn.data.picture_files import SUFFIXES, PictureFiles, key_of, stamp_of
from cnn.data.splits import WORDS, about, divided
from cnn.errors import DatasetError, reason

FILE = ("file", "filename", "file_name", "path", "filepath", "image", "picture")
_LABEL = ("label", "labels", "class", "class_name", "category", "target")
_SPLIT = "split"
_SPLIT_WORDS = {word for words in WORDS.values() for word in words}
_MOST_ROWS = 10_000_000
_SEPARATORS = ",;\t"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What the Finder of a Mac puts beside the files of an archive.
_NO_CLASSES = ("__macosx",)


class Listed(NamedTuple):
    """Files below `root` with their labels, by split; none of them is opened.

    Where nobody says what they are, they have no class names, and `NO_LABEL` each. `notes` are sentences
    about what is not shown, or otherwise than it is called.
    """

    root: Path
    stamps: dict[str, list[str]]
    labels: dict[str, NDArray[np.int64]]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits, the one to look at first."""
        known = tuple(split for split in (TEST, TRAIN) if split in self.stamps)
        return known or UNDIVIDED

    @property
    def key(self) -> str:
        """What is another as soon as a file is another, has another name or another class."""
        labels = (self.labels[split].tobytes().hex() for split in sorted(self.labels))
        stamps = (stamp for split in sorted(self.stamps) for stamp in self.stamps[split])
        return key_of([*self.class_names, *labels, *stamps])

    def read(self, split: str) -> Labelled:
        """Return the pictures of a split, to be decoded one by one."""
        known = split if split in self.stamps else UNDIVIDED[0]
        pictures = PictureFiles(self.root, self.stamps[known])
        whole = Labelled(pictures, self.labels[known], self.class_names)
        return whole if known == split else part(whole, split)


def list_folder(folder: Path) -> Listed | None:
    """Return the pictures of a folder, a class per sub-folder, in the order of their names.

    Where there are folders called train and test, or validation, inside, each is a split, unless they
    have pictures beside folders of other classes. Where no sub-folder has pictures, those beside them
    are taken, without labels. None where there are none either.
    """
    inside = _folders(folder, "")
    splits = divided(inside)
    others = [name for name in inside if name.lower() not in _SPLIT_WORDS]
    if all(
        any(_has_pictures(folder / name) for name in each) for each in (splits.values(), others)
    ):
        splits = {}
    roots = {split: f"{name}/" for split, name in splits.items()} or {UNDIVIDED[0]: ""}
    found = _in_classes(folder, roots) or _without_classes(folder, roots)
    if found is None:
        return None
    deeper = below_classes(folder, roots.values())
    left_out = (f"Left out: pictures in {deeper}, below the folder of a class.",) if deeper else ()
    return found._replace(notes=(*about(inside if splits else (), splits), *left_out))


def below_classes(folder: Path, starts: Iterable[str] = ("",)) -> str:
    """Return a folder with pictures below those of classes, which are not looked into; "" if none is."""
    places = (f"{start}{name}/" for start in starts for name in _folders(folder, start))
    deeper = (f"{place}{name}" for place in places for name in _folders(folder, place))
    return next((place for place in deeper if _has_pictures(folder / place)), "")


def _in_classes(folder: Path, roots: dict[str, str]) -> Listed | None:
    found = {split: dict(_classes(folder, start)) for split, start in roots.items()}
    found = {split: classes for split, classes in found.items() if classes}
    if not found:
        return None
    names = tuple(sorted({name for classes in found.values() for name in classes}))
    stamps = {split: list(chain(*classes.values())) for split, classes in found.items()}
    labels = {
        split: np.repeat([names.index(name) for name in classes], [*map(len, classes.values())])
        for split, classes in found.items()
    }
    return Listed(folder, stamps, labels, names)


def _without_classes(folder: Path, roots: dict[str, str]) -> Listed | None:
    found = {split: _pictures(folder, start) for split, start in roots.items()}
    stamps = {split: pictures for split, pictures in found.items() if pictures}
    labels = {split: np.full(len(pictures), NO_LABEL) for split, pictures in stamps.items()}
    return Listed(folder, stamps, labels, ()) if stamps else None


def _classes(folder: Path, start: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each sub-folder of a folder that has pictures, and the stamps of these."""
    for name in _folders(folder, start):
        if inside := _pictures(folder, f"{start}{name}/"):
            yield name, inside


def _folders(folder: Path, start: str) -> list[str]:
    """Return the names of the folders in a folder below another, in their order, without hidden ones."""
    names = sorted(entry.name for entry in os.scandir(folder / start) if entry.is_dir())
    return [name for name in names if name[0] != "." and name.lower() not in _NO_CLASSES]


def _is_picture(entry: os.DirEntry[str]) -> bool:
    """Whether a file is called as a picture, and is not hidden, as those that a Mac puts beside them."""
    return entry.name.lower().endswith(SUFFIXES) and entry.name[0] != "." and entry.is_file()


def _has_pictures(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(map(_is_picture, entries))


def _pictures(folder: Path, start: str) -> list[str]:
    """Return the stamps of the pictures in a folder below another, in the order of their names."""
    inside = {
        entry.name: stamp_of(f"{start}{entry.name}", entry.stat())
        for entry in filter(_is_picture, os.scandir(folder / start))
    }
    return [inside[file] for file in sorted(inside)]


def list_table(path: Path) -> Listed:
    """Return the pictures that a CSV names, with columns `file` and, if wanted, `label` and `split`.

    Between columns is a comma, a semicolon or a tab. The files are below its folder. Labels are numbers
    or names; a table that gives none at all is one of pictures without labels. `DatasetError`, with the
    line, for what is no such table and for a file that is not there.
    """
    try:
        with _opened(path) as file:
            table = _table(file)
            head = [word.strip().lower() for word in next(table, [])]
            rows = list(_rows(path, head, table))
    except (OSError, UnicodeError, csv.Error) as error:
        raise DatasetError(
            f"{path.name} cannot be read as a table ({reason(error)}): expected a CSV in UTF-8 with "
            "the columns file and label."
        ) from error
    if not rows:
        raise DatasetError(f"{path.name} names no picture: expected a line `file,label` for each.")
    words = {row.split for row in rows}
    splits = {UNDIVIDED[0]: ""} if words == {""} else _splits(path, words)
    labels, names = _told(path, rows)
    stamps = [_stamp(path, row) for row in rows]
    places = {
        split: [n for n, row in enumerate(rows) if row.split == word]
        for split, word in splits.items()
    }
    return Listed(
        path.parent,
        {split: [stamps[n] for n in chosen] for split, chosen in places.items()},
        {split: labels[chosen] for split, chosen in places.items()},
        names,
        (*about(words, splits), *_about_labels(path, head)),
    )


def names_pictures(path: Path) -> bool:
    """Whether a CSV has a column of files; False for what cannot be read."""
    try:
        with _opened(path) as file:
            return any(word.strip().lower() in FILE for word in next(_table(file), []))
    except (OSError, UnicodeError, csv.Error):
        return False


def _opened(path: Path) -> IO[str]:
    """Open a table in UTF-8, or in UTF-16 where it begins as that does."""
    with path.open("rb") as file:
        start = file.read(2)
    return path.open(newline="", encoding="utf-16" if start in _UTF16 else "utf-8-sig")


def _table(file: IO[str]) -> Iterator[list[str]]:
    """Return the rows of a table, whose columns are separated as the most in its first line are."""
    head = file.readline()
    return csv.reader(chain([head], file), delimiter=max(_SEPARATORS, key=head.count))


def _splits(path: Path, words: set[str]) -> dict[str, str]:
    """Return the word for each split in a table; `DatasetError` for words that name none."""
    if words <= _SPLIT_WORDS:
        return divided(words)
    raise DatasetError(
        f"{path.name} has the splits {', '.join(sorted(map(repr, words)))}: expected train and "
        "test, or no column of that name."
    )


def _about_labels(path: Path, head: list[str]) -> tuple[str, ...]:
    """Return that no column is known to have labels, where there are others than those of files."""
    others = [word for word in head if word and word not in FILE and word != _SPLIT]
    if not others or any(word in _LABEL for word in head):
        return ()
    return (
        f"{path.name} has no column with labels that is known, only {', '.join(others)[:80]}: its "
        f"pictures are shown without; call the column {_LABEL[0]}.",
    )


def _told(path: Path, rows: list[_Row]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the class numbers and names of all rows, or that none has a label."""
    blank = [row for row in rows if not row.label]
    if len(blank) == len(rows):
        return np.full(len(rows), NO_LABEL), ()
    if blank:
        raise DatasetError(
            f"{path.name}, line {blank[0].line:,}, has no label, and others have: give each picture one, "
            "or none."
        )
    return _numbers([row.label for row in rows])


class _Row(NamedTuple):
    line: int
    file: str
    label: str
    split: str


def _rows(path: Path, head: list[str], table: Iterator[list[str]]) -> Iterator[_Row]:
    file = next((head.index(name) for name in FILE if name in head), None)
    label = next((head.index(name) for name in _LABEL if name in head), None)
    split = head.index(_SPLIT) if _SPLIT in head else None
    if file is None:
        raise DatasetError(
            f"{path.name} begins with {', '.join(head)[:80] or 'nothing'!r}: expected the names of its "
            "columns, file and, where there are labels, label, in the first line."
        )
    for line, cells in enumerate(table, start=2):
        if not any(cells):
            continue
        if len(cells) <= max(file, label or 0, split or 0) or line > _MOST_ROWS:
            raise DatasetError(f"{path.name}, line {line:,}, has too few columns: mend it.")
        yield _Row(
            line, cells[file].strip(), cells[label].strip() if label is not None else "",
            cells[split].strip().lower() if split is not None else "",
        )  # fmt: skip


def _stamp(path: Path, row: _Row) -> str:
    """Return the stamp of a row's file; a table leads to no file outside its folder."""
    name = Path(os.path.normpath(row.file))
    if name.is_absolute() or ".." in name.parts or "\0" in row.file:
        raise DatasetError(
            f"{path.name}, line {row.line:,}, names {name.name}, which is outside its folder: "
            "name files below the folder of the table."
        )
    try:
        found = (path.parent / name).stat()
    except OSError as error:
        raise DatasetError(
            f"{path.name}, line {row.line:,}, names {row.file}, which is not there "
            f"({reason(error)}): mend the line, or add the file."
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise DatasetError(
            f"{path.name}, line {row.line:,}, names {row.file!r}, which is no file: name a picture."
        )
    return stamp_of(name.as_posix(), found)


def _numbers(labels: list[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class numbers and names; labels that are all whole numbers are in their order."""
    if all(label.isdecimal() and len(label) < 10 for label in labels):
        names = tuple(str(number) for number in sorted({int(label) for label in labels}))
        places = {int(name): place for place, name in enumerate(names)}
        return np.array([places[int(label)] for label in labels], np.int64), names
    return named(labels)
