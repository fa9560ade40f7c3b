"""Pictures with their labels: named data sets, somebody's own, and the embedded digits.

Nothing here needs a network or TensorFlow. MNIST is looked for in the data directory and in the
Keras cache; the embedded digits are always there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn.data import cifar, embedded
from cnn.data.archives import read_archive
from cnn.data.beside import NOTHING, Beside
from cnn.data.fetching import keras_cache
from cnn.data.idx import FASHION, idx_files, read_idx_files
from cnn.data.labelled import ALL, TEST, TRAIN, Labelled, numbered
from cnn.data.picture_files import PictureFiles, stacked, within_room
from cnn.data.sources import ACCEPTED, Source, open_source
from cnn.errors import DatasetError
from cnn.images.pixels import fit

DIGITS = "digits"
MNIST = "mnist"
CIFAR10 = "cifar10"
KERAS_DATASETS = {MNIST: numbered(10), "fashion_mnist": FASHION, CIFAR10: cifar.CLASSES}
NAMES = (*KERAS_DATASETS, DIGITS)
_CACHED = {
    MNIST: ("mnist.npz",),
    "fashion_mnist": ("fashion-mnist",),
    CIFAR10: ("cifar-10-batches-py", "cifar-10-batches-py-target"),
}


@dataclass(frozen=True)
class Sample:
    """One picture of a data set: `pixels` is uint8 (height, width, channels).

    `label` and `class_name` are None where nobody says what it is.
    """

    pixels: NDArray[np.uint8]
    label: int | None
    class_name: str | None
    index: int


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures with labels, or without.

    `pictures` are n of uint8 (height, width, channels), `labels` is int64 (n,), -1 for
    each and without class names where nobody says what they are. `source` says where they came from,
    in words for the screen. `damaged` is how many were left out because they could not be read; `key`
    is another as soon as files of somebody's own are. `beside` is what else is there for each picture,
    by the names of the inputs that may get it.
    """

    name: str
    split: str
    pictures: NDArray[np.uint8] | PictureFiles | embedded.Digits
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str
    damaged: int = 0
    key: str = ""
    beside: Beside = NOTHING

    def without_beside(self, names: Collection[str]) -> Dataset:
        """Return the same without what is beside the pictures for inputs of these names."""
        return replace(self, beside=self.beside.without(names)) if names else self

    @property
    def is_labelled(self) -> bool:
        """Whether it is known what is on the pictures."""
        return bool(self.class_names)

    @property
    def is_own(self) -> bool:
        """Whether they are somebody's own, and no data set that everybody has."""
        return bool(self.key) or self.name not in NAMES

    def require_labels(self, what: str) -> None:
        """Raise `DatasetError` for pictures without labels, which `what`, such as "training", needs."""
        if not self.is_labelled:
            raise DatasetError(
                f"The pictures of {self.name} have no labels, and {what} needs them: put them into a "
                "sub-folder per class, or give labels (y) with them."
            )

    @property
    def images(self) -> NDArray[np.uint8]:
        """All pictures as one array, uint8 (n, height, width, channels).

        Raises `DatasetError` where they have several sizes, take more than 2 GB, or one is damaged.
        """
        return np.asarray(self.pictures)

    def decoded(self, size: tuple[int, int] | None = None, channels: int | None = None) -> Dataset:
        """Return the same pictures as one array, without those that are damaged.

        With a `size` (height, width) all are brought to it, as a model's pictures are, and to so many
        `channels` where these are given. Raises `DatasetError` where none is left, they have several
        sizes and none is given, or they take more than 2 GB.
        """

        def fitted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
            own = picture.shape
            height, width = size or own[:2]
            return fit(picture, height, width, channels or own[2])

        if not isinstance(self.pictures, PictureFiles):
            images = self.images
            is_so = fitted(images[0]).shape == images.shape[1:]
            return replace(self, pictures=images if is_so else np.stack([*map(fitted, images)]))
        self.first()
        pictures, places = self.readable(range(len(self)), fitted)
        return replace(
            self, pictures=stacked(pictures), labels=self.labels[places],
            damaged=len(self) - len(places), beside=self.beside.chosen(places),
        )  # fmt: skip

    def readable(
        self,
        places: Iterable[int],
        made: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = lambda picture: picture,
    ) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
        """Return those of the pictures at `places` that are not damaged, and their places (n,).

        What is `made` of each, such as a smaller one, is returned in its place.
        """
        kept: list[int] = []

        def undamaged() -> Iterator[NDArray[np.uint8]]:
            for place in map(int, places):
                with suppress(DatasetError):
                    picture = self.pictures[place]
                    kept.append(place)
                    yield made(picture)

        pictures = list(within_room(undamaged()))
        return pictures, np.array(kept, np.int64)

    def first(self) -> NDArray[np.uint8]:
        """Return the first picture that is not damaged; `DatasetError` where all are."""
        return self.pictures[self.place_of_first()]

    def place_of_first(self) -> int:
        """Return the place of the first picture that is not damaged; `DatasetError` where all are."""
        for place in range(len(self)):
            with suppress(DatasetError):
                self.pictures[place]
                return place
        raise DatasetError(f"No picture of {self.name} ({self.split}) can be read: replace them.")

    def small(self, index: int, side: int) -> NDArray[np.uint8]:
        """Return a picture as it is, or reduced to `side` pixels where that is less to decode."""
        if isinstance(self.pictures, PictureFiles):
            return self.pictures.decoded(index, side)
        return self.pictures[index]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        """Return the sample at `index`; `DatasetError` outside 0 to len - 1."""
        if not 0 <= index < len(self):
            raise DatasetError(
                f"The data set {self.name} ({self.split}) has no picture number {index}: "
                f"it has {len(self):,} pictures, so choose 0 to {len(self) - 1}."
            )
        label = self.label(index)
        name = None if label is None else self.class_names[label]
        return Sample(self.pictures[index], label, name, int(index))

    def label(self, index: int) -> int | None:
        """Return the number of a picture's class, None where nobody says what it is."""
        return int(self.labels[index]) if self.is_labelled else None

    def indices(self, label: int) -> NDArray[np.int64]:
        """Return the places of all pictures of the class `label`, ascending."""
        self.require_labels("choosing by class")
        places = np.flatnonzero(self.labels == label)
        if not len(places):
            raise DatasetError(
                f"The data set {self.name} ({self.split}) has no picture of class {label}: "
                f"it has the classes 0 to {len(self.class_names) - 1}."
            )
        return places

    def sample(self, label: int | None = None, seed: int | None = None) -> Sample:
        """Return a random sample, of the class `label` if one is given; a seed makes it the same.

        One that is damaged gives way to another; `DatasetError` where all are.
        """
        left = np.arange(len(self)) if label is None else self.indices(label)
        random = np.random.default_rng(seed)
        while len(left):
            place = int(random.choice(left))
            with suppress(DatasetError):
                return self[place]
            left = left[left != place]
        what = "picture" if label is None else f"picture of the class {self.class_names[label]}"
        raise DatasetError(f"No {what} of {self.name} ({self.split}) can be read: replace them.")


def load_dataset(
    name: str = MNIST, split: str | None = None, *, data_dir: Path | str | None = None
) -> Dataset:
    """Return the data set `name`: a named one, or the pictures at a path.

    Named are "mnist", "fashion_mnist", "cifar10" and "digits". A path is a folder with a sub-folder
    of pictures per class (below `train` and `test`, or `val`, where it is divided), a CSV with the
    columns file, label and, if wanted, split, an `.npz` with x_train, y_train, x_test and y_test or x
    and y, or a folder with the files of MNIST, Fashion-MNIST, CIFAR-10 or CIFAR-100. Pictures beside
    each other in a folder, a CSV of files alone and an `.npz` without y have no labels. `split` is
    "train", "test" or, for what nobody has divided, also "all": then every fifth picture is one of the
    test. Left out it is the one to look at, "all" or else "test". Pictures in files are decoded when
    they are asked for. `data_dir` is where named sets are looked for first; left out, the environment
    variable `CNN_DATA_DIR` is used. Raises `DatasetError` when there is nothing usable;
    `cnn-dashboard data` lists the places that are looked at. No message has a folder of this machine in
    it: it may be shown to others.
    """
    if name not in NAMES:
        return _own(name, split)
    directory = Path(data_dir or os.environ.get("CNN_DATA_DIR") or ".").expanduser().resolve()
    return _named(name, split or splits(name)[0], directory)


@lru_cache(maxsize=6)
def _named(name: str, split: str, directory: Path) -> Dataset:
    _require_split(name, split, splits(name))
    return _embedded_dataset(split) if name == DIGITS else _keras_dataset(name, split, directory)


def _own(name: str, split: str | None) -> Dataset:
    path = _path(name)
    source = open_source(path)
    return read_source(source, split or source.splits[0], str(path))


def read_source(source: Source, split: str, place: str) -> Dataset:
    """Return a split of somebody's own pictures; `place` says where they are, in words for the screen.

    Raises `DatasetError` as `load_dataset` does.
    """
    _require_split(source.name, split, source.splits)
    return replace(_dataset(source.name, split, source.read(split), place), key=source.key)


def known_classes(name: str) -> tuple[str, ...]:
    """Return what the classes of a data set that everybody has are called; none of another name."""
    return {**KERAS_DATASETS, DIGITS: numbered(10)}.get(name, ())


def splits(name: str) -> tuple[str, ...]:
    """Return the parts of a data set, the one to look at first; `DatasetError` if there is none."""
    if name == DIGITS:
        return ALL, TRAIN, TEST
    return (TEST, TRAIN) if name in KERAS_DATASETS else open_source(_path(name)).splits


def _path(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.exists():
        raise DatasetError(
            f"There is no data set {path.name!r}: choose one of "
            f"{', '.join(NAMES)}, or give the path of {ACCEPTED}."
        )
    return path.resolve()


def places(name: str, data_dir: Path) -> tuple[Path, ...]:
    """Return the files and folders in which the named data set is looked for, in order."""
    plain = [] if name == "fashion_mnist" else [data_dir]
    folders = dict.fromkeys((name, name.replace("_", "-")))
    inside = [*(data_dir / folder for folder in folders), data_dir / f"{name}.npz"]
    return (*plain, *inside, *(keras_cache() / place for place in _CACHED[name]))


def find(name: str, data_dir: Path) -> Path | None:
    """Return the first place that holds the named data set, or None.

    Only names are looked at: a file found here can still prove unreadable.
    """
    return next((place for place in places(name, data_dir) if _holds(name, place)), None)


def _holds(name: str, place: Path) -> bool:
    if place.suffix == ".npz":
        return place.is_file()
    return bool(cifar.batch_files(place, [cifar.CIFAR10]) if name == CIFAR10 else idx_files(place))


def best(data_dir: Path) -> str:
    """Return the named data set to take when nobody says which: MNIST where it is, else the digits."""
    return MNIST if find(MNIST, data_dir) else DIGITS


def _keras_dataset(name: str, split: str, data_dir: Path) -> Dataset:
    place = find(name, data_dir)
    if place is None:
        raise DatasetError(
            f"The data set {name} is not on this machine (`cnn-dashboard data` lists where it was "
            "looked for): set CNN_DATA_DIR to a folder with its files, run `cnn-dashboard data "
            f"--fetch`, or use {DIGITS!r}, which is always there."
        )
    labelled = _read(name, place, split)
    if name == MNIST and np.asarray(labelled.pictures).shape[1:3] != (28, 28):
        size = np.asarray(labelled.pictures).shape[1:3]
        raise DatasetError(f"{place.name} holds pictures of {size}, MNIST has (28, 28).")
    if not labelled.class_names:
        raise DatasetError(f"{place.name} holds pictures without labels: replace it.")
    names = KERAS_DATASETS[name]
    return _dataset(name, split, labelled._replace(class_names=names), str(place))


def _read(name: str, place: Path, split: str) -> Labelled:
    if place.suffix == ".npz":
        return read_archive(place, split)
    return cifar.read_batches(place, split) if name == CIFAR10 else read_idx_files(place, split)


def _embedded_dataset(split: str) -> Dataset:
    pictures, labels = embedded.read_digits(split)
    return Dataset(DIGITS, split, pictures, labels, numbered(10), embedded.SOURCE)


def _dataset(name: str, split: str, labelled: Labelled, source: str) -> Dataset:
    pictures, labels, names, beside = labelled
    if len(pictures) != len(labels):
        raise DatasetError(f"{name} holds {len(pictures)} pictures but {len(labels)} labels.")
    if not len(labels):
        raise DatasetError(
            f"{name} ({split}) holds no pictures: choose another split, or add some."
        )
    if names and labels.max() >= len(names):
        raise DatasetError(
            f"{name} has a label {labels.max()} and {len(names)} classes: expected 0 to {len(names) - 1}."
        )
    return Dataset(name, split, pictures, labels, names, source, beside=beside)


def _require_split(name: str, split: str, splits: tuple[str, ...]) -> None:
    if split not in splits:
        raise DatasetError(f"{name} has no split {split!r}: choose one of {', '.join(splits)}.")
