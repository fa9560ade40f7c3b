"""What is on the screen, as a value, and its one way to and from the query of the URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from cnn.datasets import DIGITS, KERAS_DATASETS
from cnn.figures import SCALES, Scale

_MODEL_KEY = re.compile(r"[0-9a-f]{12}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_SPLITS = ("train", "test", "all")


@dataclass(frozen=True)
class View:
    """The model (a content hash), the picture (a place in a data set), and how it is looked at.

    `channel` is the channel or kernel looked at closely, `source` the input channel whose kernels
    are shown (None: the norm over all).
    """

    model: str = ""
    data: str = DIGITS
    split: str = "all"
    index: int = 0
    scale: Scale = "layer"
    channel: int | None = None
    source: int | None = None

    def to_query(self) -> dict[str, str]:
        """Return the view as the parameters of a query; what is left at its default is left out."""
        always = ("model", "data", "split", "index")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: str(value)
            for name, value in values.items()
            if value is not None and (name in always or value != defaults[name])
        }


def parse(query: Mapping[str, Any]) -> tuple[View, tuple[str, ...]]:
    """Return the view that a query describes, and a sentence for each part that is not usable.

    An unusable part keeps its default. Whether the model and the picture exist here is not looked
    at.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in query.items():
        accepted = _ACCEPTED.get(name)
        if accepted is None:
            problems.append(f"The link has a part {_cut(name)} that is not known; it is ignored.")
        elif not isinstance(value, str):
            problems.append(f"The link gives {name} {len(value)} times; the default is used.")
        elif not accepted.pattern.fullmatch(value):
            problems.append(
                f"The link says {name} is {_cut(value)}: expected {accepted.words}; "
                "the default is used."
            )
        else:
            values[name] = int(value) if accepted.whole else value
    return View(**values), tuple(problems)


@dataclass(frozen=True)
class _Accepted:
    pattern: re.Pattern[str]
    words: str
    whole: bool = False


def _one_of(*words: str) -> _Accepted:
    return _Accepted(re.compile("|".join(words)), " or ".join([", ".join(words[:-1]), words[-1]]))


def _cut(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


_NUMBER = _Accepted(_WHOLE, "a whole number", whole=True)
_ACCEPTED = {
    "model": _Accepted(_MODEL_KEY, "12 hexadecimal digits"),
    "data": _one_of(*KERAS_DATASETS, DIGITS),
    "split": _one_of(*_SPLITS),
    "index": _NUMBER,
    "scale": _one_of(*SCALES),
    "channel": _NUMBER,
    "source": _NUMBER,
}
