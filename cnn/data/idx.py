"""IDX files of pictures and labels, as MNIST and Fashion-MNIST have them."""

from __future__ import annotations

import gzip
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn.data.labelled import TEST, TRAIN, Labelled, numbered
from cnn.errors import DatasetError, reason

FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
# Fashion-MNIST's first labels: its files are called as those of MNIST.
_FIRST = {TRAIN: (9, 0, 0, 3, 0, 2, 7, 2, 5, 5), TEST: (9, 2, 1, 1, 6, 1, 4, 6, 5, 7)}
_PREFIXES = {TRAIN: "train", TEST: "t10k"}
# Where torchvision puts them.
_BELOW = "raw"
_KINDS = ("images-idx3", "labels-idx1")


def idx_files(folder: Path) -> dict[str, list[Path]]:
    """Return the IDX files in a folder, or in `raw` in it, by split, those of the test first."""
    found = {split: [_file(folder, split, kind) for kind in _KINDS] for split in (TEST, TRAIN)}
    present = {split: [path for path in paths if path] for split, paths in found.items()}
    return {split: paths for split, paths in present.items() if paths}


def read_idx_files(folder: Path, split: str) -> Labelled:
    """Return the pictures of "train" or "test" in a folder of IDX files.

    The classes have numbers; those of Fashion-MNIST, told by its first labels or by the name of the
    folder, have its names. `DatasetError` where they are not there or cannot be read.
    """
    paths = idx_files(folder).get(split, [])
    if len(paths) != len(_KINDS):
        raise DatasetError(
            f"{folder.name} has not both files of the split {split!r}: expected "
            f"{_PREFIXES[split]}-images-idx3-ubyte and {_PREFIXES[split]}-labels-idx1-ubyte"
            ", gzipped or not."
        )
    try:
        images, labels = (read_idx(path) for path in paths)
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError(
            f"{folder.name} cannot be read as a data set ({reason(error)}): it is damaged or of "
            "another format; replace it."
        ) from error
    names = numbered(int(labels.max(initial=0)) + 1)
    first = tuple(labels[: len(_FIRST[split])].tolist())
    is_called = "fashion" in folder.resolve().name.lower() and len(names) <= len(FASHION)
    is_fashion = is_called or (first == _FIRST[split] and len(names) == len(FASHION))
    return Labelled(images[..., None], labels.astype(np.int64), FASHION if is_fashion else names)


def _file(folder: Path, split: str, kind: str) -> Path | None:
    stems = (
        f"{_PREFIXES[split]}-{kind}-ubyte",
        f"{_PREFIXES[split]}-{kind.replace('-', '.')}-ubyte",
    )
    places = product((folder, folder / _BELOW), stems, ("", ".gz"))
    files = (place / f"{stem}{end}" for place, stem, end in places)
    return next(filter(Path.is_file, files), None)


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
