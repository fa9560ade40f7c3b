"""Sentences on maps of attribution: what one is of, how it is read, and what its numbers come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from cnn.attribution.attribution import Attribution, Law
from cnn.attribution.methods import METHODS
from cnn.attribution.options import Pictures
from cnn.attribution.target import Target
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS, Mark
from cnn.captions.caption import Caption
from cnn.captions.trust import MARKS
from cnn.models.heads import Head
from cnn.studies.answers import KeptMap, Maps
from cnn.words import counted, number, percent

MEANING = (
    "A map says how its method shares one number out among the pixels. It does not say what the network "
    "would answer if they were others, nor whether the answer is right. Maps that agree may be wrong "
    "together; where they do not, ask which is meant."
)
_TENTH = 0.1
_MEANS: dict[Mark, str] = {
    PASS: "so its numbers can be added up",
    INCONCLUSIVE: "since more than half of it may be off",
    FAIL: "so it is not what its name says",
}


def explained(target: Target, head: Head, names: Sequence[str], *, is_map: bool = False) -> str:
    """Return the number that is explained, as an object: "the logit of 7 minus that of 9".

    `names` are those of the classes, or of the channels of the target's layer; `is_map` says that each
    channel of the layer is a map.
    """
    minus = "" if target.against is None else f" minus that of {names[target.against]}"
    if target.layer:
        of = f"{names[target.of or 0]} of {target.layer}"
        return f"{_in_map(target, of) if is_map else of}{minus}"
    noun = _noun(head)
    if head.form == "maps" and target.cell is None:
        noun = f"the mean {noun.removeprefix('the ')}"
    of = noun if len(names) == 1 else f"{noun} of {names[target.of or 0]}{minus}"
    return of if target.cell is None else f"{of} at {_at(target.cell)}"


def _noun(head: Head) -> str:
    """Return what the number of an output is that is explained."""
    if head.each == "numbers":
        return f"the sum before {head.squashed}" if head.squashed else "the output"
    if not head.is_sum_unknown:
        return "the logit"
    return "the probability" if head.each == "softmax" else "the score"


def _in_map(target: Target, of: str) -> str:
    return f"the mean of {of}" if target.cell is None else f"{of} at {_at(target.cell)}"


def _at(cell: Sequence[int]) -> str:
    return ", ".join(
        f"{axis} {place}" for axis, place in zip(("row", "column"), cell, strict=False)
    )


def attribution(made: Attribution, what: str) -> Caption:
    """Return the caption of a map of `what`: how it is read, and what its numbers come to."""
    return Caption(read(made.method, what), _noticed(made))


def read(name: str, what: str) -> str:
    """Return how a map of `what` by a method is read, in a sentence."""
    method = METHODS[name]
    if method.is_signed:
        return f"Red raises {what}, blue lowers it."
    if method.is_cut:
        return f"Bright raises {what}; what lowers it is not shown."
    return f"Bright counts for {what}, whichever way."


def _noticed(made: Attribution) -> str:
    """Return what the numbers of the map come to."""
    note = f"{made.note[0].upper()}{made.note[1:]}." if made.note else ""
    magnitudes = np.sort(np.abs(made.plane).reshape(-1))[::-1]
    whole = float(magnitudes.sum())
    if not whole:
        note = note or "All of it is zero: no place counts."
    if made.law:
        return f"{kept_law(made.law)} {note}".rstrip()
    if note:
        return note
    most = max(1, round(_TENTH * magnitudes.size))
    share = float(magnitudes[:most].sum()) / whole
    return f"A tenth of the places has {percent(share, 0)} of it."


def kept_law(law: Law) -> str:
    """Return what a map must come to by the law of its method, what it comes to, and the mark of that."""
    words = f"{law.words[0].upper()}{law.words[1:]}"
    kept = f"{words}: {number(law.expected)}, and it is {number(law.found)} ({of_law(law)})."
    return f"{kept} {law.remedy}".rstrip() if law.mark == INCONCLUSIVE else kept


def of_law(law: Law) -> str:
    """Return how far a map is from the law of its method, the mark of that, and what it means."""
    off = f"off by {percent(law.residual)}, {percent(law.allowed)} is allowed: {MARKS[law.mark]}"
    return f"{off}, {_MEANS[law.mark]}"


def coming(method: str) -> str:
    """Return when a map comes that takes longer than those that are shown."""
    return f"{METHODS[method].name} is computed as soon as nothing moves."


def for_worker(method: str) -> str:
    """Return that a map is made only when it is asked for."""
    return f"{METHODS[method].name} takes many passes of so large a network: press Compute them, below."


def being_made(method: str) -> str:
    """Return that a map was asked for, and is not there yet."""
    return f"{METHODS[method].name} is being computed: how far it is, stands below."


def found_by_worker(answer: Maps) -> str:
    """Return how many maps a worker has made."""
    made = sum(not one.refusal for one in answer.maps)
    there = f"{counted(made, 'map')} {'is' if made == 1 else 'are'} above."
    refused = len(answer.maps) - made
    return f"{there} {counted(refused, 'map')} could not be made." if refused else there


def kept(one: KeptMap) -> str:
    """Return what a map of a worker comes to, or why there is none."""
    if one.refusal:
        return one.refusal
    if not one.law:
        return "no law of its own"
    return f"{one.law.name}: {of_law(one.law)}"


def refused(method: str, reason: str) -> str:
    """Return why there is no map of a method."""
    return f"{METHODS[method].name} shows nothing here. {reason}"


def python_line(method: str, target: Target, settings: Mapping[str, Any]) -> str:
    """Return the line of Python that computes the map."""
    given = [one for one in fields(target) if getattr(target, one.name) != one.default]
    parts = ", ".join(f"{one.name}={getattr(target, one.name)!r}" for one in given)
    of = target.of if [one.name for one in given] == ["of"] else f"cnn.Target({parts})"
    named = [
        name for name, option in METHODS[method].options.items() if isinstance(option, Pictures)
    ]
    values = {name: name if name in named else repr(value) for name, value in settings.items()}
    options = "".join(f", {name}={value}" for name, value in values.items())
    where = f"  # {named[0]}: pictures of the training split" if named else ""
    return f'cnn.attribute(model, image, method="{method}", target={of}{options}){where}'
