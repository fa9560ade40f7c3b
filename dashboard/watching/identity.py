"""The id of a request: the log, the answer and a message on the screen name the same.

It is that of a trusted proxy, in `X-Request-ID`, or else a new one.
"""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, has_app_context, request
from werkzeug.exceptions import InternalServerError

_HEADER = "X-Request-ID"
_FORM = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BYTES = 6


def identify(server: Flask, *, trusted: bool) -> None:
    """Give each request an id, before anything else looks at it; `trusted` is who sends them."""

    def name() -> None:
        given = request.headers.get(_HEADER, "") if trusted else ""
        g.request_id = given if _FORM.fullmatch(given) else secrets.token_hex(_BYTES)

    def tell(response: Response) -> Response:
        response.headers[_HEADER] = request_id()
        return response

    server.before_request(name)
    server.after_request(tell)
    server.register_error_handler(InternalServerError, _failed)


def in_log() -> str:
    """Return where the log has more of this request, in words that end a sentence."""
    return f"the server's log has the details under request {request_id()}"


def _failed(_: InternalServerError) -> Response:
    return Response(f"This could not be answered: {in_log()}.", 500, mimetype="text/plain")


def request_id() -> str:
    """Return the id of the request that is answered; "" outside of one."""
    return str(g.get("request_id", "")) if has_app_context() else ""
