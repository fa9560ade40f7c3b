"""Folders of pictures: one sub-folder per class, the pictures of one size."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.errors import DatasetError, ImageError, reason
from cnn.images.decoding import Limits, stored_pixels

_PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}
_MOST_FOLDER_BYTES = 2_000_000_000


class LabelledPictures(NamedTuple):
    """`images` is uint8 (n, height, width, channels), `labels` is int64 (n,), both from `root`."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    root: Path


def read_pictures(folder: Path, split: str) -> LabelledPictures:
    """Return the pictures of a folder, a class per sub-folder, in the order of their names.

    Where there is a folder called `split` inside, its sub-folders count. `DatasetError` where there
    are no pictures, too many, such as cannot be read, or of several sizes.
    """
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
    images = _decoded([path for path, _ in files])
    labels = np.array([label for _, label in files], np.int64)
    return LabelledPictures(images, labels, tuple(path.name for path in classes), root)


def _decoded(paths: list[Path]) -> NDArray[np.uint8]:
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
