"""CIFAR-10 from its files: the batches of Python and the binary ones.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. The batches of Python are
pickles, which can run any code: they are read by an unpickler that makes plain values and arrays of
numbers, and nothing else.
"""

from __future__ import annotations

import pickle  # nosec B403
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.data.labelled import TEST, TRAIN, Labelled
from cnn.errors import DatasetError, reason

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_SIDE = 32
_NUMBERS = 3 * _SIDE * _SIDE
_MOST_BYTES = 200_000_000
_BATCHES = {TEST: ("test_batch",), TRAIN: tuple(f"data_batch_{n}" for n in range(1, 6))}
_FOLDERS = ("", "cifar-10-batches-py", "cifar-10-batches-bin")
_ENDINGS = ("", ".bin")


def batch_files(place: Path) -> dict[str, list[Path]]:
    """Return the batches in a folder, or in the one that CIFAR-10 unpacks to, by split."""
    for folder in (place / name for name in _FOLDERS):
        for ending in _ENDINGS:
            named = {s: [folder / f"{b}{ending}" for b in each] for s, each in _BATCHES.items()}
            found = {split: [p for p in paths if p.is_file()] for split, paths in named.items()}
            if any(found.values()):
                return {split: paths for split, paths in found.items() if paths}
    return {}


def read_batches(place: Path, split: str) -> Labelled:
    """Return the pictures of a split, (n, 32, 32, 3); `DatasetError` for what is no such batch."""
    paths = batch_files(place).get(split, [])
    if not paths:
        raise DatasetError(
            f"{place.name} has no batch of the split {split!r}: expected {_BATCHES[split][0]} or "
            f"{_BATCHES[split][0]}.bin, as CIFAR-10 has them."
        )
    batches = [_read(path) for path in paths]
    pictures = np.concatenate([pictures for pictures, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    return Labelled(pictures, labels, CLASSES)


def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the pictures and labels of one batch. A picture is three planes, of red, green and blue."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES / 1e6:g} MB")
        rows, labels = _binary(path) if path.suffix else _pickled(path)
        if rows.shape != (len(labels), _NUMBERS) or not len(labels):
            raise ValueError(f"rows of shape {rows.shape} for {len(labels)} labels")
        if labels.min() < 0 or labels.max() >= len(CLASSES):
            raise ValueError(f"labels from {labels.min()} to {labels.max()}")
    # A pickle that is damaged raises whatever its bytes happen to say.
    except Exception as error:
        raise DatasetError(
            f"{path.name} is no batch of CIFAR-10 ({reason(error)}): expected 32×32 colour pictures with "
            "labels from 0 to 9, as its archives hold them; unpack the archive again."
        ) from error
    return rows.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1), labels


def _binary(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the rows of a binary batch: a byte for the label, then the numbers of the picture."""
    data = np.frombuffer(path.read_bytes(), np.uint8)
    if len(data) % (1 + _NUMBERS):
        raise ValueError(f"{len(data):,} bytes are no whole number of rows of {1 + _NUMBERS:,}")
    rows = data.reshape(-1, 1 + _NUMBERS)
    return rows[:, 1:], rows[:, 0].astype(np.int64)


def _pickled(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    with path.open("rb") as file:
        batch = _PlainUnpickler(file, encoding="bytes").load()
    if not isinstance(batch, dict):
        raise pickle.UnpicklingError(f"it holds a {type(batch).__name__} and no dictionary")
    rows, labels = (batch.get(name.encode(), batch.get(name)) for name in ("data", "labels"))
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or not isinstance(labels, list):
        raise pickle.UnpicklingError("it holds no array of bytes as data, or no list as labels")
    return rows, np.array(labels, np.int64).reshape(len(labels))


class _Array:
    """Stands for the class of arrays, which a pickle names but must not call."""

    def __new__(cls, *_: Any) -> Any:
        raise pickle.UnpicklingError("it makes an array otherwise than numpy does")


def _empty_array(kind: Any, _shape: Any, _code: Any) -> NDArray[np.uint8]:
    """Return the array that its state is then put into."""
    if kind is not _Array:
        raise pickle.UnpicklingError("it makes what is no array")
    return np.empty(0, np.uint8)


def _filled_array(data: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    """Return an array whose bytes are given, as protocol 5 has them."""
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def _number_type(name: Any, *_: Any) -> np.dtype[Any]:
    """Return a type of numbers; arrays of objects are none."""
    text = name.decode() if isinstance(name, bytes) else name
    if text not in ("u1", "i1", "i4", "i8", "f4", "f8"):
        raise pickle.UnpicklingError(f"it has an array of {text!r}")
    return np.dtype(text)


def _bytes(text: Any, encoding: Any) -> bytes:
    """Return bytes that a newer Python has written as text."""
    if encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError("it has bytes in an unknown encoding")
    return bytes(text, "latin1") if isinstance(text, str) else bytes(text)


_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.numeric", "_frombuffer"): _filled_array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _number_type,
    ("_codecs", "encode"): _bytes,
}


class _PlainUnpickler(pickle.Unpickler):
    """Makes dictionaries, lists, texts, bytes, numbers, and arrays of numbers."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a class that is named; only those of plain arrays are allowed."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not allowed")
        return _ALLOWED[module, name]

    def persistent_load(self, _pid: Any) -> Any:
        """Refuse references to what is elsewhere."""
        raise pickle.UnpicklingError("it refers to something outside")
