"""The path below which browsers reach the server: `--prefix`, and what a trusted proxy takes away.

WSGI calls it the script's name, and every request has its own. Whatever is written for a browser, an
address in a page, a link or a download, is put below it by `below`.
"""

from __future__ import annotations

import re
from string import punctuation
from typing import Any
from urllib.parse import quote

from dash import Dash
from dash._utils import AttributeDict
from flask import Flask, has_request_context, redirect, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")


def as_prefix(text: str) -> str:
    """Return a prefix as it is kept, `/cnn/` for `cnn`; `ValueError` for what is no path."""
    prefix = f"/{text.strip('/')}/" if text.strip("/") else "/"
    if text.startswith("//") or not _PREFIX.fullmatch(prefix):
        raise ValueError("expected a path of letters, digits and . _ ~ -, such as /cnn/")
    return prefix


def base() -> str:
    """Return the path below which the browser of this request has all pages, `/` or `/cnn/`."""
    return f"{request.script_root}/" if has_request_context() else "/"


def below(path: str) -> str:
    """Return a path of the server, from its `/`, as the browser of this request reaches it."""
    return base() + path.removeprefix("/")


def inside(path: str) -> str:
    """Return the path of the server that an address of the browser means: the other way round."""
    return "/" + path.removeprefix(base().rstrip("/")).lstrip("/")


def moved(address: str) -> Response:
    """Return the answer that leads to an address, with the query of the request as it came."""
    query = quote(request.query_string, safe=punctuation)
    return redirect(address + (f"?{query}" if query else ""), 308)


class PrefixedDash(Dash):
    """Dash, with each of its own addresses below the path of the request."""

    def __init__(self, name: str, **named: Any) -> None:
        own: dict[str, Any] = {"requests_pathname_prefix": "/", "routes_pathname_prefix": "/"}
        super().__init__(name, **own, **named)
        self.config = _Config(self.config)


class _Config(AttributeDict):
    @property
    def requests_pathname_prefix(self) -> str:
        return base()


def serve_below(server: Flask, prefix: str, *, proxies: int) -> None:
    """Serve below the prefix, and below what the last `proxies` proxies say that they have taken away.

    Those are believed too when they say who asks, by which protocol and for which host.
    """
    if prefix != "/":
        mounts: dict[str, Any] = {prefix.rstrip("/"): server.wsgi_app}
        server.wsgi_app = DispatcherMiddleware(_elsewhere(prefix), mounts)  # type: ignore[method-assign]
    if proxies:
        server.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            server.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies, x_prefix=proxies
        )
    server.before_request(_check)


def _elsewhere(prefix: str) -> Response:
    """Return the answer to addresses that are not below the prefix."""
    return Response(
        f"This server has its pages below {prefix}. A proxy in front of it that takes a path away says "
        "which in X-Forwarded-Prefix, and is counted by --proxies.",
        404,
        mimetype="text/plain",
    )


def _check() -> Response | None:
    if not _PREFIX.fullmatch(request.script_root):
        return Response(
            "X-Forwarded-Prefix is no path: expected one of letters, digits and . _ ~ -, such as /cnn.",
            400,
            mimetype="text/plain",
        )
    if not request.environ["PATH_INFO"]:
        return moved(base())
    return None
