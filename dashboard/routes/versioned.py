"""Style sheets and scripts at addresses with a version, which browsers keep for good.

Together with the callbacks they make an edition of the dashboard. Every answer names it, so that a page
that is open while its server becomes another can say so.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from dash import Dash
from flask import Flask, Response

_EXTENSION = "cnn_versioned"
_EDITION = "cnn_edition"
_HEADER = "X-Edition"
_DIGEST_LETTERS = 12
_MIMETYPES = {"css": "text/css", "js": "text/javascript"}


def addresses(server: Flask) -> frozenset[str]:
    """Return the addresses of all that is served here."""
    return frozenset(server.extensions.get(_EXTENSION, ()))


def edition(server: Flask) -> str:
    """Return the edition that `tell_edition` has found."""
    found: str = server.extensions[_EDITION]
    return found


def tell_edition(app: Dash) -> None:
    """Name in every answer what is another when scripts, style sheets or callbacks are others."""
    callbacks = [(name, one["inputs"], one["state"]) for name, one in app.callback_map.items()]
    parts = json.dumps([sorted(addresses(app.server)), callbacks])
    app.server.extensions[_EDITION] = _digest(parts)

    def tell(answer: Response) -> Response:
        answer.headers[_HEADER] = edition(app.server)
        return answer

    app.server.after_request(tell)


def serve_bootstrap(server: Flask) -> str:
    """Serve Bootstrap's style sheet from its package; return its address."""
    sheet = (files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css").read_text(
        "utf-8"
    )
    text = sheet.split("/*# sourceMappingURL")[0]
    return _serve(server, "bootstrap", version("Bootstrap-Flask"), text, "css")


def serve_plotly(server: Flask) -> str:
    """Serve plotly.js from its package; return its address.

    Dash has it at an address without a version, which browsers may not keep.
    """
    text = (files("plotly") / "package_data/plotly.min.js").read_text("utf-8")
    return _serve(server, "plotly", version("plotly"), text, "js")


def serve_assets(server: Flask, folder: Path, kind: str) -> str:
    """Serve all files of one kind ("css" or "js") in a folder as one; return its address.

    They follow each other in the order of their names, each below a comment that names it. One file is
    asked for once, and compressed to three quarters of what its parts take.
    """
    parts = [
        f"/* {path.relative_to(folder).as_posix()} */\n{path.read_text('utf-8')}"
        for path in sorted(folder.rglob(f"*.{kind}"))
    ]
    text = "\n".join(parts)
    return _serve(server, f"assets-{kind}", _digest(text), text, kind)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LETTERS]


def _serve(server: Flask, name: str, edition: str, text: str, kind: str) -> str:
    address = f"/package/{name}-{edition}"
    server.add_url_rule(address, name, lambda: Response(text, mimetype=_MIMETYPES[kind]))
    server.extensions.setdefault(_EXTENSION, set()).add(address)
    return address
