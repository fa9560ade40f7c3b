"""Folders of pictures: a sub-folder per class, or pictures beside each other without classes."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnn.data.labelled import NO_LABEL, UNDIVIDED
from cnn.data.listing import Listed
from cnn.data.picture_files import SUFFIXES, stamp_of
from cnn.data.splits import WORDS, about, divided
from cnn.words import counted, listed, printable

_SPLIT_WORDS = {word for words in WORDS.values() for word in words}
# What a Mac puts beside the files of an archive, and Windows beside pictures.
_OF_SYSTEM = ("__macosx", "thumbs.db", "desktop.ini")
# Told of by their names, since each may have pictures too.
_HOLDERS = (".csv", ".npz")
_MOST_TOLD = 5


class _Inside(NamedTuple):
    """What is in a folder, in the order of the names: `pictures` by their stamps, and sub-folders.

    `others` are the files that are not read, by the ends of their names.
    """

    pictures: list[str]
    folders: list[str]
    others: list[str]


def list_folder(folder: Path) -> Listed | None:
    """Return the pictures of a folder, a class per sub-folder, in the order of their names.

    Where there are folders called train and test, or validation, inside, each is a split, unless they
    have pictures beside folders of other classes. Where no sub-folder has pictures, those beside them
    are taken, without labels. None where there are none either.
    """
    top = _inside(folder, "")
    splits = divided(top.folders)
    further = [name for name in top.folders if name.lower() not in _SPLIT_WORDS]
    if all(any(_has_pictures(folder, n) for n in each) for each in (splits.values(), further)):
        splits = {}
    roots = {s: f"{name}/" for s, name in splits.items()} or {UNDIVIDED[0]: ""}
    beside = {split: _inside(folder, start) if start else top for split, start in roots.items()}
    classes = {
        split: {name: _inside(folder, f"{roots[split]}{name}/") for name in inside.folders}
        for split, inside in beside.items()
    }
    found = _in_classes(folder, classes) or _without_classes(folder, beside)
    if found is None:
        return None
    inside = {f"{roots[s]}{n}/": one for s, each in classes.items() for n, one in each.items()}
    above = [top] if splits else []
    beside_classes = [*above, *(beside.values() if found.class_names else ())]
    notes = [
        *about(top.folders if splits else (), splits),
        *_about_loose(beside_classes),
        *_about_further(folder, further, splits),
        *(_about_empty(classes) if found.class_names else ()),
        *_about_deeper(_deeper(folder, inside)),
        *_about_others([*above, *beside.values(), *inside.values()]),
    ]
    return found._replace(notes=tuple(notes))


def below_classes(folder: Path) -> str:
    """Return a folder with pictures below those of classes, which are not looked into; "" if none is."""
    for place, _, files in os.walk(folder):
        if any(file.lower().endswith(SUFFIXES) for file in files):
            return Path(place).relative_to(folder).as_posix()
    return ""


def _deeper(folder: Path, inside: dict[str, _Inside]) -> str:
    """Return a folder with pictures in one of the folders `inside`, by their places; "" if none is."""
    deeper = (f"{place}{name}" for place, one in inside.items() for name in one.folders)
    return next((place for place in deeper if _has_pictures(folder, place)), "")


def not_read(folder: Path) -> str:
    """Return in words how many files of other kinds are in a folder and its sub-folders; "" if none."""
    top = _inside(folder, "")
    return _counted_kinds([top, *(_inside(folder, f"{name}/") for name in top.folders)])


def _in_classes(folder: Path, inside: dict[str, dict[str, _Inside]]) -> Listed | None:
    found = {
        split: [(_class_name(name), one.pictures) for name, one in classes.items() if one.pictures]
        for split, classes in inside.items()
    }
    found = {split: classes for split, classes in found.items() if classes}
    if not found:
        return None
    names = tuple(sorted({name for classes in found.values() for name, _ in classes}))
    stamps = {split: [*chain(*(each for _, each in classes))] for split, classes in found.items()}
    labels = {
        split: np.repeat(
            [names.index(name) for name, _ in each], [len(stamps) for _, stamps in each]
        )
        for split, each in found.items()
    }
    return Listed(folder, stamps, labels, names)


def _class_name(folder: str) -> str:
    """Return the name of a folder as a class: accents are written in two ways, which look the same."""
    return unicodedata.normalize("NFC", printable(folder))


def _without_classes(folder: Path, inside: dict[str, _Inside]) -> Listed | None:
    stamps = {split: one.pictures for split, one in inside.items() if one.pictures}
    labels = {split: np.full(len(pictures), NO_LABEL) for split, pictures in stamps.items()}
    return Listed(folder, stamps, labels, ()) if stamps else None


def _about_loose(places: list[_Inside]) -> list[str]:
    loose = [stamp.split(" ", 2)[2] for one in places for stamp in one.pictures]
    if not loose:
        return []
    return [
        f"Left out: {counted(len(loose), 'picture')} beside the folders of pictures, such as {loose[0]}."
    ]


def _about_further(folder: Path, names: list[str], splits: dict[str, str]) -> list[str]:
    """Return that folders beside those of the splits are left out, where they have pictures."""
    if not splits:
        return []
    found = ((name, _inside(folder, f"{name}/")) for name in names)
    left_out = [n for n, one in found if one.pictures or _deeper(folder, {f"{n}/": one})]
    return (
        [f"Left out: {_named(left_out)}, beside {listed([*splits.values()])}."] if left_out else []
    )


def _about_empty(classes: dict[str, dict[str, _Inside]]) -> list[str]:
    filled = {name for each in classes.values() for name, one in each.items() if one.pictures}
    empty = [
        name for each in classes.values() for name, one in each.items()
        if name not in filled and not one.folders
    ]  # fmt: skip
    names = [*dict.fromkeys(empty)]
    return [f"Left out: {_named(names)}, without a picture that can be read."] if names else []


def _named(folders: list[str]) -> str:
    """Return folders by their names, the first few of many."""
    names = [*map(_class_name, folders[:_MOST_TOLD])]
    more = len(folders) - len(names)
    return listed([*names, *([f"{counted(more, 'further folder')}"] if more else [])])


def _about_deeper(place: str) -> list[str]:
    return [f"Left out: pictures in {place}, below the folder of a class."] if place else []


def _about_others(places: list[_Inside]) -> list[str]:
    kinds = _counted_kinds(places)
    return [f"Left out: {kinds}; pictures are read from {', '.join(SUFFIXES)}."] if kinds else []


def _counted_kinds(places: Iterable[_Inside]) -> str:
    kinds = Counter(kind for place in places for kind in place.others)
    if not kinds:
        return ""
    told = [f"{count:,} {kind}" for kind, count in kinds.most_common(_MOST_TOLD)]
    more = kinds.total() - sum(count for _, count in kinds.most_common(_MOST_TOLD))
    told += [f"{more:,} others"] if more else []
    return f"{counted(kinds.total(), 'file')} of other kinds ({', '.join(told)})"


def _inside(folder: Path, start: str) -> _Inside:
    """Return what is in a folder below another, without what is hidden."""
    pictures, folders, others = {}, [], []
    with os.scandir(folder / start) as entries:
        for entry in filter(_is_shown, entries):
            low = entry.name.lower()
            if _is(entry.is_dir):
                folders.append(entry.name)
            elif not _is(entry.is_file):
                others.append("broken")
            elif low.endswith(SUFFIXES):
                pictures[entry.name] = stamp_of(f"{start}{entry.name}", entry.stat())
            elif not low.endswith(_HOLDERS):
                others.append(Path(low).suffix or "without an ending")
    return _Inside([pictures[name] for name in sorted(pictures)], sorted(folders), others)


def _is_shown(entry: os.DirEntry[str]) -> bool:
    return entry.name[0] != "." and entry.name.lower() not in _OF_SYSTEM


def _is(asked: Callable[[], bool]) -> bool:
    """Whether it is so; a link that leads around in a circle is nothing."""
    try:
        return asked()
    except OSError:
        return False


def _has_pictures(folder: Path, name: str) -> bool:
    with os.scandir(folder / name) as entries:
        return any(
            entry.name.lower().endswith(SUFFIXES) and _is_shown(entry) and _is(entry.is_file)
            for entry in entries
        )
