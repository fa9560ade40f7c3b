"""What goes on in the background, as a small answer that a browser asks for again and again.

Dash would take twenty milliseconds of the browser for each, which a training beside it feels. It is
told only when the key `news` is another; `wait` says in how many milliseconds to ask again.

    GET /news?<view>         news, wait
    GET /news/runs?<view>    the same, and of the list of runs: its look, and how far the active are;
                             `list-page` and `list-find` say which part of the list it is
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Flask, jsonify, request

from cnn.errors import RunError
from cnn.runs.run import ACTIVE
from dashboard.runs import table
from dashboard.runs.paging import PageRequest
from dashboard.runs.table import Row
from dashboard.runtime.runtime import current
from dashboard.shell import status
from dashboard.state.view import parse


def serve_news(server: Flask) -> None:
    """Serve the routes."""
    server.add_url_rule("/news", "news", _news)
    server.add_url_rule("/news/runs", "news_of_runs", _news_of_runs)


def _news() -> Any:
    runtime = current()
    view, _ = parse(request.args.to_dict())
    key, wait = status.news(runtime, view, runtime.statuses())
    return jsonify(news=key, wait=wait)


def _news_of_runs() -> Any:
    runtime = current()
    query = request.args.to_dict()
    part = PageRequest.parse({name: query.pop(f"list-{name}", "") for name in ("page", "find")})
    view, _ = parse(query)
    statuses = runtime.statuses()
    key, wait = status.news(runtime, view, statuses)
    listing = table.listing(runtime, view, part, statuses)
    active = [row for row in listing.rows if row.status.state in ACTIVE and not row.damaged]
    runs = {}
    for row in active:
        # A run may be deleted while it is asked for.
        with suppress(RunError):
            runs[row.run.id] = _progress(row)
    return jsonify(news=key, wait=wait, look=listing.look, runs=runs)


def _progress(row: Row) -> dict[str, Any]:
    bar, text = table.progress(row.run, row.status)
    return {"bar": bar, "progress": text, **table.results(row.run)}
