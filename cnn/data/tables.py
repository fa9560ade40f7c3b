"""Tables that say which file is a picture of what: a CSV with a line per picture."""

from __future__ import annotations

import codecs
import csv
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain
from math import nan
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.data.beside import about_beside
from cnn.data.labelled import NO_LABEL, UNDIVIDED, named
from cnn.data.listing import Listed
from cnn.data.picture_files import SUFFIXES, stamp_of
from cnn.data.splits import WORDS, about, divided
from cnn.errors import DatasetError, reason
from cnn.words import printable

# Names of columns are compared in small letters, without blanks and signs between.
_FILE = (
    "file", "filename", "path", "filepath", "image", "picture",
    "imagepath", "imgpath", "imagename", "imagefile",
)  # fmt: skip
# Many tables have these that are none of pictures: the first line tells.
_VAGUE = ("imageid", "img", "id", "name")
_LABEL = ("label", "class", "category", "target")
_LABEL_ENDS = ("", "s", "es", "name", "label", "id", "idx", "index", "number")
_LABELS = tuple(f"{word}{end}" for end in _LABEL_ENDS for word in _LABEL)
_SPLIT = "split"
# Columns that only number the lines.
_COUNTS = ("", "id", "index", "unnamed0")
_SPLIT_WORDS = {word for words in WORDS.values() for word in words}
_MOST_ROWS = 10_000_000
_SEPARATORS = ",;\t"
# How Excel says which it is, in a line of its own.
_SEPARATOR = re.compile(r"sep=(.)\s*$", re.IGNORECASE)
_COMMENT = "#"
# Accents are one sign with their letter, or one of their own, as on a Mac.
_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
# Where tables are beside a folder of pictures, if not in one that is called as they are.
_USUAL_FOLDER = "images"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKS = {"0": 0, "0.0": 0, "false": 0, "1": 1, "1.0": 1, "true": 1}
_WHOLE = re.compile(r"([0-9]{1,9})(\.0+)?")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:([.,])[0-9]*)?|([.,])[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
# What programs write into the cell of a number that they do not have.
_MISSING = ("", "nan", "na", "n/a", "null", "none", "?", "-")
_TRUTH = {"false": 0.0, "true": 1.0}
_MOST_SHOWN = 20
_CALLED = (
    "file or path for the files; label, class, category or target for what is on them, also with _name, "
    "_id, _idx or _index, or a column of 0 and 1 for each class"
)


class _Columns(NamedTuple):
    """Places of the columns that are read: several of `labels` have a 1 at the class, and 0 elsewhere.

    `is_known` says whether that of the labels is called as such. `others` may be numbers that a network
    takes beside the picture.
    """

    head: list[str]
    file: int
    labels: list[int]
    split: int | None
    is_known: bool
    others: list[int]

    @property
    def last(self) -> int:
        return max(self.file, *self.labels, self.split or 0)


class _Row(NamedTuple):
    line: int
    file: str
    labels: tuple[str, ...]
    split: str
    others: tuple[str, ...]


def list_table(path: Path) -> Listed:
    """Return the pictures that a CSV names, with columns `file` and, if wanted, `label` and `split`.

    Between columns is a comma, a semicolon or a tab. The files are below its folder; the end of a
    picture's name may be left out. Labels are numbers or names, in one column or in one for each class,
    with a 1 in one of them; a table that gives none at all is one of pictures without labels. Other
    columns of numbers are kept by their names, for inputs of a network that are called so.
    `DatasetError`, with the line, for what is no such table and for a file that is not there.
    """
    try:
        with _opened(path) as file:
            table = _table(file)
            columns = _columns(path, [word.strip() for word in next(table, [])])
            rows = list(_rows(path, columns, table))
            decimals = "." if table.dialect.delimiter == "," else ".,"
    except (OSError, UnicodeError, csv.Error) as error:
        raise DatasetError(
            f"{path.name} cannot be read as a table ({reason(error)}): expected a CSV in UTF-8 with "
            "the columns file and label."
        ) from error
    if not rows:
        raise DatasetError(f"{path.name} names no picture: expected a line `file,label` for each.")
    words = {row.split for row in rows}
    splits = {UNDIVIDED[0]: ""} if words == {""} else _splits(path, words)
    labels, names = _told(path, columns, rows)
    below = _below(path, rows[0].file)
    stamps = [_stamp(path, row, below) for row in rows]
    places = {
        split: [n for n, row in enumerate(rows) if row.split == word]
        for split, word in splits.items()
    }
    numbers, no_numbers = _numbers_beside(columns, rows, decimals)
    return Listed(
        path.parent,
        {split: [stamps[n] for n in chosen] for split, chosen in places.items()},
        {split: labels[chosen] for split, chosen in places.items()},
        names,
        (
            *about(words, splits),
            *_about_labels(path, columns),
            *([f"The files of {path.name} are those in {below}."] if below else ()),
            *about_beside(f"Columns of {path.name}", [*numbers], no_numbers),
        ),
        {
            split: {name: column[chosen] for name, column in numbers.items()}
            for split, chosen in places.items()
        },
    )


def names_pictures(path: Path) -> bool:
    """Whether a CSV has a column of files; False for what cannot be read."""
    try:
        with _opened(path, errors="replace") as file:
            table = _table(file)
            known = [*map(_plain, next(table, []))]
            first: list[str] = next(table, [])
    except (OSError, UnicodeError, csv.Error):
        return False
    if any(word in known for word in _FILE):
        return True
    vague = next((known.index(word) for word in _VAGUE if word in known), len(first))
    if vague >= len(first):
        return False
    return _below(path, first[vague].strip(), everywhere=False) is not None


def _opened(path: Path, errors: str = "strict") -> IO[str]:
    """Open a table in UTF-8, or in UTF-16 where it begins as that does."""
    with path.open("rb") as file:
        start = file.read(2)
    encoding = "utf-16" if start in _UTF16 else "utf-8-sig"
    return path.open(newline="", encoding=encoding, errors=errors)


def is_reserved(word: str) -> bool:
    """Whether a column of that name is read as something else than as a class."""
    return _plain(word.strip()) in {*_FILE, *_VAGUE, *_LABELS, *_COUNTS, _SPLIT}


def _table(file: IO[str]) -> Any:
    """Return the reader of a table, whose columns are separated as the most in its first line are."""
    head = next((line for line in file if line[0] != _COMMENT), "")
    if told := _SEPARATOR.match(head):
        return csv.reader(file, delimiter=told[1])
    return csv.reader(chain([head], file), delimiter=max(_SEPARATORS, key=head.count))


def _plain(word: str) -> str:
    """Return the name of a column as those here are written: "Class ID" is "classid"."""
    return re.sub(r"[\W_]+", "", word.lower()) or word


def _columns(path: Path, head: list[str]) -> _Columns:
    known = [*map(_plain, head)]
    file = next((known.index(name) for name in (*_FILE, *_VAGUE) if name in known), None)
    if file is None:
        raise DatasetError(
            f"{path.name} begins with {', '.join(head)[:80] or 'nothing'!r}: expected the names of its "
            f"columns in the first line, {_CALLED}."
        )
    split = known.index(_SPLIT) if _SPLIT in known else None
    label = next((known.index(name) for name in _LABELS if name in known), None)
    others = [n for n, word in enumerate(known) if n not in (file, split) and word not in _COUNTS]
    labels = others if label is None else [label]
    classes = labels if len(labels) > 1 else [label]
    beside = [n for n, word in enumerate(head) if word and n not in (file, split, *classes)]
    return _Columns(head, file, labels, split, label is not None, beside)


def _rows(path: Path, columns: _Columns, table: Iterator[list[str]]) -> Iterator[_Row]:
    for line, cells in enumerate(table, start=2):
        if not any(cells):
            continue
        if len(cells) <= columns.last or line > _MOST_ROWS:
            raise DatasetError(f"{path.name}, line {line:,}, has too few columns: mend it.")
        split = "" if columns.split is None else cells[columns.split].strip().lower()
        labels = tuple(cells[place].strip() for place in columns.labels)
        others = tuple("".join(cells[n : n + 1]).strip() for n in columns.others)
        yield _Row(line, cells[columns.file].strip(), labels, split, others)


def _splits(path: Path, words: set[str]) -> dict[str, str]:
    """Return the word for each split in a table; `DatasetError` for words that name none."""
    if words <= _SPLIT_WORDS:
        return divided(words)
    raise DatasetError(
        f"{path.name} has the splits {', '.join(sorted(map(repr, words)))}: expected train and "
        "test, or no column of that name."
    )


def _about_labels(path: Path, columns: _Columns) -> tuple[str, ...]:
    """Return which column is taken for labels, where its name does not say it."""
    if columns.is_known or len(columns.labels) != 1:
        return ()
    called = columns.head[columns.labels[0]]
    return (f"The column {called[:80]} of {path.name} is taken for the labels, as no other is.",)


def _told(
    path: Path, columns: _Columns, rows: Sequence[_Row]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the class numbers and names of all rows, or that none has a label."""
    if len(columns.labels) > 1:
        return _marked(path, columns, rows)
    blank = [row for row in rows if not any(row.labels)]
    if len(blank) == len(rows):
        return np.full(len(rows), NO_LABEL), ()
    if blank:
        raise DatasetError(
            f"{path.name}, line {blank[0].line:,}, has no label, and others have: give each picture one, "
            "or none."
        )
    return _numbers([row.labels[0] for row in rows])


def _marked(
    path: Path, columns: _Columns, rows: Sequence[_Row]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class numbers and names of rows with a 1 in the column of the class, and 0 in others."""
    numbers = np.empty(len(rows), np.int64)
    for place, row in enumerate(rows):
        marks = [_MARKS.get(cell.lower(), -1) for cell in row.labels]
        if -1 in marks:
            raise DatasetError(
                f"{path.name} has the columns {', '.join(columns.head)[:200]}, and none is known to have "
                f"labels: expected {_CALLED}."
            )
        if sum(marks) != 1:
            raise DatasetError(
                f"{path.name}, line {row.line:,}, marks {sum(marks)} of {len(marks)} classes with a 1: "
                "give each picture one class."
            )
        numbers[place] = marks.index(1)
    return numbers, tuple(columns.head[place] for place in columns.labels)


def _numbers_beside(
    columns: _Columns, rows: Sequence[_Row], decimals: str
) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """Return the numbers (rows,) of the other columns by name, and why those that are left have none.

    A cell without anything is NaN; `decimals` are the signs that may stand before decimals.
    """
    found: dict[str, NDArray[np.float64]] = {}
    left: dict[str, str] = {}
    for which, place in enumerate(columns.others):
        name = columns.head[place]
        numbers = [_number(row.others[which], decimals) for row in rows]
        if name in found or name in left:
            left[name] = "another column is called so"
        elif None in numbers:
            row = rows[numbers.index(None)]
            if place not in columns.labels:
                left[name] = f"no number in line {row.line:,}: {row.others[which][:_MOST_SHOWN]!r}"
        elif np.isnan(column := np.array(numbers, np.float64)).all():
            left[name] = "no numbers"
        else:
            found[name] = column
    return {name: column for name, column in found.items() if name not in left}, left


def _number(cell: str, decimals: str) -> float | None:
    """Return the number in a cell, NaN for an empty one; None for what is no number."""
    if cell.lower() in _MISSING:
        return nan
    if cell.lower() in _TRUTH:
        return _TRUTH[cell.lower()]
    written = _NUMBER.fullmatch(cell)
    if not written or (written[1] or written[2] or ".") not in decimals:
        return None
    return float(cell.replace(",", "."))


def _below(path: Path, file: str, *, everywhere: bool = True) -> str | None:
    """Return the folder beside a table in which its first file is, "" for that of the table itself.

    None where it is in none of them, or, unless `everywhere`, in none that is called as such folders are.
    """
    inside = sorted(entry.name for entry in os.scandir(path.parent) if entry.is_dir())
    usual = [name for name in (path.stem, _USUAL_FOLDER) if name in inside]
    places = ("", *dict.fromkeys([*usual, *(inside if everywhere else [])]))
    return next(
        (one for one in places if _has_file(path.parent, f"{one}/{file}".lstrip("/"))), None
    )


def _has_file(folder: Path, name: str) -> bool:
    found = _found(folder, name)
    return found is not None and stat.S_ISREG(found.stat.st_mode)


def _stamp(path: Path, row: _Row, below: str | None) -> str:
    """Return the stamp of a row's file; a table leads to no file outside its folder."""
    name = Path(os.path.normpath(row.file.replace("\\", "/")))
    if name.is_absolute() or ".." in name.parts or "\0" in row.file:
        raise DatasetError(
            f"{path.name}, line {row.line:,}, names {printable(name.name)}, which is outside its folder: "
            "name files below the folder of the table."
        )
    found = _found(path.parent, f"{below}/{row.file}" if below else row.file)
    if found is None:
        raise DatasetError(
            f"{path.name}, line {row.line:,}, names {row.file}, which is not there: mend the line, or "
            "add the file."
        )
    if not stat.S_ISREG(found.stat.st_mode):
        raise DatasetError(
            f"{path.name}, line {row.line:,}, names {row.file!r}, which is no file: name a picture."
        )
    return stamp_of(found.name, found.stat)


class _Found(NamedTuple):
    name: str
    stat: os.stat_result


def _found(folder: Path, file: str) -> _Found | None:
    """Return the file that a table names; None where there is none, however it is spelt."""
    for name in _spellings(file):
        try:
            return _Found(name, (folder / name).stat())
        except (OSError, ValueError):
            continue
    return None


def _spellings(file: str) -> Iterator[str]:
    """Yield the names of a file as tables give them: as it is, as on Windows, without its ending."""
    yield _normal(file)
    ends = [*filter(None, [Path(file).suffix.lower(), Path(file).suffix.upper()])]
    for written in dict.fromkeys([file, file.replace("\\", "/")]):
        name = _normal(written)
        otherwise = [str(Path(name).with_suffix(end)) for end in ends]
        whole = [f"{name}{end}" for end in (*SUFFIXES, *map(str.upper, SUFFIXES))]
        for one in [name, *otherwise, *whole]:
            yield from dict.fromkeys([one, *(unicodedata.normalize(f, one) for f in _FORMS)])


def _normal(file: str) -> str:
    return os.path.normpath(file).replace(os.sep, "/")


def _numbers(labels: list[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class numbers and names; labels that are all whole numbers are in their order."""
    found = [_WHOLE.fullmatch(label) for label in labels]
    numbers = [int(one[1]) for one in found if one]
    if len(numbers) < len(labels):
        return named(labels)
    known = sorted(set(numbers))
    places = {number: place for place, number in enumerate(known)}
    return np.array([places[one] for one in numbers], np.int64), tuple(map(str, known))
