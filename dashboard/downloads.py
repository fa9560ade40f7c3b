"""What a run leaves behind, as files to take away."""

from __future__ import annotations

from flask import Flask, Response, abort, send_file
from werkzeug.utils import secure_filename

from cnn.runs import Run
from dashboard.runtime import current

_FILES = ("model.keras", "history.csv", "batches.csv", "config.json")


def serve_downloads(server: Flask) -> None:
    """Serve `/runs/<id>/<file>`."""
    server.add_url_rule("/runs/<run_id>/<name>", "run_file", _file)


def _file(run_id: str, name: str) -> Response:
    run = current().find_run(run_id)
    path = run.path / name if run else None
    if run is None or path is None or name not in _FILES or not path.is_file():
        abort(404, f"There is no {name} of a run {run_id} here: it may have been deleted.")
    return send_file(path, as_attachment=True, download_name=file_name(run, name))


def file_name(run: Run, name: str) -> str:
    """Return what a file of a run is called on the reader's disk: after the run, and safe."""
    return f"{secure_filename(run.name) or run.id}-{name}"
