"""Addresses that were, or that one would guess: they lead to the page, with all that the link says."""

from __future__ import annotations

from urllib.parse import quote

from flask import Flask
from werkzeug.wrappers import Response

from dashboard.prefix import below, moved

# The network is the first page, which has no name in its address.
_NOW = {"lens": "one-step", "network": ""}


def serve_moved(server: Flask) -> None:
    """Serve the old addresses, those of a layer as well."""
    for old in _NOW:
        server.add_url_rule(f"/{old}", f"moved_{old}", _moved, defaults={"old": old})
        if _NOW[old]:
            rule = f"/{old}/<path:layer>"
            server.add_url_rule(rule, f"moved_{old}_layer", _moved, defaults={"old": old})


def _moved(old: str, layer: str = "") -> Response:
    path = "/".join(filter(None, [_NOW[old], quote(layer, safe="")]))
    return moved(below(path))
