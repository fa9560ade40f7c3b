"""The question what will come, asked before it is shown, for the readers who want it so.

A script asks it, and hides what gives the answer away until there is a guess: what that is stands
beside it, in the style sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2s
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, html

from cnn.captions import Question
from dashboard import ids
from dashboard.screens.request import Request
from dashboard.shell.components import aria


def box(identity: str) -> html.Div:
    """Return the place for the switch, the question, the options and the verdict."""
    return html.Div(id=identity, className="guess", role="group", **aria(label="Your guess"))


def asked(request: Request, of: str, ask: Callable[[], Question | None]) -> dict[str, Any]:
    """Return the properties of the box: the question, None where none is asked.

    It is `of` a place. Its `key` is another for another place, picture or network: then a guess is none
    any more.
    """
    question = ask() if request.view.guess else None
    if question is None:
        return {"question": None}
    return {
        "question": {
            "key": _key(request, of),
            "about": question.about,
            "words": question.words,
            "options": question.options,
            "right": sorted(question.right),
            "reason": question.reason,
            "cells": question.cells,
        }
    }


def _key(request: Request, of: str) -> str:
    """Return what two questions have in common that are the same one."""
    view = request.view
    about = [of, view.model, view.epoch, view.surgery]
    digest = blake2s(repr(about).encode(), digest_size=8)
    digest.update(request.look.seen.tobytes())
    return digest.hexdigest()


def register(app: Dash, identity: str) -> None:
    """Let the box follow the view."""
    app.clientside_callback(
        ClientsideFunction("cnn", "showGuess"),
        Output(identity, "data-wanted"),
        Input(ids.VIEW, "data"),
        Input(identity, "id"),
    )
