"""Whether this server lives, and whether it can do its work, for whoever watches over it.

GET /health    200 while the process answers
GET /ready     200, or 503 while something is missing: the model, a worker for what waits, or the disk;
               JSON with each: whether it is there, and a sentence
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify

from cnn.errors import HomeError, RunError
from cnn.jobs import has_worker
from dashboard.runtime.runtime import Runtime, current


def serve_health(server: Flask) -> None:
    """Serve the routes."""
    server.add_url_rule("/health", "health", _health)
    server.add_url_rule("/ready", "ready", _ready)


def _health() -> Response:
    return Response("OK", mimetype="text/plain")


def _ready() -> tuple[Response, int]:
    runtime = current()
    parts = {"model": _model(runtime), "worker": _worker(runtime), "disk": _disk(runtime)}
    is_ready = all(part["ready"] for part in parts.values())
    return jsonify(ready=is_ready, **parts), 200 if is_ready else 503


def _part(problem: str, otherwise: str) -> dict[str, Any]:
    return {"ready": not problem, "message": problem or otherwise}


def _model(runtime: Runtime) -> dict[str, Any]:
    return _part("" if runtime.ready == "ready" else runtime.not_ready, "A model is shown.")


def _worker(runtime: Runtime) -> dict[str, Any]:
    """A local worker is started when something waits: that none is alive is no lack by itself."""
    home = runtime.settings.jobs
    try:
        runtime.queue.pending()
        is_alive = has_worker(home)
    except RunError as error:
        return _part(str(error), "")
    if is_alive:
        return _part("", "A worker is alive.")
    if home.redis_url:
        return _part("No worker is connected to Redis: start cnn-dashboard worker.", "")
    return _part(home.worker_problem, "A worker is started when something waits.")


def _disk(runtime: Runtime) -> dict[str, Any]:
    home = runtime.settings.jobs
    try:
        home.require_writable()
    except HomeError:
        return _part("The server's folder cannot be written: see to its owner and its disk.", "")
    return _part(home.problem, "The server's folder can be written.")
