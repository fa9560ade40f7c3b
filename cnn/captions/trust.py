"""Sentences on how far a map of attribution can be trusted: what each number means for this map."""

from __future__ import annotations

from collections.abc import Sequence

from cnn.attribution.methods import METHODS
from cnn.attribution.trust.agreement import Agreement
from cnn.attribution.trust.cascade import Band, Cascade, band
from cnn.attribution.trust.curves import LEAST_MARGIN, Curves, Trial
from cnn.attribution.trust.linearity import TOLERANCE, Linearity
from cnn.attribution.trust.marks import FAIL, INCONCLUSIVE, PASS, Mark
from cnn.attribution.trust.stability import TIMES, Stability
from cnn.captions.caption import Caption
from cnn.studies.answers import Trust
from cnn.words import counted, listed, number, percent

MARKS: dict[Mark, str] = {PASS: "passes", INCONCLUSIVE: "inconclusive", FAIL: "fails"}
NEVER_ADDED = (
    "Each mark is of another question, and they may differ: none of them ranks the methods."
)
NECESSARY = "Necessary, not sufficient: a map that changes can still be wrong."
_MANY_TIED = 0.05
_AGREED: dict[Mark, str] = {
    PASS: "most of them put the pixels in much the same order",
    INCONCLUSIVE: "they share a part of the order",
    FAIL: "they put the pixels in another order, so ask what each of them is of",
}
_CONTROLS = {
    "random": "an order by chance",
    "edges": "the order by edges",
    "intensity": "the order by brightness",
    "centre": "the order from the middle out",
}
_FILLS = {
    "blur": "the picture blurred",
    "mean": "the mean picture",
    "noise": "noise",
}


def curves(found: Curves) -> Caption:
    """Return whether the number follows the pixels of a map more than those of the controls."""
    if found.is_constant:
        return Caption("The map is the same everywhere: it puts no pixel before another.")
    if None in found.margins:
        return Caption(
            "Whatever pixels are taken away, the number stays the same: nothing can be told of the map."
        )
    seen = (
        f"Taken away or put back in the order of the map, pixels move the number more than in any other "
        f"order that was tried in {found.ahead} of {counted(len(found.trials), 'trial')}."
    )
    if found.tied > _MANY_TIED:
        seen += f" Of its pixels {percent(found.tied, 0)} tie with others, and are in an order by chance."
    worst = min(found.trials, key=lambda one: one.margin or 0)
    return Caption(seen, trial(worst))


def trial(found: Trial) -> str:
    """Return how a map does beside the best control, in a sentence; empty where no pixel counts."""
    margin = found.margin
    if margin is None:
        return ""
    against, fill = _CONTROLS[found.best_control], _FILLS[found.fill]
    way = f"{found.way.capitalize()} with {fill}"
    if abs(margin) <= LEAST_MARGIN:
        said = f"{way}: {against} does as well, and knows nothing of the network"
    else:
        better = "ahead of" if margin > 0 else "behind"
        blind = "" if margin > 0 else ", which knows nothing of the network"
        said = (
            f"{way}: by area the map is {better} {against}{blind}, by {percent(abs(margin))} of the "
            "range of all curves"
        )
    return f"{said}.{_of_probability(found.share_margin)}"


def _of_probability(margin: float | None) -> str:
    """Return how a map does by the area of the probability; "" where there is none."""
    if margin is None:
        return ""
    if not margin:
        return " By the area of the probability it does as well as the best of them."
    better, most = "ahead of" if margin > 0 else "behind", number(abs(margin))
    return f" By the area of the probability it is {better} the best of them by {most} of 1."


def cascade(found: Cascade) -> Caption:
    """Return what is left of a map once all that the network learned is gone."""
    last = found.stages[-1]
    signed, absolute = band(last.signed), band(last.absolute)
    if signed is None or absolute is None:
        return Caption("The map is the same everywhere: there is no order that could be lost.")
    shown = signed if found.is_signed else absolute
    seen = (
        f"With all weights drawn anew, in {counted(found.seeds, 'network')}, the rank correlation to "
        f"this map is {_said(shown)}"
    )
    seen += f", and of magnitudes alone {_said(absolute)}." if found.is_signed else "."
    rise = band(last.rises)
    if rise is not None:
        seen += (
            f" Its entropy changes by {_change(rise.middle)} ({_change(rise.low)} to "
            f"{_change(rise.high)} in eight of ten)."
        )
    if found.layers > len(found.stages):
        looks = len(found.stages)
        seen += f" The map is looked at {looks} times while {found.layers:,} layers are drawn anew."
    return Caption(seen, f"{_left(found, signed, absolute)} {NECESSARY}")


def stability(found: Stability) -> Caption:
    """Return how far a map stays as it is with another seed and with a little noise."""
    if found.under_noise is None:
        return Caption("A map is the same everywhere: it has no order that noise could change.")
    low, high = min(found.noisy_values), max(found.noisy_values)
    seen = (
        f"With a little noise in the picture the rank correlation to this map is "
        f"{number(found.under_noise)}, the mean of {TIMES}; the number that is explained goes from "
        f"{number(found.value)} to {number(low)} at least and {number(high)} at most."
    )
    if found.over_seeds is not None:
        seen += f" With other seeds of the method it is {number(found.over_seeds)}."
    notice = {
        PASS: "What is read off this map does not hang on chance.",
        INCONCLUSIVE: "Only what is large in this map stays where it is.",
        FAIL: "Much of this map is chance: another draw shows another one.",
    }[found.mark]
    return Caption(seen, notice)


def linearity(found: Linearity) -> Caption:
    """Return how far the map of a difference is from the difference of the maps."""
    seen = (
        f"The map of the difference of units {found.of} and {found.other} is that of their maps, "
        f"but for {percent(found.residual, 4)} of the largest number in either; {percent(TOLERANCE)} is "
        "allowed."
    )
    if found.mark == PASS:
        return Caption(seen, "So its maps of two classes can be compared pixel by pixel.")
    return Caption(seen, "So its maps of two classes cannot be compared.")


def agreement(found: Agreement, method: str) -> str:
    """Return how far a map agrees with those of other methods, its mark, and with which the most."""
    middle = found.with_others(method)
    place = found.methods.index(method)
    if found.correlations[place][place] is None:
        return "It is the same everywhere: it has no order to compare with that of others."
    if middle is None:
        return "There is no other map with an order to compare with."
    row = dict(zip(found.methods, found.correlations[place], strict=True))
    known = {name: one for name, one in row.items() if name != method and one is not None}
    nearest, farthest = (by(known, key=lambda name: known[name]) for by in (max, min))
    mark = found.mark(method)
    told = (
        f"Agreement: {MARKS[mark]}. The rank correlation to the other maps is {number(middle)} "
        f"(median): {_AGREED[mark]}."
    )
    if len(known) < 2:
        return told
    return (
        f"{told} It is nearest to {METHODS[nearest].name} ({number(known[nearest])}) and farthest from "
        f"{METHODS[farthest].name} ({number(known[farthest])})."
    )


def marks(found: Trust) -> str:
    """Return the mark of each measure with its number, and what they mean together, in sentences."""
    told = [
        *([(found.law.name, found.law.mark, _off(found.law.residual, 1))] if found.law else []),
        ("deletion and insertion", found.curves.mark, _ahead(found.curves)),
        ("weights drawn anew", found.cascade.mark, _correlation(_kept(found.cascade))),
        ("stability", found.stability.mark, _correlation(found.stability.under_noise)),
    ]
    if found.linearity:
        told.append(("linearity", found.linearity.mark, _off(found.linearity.residual, 4)))
    words = "; ".join(f"{name}: {MARKS[mark]} ({numbers})" for name, mark, numbers in told)
    return (
        f"Tried. {words[0].upper()}{words[1:]}. {_together(found, [mark for _, mark, _ in told])}"
    )


def _off(residual: float, digits: int) -> str:
    return f"off by {percent(residual, digits)}"


def _together(found: Trust, marks: Sequence[Mark]) -> str:
    if found.fails:
        return "Do not rely on this map alone."
    if INCONCLUSIVE in marks:
        return "Nothing that was tried speaks against this map, and not all of it is settled."
    return "Nothing that was tried speaks against this map."


def _ahead(found: Curves) -> str:
    count = counted(len(found.trials), "trial")
    return f"ahead of all controls in {found.ahead} of {count}"


def _correlation(found: float | None) -> str:
    return "no order to compare" if found is None else f"rank correlation {number(found)}"


def _kept(found: Cascade) -> float | None:
    """Return the rank correlation that is left once all weights are drawn anew; None without any."""
    last = found.stages[-1]
    left = band(last.signed if found.is_signed else last.absolute)
    return None if left is None else left.middle


def none_passes(tried: Sequence[str], refused: Sequence[str]) -> str:
    """Return that no map can be trusted, of methods that were tried and of those without a map."""
    names, others = (listed([METHODS[name].name for name in some]) for some in (tried, refused))
    none = f"{others} {'gives' if len(refused) == 1 else 'give'} no map here" if refused else ""
    if not tried:
        return f"{none}: do not explain this number by pixels."
    failed = f"Each of the maps that were tried fails in one way or another ({names})"
    if len(tried) == 1:
        failed = f"The one map that was tried fails in one way or another ({names})"
    if none:
        failed = f"{failed}, and {none}"
    them = "any of them" if len(tried) + len(refused) > 1 else "it"
    return f"{failed}: do not explain this number by {them}."


def _change(share: float) -> str:
    return f"{share:+.1%}".replace("-", "−")


def _said(found: Band) -> str:
    return f"{number(found.middle)} ({number(found.low)} to {number(found.high)} in eight of ten)"


def _left(found: Cascade, signed: Band, absolute: Band) -> str:
    if found.mark == PASS:
        return "Nothing of the map is left: it depends on what the network learned."
    if found.mark == FAIL:
        return "The map is much the same without anything learned: it shows the picture, not the network."
    if found.kept:
        return f"{listed(found.kept)} could not be drawn anew, so something learned is still in it."
    if found.is_signed and absolute.middle > abs(signed.middle):
        return (
            "Where the map is large comes in part from the picture alone; its signs depend on what was "
            "learned."
        )
    return "Some of the map is left without anything learned: that part shows the picture."
