"""The digits that come with scikit-learn, prepared to look like MNIST: they are always there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.images.digits import centre_digit
from cnn.properties import cached_property

SOURCE = "scikit-learn's copy of the UCI handwritten digits"
_HALVES = {"train": slice(0, None, 2), "test": slice(1, None, 2), "all": slice(None)}


def read_digits(split: str) -> tuple[Digits, NDArray[np.int64]]:
    """Return scikit-learn's copy of the UCI digits: pictures (n, 28, 28, 1) and labels (n,).

    The 8x8 counts of 0 to 16 become 28x28 pictures. "train" is every even place of the original
    order, "test" every odd one, "all" both.
    """
    table = digits_table()[_HALVES[split]]
    return Digits(table[:, :64].reshape(-1, 8, 8)), table[:, 64].astype(np.int64)


class Digits:
    """Pictures of digits, uint8 (n, 28, 28, 1), each made when it is asked for first.

    All of them take half a second, and who looks at one waits for it. `small` is (n, 8, 8).
    """

    def __init__(self, small: NDArray[np.float64]) -> None:
        self._small = small
        self._made: dict[int, NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self._small)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        if index not in self._made:
            self._made[index] = _like_mnist(self._small[index])
        return self._made[index].copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._all, dtype, copy=copy)

    @cached_property
    def _all(self) -> NDArray[np.uint8]:
        return np.stack([self[index] for index in range(len(self))])


def digits_table() -> NDArray[np.float64]:
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
