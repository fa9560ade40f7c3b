"""Which split a word names, as folders, arrays and tables call them."""

from __future__ import annotations

from collections.abc import Collection

from cnn.data.labelled import TEST, TRAIN
from cnn.words import listed

# Pictures for validation are looked at as those of a test are, where there are none of a test.
WORDS = {TEST: ("test", "testing", "val", "valid", "validation"), TRAIN: ("train", "training")}
_OF_TEST = ("test", "testing")


def divided(words: Collection[str]) -> dict[str, str]:
    """Return the word, in any letters, that names each split, of those that are there."""
    known = {word.lower(): word for word in words}
    found = {split: next(filter(None, map(known.get, each)), "") for split, each in WORDS.items()}
    return {split: word for split, word in found.items() if word}


def about(words: Collection[str], chosen: dict[str, str]) -> tuple[str, ...]:
    """Return what is to be told of words for splits of which some were chosen, in sentences."""
    of_splits = {word for each in WORDS.values() for word in each}
    others = [w for w in sorted(words) if w.lower() in of_splits and w not in chosen.values()]
    test = chosen.get(TEST, "")
    return tuple(
        filter(
            None,
            [
                f"{test} is shown as the split test."
                if test and test.lower() not in _OF_TEST
                else "",
                f"Left out: {listed(others)}, beside {listed([*chosen.values()])}."
                if others
                else "",
            ],
        )
    )
