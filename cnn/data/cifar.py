"""CIFAR-10 and CIFAR-100 from their files: the batches of Python and the binary ones.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. The batches of Python are
pickles, which can run any code: they are read by an unpickler that makes plain values and arrays of
numbers, and nothing else.
"""

from __future__ import annotations

import pickle  # nosec B403
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.data.labelled import TEST, TRAIN, Labelled
from cnn.errors import DatasetError, reason

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
CLASSES_OF_100 = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup",
    "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house",
    "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man",
    "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid",
    "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine",
    "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew",
    "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower",
    "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor", "train", "trout",
    "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
)  # fmt: skip
_SIDE = 32
_NUMBERS = 3 * _SIDE * _SIDE
_MOST_BYTES = 200_000_000
_ENDINGS = ("", ".bin")
_PICKLE = b"\x80"


class Kind(NamedTuple):
    """A data set: its `classes`, and the files of each split in one of the `folders`.

    In a pickle the labels are called `labels`. In a binary row they are the last of the bytes in front of
    the picture, which are `bytes`.
    """

    called: str
    classes: tuple[str, ...]
    batches: dict[str, tuple[str, ...]]
    folders: tuple[str, ...]
    labels: str
    bytes: int


CIFAR10 = Kind(
    "CIFAR-10", CLASSES,
    {TEST: ("test_batch",), TRAIN: tuple(f"data_batch_{n}" for n in range(1, 6))},
    ("", "cifar-10-batches-py", "cifar-10-batches-bin"), "labels", 1,
)  # fmt: skip
CIFAR100 = Kind(
    "CIFAR-100", CLASSES_OF_100, {TEST: ("test",), TRAIN: ("train",)},
    ("", "cifar-100-python", "cifar-100-binary"), "fine_labels", 2,
)  # fmt: skip
_KINDS = (CIFAR10, CIFAR100)


def batch_files(place: Path, kinds: Sequence[Kind] = _KINDS) -> dict[str, list[Path]]:
    """Return the batches in a folder, or in the one that a data set unpacks to, by split."""
    return _found(place, kinds)[1]


def about_batches(place: Path) -> tuple[str, ...]:
    """Return which batches of a folder are missing, in sentences."""
    kind, files = _found(place)
    return tuple(
        f"Of {kind.called} only {len(paths)} of {len(kind.batches[split])} batches of {split} are there."
        for split, paths in files.items()
        if len(paths) < len(kind.batches[split])
    )


def _found(place: Path, kinds: Sequence[Kind] = _KINDS) -> tuple[Kind, dict[str, list[Path]]]:
    """Return of which data set there are batches, and those; of the first none where there are none."""
    for kind in kinds:
        for folder, ending in product((place / name for name in kind.folders), _ENDINGS):
            named = {s: [folder / f"{b}{ending}" for b in each] for s, each in kind.batches.items()}
            found = {s: [p for p in paths if _may_be(p, kind)] for s, paths in named.items()}
            if any(found.values()):
                return kind, {split: paths for split, paths in found.items() if paths}
    return kinds[0], {}


def _may_be(path: Path, kind: Kind) -> bool:
    """Whether there is such a file; those of CIFAR-100 are called as many others are."""
    if not path.is_file() or kind is CIFAR10:
        return path.is_file()
    if path.suffix:
        return path.stat().st_size % (kind.bytes + _NUMBERS) == 0
    with path.open("rb") as file:
        return file.read(1) == _PICKLE


def read_batches(place: Path, split: str) -> Labelled:
    """Return the pictures of a split, (n, 32, 32, 3); `DatasetError` for what is no such batch."""
    kind, files = _found(place)
    if split not in files:
        first = kind.batches[split][0]
        raise DatasetError(
            f"{place.name} has no batch of the split {split!r}: expected {first} or {first}.bin, as "
            f"{kind.called} has them."
        )
    batches = [_read(path, kind) for path in files[split]]
    pictures = np.concatenate([pictures for pictures, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    return Labelled(pictures, labels, kind.classes)


def _read(path: Path, kind: Kind) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the pictures and labels of one batch. A picture is three planes, of red, green and blue."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES / 1e6:g} MB")
        rows, labels = _binary(path, kind) if path.suffix else _pickled(path, kind)
        if rows.shape != (len(labels), _NUMBERS) or not len(labels):
            raise ValueError(f"rows of shape {rows.shape} for {len(labels)} labels")
        if labels.min() < 0 or labels.max() >= len(kind.classes):
            raise ValueError(f"labels from {labels.min()} to {labels.max()}")
    # A pickle that is damaged raises whatever its bytes happen to say.
    except Exception as error:
        raise DatasetError(
            f"{path.name} is no batch of {kind.called} ({reason(error)}): expected 32×32 colour pictures "
            f"with labels from 0 to {len(kind.classes) - 1}, as its archives hold them; unpack the "
            "archive again."
        ) from error
    return rows.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1), labels


def _binary(path: Path, kind: Kind) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the rows of a binary batch: a byte for each label, then the numbers of the picture."""
    data, length = np.frombuffer(path.read_bytes(), np.uint8), kind.bytes + _NUMBERS
    if len(data) % length:
        raise ValueError(f"{len(data):,} bytes are no whole number of rows of {length:,}")
    rows = data.reshape(-1, length)
    return rows[:, kind.bytes :], rows[:, kind.bytes - 1].astype(np.int64)


def _pickled(path: Path, kind: Kind) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    with path.open("rb") as file:
        batch = _PlainUnpickler(file, encoding="bytes").load()
    if not isinstance(batch, dict):
        raise pickle.UnpicklingError(f"it holds a {type(batch).__name__} and no dictionary")
    rows, labels = (batch.get(name.encode(), batch.get(name)) for name in ("data", kind.labels))
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or not isinstance(labels, list):
        raise pickle.UnpicklingError(
            f"it holds no array of bytes as data, or no list as {kind.labels}"
        )
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
