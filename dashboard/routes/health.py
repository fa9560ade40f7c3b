"""Whether this server can do its work, for whoever watches over it.

GET /health    200 while TensorFlow starts and after, 503 with the reason if no network can be shown
"""

from __future__ import annotations

from flask import Flask, Response

from dashboard.runtime.runtime import current


def serve_health(server: Flask) -> None:
    """Serve the route."""
    server.add_url_rule("/health", "health", _health)


def _health() -> Response:
    runtime = current()
    if runtime.ready == "failed":
        return Response(runtime.not_ready, 503, mimetype="text/plain")
    return Response("OK", mimetype="text/plain")
