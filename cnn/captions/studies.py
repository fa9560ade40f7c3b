"""Sentences on what a study of many pictures came to: what changes cost, what channels are worth."""

from __future__ import annotations

from pathlib import Path

from cnn.attribution.methods import METHODS
from cnn.captions.caption import Caption
from cnn.captions.synthesis import unit
from cnn.studies.answers import Evaluation, Ranking, Unit
from cnn.studies.question import DIAGNOSE, MAPS, RANK, SYNTHESISE, TOPS, TRUST, Question
from cnn.words import counted, listed, number, percent


def under_way(question: Question) -> str:
    """Return what is found out, as the subject of a sentence: "the ranking of the channels of conv2d"."""
    if question.kind == RANK:
        return f"the ranking of the channels of {question.layer}"
    if question.kind == TRUST and question.asked:
        return f"the trust in the map of {METHODS[question.asked.maps[0].method].name}"
    if question.kind == MAPS:
        return f"maps of attribution of {Path(question.network.path).name}"
    if question.kind == TOPS:
        return f"the pictures that excite {question.layer}"
    if question.kind == SYNTHESISE and question.sought:
        return f"the synthesis of pictures for {unit(Unit(question.sought.target))}"
    if question.kind == DIAGNOSE:
        return f"the diagnosis of {Path(question.network.path).name}"
    return f"the evaluation of changes in {listed(list(question.changes))}"


def evaluation(answer: Evaluation) -> Caption:
    """Return what changes of channels do to the accuracy, and which class they hit the most."""
    before, after = (percent(one.accuracy, 2) for one in (answer.before, answer.after))
    seen = (
        f"Of {counted(answer.pictures, 'picture')} the changed network tells {after} rightly; "
        f"unchanged, it is {before}."
    )
    both = zip(answer.names, answer.before.classes, answer.after.classes, strict=True)
    moved = {name: b - a for name, b, a in both if a is not None and b is not None}
    worst = max(moved, key=lambda name: moved[name], default="")
    if not worst or moved[worst] <= 0:
        return Caption(seen, "No class is told worse than before.")
    place = answer.names.index(worst)
    was, now = (percent(one.classes[place] or 0, 1) for one in (answer.before, answer.after))
    return Caption(seen, f"The class {worst} loses the most: from {was} to {now}.")


def ranking(answer: Ranking) -> Caption:
    """Return over how many pictures channels were ranked, the costliest, and how many cost nothing."""
    some = f"{answer.pictures:,} of {counted(answer.of, 'picture')}, spread evenly"
    over = counted(answer.pictures, "picture") if answer.pictures == answer.of else some
    seen = (
        f"Each channel of {answer.layer} alone was switched off, in the network without changes, over "
        f"{over}. All channels on, the loss is {number(answer.loss)} and the accuracy "
        f"{percent(answer.accuracy, 2)}."
    )
    first = answer.channels[0]
    if first.cost <= 0:
        return Caption(seen, "No channel is missed: without any of them the loss is no larger.")
    free = sum(channel.cost <= 0 for channel in answer.channels)
    missed = (
        f"Channel {first.channel} is missed the most: without it the loss is {number(first.loss)}."
    )
    rest = f"{counted(free, 'channel')} could go without the loss rising." if free else ""
    return Caption(seen, f"{missed} {rest}".strip())
