"""What every layer of a model reads: the browser composes receptive and projective fields of it.

    GET /fields?<view>    JSON: see `cnn.models.field_table`

It is the same for all pictures of a size, and at all moments of a training.
"""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

import cnn
from cnn.models.field_table import field_table
from dashboard.runtime.runtime import current
from dashboard.state.view import parse


def serve_fields(server: Flask) -> None:
    """Serve the route."""
    server.add_url_rule("/fields", "fields", _fields)


def _fields() -> Response:
    runtime = current()
    if runtime.ready != "ready":
        return _refusal(runtime.not_ready, 503)
    view, _ = parse(request.args.to_dict())
    try:
        height, width = runtime.look(view).seen.shape[:2]
        return jsonify(field_table(runtime.model(view), size=(height, width)))
    except cnn.CnnError as error:
        return _refusal(str(error), 400)


def _refusal(sentence: str, status: int) -> Response:
    return Response(sentence, status, mimetype="text/plain")
