"""How a request is refused: one sentence, as a script or as a person reads it."""

from __future__ import annotations

from flask import Response, jsonify, request

from cnn.errors import CnnError

# Methods that change nothing.
LOOKING = ("GET", "HEAD", "OPTIONS")


class NotAllowedError(CnnError):
    """The reader may not do this here."""


def refusal(sentence: str, status: int, **headers: str) -> Response:
    """Return an answer that says why not: scripts, which send something, get it as JSON."""
    is_look = request.method in LOOKING
    answer = Response(sentence, mimetype="text/plain") if is_look else jsonify(problem=sentence)
    answer.status_code = status
    answer.headers.update(headers)
    return answer
