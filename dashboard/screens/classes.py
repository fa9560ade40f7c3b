"""The class that a page is about, and the one that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from dash import Dash, html
from numpy.typing import NDArray

from cnn.properties import cached_property
from dashboard.screens.request import Request
from dashboard.shell.components import labelled_select
from dashboard.shell.controls import tie

_PREDICTED, _NONE = "predicted", "none"


def class_choice(page: str) -> html.Div:
    """Return the controls of the page, without their options."""
    return html.Div(
        [
            labelled_select(html.Span(id=_noun(page)), _of(page)),
            labelled_select("Compared with", _against(page)),
        ],
        id=classes_box(page),
        className="controls",
    )


def classes_box(page: str) -> str:
    """Return the id of the part of the page that has the controls."""
    return f"{page}-classes"


def tie_classes(app: Dash, page: str) -> None:
    """Tie the controls to the view."""
    tie(app, _of(page), choose="chooseOf", chosen="chosenOf")
    tie(app, _against(page), choose="chooseAgainst", chosen="chosenAgainst")


@dataclass(frozen=True)
class ChosenClasses:
    """Which output is looked at, and which it is compared with."""

    request: Request

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs; of an answer that is maps, those of its channels."""
        prediction = self.request.passed.prediction
        count = prediction.probabilities.shape[-1]
        named = prediction.class_names
        return named if len(named) == count else tuple(map(str, range(count)))

    @property
    def noun(self) -> str:
        """What one of them is called."""
        head = self.request.passed.prediction.head
        if head.each != "numbers":
            return "class"
        return "channel" if head.form == "maps" else "output"

    @cached_property
    def ranked(self) -> list[int]:
        """The outputs, the largest first; of maps by their mean."""
        return ranked(self.request.passed.prediction.probabilities)

    @property
    def target(self) -> int:
        """The output chosen, or the largest."""
        wanted = self.request.view.of
        return self.ranked[0] if wanted is None or not self._exists(wanted) else wanted

    @property
    def against(self) -> int | None:
        """The other one chosen, if there is one."""
        wanted = self.request.view.against
        is_other = wanted is not None and self._exists(wanted) and wanted != self.target
        return wanted if is_other else None

    @property
    def missing(self) -> str:
        """Return what of the view cannot be shown here, and what is shown instead."""
        of, against = self.request.view.of, self.request.view.against
        told = []
        if of is not None and not self._exists(of):
            told.append(f"There is no {self.noun} {of} here: {self.names[self.target]} is shown.")
        if against is not None and not self._exists(against):
            told.append(f"There is no {self.noun} {against} here: it is compared with none.")
        if against == self.target:
            name = self.names[self.target]
            told.append(f"{name} is not compared with itself: choose another {self.noun}.")
        return " ".join(told)

    def label(self, page: str) -> dict[str, str]:
        """Return what the first control of the page is called."""
        return {_noun(page): self.noun.capitalize()}

    def options(self, page: str) -> dict[str, dict[str, Any]]:
        """Return what the controls of the page offer: classes, and those to compare one with."""
        is_won = self.request.passed.prediction.winner is not None
        first = "the one predicted" if is_won else "the largest"
        second = " (runner-up)" if is_won else " (the second largest)"
        marks = dict(zip(self.ranked[:2], (" (the largest)", second), strict=False))
        chosen = self.request.view.against
        others = [i for i in range(len(self.names)) if i != self.target or i == chosen]
        return {
            _of(page): {
                "options": [_option(first, _PREDICTED)]
                + [_option(name, str(i)) for i, name in enumerate(self.names)]
            },
            _against(page): {
                "options": [_option("none", _NONE)]
                + [_option(f"{self.names[i]}{marks.get(i, '')}", str(i)) for i in others]
            },
        }

    def _exists(self, number: int) -> bool:
        return number < len(self.names)


def ranked(numbers: NDArray[np.float32]) -> list[int]:
    """Return the places along the last axis, the largest first; of maps by their mean."""
    given = np.nan_to_num(numbers)
    means = given.reshape(-1, given.shape[-1]).mean(0)
    return [int(i) for i in np.argsort(-means, kind="stable")]


def _noun(page: str) -> str:
    return f"{page}-noun"


def _of(page: str) -> str:
    return f"{page}-of"


def _against(page: str) -> str:
    return f"{page}-against"


def _option(label: str, value: str) -> dict[str, str]:
    return {"label": label, "value": value}
