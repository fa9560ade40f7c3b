"""Labelled pictures: MNIST and its relatives, folders of pictures, and the embedded digits.

Nothing here needs a network or TensorFlow. MNIST is looked for in the data directory and in the
Keras cache; the embedded digits are always there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn.data import embedded
from cnn.data.fetching import keras_cache
from cnn.data.folders import read_pictures
from cnn.data.idx import holds_arrays, read_arrays
from cnn.errors import DatasetError

DIGITS = "digits"
MNIST = "mnist"
KERAS_DATASETS = {
    MNIST: tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One picture of a data set: `pixels` is uint8 (height, width, channels)."""

    pixels: NDArray[np.uint8]
    label: int
    class_name: str
    index: int


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures with labels.

    `pictures` are n of uint8 (height, width, channels), `labels` is int64 (n,); `source` says where
    they came from, in words for the screen.
    """

    name: str
    split: str
    pictures: NDArray[np.uint8] | embedded.Digits
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str

    @property
    def images(self) -> NDArray[np.uint8]:
        """All pictures as one array, uint8 (n, height, width, channels)."""
        return np.asarray(self.pictures)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        """Return the sample at `index`; `DatasetError` outside 0 to len - 1."""
        if not 0 <= index < len(self):
            raise DatasetError(
                f"The data set {self.name} ({self.split}) has no picture number {index}: "
                f"it has {len(self):,} pictures, so choose 0 to {len(self) - 1}."
            )
        label = int(self.labels[index])
        return Sample(self.pictures[index], label, self.class_names[label], int(index))

    def indices(self, label: int) -> NDArray[np.int64]:
        """Return the places of all pictures of the class `label`, ascending."""
        places = np.flatnonzero(self.labels == label)
        if not len(places):
            raise DatasetError(
                f"The data set {self.name} ({self.split}) has no picture of class {label}: "
                f"it has the classes 0 to {len(self.class_names) - 1}."
            )
        return places

    def sample(self, label: int | None = None, seed: int | None = None) -> Sample:
        """Return a random sample, of the class `label` if one is given; a seed makes it the same."""
        places = np.arange(len(self)) if label is None else self.indices(label)
        return self[int(np.random.default_rng(seed).choice(places))]


def load_dataset(
    name: str = MNIST, split: str | None = None, *, data_dir: Path | str | None = None
) -> Dataset:
    """Return the data set `name`: "mnist", "fashion_mnist", "digits", or the path of a folder.

    `split` is "train", "test" or, for the embedded digits, also "all"; left out it is the one to
    look at ("all" for the digits, else "test"). A folder holds IDX files, an `.npz` with
    `x_train, y_train, x_test, y_test`, or one folder of pictures per class. `data_dir` is where
    named sets are looked for first; left out, the environment variable `CNN_DATA_DIR` is used.
    Raises `DatasetError` when there is nothing usable; `cnn-dashboard data` lists the places that
    are looked at. No message has a folder of this machine in it: it may be shown to others.
    """
    split = split or splits(name)[0]
    directory = Path(data_dir or os.environ.get("CNN_DATA_DIR") or ".").expanduser().resolve()
    return _load_dataset(name, split, directory)


@lru_cache(maxsize=6)
def _load_dataset(name: str, split: str, directory: Path) -> Dataset:
    if name == DIGITS:
        return _embedded_dataset(split)
    if name in KERAS_DATASETS:
        return _keras_dataset(name, split, directory)
    if Path(name).is_dir():
        return _folder(Path(name), split)
    raise DatasetError(
        f"There is no data set {Path(name).name!r}: choose one of "
        f"{', '.join([*KERAS_DATASETS, DIGITS])}, or give the path of a folder that exists."
    )


def splits(name: str) -> tuple[str, ...]:
    """Return the parts of a named data set, the one to look at first."""
    return ("all", "train", "test") if name == DIGITS else ("test", "train")


def places(name: str, data_dir: Path) -> tuple[Path, ...]:
    """Return the files and folders in which the named data set is looked for, in order."""
    inside = [data_dir / name, data_dir / f"{name}.npz"]
    plain = [data_dir] if name == MNIST else []
    cached = {MNIST: "mnist.npz", "fashion_mnist": "fashion-mnist"}
    return (*plain, *inside, keras_cache() / cached[name])


def find(name: str, data_dir: Path) -> Path | None:
    """Return the first place that holds the named data set, or None.

    Only names are looked at: a file found here can still prove unreadable.
    """
    return next((place for place in places(name, data_dir) if holds_arrays(place)), None)


def best(data_dir: Path) -> str:
    """Return the named data set to take when nobody says which: MNIST where it is, else the digits."""
    return MNIST if find(MNIST, data_dir) else DIGITS


def _keras_dataset(name: str, split: str, data_dir: Path) -> Dataset:
    _require_split(name, split, splits(name))
    place = find(name, data_dir)
    if place is None:
        raise DatasetError(
            f"The data set {name} is not on this machine (`cnn-dashboard data` lists where it was "
            "looked for): set CNN_DATA_DIR to a folder with its files, run `cnn-dashboard data "
            f"--fetch`, or use {DIGITS!r}, which is always there."
        )
    images, labels = read_arrays(place, split)
    if name == MNIST and images.shape[1:3] != (28, 28):
        raise DatasetError(
            f"{place.name} holds pictures of {images.shape[1:3]}, MNIST has (28, 28)."
        )
    return _dataset(name, split, images, labels, KERAS_DATASETS[name], str(place))


def _embedded_dataset(split: str) -> Dataset:
    _require_split(DIGITS, split, splits(DIGITS))
    pictures, labels = embedded.read_digits(split)
    return Dataset(DIGITS, split, pictures, labels, tuple("0123456789"), embedded.SOURCE)


def _folder(folder: Path, split: str) -> Dataset:
    """Return the data set of a folder: IDX files, one `.npz`, or one sub-folder per class."""
    archives = sorted(folder.glob("*.npz"))
    if holds_arrays(folder) or archives:
        _require_split(folder.name, split, ("train", "test"))
        place = folder if holds_arrays(folder) else archives[0]
        images, labels = read_arrays(place, split)
        names = tuple(str(label) for label in range(int(labels.max()) + 1))
        return _dataset(folder.resolve().name, split, images, labels, names, str(place))
    images, labels, names, root = read_pictures(folder, split)
    return _dataset(folder.resolve().name, split, images, labels, names, str(root))


def _dataset(
    name: str,
    split: str,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    class_names: tuple[str, ...],
    source: str,
) -> Dataset:
    if len(images) != len(labels):
        raise DatasetError(f"{name} holds {len(images)} pictures but {len(labels)} labels.")
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DatasetError(
            f"{name} holds {images.dtype} pictures of rank {images.ndim}: expected uint8 "
            "(n, height, width) or (n, height, width, channels)."
        )
    images = images[..., None] if images.ndim == 3 else images
    return Dataset(name, split, images, labels, class_names, source)


def _require_split(name: str, split: str, splits: tuple[str, ...]) -> None:
    if split not in splits:
        raise DatasetError(f"{name} has no split {split!r}: choose one of {', '.join(splits)}.")
