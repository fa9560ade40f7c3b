"""Pictures in files, each decoded when it is asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from cnn.errors import DatasetError, ImageError, reason
from cnn.images.decoding import LONGEST, Limits, decode, size_in
from cnn.properties import cached_property
from cnn.words import printable

MOST_BYTES = 2_000_000_000
_MOST_SIZES = 1000
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")


def stamp_of(name: str, stat: os.stat_result) -> str:
    """Return a file, by its name below a folder, as it is: its size, when it was changed, its name.

    It is a text, since there may be very many.
    """
    return f"{stat.st_size} {stat.st_mtime_ns} {name}"


def key_of(stamps: Iterable[str]) -> str:
    """Return 12 hexadecimal digits that are others as soon as a file, or its class, is another."""
    content = "\n".join(stamps).encode("utf-8", "surrogateescape")
    return hashlib.sha256(content).hexdigest()[:12]


class PictureFiles:
    """Pictures uint8 (height, width, 1 or 3) of any sizes, in files below a folder.

    A file that is damaged, or is another since it was found, raises `DatasetError` with its name
    when it is asked for: a number never stands for another picture than it did.
    """

    def __init__(self, root: Path, stamps: Sequence[str]) -> None:
        self._root = root
        self._stamps = stamps

    def __len__(self) -> int:
        return len(self._stamps)

    @overload
    def __getitem__(self, places: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, places: NDArray[np.int64]) -> PictureFiles: ...

    def __getitem__(self, places: int | NDArray[np.int64]) -> NDArray[np.uint8] | PictureFiles:
        if isinstance(places, np.ndarray):
            return PictureFiles(self._root, [self._stamps[place] for place in places])
        return self.decoded(places)

    def name(self, place: int) -> str:
        """Return the name of a picture's file, below the folder."""
        return self._stamps[place].split(" ", 2)[2]

    def decoded(self, place: int, longest: int = LONGEST) -> NDArray[np.uint8]:
        """Return a picture; one with more than `longest` pixels on a side is reduced to that."""
        stamp, limits = self._stamps[place], Limits()
        name = self.name(place)
        shown = printable(name)
        try:
            with (self._root / name).open("rb") as file:
                if stamp_of(name, os.fstat(file.fileno())) != stamp:
                    raise DatasetError(
                        f"{shown} was changed since its folder was opened: start again to see "
                        "what it is now."
                    )
                return decode(file.read(limits.bytes + 1), limits=limits, longest=longest).pixels
        except ImageError as error:
            raise DatasetError(f"{shown} cannot be used: {error}") from error
        except OSError as error:
            raise DatasetError(
                f"{shown} is no readable picture ({reason(error)}): replace or remove it."
            ) from error

    @cached_property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """(height, width) of at most 1,000 of them, evenly chosen, that can be read; none is decoded."""
        count = min(_MOST_SIZES, len(self))
        places = [number * len(self) // count for number in range(count)]
        return tuple(filter(None, map(self._size, places)))

    def _size(self, place: int) -> tuple[int, int] | None:
        try:
            with (self._root / self.name(place)).open("rb") as file:
                return size_in(file)
        except (ImageError, OSError):
            return None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(stacked(list(within_room(self[n] for n in range(len(self))))), dtype)


def within_room(pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures; `DatasetError` as soon as they take more memory than is given to them."""
    size = 0
    for picture in pictures:
        size += picture.nbytes
        if size > MOST_BYTES:
            raise DatasetError(
                f"The pictures take more than {MOST_BYTES / 1e9:g} GB when they are decoded: reduce "
                "them, or take fewer."
            )
        yield picture


def stacked(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return pictures of one size as one array, in colour where one of them is.

    Raises `DatasetError`, with two sizes, where they have several.
    """
    sizes = sorted({picture.shape[:2] for picture in pictures})
    if len(sizes) > 1:
        first, last = (f"{width}×{height}" for height, width in (sizes[0], sizes[-1]))
        raise DatasetError(
            f"The pictures have {len(sizes):,} sizes, among them {first} and {last} pixels: bring all "
            "to one size."
        )
    channels = max((picture.shape[2] for picture in pictures), default=1)
    size = sizes[0] if sizes else (1, 1)
    together = np.empty((len(pictures), *size, channels), np.uint8)
    for place, picture in enumerate(pictures):
        together[place] = picture
    return together
