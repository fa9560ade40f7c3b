"""After which epoch each checkpoint of a training is, as the names of their files tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from cnn.words import counted, listed

_SUFFIX = re.compile(r"(\.weights)?\.(h5|keras)$")
MOST_EPOCHS = 9999
_MOST_NAMED = 5


class Numbered(NamedTuple):
    """The epoch after which each file is, by its name, in order; `told` are sentences about it."""

    epochs: dict[str, int]
    told: list[str]


def numbered(names: Sequence[str], known: Sequence[int]) -> Numbered:
    """Return after which epoch each of the names, in natural order, is.

    That is the first number in which they differ, whatever their suffixes, if it counts epochs: it never
    repeats, and is among those that are `known` of the curves, where any is. Else it is the place of the
    name, from 1 or along the curves. Where most names have such numbers, the others, such as that of the
    best, are left out.
    """
    counts, told = _counted(names), []
    if counts and known and not set(counts.values()) & set(known):
        counts = {}
    left_out = [name for name in names if name not in counts] if counts else []
    if left_out:
        told.append(
            f"Left out, since the name tells no epoch as those of the others do: {_some(left_out)}."
        )
    if not counts:
        places = known if len(known) == len(names) else range(1, len(names) + 1)
        counts = dict(zip(names, places, strict=True))
        told.append(
            f"The names of the checkpoints count no epochs{' of the curves' if known else ''}: they are "
            f"numbered in the order of their names, from {counts[names[0]]} on."
        )
    strange = sorted(set(counts.values()) - set(known) - {0}) if known else []
    if strange:
        told.append(
            f"The curves have {counted(len(known), 'epoch')} ({_spans(known)}), and nothing of the "
            f"checkpoints after epoch {_spans(strange)}."
        )
    return Numbered(dict(sorted(counts.items(), key=lambda one: one[1])), told)


def _counted(names: Sequence[str]) -> dict[str, int]:
    """Return the epoch in each name that counts them as most others do; none where they do not."""
    numbers = {name: list(map(int, re.findall(r"\d+", _stem(name)))) for name in names}
    forms = {name: re.sub(r"\d+", "#", _stem(name)) for name in names if numbers[name]}
    if not forms:
        return {}
    form, count = Counter(forms.values()).most_common(1)[0]
    alike = {name: numbers[name] for name in forms if forms[name] == form}
    columns = list(zip(*alike.values(), strict=True))
    differing = [column for column in columns if len(set(column)) > 1]
    if count == 1 and len(columns) == 1:
        differing = columns
    if 2 * count <= len(forms) or not differing:
        return {}
    epochs = differing[0]
    is_count = len(set(epochs)) == count and max(epochs) <= MOST_EPOCHS
    return dict(zip(alike, epochs, strict=True)) if is_count else {}


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name)


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMED
    return listed([*names[:_MOST_NAMED], *([f"{rest} more"] if rest > 0 else [])])


def _spans(epochs: Sequence[int]) -> str:
    """Return ascending numbers in words: "1 to 3 and 7"."""
    breaks = [place for place, (a, b) in enumerate(pairwise(epochs), 1) if b != a + 1]
    parts = [epochs[a:b] for a, b in pairwise([0, *breaks, len(epochs)])]
    return _some([str(p[0]) if len(p) == 1 else f"{p[0]} to {p[-1]}" for p in parts])
