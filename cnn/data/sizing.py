"""In which size pictures are trained on: their own, or the one to which all are brought."""

from __future__ import annotations

from math import prod
from statistics import median
from typing import NamedTuple

from cnn.data.datasets import Dataset
from cnn.data.picture_files import MOST_BYTES, PictureFiles
from cnn.errors import DatasetError

# Of pictures that nobody has given a size.
LARGEST = 128

Size = tuple[int, int]


class Sized(NamedTuple):
    """The `size` (height, width) in which pictures are trained on, and what they are `made_of` in words.

    That is "" where they stay as they are.
    """

    size: Size
    made_of: str

    @property
    def words(self) -> str:
        """The size, and what becomes of the pictures, in words that follow "pictures of"."""
        return f"{_in_words(self.size)}, {self.made_of or 'as they are'}"


def size_to_train(data: Dataset, side: int = 0) -> Sized:
    """Return the size in which the pictures are trained on; with a `side`, that of a square.

    For a side of 0, pictures of one size stay as they are up to `LARGEST` pixels, and are reduced to that
    on their longer side beyond; those of several sizes become squares, with the middle of their
    shorter sides up to `LARGEST`. Of pictures in files at most 1,000 are looked at, evenly chosen.
    Raises `DatasetError` where none can be read.
    """
    sizes = _sizes(data)
    smallest, largest = min(sizes, key=prod), max(sizes, key=prod)
    is_one = len({*sizes}) == 1
    if side:
        size = (side, side)
    elif is_one:
        share = min(1.0, LARGEST / max(largest))
        size = max(1, round(share * largest[0])), max(1, round(share * largest[1]))
    else:
        middle = min(LARGEST, round(median(map(min, sizes))))
        size = (middle, middle)
    if is_one and size == largest:
        return Sized(size, "")
    of = _in_words(smallest)
    if not is_one:
        is_range = prod(smallest) < prod(largest)
        of = f"{of} to {_in_words(largest)}" if is_range else f"several sizes such as {of}"
    return Sized(size, f"made of {of}")


def require_room(data: Dataset, shape: tuple[int, int, int]) -> None:
    """Raise `DatasetError` where the pictures, of that shape each, take more than is trained on."""
    size = len(data) * prod(shape)
    if size > MOST_BYTES:
        raise DatasetError(
            f"The {len(data):,} pictures of {_in_words(shape[:2])} would take {size / 1e9:,.1f} GB: at "
            f"most {MOST_BYTES / 1e9:g} GB are trained on. Choose a smaller picture side."
        )


def _sizes(data: Dataset) -> tuple[Size, ...]:
    if isinstance(data.pictures, PictureFiles):
        sizes = data.pictures.sizes
        return sizes or (data.first().shape[:2],)
    return (data.pictures[0].shape[:2],)


def _in_words(size: Size) -> str:
    return f"{size[1]:,}×{size[0]:,}"
