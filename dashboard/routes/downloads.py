"""What a run leaves behind, as files to take away."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, abort, jsonify, send_file

from cnn.errors import RunError
from cnn.runs.run import Run
from dashboard.runs.files import file_name
from dashboard.runtime.runtime import current

_FILES = ("model.keras", "history.csv", "batches.csv", "config.json")


def serve_downloads(server: Flask) -> None:
    """Serve `/runs/<id>/<file>`."""
    server.add_url_rule("/runs/<run_id>/<name>", "run_file", _file)


def _file(run_id: str, name: str) -> Response:
    run = current().find_run(run_id)
    path = run.path / name if run else None
    if run is None or path is None or name not in _FILES or not path.is_file():
        abort(404, f"There is no {name} of a run {run_id} here: it may have been deleted.")
    if name == "config.json":
        return _settings(run)
    return send_file(path, as_attachment=True, download_name=file_name(run, name))


def _settings(run: Run) -> Response:
    """Return what was asked of the run, without the places of its data and model on the server."""
    try:
        config = run.config
    except RunError as error:
        abort(404, str(error))
    settings = {
        **config.to_json(),
        "dataset": Path(config.dataset).name,
        "save_to": Path(config.save_to).name,
    }
    answer = jsonify(settings)
    answer.headers.set("Content-Disposition", "attachment", filename=file_name(run, "config.json"))
    return answer
