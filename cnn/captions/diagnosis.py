"""What a diagnosis found, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnn.data.names import data_name, part_name
from cnn.inspection.diagnosis import Checked, Diagnosis, Finding, Selection
from cnn.inspection.diagnosis.channels import LEAST_FLAT
from cnn.inspection.diagnosis.feeding import LEAST_PICTURES, MOST_DEVIATIONS, MOST_RATIO
from cnn.inspection.diagnosis.filters import LEAST_COSINE, LEAST_WEIGHTS
from cnn.inspection.diagnosis.findings import SEVERITIES
from cnn.inspection.diagnosis.observation import NEAR_THE_END
from cnn.words import counted, listed, number, percent

_MOST_NAMED = 6
_SHARES = (
    "accuracy", "accuracy as negatives", "accuracy in the other range",
    "accuracy in the other order", "share", "largest possible",
)  # fmt: skip


@dataclass(frozen=True)
class _Check:
    """What a check is called, what it looks for, and what it needs."""

    name: str
    looks_for: str
    needs: str = ""


_CHECKS = {
    "dead": _Check(
        "Dead channels", "a channel or unit that is zero in every cell for every picture"
    ),
    "constant": _Check(
        "Constant outputs", "a channel or unit that is the same, and not zero, for every picture"
    ),
    "saturated": _Check(
        "Saturated units",
        f"a unit of which {percent(LEAST_FLAT, 0)} of the numbers lie within "
        f"{percent(NEAR_THE_END, 0)} of an end of the range of its function, where the curve is flat",
        "no layer inside has a function with ends, such as tanh or sigmoid",
    ),
    "not finite": _Check(
        "Numbers that are none", "a channel or unit with a number that is infinite or none (NaN)"
    ),
    "duplicates": _Check(
        "Near-duplicate filters",
        f"two filters of a layer whose weights have a cosine of at least {number(LEAST_COSINE)}",
        f"no layer has filters of at least {LEAST_WEIGHTS} weights",
    ),
    "feeding": _Check(
        "Range and polarity of the input",
        "pictures that are recognised far better as negatives or in another range, or that are "
        f"{number(MOST_DEVIATIONS)} standard deviation or more, or a factor of {number(MOST_RATIO)}, "
        "from the statistics that a layer kept of its training",
        f"there are no {LEAST_PICTURES} pictures with labels that fit, and no layer that keeps "
        "statistics of its training",
    ),
    "softmax": _Check("Softmax", "a softmax that is missing, doubled, or of a single number"),
    "statistics": _Check(
        "Statistics never updated",
        "a normalisation whose mean and variance are those before any training, 0 and 1",
        "no layer keeps statistics of its training, as BatchNormalization does",
    ),
    "labels": _Check(
        "Labels that do not fit",
        "classes that are not as many as the outputs, of other names, or in another order",
        "the pictures have no labels, or the network does not tell classes apart",
    ),
}


def finding(found: Finding) -> str:
    """Return what was found, in a sentence."""
    return _SENTENCES[found.kind](found)


def numbers(found: Finding) -> tuple[tuple[str, str], ...]:
    """Return the numbers of a finding, each after what it is of."""
    return tuple(
        (name, percent(value) if name in _SHARES else _plain(value))
        for name, value in found.numbers.items()
    )


def each_of(found: Finding) -> str:
    """Return what the channels of a finding are called."""
    if found.shown == "weights":
        return "filter"
    return "unit" if "units" in found.numbers else "channel"


def check_name(name: str) -> str:
    """Return what a check is called on the screen."""
    return _CHECKS[name].name


def looks_for(name: str) -> str:
    """Return what a check looks for, as the object of a sentence."""
    return _CHECKS[name].looks_for


def outcome(checked: Checked) -> tuple[str, str]:
    """Return what came of a check, and why nothing can be said where nothing can (else "")."""
    if checked.findings is None:
        return "nothing can be said", _CHECKS[checked.name].needs
    return f"{len(checked.findings) or 'nothing'} found", ""


def diagnosis(made: Diagnosis) -> str:
    """Return how much was found, in a sentence."""
    found, could = made.findings, [one for one in made.checked if one.findings is not None]
    if not found:
        return (
            f"Nothing was found: {counted(len(could), 'check')} of {len(made.checked)} could look."
        )
    counts = [(sum(one.severity == which for one in found), which) for which in SEVERITIES]
    return f"{listed([counted(count, which) for count, which in counts if count])}."


def left_to_a_worker(multiply_adds: int | None) -> str:
    """Return that a network is too large to be looked through while the reader waits.

    How many multiply-adds it needs is not known (None) where it takes pictures of any size.
    """
    work = counted(multiply_adds, "multiply-add") if multiply_adds else "much work"
    return (
        f"This network needs {work} for a picture: a worker looks through it, while the other pages "
        "go on."
    )


def selection(chosen: Selection) -> str:
    """Return over which pictures a diagnosis was said, in a sentence."""
    named = part_name(data_name(chosen.name), chosen.split)
    source = named if chosen.name else "the given pictures"
    if chosen.count == chosen.total:
        return f"Said over all {counted(chosen.total, 'picture')} of {source}."
    few = "; they are few, for the network computes much" if chosen.is_short else ""
    return (
        f"Said over {chosen.count:,} of the {chosen.total:,} pictures of {source}, evenly chosen{few}. "
        "Of others it may not be true."
    )


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else number(value, 4)


def _which(found: Finding) -> str:
    """Return which channels are meant, and of how many: "2 of 32 channels (4 and 7) are"."""
    count, each = len(found.channels), each_of(found)
    total = int(found.numbers[f"{each}s"])
    verb = "is" if count == 1 else "are"
    if count == total:
        return f"{'All' if total > 1 else 'The'} {counted(total, each)} {verb}"
    return f"{count:,} of {counted(total, each)} ({_named(found.channels)}) {verb}"


def _named(things: Sequence[int | str]) -> str:
    few = [str(one) for one in things[:_MOST_NAMED]]
    rest = len(things) - len(few)
    return listed([*few, f"{rest:,} more"] if rest else few)


def _pictures(found: Finding) -> str:
    return counted(int(found.numbers["pictures"]), "picture")


def _dead(found: Finding) -> str:
    everywhere = " in every cell" if each_of(found) == "channel" else ""
    return (
        f"{_which(found)} dead over the sample: zero{everywhere} for all {_pictures(found)}, so that "
        "nothing of the picture goes on from there."
    )


def _constant(found: Finding) -> str:
    return (
        f"{_which(found)} the same for all {_pictures(found)}, and not zero: what comes after gets a "
        "constant, which a bias could give as well."
    )


def _saturated(found: Finding) -> str:
    function, share = found.names[0], percent(found.numbers["share"], 0)
    return (
        f"{_which(found)} saturated: at least {share} of the numbers of each lie at an end of the "
        f"range of {function}, where the curve is flat and hardly any gradient gets through."
    )


def _not_finite(found: Finding) -> str:
    if found.names:
        return (
            f"{_which(found)} made with weights that are infinite or none (NaN), which make all numbers "
            f"after them useless.{_behind(found)}"
        )
    return (
        f"{_which(found)} not finite for some of {_pictures(found)}: a number that is infinite or none "
        f"(NaN) makes all numbers after it useless.{_behind(found)}"
    )


def _behind(found: Finding) -> str:
    """Return how many layers cannot be judged for what comes from one that is broken."""
    layers = int(found.numbers.get("layers behind", 0))
    if not layers:
        return ""
    return (
        f" Nothing is said of dead, constant or saturated channels in the {counted(layers, 'layer')} "
        "behind: zeros there may be what a ReLU made of NaN."
    )


def _duplicates(found: Finding) -> str:
    one, other, *_ = found.channels
    cosine, pairs = number(found.numbers["cosine"], 4), int(found.numbers["pairs"])
    verb = "does" if pairs == 2 else "do"
    more = f" {counted(pairs - 1, 'other pair')} {verb} so too." if pairs > 1 else ""
    return (
        f"Filters {one} and {other} point almost the same way (cosine {cosine}): but for a factor "
        f"their sums are nearly equal, and one could do for both.{more}"
    )


def _polarity(found: Finding) -> str:
    right, negative = (found.numbers[n] for n in ("accuracy", "accuracy as negatives"))
    return (
        f"As they are, {percent(right, 0)} of {_pictures(found)} are recognised, as negatives "
        f"{percent(negative, 0)}: the network learned from pictures in which light and dark are the "
        "other way round."
    )


def _range(found: Finding) -> str:
    right, other = (found.numbers[n] for n in ("accuracy", "accuracy in the other range"))
    best, reason = found.names
    return (
        f"With pixels {best}, {percent(other, 0)} of {_pictures(found)} are recognised, and as they come "
        f"in ({reason}) {percent(right, 0)}: the network learned from another range."
    )


def _statistics(found: Finding) -> str:
    apart, spread = (number(found.numbers[n]) for n in ("deviations apart", "spread"))
    return (
        f"The means of its input channels are {apart} standard deviations (median) from those kept of "
        f"the training, and their spread is {spread} times the one kept: these pictures are unlike "
        "the training data in brightness, contrast or kind."
    )


def _never_updated(found: Finding) -> str:
    mean, deviation = (number(found.numbers[n]) for n in ("largest mean", "largest deviation"))
    count, total = (int(found.numbers[n]) for n in ("layers", "of"))
    which = f"{count:,} of {counted(total, 'layer')} that keep{'s' * (total == 1)} statistics"
    return (
        f"In {which} ({_named(found.names)}) the mean is 0 and the variance 1 in every channel, as "
        f"before any training, while over the sample means reach {mean} in size and standard "
        f"deviations {deviation}: what comes in is not normalised."
    )


def _doubled(found: Finding) -> str:
    classes, most = int(found.numbers["classes"]), percent(found.numbers["largest possible"])
    return (
        f"A softmax of what {found.names[0]} already made shares by a softmax: of {classes:,} classes "
        f"none can get more than {most}, however sure the network is."
    )


def _single(_found: Finding) -> str:
    return (
        "A softmax of a single number is always 1: the network says the same of every picture. One "
        "score for yes or no needs a sigmoid."
    )


def _logits(found: Finding) -> str:
    return (
        f"It ends with {counted(int(found.numbers['classes']), 'sum')}, one per class, and no softmax: "
        "here the softmax of them is shown, and a loss has to be told (from_logits=True)."
    )


def _missing(found: Finding) -> str:
    return (
        f"There are {counted(int(found.numbers['classes']), 'output')}, one per class, with the "
        f"activation {found.names[0]} in place of a softmax: they are no probabilities, and need not "
        "add up to 1."
    )


def _label_count(found: Finding) -> str:
    classes, outputs = (int(found.numbers[n]) for n in ("classes", "outputs"))
    return (
        f"{_data(found)} has {classes:,} classes, the network tells {outputs:,} apart: its labels "
        "do not stand for these outputs, and no accuracy can be told."
    )


def _label_names(found: Finding) -> str:
    return (
        f"{_data(found)} has as many classes as the network, {int(found.numbers['classes']):,}, but of "
        "other names: its labels do not stand for these outputs, and no accuracy can be told."
    )


def _label_unnamed(found: Finding) -> str:
    return (
        f"{_data(found)} has {int(found.numbers['classes']):,} classes, and the network does not say "
        "what its own are, so that no accuracy can be told: name them on a card beside its file."
    )


def _label_order(found: Finding) -> str:
    label, output = (int(found.numbers[n]) for n in ("label", "output"))
    right, other = (found.numbers[n] for n in ("accuracy", "accuracy in the other order"))
    return (
        f"For class {label} the network mostly gives output {output}: in such another order its answers "
        f"are right for {percent(other, 0)} of {_pictures(found)}, in that of the labels for "
        f"{percent(right, 0)}."
    )


def _data(found: Finding) -> str:
    return f"The data set {found.names[0]}"


_SENTENCES: dict[str, Callable[[Finding], str]] = {
    "dead": _dead,
    "constant": _constant,
    "saturated": _saturated,
    "not finite": _not_finite,
    "duplicates": _duplicates,
    "polarity": _polarity,
    "range": _range,
    "statistics": _statistics,
    "never updated": _never_updated,
    "softmax doubled": _doubled,
    "softmax of one": _single,
    "logits": _logits,
    "softmax missing": _missing,
    "label count": _label_count,
    "label names": _label_names,
    "label unnamed": _label_unnamed,
    "label order": _label_order,
}
