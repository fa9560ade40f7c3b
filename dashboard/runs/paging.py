"""Which part of the list of runs is on the screen: twenty at a time, of all or of those found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard.runs.start import ARRIVED
from dashboard.shell.components import aria

PAGE = "training-page"
FIND = "training-find"
NEWER = "training-newer"
OLDER = "training-older"
POSITION = "training-page-position"
PAGES = "training-pages"
FINDING = "training-finding"
MOST_ROWS = 20
_MOST_LETTERS = 100
_TYPING_SECONDS = 0.2


@dataclass(frozen=True)
class PageRequest:
    """The page that a reader asks for, from 0, and what the runs on it are searched for."""

    page: int = 0
    find: str = ""

    @classmethod
    def parse(cls, raw: Any) -> PageRequest:
        """Return what a browser says; what is unusable is the first page of all runs."""
        given = raw if isinstance(raw, dict) else {}
        page, find = str(given.get("page", "")), given.get("find")
        return cls(
            int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 0,
            find.strip()[:_MOST_LETTERS] if isinstance(find, str) else "",
        )


@dataclass(frozen=True)
class Place:
    """Where a page stands: its first run, from 0, and how many are found, and are there at all."""

    first: int
    matches: int
    total: int

    @classmethod
    def of(cls, wanted: PageRequest, matches: int, total: int) -> Place:
        """Return the place of the page that is asked for, or of the last one before it."""
        last = max(0, (matches - 1) // MOST_ROWS)
        return cls(MOST_ROWS * min(wanted.page, last), matches, total)

    @property
    def description(self) -> str:
        """The place in words: "21–40 of 213 runs"."""
        if not self.matches:
            return "No run is called so."
        end = min(self.first + MOST_ROWS, self.matches)
        kind = "runs found" if self.matches < self.total else "runs"
        return f"{self.first + 1}–{end} of {self.matches:,} {kind}"

    @property
    def is_whole(self) -> bool:
        """Whether one page has all runs there are."""
        return self.total <= MOST_ROWS


def search() -> html.Div:
    """Return the field in which runs are searched for, hidden until there are many."""
    return html.Div(
        [
            dbc.Label("Find a run", html_for=FIND, className="mb-0"),
            dbc.Input(
                id=FIND, type="search", size="sm", debounce=_TYPING_SECONDS, maxLength=_MOST_LETTERS,
                placeholder="part of its name",
            ),
        ],
        id=FINDING,
        className="run-find",
        hidden=True,
    )  # fmt: skip


def turning() -> html.Nav:
    """Return the buttons that turn the pages, hidden until there are several."""
    buttons = [
        html.Button(
            text, id=identity, type="button", className="btn btn-sm btn-outline-secondary", disabled=True
        )
        for text, identity in (("Newer", NEWER), ("Older", OLDER))
    ]  # fmt: skip
    position = html.Span(id=POSITION, className="small", **aria(live="polite"))
    return html.Nav(
        [dcc.Store(id=PAGE), buttons[0], position, buttons[1]],
        id=PAGES,
        className="run-pages",
        hidden=True,
        **aria(label="Pages of runs"),
    )


OUTPUTS = (
    Output(FINDING, "hidden"),
    Output(PAGES, "hidden"),
    Output(POSITION, "children"),
    Output(NEWER, "disabled"),
    Output(OLDER, "disabled"),
)


def contents(place: Place, elsewhere: int) -> tuple[bool, bool, str, bool, bool]:
    """Return what the outputs show of a place, with how many runs are ticked on other pages."""
    text = f"{place.description} · {elsewhere} ticked elsewhere" if elsewhere else place.description
    is_last = place.first + MOST_ROWS >= place.matches
    return place.is_whole, place.is_whole, text, place.first == 0, is_last


def register(app: Dash) -> None:
    """Register what turns the pages."""
    app.callback(
        Output(PAGE, "data"),
        Output(FIND, "value"),
        Input(NEWER, "n_clicks"),
        Input(OLDER, "n_clicks"),
        Input(FIND, "value"),
        Input(ARRIVED, "data"),
        State(PAGE, "data"),
        prevent_initial_call=True,
    )(turn)


def turn(
    _newer: int | None, _older: int | None, find: str | None, _arrived: str | None, page: Any
) -> tuple[dict[str, Any], Any]:
    """Return the page that is asked for, and what is searched for if that is to be another.

    It is the next one, the first of what is searched for, or the first of all for a new run.
    """
    wanted = PageRequest.parse(page)
    if ctx.triggered_id == ARRIVED:
        return {"page": 0, "find": ""}, ""
    if ctx.triggered_id == FIND:
        return {"page": 0, "find": PageRequest.parse({"find": find}).find}, no_update
    step = 1 if ctx.triggered_id == OLDER else -1
    return {"page": max(0, wanted.page + step), "find": wanted.find}, no_update
