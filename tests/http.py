"""An application that is asked over HTTP, by several readers at one time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from dash import Dash
from werkzeug.serving import WSGIRequestHandler, make_server

_SECONDS = 240


class _Silent(WSGIRequestHandler):
    def log_request(self, *_given: Any) -> None:
        """Say nothing."""


@contextmanager
def served(app: Dash) -> Iterator[str]:
    """Serve the application from this process; yield its address."""
    server = make_server("127.0.0.1", 0, app.server, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def asked(url: str, query: dict[str, Any] | None = None) -> tuple[int, bytes]:
    """Return the status and the uncompressed body of an answer."""
    return _answer(f"{url}?{urlencode(query or {}, doseq=True)}", None)


def called(base: str, body: dict[str, Any]) -> tuple[int, bytes]:
    """Return the status and the body with which a callback of Dash is answered."""
    return _answer(f"{base}/_dash-update-component", json.dumps(body).encode())


def values_of(base: str, page: str, layer: str | None, query: dict[str, Any]) -> tuple[int, bytes]:
    """Return the answer with the numbers of a page."""
    place = f"/{quote(layer, safe='')}" if layer else ""
    return asked(f"{base}/values/{page}{place}", query)


def _answer(url: str, body: bytes | None) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json"} if body else {}
    try:
        with urlopen(Request(url, body, headers), timeout=_SECONDS) as got:
            return got.status, got.read()
    except HTTPError as error:
        return error.code, error.read()
