"""Pictures in files that were found and not opened, with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.data.beside import Beside
from cnn.data.labelled import TEST, TRAIN, UNDIVIDED, Labelled, part
from cnn.data.picture_files import PictureFiles, key_of


class Listed(NamedTuple):
    """Files below `root` with their labels, by split; none of them is opened.

    Where nobody says what they are, they have no class names, and `NO_LABEL` each. `notes` are sentences
    about what is not shown, or otherwise than it is called. `columns` are the numbers that there are for
    them besides, float64 by split and by name.
    """

    root: Path
    stamps: dict[str, list[str]]
    labels: dict[str, NDArray[np.int64]]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    columns: Mapping[str, Mapping[str, NDArray[np.float64]]] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits, the one to look at first."""
        known = tuple(split for split in (TEST, TRAIN) if split in self.stamps)
        return known or UNDIVIDED

    @property
    def key(self) -> str:
        """What is another as soon as a file is another, has another name or another class."""
        labels = (self.labels[split].tobytes().hex() for split in sorted(self.labels))
        stamps = (stamp for split in sorted(self.stamps) for stamp in self.stamps[split])
        numbers = (
            f"{name} {self.columns[split][name].tobytes().hex()}"
            for split in sorted(self.columns)
            for name in self.columns[split]
        )
        return key_of([*self.class_names, *labels, *stamps, *numbers])

    def read(self, split: str) -> Labelled:
        """Return the pictures of a split, to be decoded one by one."""
        known = split if split in self.stamps else UNDIVIDED[0]
        pictures = PictureFiles(self.root, self.stamps[known])
        columns = self.columns.get(known, {})
        beside = Beside({name: partial(_same, numbers) for name, numbers in columns.items()})
        whole = Labelled(pictures, self.labels[known], self.class_names, beside)
        return whole if known == split else part(whole, split)


def _same(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    return numbers
