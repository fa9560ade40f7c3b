"""How large the body of a request may be, and what is answered to a larger one.

The limit holds for every route, whether or not the length is announced; a route that takes larger
bodies raises it for its request.
"""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

MOST_BYTES = 1_000_000


def limit(server: Flask) -> None:
    """Refuse every body above the limit with 413 and a sentence."""
    server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    server.register_error_handler(RequestEntityTooLarge, _refuse)


def whole() -> bytes:
    """Return the body of the request; `RequestEntityTooLarge` if it goes on behind the limit."""
    data = request.get_data()
    # Of a body whose length is not announced, only as much as is allowed was read.
    request.stream.read(1)
    return data


def _refuse(_: RequestEntityTooLarge) -> Response:
    most = (request.max_content_length or MOST_BYTES) / 1e6
    message = f"The request is too large: this address takes up to {most:g} MB."
    return Response(message, 413, mimetype="text/plain")
