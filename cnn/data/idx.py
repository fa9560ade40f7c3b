"""Arrays of pictures and labels on the disk: IDX files, as MNIST has them, and `.npz` archives."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn.errors import DatasetError, reason

_PREFIXES = {"train": "train", "test": "t10k"}
_KINDS = ("images-idx3", "labels-idx1")


def holds_arrays(place: Path) -> bool:
    """Return whether a file or folder has the name of an archive, or IDX files in it."""
    if place.suffix == ".npz":
        return place.is_file()
    return any(_file(place, "test", kind) for kind in _KINDS)


def read_arrays(place: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the pictures (n, ...) and labels (n,) of "train" or "test" in an archive or a folder.

    `DatasetError` where they are not there or cannot be read.
    """
    try:
        return _from_archive(place, split) if place.suffix == ".npz" else _from_files(place, split)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{place.name} cannot be read as a data set ({reason(error)}): it is damaged or of "
            "another format; replace it."
        ) from error


def _from_archive(path: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return archive[f"x_{split}"], archive[f"y_{split}"].astype(np.int64)


def _from_files(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    files = [_file(folder, split, kind) for kind in _KINDS]
    if None in files:
        raise DatasetError(
            f"{folder.name} has not both files of the split {split!r}: expected "
            f"{_PREFIXES[split]}-images-idx3-ubyte and {_PREFIXES[split]}-labels-idx1-ubyte"
            ", gzipped or not."
        )
    images, labels = (read_idx(path) for path in files if path)
    return images, labels.astype(np.int64)


def _file(folder: Path, split: str, kind: str) -> Path | None:
    stem = f"{_PREFIXES[split]}-{kind}-ubyte"
    return next((p for p in (folder / stem, folder / f"{stem}.gz") if p.is_file()), None)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the array in an IDX file of unsigned bytes, gzipped or not; `ValueError` if it is none."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path.name} is no IDX file of unsigned bytes")
    rank = data[3]
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", rank, offset=4))
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * rank)
    if values.size != np.prod(shape):
        raise ValueError(f"{path.name} announces {shape} and holds {values.size} values")
    return values.reshape(shape)
