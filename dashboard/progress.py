"""How far the active runs are, as a small answer that a browser asks for every other second.

Dash would take twenty milliseconds of the browser for each, which a training beside it feels.

    GET /progress?<view>
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Flask, jsonify, request

from cnn.errors import RunError
from cnn.runs import ACTIVE
from dashboard import runs_table
from dashboard.runs_table import Row
from dashboard.runtime import current
from dashboard.view import parse


def serve_progress(server: Flask) -> None:
    """Serve the route."""
    server.add_url_rule("/progress", "progress", _progress)


def _progress() -> Any:
    runtime = current()
    view, _ = parse(request.args.to_dict())
    rows = runs_table.rows(runtime, view)
    active = [row for row in rows if row.status.state in ACTIVE]
    if active:
        runtime.ensure_worker()
    shown = {}
    for row in active:
        # A run may be deleted while it is asked for.
        with suppress(RunError):
            shown[row.run.id] = _shown(row)
    return jsonify(look=runs_table.look(rows), runs=shown)


def _shown(row: Row) -> dict[str, Any]:
    bar, told = runs_table.progress(row.run, row.status)
    return {"bar": bar, "told": told, **runs_table.results(row.run)}
