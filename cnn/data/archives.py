"""`.npz` archives of pictures, with labels or without, by the names that people give the arrays.

What has a row for each picture beside these is kept by its name, for inputs that are called so.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.data.beside import Beside, about_beside
from cnn.data.labelled import (
    ALL,
    TEST,
    TRAIN,
    UNDIVIDED,
    Labelled,
    part,
    without_labels,
)
from cnn.data.levels import as_levels
from cnn.data.picture_files import MOST_BYTES, stamp_of
from cnn.data.splits import WORDS, about, divided
from cnn.errors import DatasetError, reason
from cnn.words import counted

_PICTURES = ("x", "images", "image", "pictures", "data", "features")
_LABELS = ("y", "labels", "label", "targets", "target", "classes")
_NAMES = ("class_names", "label_names", "names")
# Numbers of classes below it are places, however few of them occur.
_FEW = 100
_LARGEST = 2**53
# The kinds of types that are numbers, as numpy calls them.
_NUMBERS = "biuf"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_ARRAY = b"\x93NUMPY"
_ACCEPTED = "x_train, y_train, x_test and y_test, or x and y (or images and labels), or x alone"


class _Arrays(NamedTuple):
    """The names of the arrays of a split; `labels` is "" where there are none."""

    pictures: str
    labels: str


def splits_of_archive(path: Path) -> tuple[str, ...]:
    """Return the splits of an archive by the names of its arrays, the one to look at first.

    One without labels counts where none has any. `DatasetError` where there are none, or it is no
    archive.
    """
    with _opened(path) as archive:
        found = {split: _arrays(archive.files, split) for split in (TEST, TRAIN, ALL)}
        arrays = {split: one for split, one in found.items() if one}
        labelled = {split: one for split, one in arrays.items() if one.labels}
        if arrays:
            known = labelled or arrays
            return tuple(split for split in (TEST, TRAIN) if split in known) or UNDIVIDED
        inside = ", ".join(archive.files[:8]) or "nothing"
        raise DatasetError(
            f"{path.name} holds {inside}, and no pictures: expected arrays named {_ACCEPTED}."
        )


def notes_of_archive(path: Path) -> tuple[str, ...]:
    """Return what is to be told of other splits than train and test, and of other arrays: sentences."""
    with _opened(path) as archive:
        known = {word: _called(archive.files, word) for word in [ALL, *chain(*WORDS.values())]}
        words = [word for word, arrays in known.items() if arrays and word != ALL]
        given, others = _given_and_left_out(archive)
    return (*about(words, divided(words)), *about_beside("Arrays", given, others))


def _given_and_left_out(archive: Any) -> tuple[list[str], dict[str, str]]:
    """Return the names of arrays with a row for each picture, and why the other arrays are left out."""
    words = filter(None, (_word(archive.files, split) for split in (ALL, TRAIN, TEST)))
    suited = {word: _beside(archive, word) for word in words}
    given = {array for each in suited.values() for array in each.values()}
    left = [name for name in _others(archive.files) if name not in given]
    names = dict.fromkeys(name for each in suited.values() for name in each)
    return list(names), {name: _why_left_out(archive, name, [*suited]) for name in left}


def _others(files: list[str]) -> list[str]:
    """Return the names of the arrays that are neither pictures nor labels nor names of classes."""
    known = [_called(files, word) for word in [ALL, *chain(*WORDS.values())]]
    used = {name for arrays in known if arrays for name in arrays} | {*_NAMES}
    return [name for name in files if name not in used]


def _why_left_out(archive: Any, name: str, words: list[str]) -> str:
    described = _described(archive, name)
    if described is None or described.dtype.kind not in _NUMBERS:
        return "no numbers"
    found = next((word for word in words if _name_in(name, word)), None)
    if found is None:
        return f"of no split: call it {' or '.join(f'{name}_{word}' for word in words)}"
    rows = described.shape[0] if described.shape else 1
    return f"{counted(rows, 'row')} for {counted(_count(archive, found), 'picture')}"


def _beside(archive: Any, word: str) -> dict[str, str]:
    """Return the arrays with a row of numbers for each picture of a split, by the name of an input.

    `x_test` has `age_test` or `test_age` beside it for an input called age.
    """
    rows, found = (_count(archive, word),), dict[str, str]()
    for name in _others(archive.files):
        called, described = _name_in(name, word), _described(archive, name)
        is_numbers = described is not None and described.dtype.kind in _NUMBERS
        if called and described and is_numbers and described.shape[:1] == rows:
            found.setdefault(called, name)
    return found


def _name_in(name: str, word: str) -> str:
    """Return the name of an array without the word for its split; "" where it has another or none."""
    low, ends = name.lower(), (f"_{word}", f"{word}_")
    if low.endswith(ends[0]):
        return name[: -len(ends[0])]
    if low.startswith(ends[1]):
        return name[len(ends[1]) :]
    return name if word == ALL else ""


def _count(archive: Any, word: str) -> int:
    """Return how many pictures the split of that word has, without reading them."""
    arrays = _called(archive.files, word)
    described = _described(archive, arrays.pictures) if arrays else None
    return described.shape[0] if described and described.shape else 0


class _Described(NamedTuple):
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def _described(archive: Any, name: str) -> _Described | None:
    """Return what an array says of itself, which is not read; None for what is no array."""
    if f"{name}.npy" not in archive.zip.namelist():
        return None
    with archive.zip.open(f"{name}.npy") as file:
        try:
            shape, _, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
        except (KeyError, ValueError):
            return None
    return _Described(shape, dtype)


def _read_later(path: Path, stamp: str, name: str) -> NDArray[Any]:
    """Return an array of an archive that is still the one of which `stamp` is."""
    with _opened(path) as archive:
        if stamp_of(path.name, path.stat()) != stamp:
            raise DatasetError(
                f"{path.name} was changed since it was opened: start again to see what it is now."
            )
        _require_room(path, name)
        return _array(path, archive, name)


def read_archive(path: Path, split: str) -> Labelled:
    """Return the pictures of a split; `DatasetError` where they are not there or cannot be read."""
    is_whole = splits_of_archive(path) == UNDIVIDED
    stamp = stamp_of(path.name, path.stat())
    with _opened(path) as archive:
        word = _word(archive.files, ALL if is_whole else split)
        arrays = _called(archive.files, word)
        if arrays is None:
            raise DatasetError(f"{path.name} has no pictures of the split {split!r}.")
        _require_room(path, arrays.pictures)
        pictures = as_levels(path.name, _array(path, archive, arrays.pictures))
        labelled = (
            _labelled(path, archive, pictures, arrays.labels)
            if arrays.labels
            else without_labels(pictures)
        )
        beside = {
            called: cache(partial(_read_later, path, stamp, name))
            for called, name in _beside(archive, word).items()
        }
    labelled = labelled._replace(beside=Beside(beside, of=path.name))
    return part(labelled, split) if is_whole else labelled


def _labelled(path: Path, archive: Any, pictures: NDArray[np.uint8], name: str) -> Labelled:
    """Return the pictures with the labels in the array of that name."""
    labels = _told(path, _array(path, archive, name)).labels
    if len(pictures) != len(labels):
        raise DatasetError(f"{path.name} holds {len(pictures)} pictures but {len(labels)} labels.")
    return Labelled(pictures, *_classified(path, archive, labels))


def _classified(
    path: Path, archive: Any, labels: NDArray[Any]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class numbers (n,) of labels, and the names of the classes, the same in every split."""
    every = [_arrays(archive.files, split) for split in (ALL, TRAIN, TEST)]
    told = [_told(path, _array(path, archive, one.labels)) for one in every if one and one.labels]
    known = np.unique(np.concatenate([one.known for one in told]))
    given = next((name for name in _NAMES if name in archive.files), None)
    if given is None:
        classes = _classes(known)
        names = classes
    else:
        names = _names(path, _array(path, archive, given), known)
        classes = names if known.dtype.kind == "U" else np.arange(len(names))
    places = {label: place for place, label in enumerate(classes.tolist())}
    numbers = [places[label] for label in labels.astype(known.dtype).tolist()]
    return np.array(numbers, np.int64), tuple(map(str, names))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open an archive; whatever is wrong with it, then or later, is a `DatasetError`."""
    try:
        _require_archive(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            yield archive
    except (OSError, EOFError, ValueError, KeyError, MemoryError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{path.name} cannot be read as a data set ({reason(error)}): it is damaged or of "
            "another format; replace it."
        ) from error


def _require_archive(path: Path) -> None:
    """Raise `ValueError` for a file of another kind: numpy would take it for a pickle."""
    with path.open("rb") as file:
        start = file.read(len(_ARRAY))
    if start == _ARRAY:
        raise ValueError("it is one array, as np.save writes it, and no archive of np.savez")
    if not zipfile.is_zipfile(path):
        raise ValueError("it is no archive of np.savez")


def _array(path: Path, archive: Any, name: str) -> NDArray[Any]:
    """Return an array of an archive; `DatasetError` for one of Python objects."""
    try:
        array: NDArray[Any] = archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise DatasetError(
            f"{path.name}: {name} is an array of Python objects, which may run code when they are read, "
            "and is refused: save names as y.astype(str), and pictures of one size as numbers."
        ) from error
    return array


def _arrays(files: list[str], split: str) -> _Arrays | None:
    """Return the arrays of a split by the first word that names it, for "all" `x` and `y`."""
    return _called(files, _word(files, split))


def _word(files: list[str], split: str) -> str:
    """Return the first word that names a split and pictures of it; "" where there is none."""
    return next((word for word in WORDS.get(split, (split,)) if _called(files, word)), "")


def _called(files: list[str], word: str) -> _Arrays | None:
    """Return the arrays whose names have that word: `x_test`, `test_x` or `X_test` and so on."""
    known = {name.lower(): name for name in files} if word else {}

    def find(names: tuple[str, ...]) -> str | None:
        forms = ("{}", "{}_all") if word == ALL else (f"{{}}_{word}", f"{word}_{{}}", f"{{}}{word}")
        wanted = (form.format(name) for name in names for form in forms)
        return next((known[name] for name in wanted if name in known), None)

    pictures, labels = find(_PICTURES), find(_LABELS)
    return _Arrays(pictures, labels or "") if pictures else None


def _require_room(path: Path, name: str) -> None:
    """Raise `DatasetError` where an array is larger than what is read, before it is unpacked."""
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(f"{name}.npy").file_size
    if size > MOST_BYTES:
        raise DatasetError(
            f"{path.name}: {name} takes {size / 1e9:,.1f} GB: at most {MOST_BYTES / 1e9:g} GB are "
            "read; reduce the pictures or take fewer."
        )


class _Told(NamedTuple):
    """Labels of n pictures, int64 or words (n,), and those that there are of them, in order."""

    labels: NDArray[Any]
    known: NDArray[Any]


def _told(path: Path, array: NDArray[Any]) -> _Told:
    """Return the labels in numbers (n,) or (n, 1), in rows with one 1 (n, classes), or in words."""
    flat = array.reshape(len(array)) if array.ndim and array.size == len(array) else array
    if flat.ndim == 2 and bool(((flat == 0) | (flat == 1)).all() and (flat.sum(axis=1) == 1).all()):
        return _Told(flat.argmax(axis=1), np.arange(flat.shape[1]))
    if flat.ndim == 1 and flat.dtype.kind == "U":
        return _Told(flat, np.unique(flat))
    if flat.ndim != 1 or flat.dtype.kind not in "biuf" or not bool(_count_classes(flat).all()):
        raise DatasetError(
            f"{path.name} holds {array.dtype} labels of shape {array.shape}: expected one class "
            "number from 0, or one name, a picture."
        )
    numbers = flat.astype(np.int64)
    return _Told(numbers, np.unique(numbers))


def _count_classes(numbers: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of the numbers (n,) are whole ones from 0 that every type of number holds."""
    with np.errstate(invalid="ignore"):
        counts: NDArray[np.bool_] = (numbers >= 0) & (numbers <= _LARGEST) & (numbers % 1 == 0)
    return counts


def _classes(known: NDArray[Any]) -> NDArray[Any]:
    """Return the labels of all classes, in order, of those that occur.

    Numbers are places of classes, so that some may have no picture, up to 99 or where at least half of
    the classes have some. Beyond that they only tell classes apart, as words do: those that occur.
    """
    if known.dtype.kind == "U" or not len(known):
        return known
    count = int(known[-1]) + 1
    return np.arange(count) if count <= max(_FEW, 2 * len(known)) else known


def _names(path: Path, array: NDArray[Any], known: NDArray[Any]) -> NDArray[Any]:
    """Return the names that an archive gives to its classes; they fit the labels that occur."""
    are_names = array.ndim == 1 and array.dtype.kind == "U"
    are_words = known.dtype.kind == "U"
    if are_names and (np.isin(known, array) if are_words else known < len(array)).all():
        return array
    raise DatasetError(
        f"{path.name} has {counted(len(known), 'label')} up to {known[-1]}, and names that do not fit "
        f"({array.dtype}, shape {array.shape}): expected one name a class."
    )
