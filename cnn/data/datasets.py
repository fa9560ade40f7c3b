"""Labelled pictures: MNIST and its relatives, folders of pictures, and the embedded digits.

Nothing here needs a network or TensorFlow. MNIST is looked for in the data directory and in the
Keras cache; `fetch_mnist` is the one function that downloads. The embedded digits are always there.
"""

from __future__ import annotations

import gzip
import os
import socket
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import DatasetError, ImageError, reason
from cnn.images.decoding import Limits, stored_pixels
from cnn.images.digits import centre_digit

DIGITS = "digits"
MNIST = "mnist"
KERAS_DATASETS = {
    MNIST: tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
}  # fmt: skip
_IDX_PREFIX = {"train": "train", "test": "t10k"}
_PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}
_HALVES = {"train": slice(0, None, 2), "test": slice(1, None, 2), "all": slice(None)}
_FETCH_TIMEOUT_SECONDS = 10.0
_MNIST_BYTES = 11_490_434
_MOST_FOLDER_BYTES = 2_000_000_000


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

    `images` is uint8 (n, height, width, channels), `labels` is int64 (n,); `source` says where
    they came from, in words for the screen.
    """

    name: str
    split: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str

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
        return Sample(self.images[index], label, self.class_names[label], int(index))

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
        return _embedded_digits(split)
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
    keras_cache = {
        MNIST: _keras_cache() / "mnist.npz",
        "fashion_mnist": _keras_cache() / "fashion-mnist",
    }
    return (*plain, *inside, keras_cache[name])


def find(name: str, data_dir: Path) -> Path | None:
    """Return the first place that holds the named data set, or None.

    Only names are looked at: a file found here can still prove unreadable.
    """
    return next((place for place in places(name, data_dir) if _holds_arrays(place)), None)


def fetch_mnist() -> None:
    """Download MNIST into the Keras cache, verified; `DatasetError` when that fails.

    It gets its name when it is complete. A connection silent for 10 seconds is given up.
    """
    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_FETCH_TIMEOUT_SECONDS)
    try:
        keras.datasets.mnist.load_data(path=_incoming().name)
        _incoming().replace(_incoming().with_name("mnist.npz"))
    except Exception as error:
        raise DatasetError(
            f"MNIST could not be downloaded ({reason(error)}): check the network, or put its files into "
            "the data directory (CNN_DATA_DIR)."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def fetched_share() -> float:
    """Return how much of MNIST a download has brought so far, from 0 to 1."""
    path = _incoming()
    return min(1.0, path.stat().st_size / _MNIST_BYTES) if path.is_file() else 0.0


def _incoming() -> Path:
    return _keras_cache() / "mnist.incoming.npz"


def _keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"


def _holds_arrays(place: Path) -> bool:
    if place.suffix == ".npz":
        return place.is_file()
    return any(_idx_file(place, "test", kind) for kind in ("images-idx3", "labels-idx1"))


def _idx_file(folder: Path, split: str, kind: str) -> Path | None:
    stem = f"{_IDX_PREFIX[split]}-{kind}-ubyte"
    return next((p for p in (folder / stem, folder / f"{stem}.gz") if p.is_file()), None)


def _keras_dataset(name: str, split: str, data_dir: Path) -> Dataset:
    _require_split(name, split, splits(name))
    place = find(name, data_dir)
    if place is None:
        raise DatasetError(
            f"The data set {name} is not on this machine (`cnn-dashboard data` lists where it was "
            "looked for): set CNN_DATA_DIR to a folder with its files, run `cnn-dashboard data "
            f"--fetch`, or use {DIGITS!r}, which is always there."
        )
    images, labels = _read_arrays(place, split)
    if name == MNIST and images.shape[1:3] != (28, 28):
        raise DatasetError(
            f"{place.name} holds pictures of {images.shape[1:3]}, MNIST has (28, 28)."
        )
    return _dataset(name, split, images, labels, KERAS_DATASETS[name], str(place))


def _folder(folder: Path, split: str) -> Dataset:
    """Return the data set of a folder: IDX files, one `.npz`, or one sub-folder per class."""
    archives = sorted(folder.glob("*.npz"))
    if _holds_arrays(folder) or archives:
        _require_split(folder.name, split, ("train", "test"))
        place = folder if _holds_arrays(folder) else archives[0]
        images, labels = _read_arrays(place, split)
        names = tuple(str(label) for label in range(int(labels.max()) + 1))
        return _dataset(folder.resolve().name, split, images, labels, names, str(place))
    return _picture_folder(folder, split)


def _picture_folder(folder: Path, split: str) -> Dataset:
    root = folder / split if (folder / split).is_dir() else folder
    classes = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    files = [
        (path, label)
        for label, directory in enumerate(classes)
        for path in sorted(directory.iterdir())
        if path.suffix.lower() in _PICTURE_SUFFIXES
    ]
    if not files:
        raise DatasetError(
            f"{folder.resolve().name} holds no data set: expected IDX files, an .npz with x_test "
            "and y_test, or one folder of pictures per class."
        )
    images = _read_pictures([path for path, _ in files])
    labels = np.array([label for _, label in files])
    names = tuple(directory.name for directory in classes)
    return _dataset(folder.resolve().name, split, images, labels, names, str(root))


def _read_pictures(paths: list[Path]) -> NDArray[np.uint8]:
    """Return pictures of one size, uint8 (n, height, width, channels), decoded one by one."""
    first = _read_picture(paths[0])
    size = len(paths) * first.nbytes
    if size > _MOST_FOLDER_BYTES:
        raise DatasetError(
            f"{len(paths):,} pictures like {paths[0].name} take {size / 1e9:,.1f} GB: at most "
            f"{_MOST_FOLDER_BYTES / 1e9:g} GB are read; reduce the pictures or take fewer."
        )
    images = np.empty((len(paths), *first.shape), np.uint8)
    for place, path in enumerate(paths):
        picture = _read_picture(path) if place else first
        if picture.shape != first.shape:
            raise DatasetError(
                f"{paths[0].name} has the shape {first.shape} and {path.name} {picture.shape}: "
                "bring all pictures to one size, and all to grey or all to colour."
            )
        images[place] = picture
    return images


def _read_picture(path: Path) -> NDArray[np.uint8]:
    limits = Limits()
    try:
        with path.open("rb") as file:
            return stored_pixels(file.read(limits.bytes + 1), limits=limits)
    except ImageError as error:
        raise DatasetError(f"{path.parent.name}/{path.name} cannot be used: {error}") from error
    except OSError as error:
        raise DatasetError(
            f"{path.parent.name}/{path.name} is no readable picture ({reason(error)}): replace or "
            "remove it."
        ) from error


def _read_arrays(place: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    try:
        if place.suffix == ".npz":
            with place.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return archive[f"x_{split}"], archive[f"y_{split}"].astype(np.int64)
        files = [_idx_file(place, split, kind) for kind in ("images-idx3", "labels-idx1")]
        if None in files:
            raise DatasetError(
                f"{place.name} has not both files of the split {split!r}: expected "
                f"{_IDX_PREFIX[split]}-images-idx3-ubyte and {_IDX_PREFIX[split]}-labels-idx1-ubyte"
                ", gzipped or not."
            )
        images, labels = (read_idx(path) for path in files if path)
        return images, labels.astype(np.int64)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{place.name} cannot be read as a data set ({reason(error)}): it is damaged or of "
            "another format; replace it."
        ) from error


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


def _embedded_digits(split: str) -> Dataset:
    """Return scikit-learn's copy of the UCI digits, prepared to look like MNIST.

    The 8x8 counts of 0 to 16 become 28x28 pictures. "train" is every even place of the original
    order, "test" every odd one, "all" both.
    """
    _require_split(DIGITS, split, splits(DIGITS))
    table = _digits_table()[_HALVES[split]]
    pictures, labels = table[:, :64].reshape(-1, 8, 8), table[:, 64]
    images = np.stack([_like_mnist(small) for small in pictures])
    return _dataset(
        DIGITS,
        split,
        images,
        labels.astype(np.int64),
        tuple("0123456789"),
        "scikit-learn's copy of the UCI handwritten digits",
    )


def _digits_table() -> NDArray[np.float64]:
    """Return scikit-learn's digits, a row each: 64 counts and the label (1797, 65).

    The file is read and the package not imported: that would take a second on the way to the first
    picture, five on a small machine.
    """
    package = find_spec("sklearn")
    assert package is not None and package.origin is not None
    return np.loadtxt(Path(package.origin).parent / "datasets/data/digits.csv.gz", delimiter=",")


def _like_mnist(small: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return an 8x8 picture of 0 to 16 as 28x28 uint8: enlarged, its edges sharpened, centred."""
    picture = Image.fromarray((small / 16).astype(np.float32), mode="F")
    large = np.asarray(picture.resize((80, 80), Image.Resampling.BICUBIC))
    ink = np.clip((large - 0.22) / 0.55, 0, 1)
    return centre_digit((255 * ink).astype(np.uint8))
