"""The data sets that this server can show: named ones, and the operator's own pictures."""

from __future__ import annotations

from pathlib import Path
from threading import Condition

import numpy as np
from cachetools import LRUCache, cached
from numpy.typing import NDArray

import cnn
from cnn.data import datasets, sources
from cnn.data.labelled import TRAIN
from cnn.data.names import data_name
from cnn.properties import cached_property
from dashboard.settings import Settings
from dashboard.state.data import OWN, SPLITS, require_known

_MOST = 4
_INSTEAD = "Other pictures are shown instead."
# With which a picture is compared.
_MOST_PICTURES = 64
_WORDS = {
    "mnist/test": "MNIST, 10,000 test digits",
    "mnist/train": "MNIST, 60,000 training digits",
    "fashion_mnist/test": "Fashion-MNIST, 10,000 test pictures",
    "fashion_mnist/train": "Fashion-MNIST, 60,000 training pictures",
    "cifar10/test": "CIFAR-10, 10,000 test pictures",
    "cifar10/train": "CIFAR-10, 50,000 training pictures",
    "digits/all": "Embedded digits, 1,797",
    "digits/train": "Embedded digits, every other from the first",
    "digits/test": "Embedded digits, every other from the second",
}
_SPLITS = {"all": "all pictures", "test": "test pictures", "train": "training pictures"}


class PictureSets:
    """Finds data sets by what a view calls them; own pictures are called by what is in their files.

    So a link never means other pictures than it did: where files were changed, it says so.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.problem = ""
        self._load = cached(LRUCache(_MOST), condition=Condition())(self._load_own)
        self.first = cached(LRUCache(_MOST), condition=Condition())(self._first)
        self.some = cached(LRUCache(_MOST), condition=Condition())(self._some)

    @cached_property
    def own(self) -> sources.Source | None:
        """The operator's own pictures; None where there are none, or they cannot be used."""
        path = self._settings.own_data
        try:
            return sources.kept_source(path) if path else None
        except cnn.DatasetError as error:
            self.problem = f"{error} {_INSTEAD}"
            return None

    @property
    def own_name(self) -> str:
        """What a view calls the operator's own pictures; empty where there are none."""
        return f"{OWN}{self.own.key}" if self.own else ""

    def default(self) -> tuple[str, str, int]:
        """Return data set, split and place of the picture that is shown when a link names none.

        Own pictures of which none can be read give way to others.
        """
        if self.own_name:
            try:
                split = self.splits(self.own_name)[0]
                return self.own_name, split, self.first(self.own_name, split)
            except cnn.DatasetError as error:
                self.problem = f"{error} {_INSTEAD}"
        named = self._settings.data if self._settings.data in datasets.NAMES else ""
        name = named or datasets.best(self._settings.data_path)
        return name, self.splits(name)[0], 0

    def _first(self, name: str, split: str) -> int:
        """Return the place of the first picture of a split that can be read; all named sets' can.

        Raises `DatasetError` where none can.
        """
        return self.load(name, split).place_of_first() if name.startswith(OWN) else 0

    def here(self) -> tuple[str, ...]:
        """Return the data sets that are on this server, own ones first."""
        found = (name for name in datasets.KERAS_DATASETS if self._find(name))
        return tuple(filter(None, [self.own_name, *found, datasets.DIGITS]))

    def _find(self, name: str) -> Path | None:
        return datasets.find(name, self._settings.data_path)

    def splits(self, name: str) -> tuple[str, ...]:
        """Return the splits of a data set, the one to look at first; of one elsewhere all there are."""
        if not name.startswith(OWN):
            return datasets.splits(name)
        return self.own.splits if self.own and name == self.own_name else SPLITS

    def trained_on(self, name: str, split: str) -> str:
        """Return the split that networks are trained on, the given one where a data set has none."""
        return TRAIN if TRAIN in self.splits(name) else split

    def path(self, name: str) -> str:
        """Return what `cnn.load_dataset` calls a data set.

        Raises `DatasetError` for one that is not known, and for own pictures of another server, or
        such as they were before.
        """
        require_known(name)
        if not name.startswith(OWN):
            return name
        if name != self.own_name:
            raise cnn.DatasetError(
                f"This link shows pictures ({name}) that this server does not have, or not any more as "
                "they were: ask whoever sent it for their files, or choose a data set of this server."
            )
        return str(self._settings.own_data)

    def load(self, name: str, split: str) -> cnn.Dataset:
        """Return a split of a data set; `DatasetError` says which this server lacks."""
        require_known(name, split)
        if name.startswith(OWN):
            return self._load(name, split)
        return cnn.load_dataset(name, split, data_dir=self._settings.data_path)

    def _load_own(self, name: str, split: str) -> cnn.Dataset:
        place = self.path(name)
        assert self.own
        return datasets.read_source(self.own, split, place)

    def _some(self, name: str, split: str) -> list[NDArray[np.uint8]]:
        """Return at most 64 pictures of a split, evenly chosen, without damaged ones; read-only.

        Maps that are kept share them so. Raises `DatasetError` where there are none.
        """
        dataset = self.load(name, split)
        count = min(_MOST_PICTURES, len(dataset))
        pictures, _ = dataset.readable(np.arange(count) * len(dataset) // max(1, count))
        if not pictures:
            raise cnn.DatasetError(f"No picture of {self.called(name)} can be read.")
        for picture in pictures:
            picture.setflags(write=False)
        return pictures

    def classes(self, name: str) -> tuple[str, ...]:
        """Return the names of the classes of a data set; `DatasetError` if it is not here."""
        if name == datasets.DIGITS or name in datasets.KERAS_DATASETS:
            return datasets.KERAS_DATASETS.get(name, datasets.KERAS_DATASETS[datasets.MNIST])
        return self.load(name, self.splits(name)[0]).class_names

    def called(self, name: str) -> str:
        """Return what a data set is called; one that is not here by its number."""
        if self.own and name == self.own_name:
            return self.own.name
        return data_name(name)

    def choices(self) -> dict[str, str]:
        """Return what can be chosen, "mnist/test" and so on, and what it is called."""
        here = self.here()
        named = {value: words for value, words in _WORDS.items() if value.split("/")[0] in here}
        own = {
            f"{self.own_name}/{split}": f"{self.called(self.own_name)}, {_SPLITS[split]}"
            for split in (self.own.splits if self.own else ())
        }
        return own | named
