"""Sentences on pictures that raise a unit: from what to what, beside the largest real one."""

from __future__ import annotations

from collections.abc import Sequence

from cnn.captions.caption import Caption
from cnn.data.names import data_name, part_name
from cnn.studies.answers import Best, Raised, Unit
from cnn.words import counted, listed, number

MISLEADING = (
    "Synthetic pictures mislead: asked which of two pictures excites a channel more, people were right "
    "in 92% of cases after real pictures, and in 82% after synthetic ones (Borowski et al. 2020, "
    "arXiv:2010.12606). Read the real ones first."
)


def unit(raised: Unit) -> str:
    """Return what is raised, as a subject: "channel 3 of conv2d, the mean of its map,"."""
    target = raised.target
    if target.layer:
        noun = "channel" if raised.is_mean else "unit"
        words = f"{noun} {target.of} of {target.layer}"
    else:
        words = f"the logit of {raised.class_name}" if raised.class_name else f"output {target.of}"
    if target.cell is not None:
        row, column = target.cell[0], target.cell[-1]
        place = f"row {row}, column {column}" if len(target.cell) > 1 else f"place {row}"
        return f"{words} at {place}"
    return f"{words}, the mean of its map," if raised.is_mean else words


def synthesis(answer: Raised) -> Caption:
    """Return from what to what the searches raised the unit, beside the largest real value."""
    subject = unit(answer.unit)
    subject = subject[0].upper() + subject[1:]
    before, after = ([by(path) for path in answer.paths] for by in (_first, max))
    if after == before:
        return Caption(
            f"{subject} stays at {_ends(before)}: from noise nothing raised it. {_real(answer.best)}",
            "It is silent there, or does not depend on the picture: real pictures tell more.",
        )
    count = len(answer.paths)
    searches = "a search" if count == 1 else f"{count} searches"
    seen = (
        f"{subject} is {_ends(before)} for noise, and {_ends(after)} for what {searches} up its gradient "
        f"made of it. {_real(answer.best)}"
    )
    return Caption(seen.strip(), f"{_beside(max(after), answer.best)} {MISLEADING}".strip())


def _first(path: list[float]) -> float:
    return path[0]


def _ends(values: list[float]) -> str:
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def _real(best: Best) -> str:
    if best.value is None:
        return ""
    over = counted(best.looked_at, "picture")
    if best.looked_at < best.of:
        over = f"{best.looked_at:,} of {counted(best.of, 'picture')}, spread evenly,"
    data = part_name(data_name(best.data), best.split)
    return (
        f"The largest value in {over} of {data} is {number(best.value)}, of picture {best.place:,}."
        f"{_fed(best.beside)}"
    )


def _fed(beside: Sequence[str]) -> str:
    """Return that what is made gets something else beside it than the pictures; "" for nothing."""
    if not beside:
        return ""
    return (
        f" Real pictures get their own {listed(beside)} of the file. What is made has none there, and "
        "gets what the network gets without a file."
    )


def _beside(highest: float, best: Best) -> str:
    if best.value is None:
        return ""
    if highest <= best.value:
        return "The search found nothing that beats the real picture."
    if best.value <= 0:
        return "No real picture comes near."
    return f"The highest made here is {number(highest / best.value)} times that."
