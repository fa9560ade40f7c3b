"""A picture that a page has made, taken to every page.

POST /take/<page>?<view>    what of the view becomes another, as JSON: a text, or nothing, by name

It must be asked as JSON: no page of another site can send that unasked.
"""

from __future__ import annotations

import numpy as np
from flask import Flask, Response, current_app, jsonify, request
from numpy.typing import NDArray

import cnn
from dashboard.access.people import Role
from dashboard.access.refusals import NotAllowedError, TooManyError
from dashboard.access.roles import require, spend
from dashboard.runtime.runtime import current
from dashboard.screens import taking
from dashboard.screens.request import Request
from dashboard.state.view import parse


def serve_taking(server: Flask) -> None:
    """Serve the route."""
    server.add_url_rule("/take/<page>", "take", _take, methods=["POST"])


def _take(page: str) -> tuple[Response, int]:
    runtime, found = current(), taking.taking_of(current_app, page)
    if not request.is_json:
        return _refusal("Ask as JSON (Content-Type: application/json).", 415)
    if found is None:
        return _refusal("That page makes no picture: choose another.", 404)
    if runtime.ready != "ready":
        return _refusal(runtime.not_ready, 503)
    asked = Request(parse(request.args.to_dict())[0])
    try:
        return jsonify(changes=changes(asked, found.made, found.picture(asked))), 200
    except (NotAllowedError, TooManyError):
        raise
    except cnn.CnnError as error:
        return _refusal(str(error), 400)


def changes(asked: Request, made: str, picture: NDArray[np.uint8]) -> taking.Changes:
    """Return what of a view becomes another where a picture is taken, if the reader may do that.

    One that no link has room for counts as an upload. Raises as `dashboard.screens.taking.changes` does.
    """
    if not taking.is_in_links(picture):
        require(Role.TRAINER)
        spend("uploads")
    return taking.changes(asked, made, picture)


def _refusal(sentence: str, status: int) -> tuple[Response, int]:
    return jsonify(problem=sentence), status
