"""What goes over the wire: compressed, kept by browsers for as long as it cannot change, timed."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

from flask import Flask, Request, Response, g, request
from flask_compress import Compress

_YEAR_SECONDS = 31_536_000
_SUITES = "/_dash-component-suites/"
_BOOTSTRAP = "/bootstrap/{}/bootstrap.min.css"


class _StaticCache:
    """Compressed files by address; answers that differ from request to request are not kept."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(";"):
            self._kept[key] = value


def compress(server: Flask) -> None:
    """Compress every answer, files only once, and let browsers keep what has a fingerprint."""
    server.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=6,
        COMPRESS_CACHE_BACKEND=_StaticCache,
        COMPRESS_CACHE_KEY=lambda asked: asked.path if _is_immutable(asked) else "",
    )
    Compress(server)
    server.after_request(_keep_immutable)


def serve_bootstrap(server: Flask) -> str:
    """Serve Bootstrap's style sheet from its package; return its address, which has the version."""
    sheet = (files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css").read_text(
        "utf-8"
    )
    text = sheet.split("/*# sourceMappingURL")[0]
    address = _BOOTSTRAP.format(version("Bootstrap-Flask"))
    server.add_url_rule(address, "bootstrap", lambda: Response(text, mimetype="text/css"))
    return address


def time_forward_passes(server: Flask) -> None:
    """Say in `Server-Timing` when an answer took a forward pass, and how long it was."""

    def tell(response: Response) -> Response:
        took = g.pop("forward_milliseconds", None)
        if took is not None:
            response.headers["Server-Timing"] = f"forward;dur={took:.2f}"
        return response

    server.after_request(tell)


def _is_immutable(asked: Request) -> bool:
    """Whether the address has a version in it: another content would have another address."""
    path = asked.path
    if "/assets/" in path:
        return "m" in asked.args
    return "/bootstrap/" in path or (_SUITES in path and ".v" in path.rsplit("/", 1)[-1])


def _keep_immutable(response: Response) -> Response:
    if response.status_code == 200 and _is_immutable(request):
        response.cache_control.public = True
        response.cache_control.max_age = _YEAR_SECONDS
        response.cache_control.immutable = True
    return response
