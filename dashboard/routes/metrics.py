"""What is counted, and how many jobs there are, for Prometheus.

GET /metrics    for the server's own machine, unless the operator opens it
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response, current_app

from cnn.errors import CnnError
from cnn.jobs import Home
from cnn.runs.run import Run
from cnn.studies import Study
from dashboard.access.roles import is_from_here
from dashboard.runtime.runtime import Runtime, current
from dashboard.watching.metrics import CONTENT_TYPE, Reading, metrics_of

_NOT_ALLOWED = (
    "This server tells its counts to its own machine only: whoever runs it can allow it with "
    "--open-metrics."
)
_JOBS = {"queued": "waiting", "running": "running"}


def serve_metrics(server: Flask) -> None:
    """Serve the route."""
    server.add_url_rule("/metrics", "metrics", _metrics)


def _metrics() -> Response:
    runtime = current()
    if not (runtime.settings.open_metrics or is_from_here()):
        return Response(_NOT_ALLOWED, 403, mimetype="text/plain")
    text = metrics_of(current_app).text(_readings(runtime))
    return Response(text, content_type=CONTENT_TYPE)


def _readings(runtime: Runtime) -> Iterator[Reading]:
    yield Reading("cnn_jobs", "Trainings and studies", "state", _jobs(runtime.settings.jobs))
    is_ready = float(runtime.ready == "ready")
    yield Reading("cnn_model_ready", "Whether a model can be shown", "process", {"web": is_ready})


def _jobs(home: Home) -> dict[str, float]:
    """Return how many jobs wait and run; the damaged are none."""
    counts = dict.fromkeys(_JOBS.values(), 0.0)
    jobs: list[Run | Study] = [*home.runs(), *home.studies()]
    for job in jobs:
        try:
            state = job.status.state
        except CnnError:
            continue
        if state in _JOBS:
            counts[_JOBS[state]] += 1
    return counts
